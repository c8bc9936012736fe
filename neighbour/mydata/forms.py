"""What comes in when somebody leaves."""

from __future__ import annotations

from typing import Any

from wtforms import RadioField, StringField, ValidationError
from wtforms.fields import SelectChoice

from neighbour.core.forms import Form, needed, one_line
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __

KEEP, ALL = "keep", "all"


class LeaveForm(Form):
    """What becomes of one's texts, and a typed word so that nobody leaves by a slip of the finger."""

    texts = RadioField(
        __("What becomes of what you wrote?"),
        choices=[
            SelectChoice(KEEP, __("It stays, signed by a former neighbour")),
            SelectChoice(ALL, __("It goes too")),
        ],
        validators=[needed(__("Please choose one of these."))],
    )
    word = StringField(__("To be sure, type the word “delete”"), filters=[one_line], validators=[needed()])

    def validate_word(self, field: Any) -> None:
        """The word, in either language."""
        if (field.data or "").casefold() not in ("delete", "löschen", "loeschen"):
            raise ValidationError(_("This is not the word. Nothing has been deleted."))
