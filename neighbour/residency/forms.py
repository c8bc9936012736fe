"""Forms of this room: address, code, refusal."""

from __future__ import annotations

import re

from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields import SelectChoice
from wtforms.validators import NumberRange

from neighbour.core.forms import Form, at_most, many_lines, needed, one_line
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext
from neighbour.core.text import leads_elsewhere
from neighbour.residency.leaving import Leaving
from neighbour.residency.letter_pdf import unprintable


def printable(_form: Form, field: StringField) -> None:
    """The name has to be printed on a card: our typeface knows Latin, Greek and Cyrillic letters."""
    missing = unprintable(field.data or "")
    if missing:
        text = _("Our cards cannot print “%(letters)s”. Please write the name in Latin letters.", letters=missing[:10])
        raise ValidationError(text)


_NO_NAME = re.compile(r"[€$£%]|\d{5,}|(?:\d[ /-]?){7,}")  # sums of money, telephone numbers


def neutral(_form: Form, field: StringField) -> None:
    """The card goes to a house that need not be the writer's: it carries a name and no message."""
    if leads_elsewhere(field.data or "") or _NO_NAME.search(field.data or ""):
        raise ValidationError(_("Please write only what stands on the letterbox."))


class AddressForm(Form):
    """Where do you live? ``entry`` holds the choice among several register entries that fit. The number may stand behind
    the street, as browsers fill it in; where it is missing the register asks for it."""

    street = StringField(lazy_gettext("Street"), [needed(lazy_gettext("Which street?")), at_most(100)], [one_line])
    number = StringField(lazy_gettext("House number"), [at_most(20)], [one_line])
    postcode = StringField(lazy_gettext("Postcode"), [at_most(10)], [one_line])
    entry = RadioField(lazy_gettext("Which one is it?"), coerce=int, choices=[], validate_choice=False)
    recipient = StringField(
        lazy_gettext("Name on your letterbox"),
        [needed(lazy_gettext("Without a name the card does not arrive.")), at_most(60), neutral, printable],
        [one_line],
    )
    care_of = StringField(lazy_gettext("Staying with (c/o)"), [at_most(60), neutral, printable], [one_line])

    def validate(self, extra_validators: object = None) -> bool:
        """Without a street the register cannot ask for the number, so it is asked for here."""
        is_valid = super().validate(extra_validators)
        if not self.street.data and not self.number.data:
            self.add_error("number", _("Which number?"))
        return is_valid


class MoveForm(AddressForm):
    """The next address of somebody who has proven the one before."""

    leaving = RadioField(
        lazy_gettext("What becomes of what you pinned up?"),
        default=Leaving.STAY.value,
        choices=[
            SelectChoice(Leaving.STAY.value, lazy_gettext("It stays, without my name")),
            SelectChoice(Leaving.CLOSE.value, lazy_gettext("It stays, and what is open is marked as done")),
            SelectChoice(
                Leaving.TAKE.value,
                lazy_gettext("I take along what nobody has answered; of that, what is urgent is taken down"),
            ),
        ],
    )


class MissingForm(Form):
    """An address the register lacks."""

    street = StringField(lazy_gettext("Street"), [needed(lazy_gettext("Which street?")), at_most(100)], [one_line])
    number = StringField(lazy_gettext("House number"), [needed(lazy_gettext("Which number?")), at_most(20)], [one_line])
    postcode = StringField(lazy_gettext("Postcode"), [at_most(10)], [one_line])
    note = StringField(lazy_gettext("Anything that helps to find it"), [at_most(200)], [one_line])


class CodeForm(Form):
    """A code of whichever method."""

    code = StringField(lazy_gettext("Your code"), [needed(lazy_gettext("The code is missing.")), at_most(100)])


class InvitationForm(Form):
    """Invite neighbours."""

    is_named = BooleanField(lazy_gettext("My name may stand on the slip"))


class FlyerForm(Form):
    """A flyer for some streets."""

    quarter = SelectField(lazy_gettext("Quarter"), coerce=int, choices=[])
    streets = TextAreaField(
        lazy_gettext("Streets"), [needed(lazy_gettext("Which streets?")), at_most(2000)], [many_lines]
    )
    most_uses = IntegerField(
        lazy_gettext("For how many people"),
        [NumberRange(1, 200, lazy_gettext("From 1 to 200 people."))],
        default=40,
    )
    days = IntegerField(
        lazy_gettext("For how many days"), [NumberRange(1, 180, lazy_gettext("From 1 to 180 days."))], default=60
    )


class PrintForm(Form):
    """A batch of cards."""

    paper = RadioField(
        lazy_gettext("Paper"),
        choices=[
            SelectChoice("a6", lazy_gettext("Cards, A6")),
            SelectChoice("c6", lazy_gettext("A5 sheets for C6 window envelopes")),
            SelectChoice("a4", lazy_gettext("A4 sheets for long window envelopes")),
        ],
        default="a6",
    )
    wants_table = BooleanField(lazy_gettext("Also as a table (CSV) for a letter service"))


class RefusalForm(Form):
    """Never again."""

    code = StringField(lazy_gettext("Code on the card"), [needed(lazy_gettext("The code is missing.")), at_most(100)])
    scope = RadioField(
        lazy_gettext("What shall stop?"),
        [needed(lazy_gettext("Please choose one."))],
        choices=[
            SelectChoice("name", lazy_gettext("Cards with this name to this house")),
            SelectChoice("house", lazy_gettext("All cards to this house")),
        ],
    )


class QuarterForm(Form):
    """At a new border: where do you belong?"""

    quarter = RadioField(
        lazy_gettext("Where do you want to belong?"), [needed(lazy_gettext("Please choose one."))], choices=[]
    )
