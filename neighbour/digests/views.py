"""The next issue as it would be sent, and the reader's settings."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, render_template
from sqlalchemy import select
from wtforms import BooleanField, DateField
from wtforms.validators import Optional

from neighbour.core import clock, i18n
from neighbour.core.columns import id_at
from neighbour.core.db import atomic, db
from neighbour.core.forms import Form
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import back
from neighbour.digests import sending
from neighbour.digests.edition import first_since
from neighbour.digests.when import next_issue as next_issue_at
from neighbour.notices.models import Subscription
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity

views = Blueprint("digests", __name__, template_folder="templates")

# The mail's own styles are inline; the frame it is shown in may run nothing and load nothing.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox;"
    " frame-ancestors 'self'"
)


class DigestForm(Form):
    """What a reader can choose."""

    is_on = BooleanField(__("Send me the digest"))
    includes_nearby = BooleanField(__("Also from the quarters next to mine"))
    # browsers send the first; where they have no calendar of their own, people write the second
    paused_until = DateField(__("Pause until"), format=["%Y-%m-%d", "%d.%m.%Y"], validators=[Optional()])

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


@views.get("/digest/next")
@requires(Permission.PREFERENCES_OWN)
def next_issue() -> str:
    """The next issue, exactly as it would be sent if it were cut now."""
    mail = _preview()
    text = mail.get_body(("plain",)) if mail else None
    return render_template(
        "digests/next.html", mail=mail, text=text.get_content() if text else "", at=when(), subscription=_subscription()
    )


@views.get("/digest/next/mail")
@requires(Permission.PREFERENCES_OWN)
def next_mail() -> Response:
    """The HTML part alone, for the frame on that page."""
    mail = _preview()
    html = mail.get_body(("html",)) if mail else None
    if html is None:
        abort(404)
    response = Response(html.get_content(), mimetype="text/html")
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


@views.get("/me/digest")
@requires(Permission.PREFERENCES_OWN)
def settings() -> str:
    """On or off, nearby or not, and a pause."""
    subscription = _subscription()
    return _settings(DigestForm(obj=subscription), subscription)


@views.post("/me/digest")
@requires(Permission.PREFERENCES_OWN)
def save() -> Any:
    """Save it."""
    form, subscription = DigestForm(), _subscription()
    if subscription is None:
        abort(404)
    if not form.validate_on_submit():
        return _settings(form, subscription), 422
    with atomic():
        if form.is_on.data and not subscription.is_on:
            subscription.told_up_to = id_at(clock.now())  # what happened while it was off is not sent after
        elif form.paused_until.data:  # the issue after a pause begins where the last one ended
            subscription.told_up_to = first_since(subscription.told_up_to, clock.now())
        subscription.is_on, subscription.includes_nearby = form.is_on.data, form.includes_nearby.data
        subscription.paused_until = form.paused_until.data
    flash(
        _("Saved. The next issue comes %(moment)s.", moment=i18n.moment(when()))
        if form.is_on.data
        else _("Saved. You get no digest."),
        "good",
    )
    return back("digests.settings")


def when() -> Any:
    """The moment of the next issue."""
    return next_issue_at(clock.now(), current_app.extensions["config"].time_zone)


def _settings(form: DigestForm, subscription: Subscription | None) -> str:
    return render_template("digests/settings.html", form=form, subscription=subscription, at=when())


def _subscription() -> Subscription | None:
    mine = select(Subscription).where(Subscription.person_id == identity().person_id, Subscription.list == "digest")
    return db.session.scalar(mine)


def _preview() -> EmailMessage | None:
    found = (
        sending.preview(identity().person_id or 0, current_app.extensions["config"]) if identity().quarters else None
    )
    return message_from_bytes(found[0], policy=policy.default) if found else None
