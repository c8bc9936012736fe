"""What comes in: the fields every kind has, the answer form."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flask_wtf.file import MultipleFileField
from wtforms import HiddenField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from neighbour.contributions.alerts import WORD_LENGTH as ALL_CLEAR_LENGTH
from neighbour.contributions.models import Audience, Comment, Contribution
from neighbour.contributions.service import BODY_LENGTH, COMMENT_LENGTH, TITLE_LENGTH
from neighbour.contributions.solving import WORD_LENGTH, may_have_helped
from neighbour.core.forms import Form, at_most, many_lines, needed, one_line
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.tokens import from_uid, to_uid
from neighbour.policy import Identity

AUDIENCES = {
    Audience.QUARTER: __("My quarter"),
    Audience.NEARBY: __("My quarter and those next to it"),
    Audience.CITY: __("The whole city"),
    Audience.PUBLIC: __("Everybody, on the web too"),
}


def audience_label(audience: Audience, quarter: str, *, is_wider: bool = False) -> str:
    """Where a contribution is shown, as its page says it. is_wider: in more quarters than its reach says, because these
    read together, or did when it was pinned up."""
    if audience is Audience.QUARTER and is_wider:
        return _("visible in the quarter %(quarter)s and to those who read along", quarter=quarter)
    return {
        Audience.QUARTER: _("visible in the quarter %(quarter)s", quarter=quarter),
        Audience.NEARBY: _("visible in the quarter %(quarter)s and next to it", quarter=quarter),
        Audience.CITY: _("visible in the whole city"),
        Audience.PUBLIC: _("visible to everybody"),
    }[audience]


def as_uuid(text: str | None) -> uuid.UUID | None:
    """A UUID typed by a form, None when it is none."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


class ContributionForm(Form):
    """The fields of every kind; kinds add their own, ``category`` with their own choices among them. ``form_key`` makes sending
    twice harmless; ``offers``: how far it can reach; ``shown_as``: where people read what a hidden field holds."""

    category: RadioField
    shown_as: Mapping[str, str] = MappingProxyType({})
    #: (id, alt text) of each photo that hangs there, in their order; see ``editing.standing``
    hanging: Sequence[tuple[uuid.UUID, str]] = ()
    offers: tuple[Audience, ...] = (Audience.QUARTER, Audience.NEARBY, Audience.CITY)

    form_key = HiddenField()
    title = StringField(
        __("Title"), filters=[one_line], validators=[needed(__("Give it a short title.")), at_most(TITLE_LENGTH)]
    )
    body_md = TextAreaField(__("Text"), filters=[many_lines], validators=[at_most(BODY_LENGTH)])
    photos = MultipleFileField(__("Photos"))
    audience = RadioField(__("Who should read it?"), default=Audience.QUARTER)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.audience.choices = [SelectChoice(each.value, AUDIENCES[each]) for each in self.offers]
        if not self.form_key.data:
            self.form_key.data = str(uuid.uuid4())

    def changes(self, contribution: Contribution) -> None:
        """Let the form know what hangs there that it changes, for what its page says of that whatever was typed. An offer's says
        nothing of it, so there is nothing to know; see the forms of posts and events."""

    def said(self) -> dict[str, Any]:
        """What the composer holds, as the services of every kind take it; kinds add what they have besides."""
        return {
            "category": self.category.data,
            "title": self.title.data,
            "body_md": self.body_md.data,
            "audience": Audience(self.audience.data),
        }

    def said_by(self, author: Identity) -> dict[str, Any]:
        """The same for ``publish`` of a kind, with who says it: in the quarter where they live, and once however often the form
        is sent."""
        home = author.home
        assert author.person_id is not None and home is not None  # the gate lets nobody else through
        once = as_uuid(self.form_key.data)
        return {**self.said(), "author_id": author.person_id, "quarter_id": home.quarter_id, "form_key": once}

    def changed_by(self, editor: Identity) -> dict[str, Any]:
        """The same for ``revise`` of a kind, with who changes it."""
        assert editor.person_id is not None  # the gate lets nobody else through
        return {**self.said(), "editor_id": editor.person_id}


class CommentForm(Form):
    """An answer under a contribution."""

    form_key = HiddenField()
    parent = HiddenField()
    body = TextAreaField(
        __("Your reply"),
        filters=[many_lines],
        validators=[needed(__("Write a few words first.")), at_most(COMMENT_LENGTH)],
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.form_key.data:
            self.form_key.data = str(uuid.uuid4())


class ThanksForm(Form):
    """Who helped with what is solved: answers of the thread, and somebody who wrote none."""

    answers = SelectMultipleField(
        __("Whose answer helped?"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    words = StringField(__("Thanks to"), filters=[one_line], validators=[at_most(WORD_LENGTH)])

    @classmethod
    def of(
        cls, comments: Collection[Comment], contribution: Contribution, helped: Collection[uuid.UUID] = ()
    ) -> ThanksForm:
        """The form for this thread; ``helped``: the answers that have been named."""
        form = cls(answers=[to_uid(each) for each in helped], words=contribution.solved_word)
        form.answers.choices = [to_uid(each.id) for each in may_have_helped(contribution, comments)]
        return form

    @property
    def chosen(self) -> list[uuid.UUID]:
        """The answers that were ticked."""
        return [from_uid(each) for each in self.answers.data or ()]


class AllClearForm(Form):
    """The end of an alert."""

    said = StringField(__("What happened?"), filters=[one_line], validators=[at_most(ALL_CLEAR_LENGTH)])
