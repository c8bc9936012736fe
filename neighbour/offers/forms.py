"""What comes in: the composer's fields of an offer, and the small forms of its queue."""

from __future__ import annotations

from typing import Any

from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import Optional

from neighbour.contributions.forms import ContributionForm
from neighbour.core.forms import DAYS, Form, at_most, many_lines, needed, one_line
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.offers import loans, pickup, prices
from neighbour.offers.categories import CATEGORIES, PRICED
from neighbour.offers.models import Category, Offer
from neighbour.offers.queue import NOTE_LENGTH, WORDS_LENGTH
from neighbour.offers.service import Room, Things, room
from neighbour.policy.gate import person_number

LEND_DAYS = (1, 3, 7, 14, 30)
SHORT, LONG = 80, 300


class OfferForm(ContributionForm):
    """An offer: what for, at what price, in which state, where to collect it, and how long it is lent."""

    category = RadioField(
        __("What do you want to do?"),
        choices=[SelectChoice(each.key, each.label) for each in CATEGORIES],
        default=Category.GIVE.value,
    )
    price = StringField(__("Price"), filters=[one_line], validators=[at_most(prices.LONGEST)])
    lend_days = SelectField(
        __("How long at most?"),
        coerce=int,
        default=7,
        choices=[
            SelectChoice(days, label)
            for days, label in zip(
                LEND_DAYS, (__("a day"), __("3 days"), __("a week"), __("two weeks"), __("a month")), strict=True
            )
        ],
    )
    condition = StringField(__("Condition"), filters=[one_line], validators=[at_most(SHORT)])
    pickup = StringField(__("Where and when to hand it over"), filters=[one_line], validators=[at_most(SHORT)])
    for_holder = StringField(__("Only for the one you choose"), filters=[one_line], validators=[at_most(LONG)])

    def __init__(self, *args: Any, obj: Offer | None = None, **kwargs: Any):
        if obj is not None:
            kwargs = {"for_holder": loans.for_holder(obj.id), **kwargs}
        super().__init__(*args, obj=obj, **kwargs)

    def validate(self, extra_validators: object = None) -> bool:
        """A price where one is needed, and no house number for everybody."""
        is_valid = super().validate(extra_validators)
        if self.category.data == Category.SELL and not self.price.data:
            self.add_error("price", _("Say what you would like for it, such as 25 or “for a coffee”."))
            is_valid = False
        if self.category.data in PRICED and not self.price.errors:
            is_valid = self._has_price() and is_valid
        if pickup.has_house(self.pickup.data or ""):
            self.add_error(
                "pickup",
                _("No house number, please: everybody reads this. For the one you choose there is a field of its own."),
            )
            is_valid = False
        return is_valid

    def _has_price(self) -> bool:
        try:
            prices.read(self.price.data or "")
        except prices.TooDear:
            self.add_error("price", _("That is more than neighbours pay each other here."))
        except prices.NoAmount:
            self.add_error("price", _("Write an amount such as 25 or 12,50, or words such as “for a coffee”."))
        else:
            return True
        return False

    def said(self) -> dict[str, Any]:
        """With what it is, beyond any contribution."""
        return {**super().said(), "things": self.things()}

    def things(self) -> Things:
        """What the form says beyond any contribution; what does not go with the category is left out."""
        category = Category(self.category.data)
        return Things(
            price=prices.read(self.price.data or "") if category in PRICED else prices.Price(),
            condition=self.condition.data or "",
            pickup=self.pickup.data or "",
            for_holder=self.for_holder.data or "",
            lend_days=self.lend_days.data if category is Category.LEND else None,
        )

    def words(self) -> str:
        """All that is typed, also what only the one reads to whom it is promised."""
        typed = (self.title, self.body_md, self.price, self.condition, self.pickup, self.for_holder)
        return "\n".join(each.data or "" for each in typed)

    def room(self) -> Room:
        """What whoever is writing may still offer."""
        return room(person_number())


class AskForm(Form):
    """Asking for an offer: a word to whoever has it."""

    words = TextAreaField(
        __("A word to your neighbour"),
        filters=[many_lines],
        validators=[needed(__("Write a few words: when it would suit you, for instance.")), at_most(WORDS_LENGTH)],
    )


class HandOverForm(Form):
    """At the door: the code the other one shows, and for a loan until when and in which state."""

    code = StringField(__("Code"), filters=[one_line], validators=[at_most(20)])
    due_on = DateField(__("Back on"), format=DAYS, validators=[Optional()])
    note = TextAreaField(__("Condition now"), filters=[many_lines], validators=[at_most(NOTE_LENGTH)])


class ProlongForm(Form):
    """A loan goes on: until another day."""

    due_on = DateField(__("Back on"), format=DAYS, validators=[Optional()])


class ReturnForm(Form):
    """A loan is back."""

    note = TextAreaField(__("Condition now"), filters=[many_lines], validators=[at_most(NOTE_LENGTH)])
