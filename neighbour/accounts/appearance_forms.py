"""What comes in about how one appears: names, what each ring may see, being protected."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, RadioField, StringField
from wtforms.fields import SelectChoice

from neighbour.accounts.appearance import TABLE, Chosen, Ring, Shows, dress
from neighbour.accounts.names import objection
from neighbour.core.forms import Form, at_most, needed, one_line
from neighbour.core.i18n import LazyText
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __

ALIAS_LENGTH = 40


def _betrays(alias: str, *names: str) -> str | None:
    """What is wrong with another name that holds a word of the real one, for people who must not be found; or None."""
    real = {word.casefold() for name in names for word in name.replace("-", " ").split() if len(word) > 1}
    if real & {word.casefold() for word in alias.replace("-", " ").split()}:
        return _("That is part of your real name. Choose one that gives nothing away.")
    return None


def _labels() -> dict[Shows, str]:
    return {
        Shows.FULL: _("Full name"),
        Shows.SHORT: _("First name and initial"),
        Shows.FIRST: _("First name only"),
        Shows.QUARTER: _("No name"),
    }


def _choices(ring: Ring, is_protected: bool) -> list[SelectChoice]:
    labels, bounds = _labels(), TABLE[ring]
    if is_protected:
        return [
            SelectChoice(bounds.default.value, _("My other name")),
            SelectChoice(bounds.least.value, labels[bounds.least]),
        ]
    return [SelectChoice(each.value, labels[each]) for each in bounds.choices]


def _ring_field(ring: Ring, label: LazyText) -> RadioField:
    return RadioField(label, default=TABLE[ring].default.value)


class AppearanceForm(Form):
    """Step 3, and later in the settings. A protected person has no choice between name and other name, and no street."""

    first_name = StringField(
        __("First name"), filters=[one_line], validators=[needed(__("What is your first name?")), at_most(60)]
    )
    last_name = StringField(
        __("Last name"), filters=[one_line], validators=[needed(__("And your last name?")), at_most(80)]
    )
    shown = RadioField(__("How do you want to appear?"), default="name")
    alias = StringField(__("Another name"), filters=[one_line], validators=[at_most(ALIAS_LENGTH)])
    shows_street = BooleanField(__("Neighbours may see my street, never the number."))
    is_on_map = BooleanField(__("On the map my offers may stand in my part of the quarter."))
    is_listed = BooleanField(__("I may be named in lists, for example of the Quartiersteam."))
    shows_own = _ring_field(Ring.OWN, __("In your own quarter"))
    shows_nearby = _ring_field(Ring.NEARBY, __("Next door, and who is only vouched for"))
    shows_city = _ring_field(Ring.CITY, __("In the rest of the city"))

    def __init__(self, *args: Any, is_protected: bool = False, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.is_protected = is_protected
        self.shown.choices = [
            SelectChoice("name", _("With my name")),
            SelectChoice("alias", _("Another name")),
        ]
        for ring, field in self._rings():
            field.choices = _choices(ring, is_protected)
        if is_protected:
            self.shown.data, self.shows_street.data = "alias", False
            for ring, field in self._rings():  # every name is the other name: there is one or there is none
                field.data = field.data if field.data == Shows.QUARTER else TABLE[ring].default.value

    def _rings(self) -> tuple[tuple[Ring, RadioField], ...]:
        return (Ring.OWN, self.shows_own), (Ring.NEARBY, self.shows_nearby), (Ring.CITY, self.shows_city)

    def validate(self, extra_validators: object = None) -> bool:
        """Another name has to be given; what neighbours read is a name, and does not pretend to be the team's."""
        is_valid = super().validate(extra_validators)
        if self.shown.data == "alias" and not self.alias.data:
            self.add_error("alias", _("Which name shall it be?"))
            return False
        if not is_valid:
            return False
        if self.is_protected and (wrong := _betrays(self.alias.data, self.first_name.data, self.last_name.data)):
            self.add_error("alias", wrong)
            return False
        read = ("alias",) if self.shown.data == "alias" else self._names_read()
        for name in read:
            if wrong := objection(self[name].data):
                self.add_error(name, wrong)
                return False
        return True

    def _names_read(self) -> tuple[str, ...]:
        """The fields of which neighbours read more than a letter."""
        return ("first_name", "last_name") if self.shows_own.data == Shows.FULL else ("first_name",)

    def chosen(self, street: str | None) -> Chosen:
        """What the form says now, as far as it makes sense (a preview is asked for while typing)."""
        own, nearby, city = (
            Shows(field.data) if field.data in list(Shows) else TABLE[ring].default for ring, field in self._rings()
        )
        alias = (self.alias.data or "") if self.shown.data == "alias" else ""
        return Chosen(own, nearby, city, alias[:ALIAS_LENGTH], street if self.shows_street.data else None)

    def face(self, street: str | None, key: str) -> Any:
        """What the rings would read (``appearance.Face``)."""
        return dress(self.first_name.data or "", self.last_name.data or "", self.chosen(street), key)


class ProtectionForm(Form):
    """Another name."""

    alias = StringField(
        __("What shall neighbours call you?"),
        filters=[one_line],
        validators=[needed(__("Which name shall it be?")), at_most(ALIAS_LENGTH)],
    )

    def __init__(self, *args: Any, own: tuple[str, str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.own = own

    def validate(self, extra_validators: object = None) -> bool:
        """The other name is a name, and has nothing of the person's own (``own``: first and last)."""
        if not super().validate(extra_validators):
            return False
        if wrong := objection(self.alias.data) or _betrays(self.alias.data, *self.own):
            self.add_error("alias", wrong)
        return not self.alias.errors
