"""The composer's fields of a post."""

from __future__ import annotations

from wtforms import RadioField, SelectField
from wtforms.fields import SelectChoice

from neighbour.contributions.forms import ContributionForm
from neighbour.contributions.models import Audience
from neighbour.core.i18n import lazy_gettext as __
from neighbour.policy import Permission, may
from neighbour.posts.categories import CATEGORIES
from neighbour.posts.models import Category
from neighbour.posts.service import URGENT_HOURS, WIDENS_AFTER


class PostForm(ContributionForm):
    """A post: its category, and for urgent ones how long it holds."""

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

    def validate(self, extra_validators: object = None) -> bool:
        """An alert to a whole city is not a neighbour's to give."""
        is_valid = super().validate(extra_validators)
        is_wide = self.category.data == Category.URGENT and self.audience.data == Audience.CITY
        if is_valid and is_wide and not may(Permission.ALERT_CITY):
            self.add_error("audience", str(__("Something urgent reaches your quarter and those next to it at most.")))
            return False
        return is_valid
