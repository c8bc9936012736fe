"""Base of all forms: errors stay at the field, in the user's language, and typed text is never lost."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field
from wtforms.validators import DataRequired, Length

from neighbour.core import i18n
from neighbour.core.text import clean_line, clean_text

# What WTForms says by itself, in our words.
_OURS = {
    "Not a valid choice.": i18n.lazy_gettext("Please choose one of these."),
    "Not a valid choice": i18n.lazy_gettext("Please choose one of these."),
    "Invalid Choice: could not coerce.": i18n.lazy_gettext("Please choose one of these."),
    "Not a valid date value.": i18n.lazy_gettext("Please write the day like 2026-12-24."),
    "Not a valid time value.": i18n.lazy_gettext("Please write the time like 18:30."),
    "Not a valid integer value.": i18n.lazy_gettext("Please write a whole number, like 12."),
}


# for every DateField: browsers send the first; where they have no calendar of their own, people write the others
DAYS = ["%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y"]


class _Messages:
    """WTForms' own messages through our catalogues."""

    def gettext(self, message: str) -> str:
        return str(_OURS.get(message) or i18n.gettext(message))

    def ngettext(self, one: str, many: str, count: int) -> str:
        return i18n.catalogue(i18n.language()).ngettext(one, many, count)


class Form(FlaskForm):
    """A form of one page. ``errors_in_order`` feeds the list on top that links to the fields."""

    class Meta:
        def get_translations(self, form: Any) -> _Messages:
            return _Messages()

    def errors_in_order(self) -> list[tuple[Field, str]]:
        """(field, first error) of every field that has one, in the order of the form."""
        return [(field, str(field.errors[0])) for field in self if field.errors]

    def add_error(self, name: str, message: str) -> None:
        """Put an error found by a service at the field it belongs to."""
        field = self[name]
        field.errors = [*field.errors, message]


def one_line(text: str | None) -> str:
    """Filter for single-line fields."""
    return clean_line(text)


def many_lines(text: str | None) -> str:
    """Filter for multi-line fields."""
    return clean_text(text)


def needed(message: Any = None) -> DataRequired:
    """The field must be filled in."""
    return DataRequired(message or i18n.lazy_gettext("Please fill this in."))


def at_most(length: int) -> Length:
    """No more than ``length`` characters."""
    return Length(max=length, message=i18n.lazy_gettext("Please keep it to %(max)d characters.", max=length))
