"""What a reader can choose about the digest."""

from __future__ import annotations

from wtforms import BooleanField, DateField
from wtforms.validators import Optional

from neighbour.core import clock, i18n
from neighbour.core.forms import DAYS, Form
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __


class DigestForm(Form):
    """On or off, nearby or not, and a pause."""

    is_on = BooleanField(__("Send me the digest"))
    includes_nearby = BooleanField(__("Also from the quarters next to mine"))
    # browsers send the first; where they have no calendar of their own, people write the second
    paused_until = DateField(__("Pause until"), format=DAYS, validators=[Optional()])

    def validate(self, extra_validators: object = None) -> bool:
        """A pause ends in the future, within a year."""
        is_valid = super().validate(extra_validators)
        until, today = self.paused_until.data, clock.today(i18n.zone())
        if (
            is_valid
            and until is not None
            and not today <= until <= today.replace(year=today.year + 1, day=min(today.day, 28))
        ):
            self.add_error("paused_until", _("Please choose a day within the next year."))
            return False
        return is_valid
