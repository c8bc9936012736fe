"""The next issue as it would be sent, and the reader's settings."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, current_app, flash, render_template

from neighbour.core import clock, i18n
from neighbour.core.db import atomic
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.digests import sending, service
from neighbour.digests.forms import DigestForm
from neighbour.digests.when import next_issue as next_issue_at
from neighbour.notices.models import Subscription
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity, person_number

views = Blueprint("digests", __name__, template_folder="templates")

# The mail's own styles are inline; the frame it is shown in may run nothing and load nothing.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox;"
    " frame-ancestors 'self'"
)


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
        service.choose(
            subscription,
            is_on=form.is_on.data,
            includes_nearby=form.includes_nearby.data,
            paused_until=form.paused_until.data,
        )
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


def comes() -> bool:
    """Whether the next issue comes to whoever asks, if it has something for them."""
    zone = ZoneInfo(current_app.extensions["config"].time_zone)
    return sending.reaches(person_number(), when().astimezone(zone).date())


def _settings(form: DigestForm, subscription: Subscription | None) -> str:
    return render_template("digests/settings.html", form=form, subscription=subscription, at=when())


def _subscription() -> Subscription | None:
    return service.subscription_of(person_number())


def _preview() -> EmailMessage | None:
    found = sending.preview(person_number(), current_app.extensions["config"]) if identity().quarters else None
    return message_from_bytes(found[0], policy=policy.default) if found else None
