"""Forms of this room: what an initiative says about itself, a visitor's code, and putting one on hold."""

from __future__ import annotations

from wtforms import BooleanField, IntegerField, StringField, TextAreaField
from wtforms.validators import DataRequired, NumberRange

from neighbour.core.forms import Form, at_most, many_lines, needed, one_line
from neighbour.core.i18n import lazy_gettext
from neighbour.initiatives.service import REVIEW_DAYS_MOST


class InitiativeForm(Form):
    """What editors change."""

    about = TextAreaField(lazy_gettext("What you do"), [at_most(2000)], [many_lines])
    address_line = StringField(lazy_gettext("Where you are"), [at_most(160)], [one_line])
    hours = StringField(lazy_gettext("When somebody is there"), [at_most(160)], [one_line])


class VisitForm(Form):
    """The code a visitor shows."""

    code = StringField(
        lazy_gettext("Code of the visitor"), [needed(lazy_gettext("The code is missing.")), at_most(100)]
    )


class ConfirmForm(VisitForm):
    """The editor has compared."""

    seen = BooleanField(
        lazy_gettext("I have seen a paper with this name and this address."),
        [DataRequired(lazy_gettext("Only tick this when you have seen it; without it nothing is confirmed."))],
    )


class SuspendForm(Form):
    """How far back confirmations are looked at again."""

    days = IntegerField(
        lazy_gettext("Look again at the confirmations of the last … days"),
        [
            NumberRange(
                0, REVIEW_DAYS_MOST, lazy_gettext("Please give a number from 0 to %(most)s.", most=REVIEW_DAYS_MOST)
            )
        ],
        default=0,
    )
