"""The composer's fields of a post."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.fields import SelectChoice

from neighbour.contributions import alerts
from neighbour.contributions.forms import ContributionForm
from neighbour.contributions.models import Audience, Contribution
from neighbour.core.forms import at_most, one_line
from neighbour.core.i18n import lazy_gettext as __
from neighbour.policy import Permission, may
from neighbour.posts import polls
from neighbour.posts.categories import CATEGORIES
from neighbour.posts.models import Category, Post
from neighbour.posts.polls import DAYS, FEWEST, MOST_OPTIONS, OPTION_LENGTH, QUESTION_LENGTH
from neighbour.posts.service import URGENT_HOURS, WIDENS_AFTER


class PostForm(ContributionForm):
    """A post: its category, and for urgent ones how long it holds. ``draft``: the poll it has; ``is_frozen``: that has
    votes; ``holds_until``: until when it is urgent already."""

    draft: polls.Draft | None = None
    is_frozen = False
    holds_until: datetime | None = None

    category = RadioField(
        __("What is it?"),
        choices=[SelectChoice(each.key, each.label) for each in CATEGORIES],
        default=Category.QUESTION.value,
    )
    hours = SelectField(
        __("Holds for"),
        coerce=int,
        default=URGENT_HOURS[1],
        choices=[
            SelectChoice(hours, label)
            for hours, label in zip(URGENT_HOURS, (__("6 hours"), __("24 hours"), __("3 days")), strict=True)
        ],
    )

    widens = SelectField(
        __("If nobody answers"),
        coerce=int,
        default=0,
        choices=[
            SelectChoice(hours, label)
            for hours, label in zip(
                WIDENS_AFTER,
                (
                    __("it stays in my quarter"),
                    __("after 12 hours in the quarters nearby, too"),
                    __("after 24 hours in the quarters nearby, too"),
                    __("after 48 hours in the quarters nearby, too"),
                ),
                strict=True,
            )
        ],
    )

    poll_question = StringField(
        __("What do you want to know?"), filters=[one_line], validators=[at_most(QUESTION_LENGTH)]
    )
    poll_multiple = BooleanField(__("Several answers can be chosen"))
    poll_days = SelectField(
        __("Closes"),
        coerce=int,
        default=7,
        choices=[
            SelectChoice(days, label)
            for days, label in zip(
                DAYS,
                (__("after a day"), __("after 3 days"), __("after a week"), __("after 2 weeks"), __("after 30 days")),
                strict=True,
            )
        ],
    )

    def __init__(self, *args: Any, obj: Post | None = None, **kwargs: Any):
        super().__init__(*args, obj=obj, **kwargs)
        if obj is None:
            return
        self.changes(obj)
        if (draft := self.draft) is not None:
            self.poll_question.data, self.poll_multiple.data, self.poll_days.data = (
                draft.question,
                draft.is_multiple,
                draft.days,
            )
            for field, label in zip(self.poll_options, draft.options, strict=False):
                field.data = label

    def changes(self, contribution: Contribution) -> None:
        """A poll that has votes, and how long an alert holds, stay as they are."""
        post = cast(Post, contribution)
        self.draft = polls.draft_of(post)
        self.is_frozen = self.draft is not None and polls.has_votes(post)
        self.holds_until = alerts.holds_until(post)

    @property
    def poll_options(self) -> list[StringField]:
        """The rows for the options."""
        return [self[f"poll_{number}"] for number in range(1, MOST_OPTIONS + 1)]

    @property
    def has_poll(self) -> bool:
        """Whether anything of a poll was filled in."""
        return bool(self.poll_question.data or any(field.data for field in self.poll_options))

    def said(self) -> dict[str, Any]:
        """With how many hours it holds if it is urgent."""
        return {**super().said(), "hours": self.hours.data}

    def poll(self) -> polls.Draft | None:
        """The poll that was filled in."""
        if not self.has_poll:
            return None
        options = tuple(field.data for field in self.poll_options if field.data)
        return polls.Draft(self.poll_question.data, options, bool(self.poll_multiple.data), self.poll_days.data)

    def _poll_is_whole(self) -> bool:
        """A poll has a question and two options that differ; nothing urgent is voted on."""
        draft = self.poll()
        if draft is None:
            return True
        if not draft.question:
            self.add_error("poll_question", str(__("Ask a question, or leave the options empty.")))
        elif len(draft.options) < FEWEST:
            self.add_error("poll_1", str(__("Give at least two options.")))
        elif len(set(draft.options)) < len(draft.options):
            self.add_error("poll_1", str(__("Two options say the same.")))
        elif self.category.data == Category.URGENT:
            self.add_error("poll_question", str(__("Something urgent is not voted on.")))
        return not self.errors

    def validate(self, extra_validators: object = None) -> bool:
        """An alert to a whole city is not a neighbour's to give."""
        is_valid = super().validate(extra_validators)
        is_wide = self.category.data == Category.URGENT and self.audience.data == Audience.CITY
        if is_valid and is_wide and not may(Permission.ALERT_CITY):
            self.add_error("audience", str(__("Something urgent reaches your quarter and those next to it at most.")))
            return False
        return self._poll_is_whole() and is_valid


for _number in range(1, MOST_OPTIONS + 1):  # rows that are there without JavaScript, too
    _option = StringField(
        __("Option %(number)s", number=_number), filters=[one_line], validators=[at_most(OPTION_LENGTH)]
    )
    setattr(PostForm, f"poll_{_number}", _option)
