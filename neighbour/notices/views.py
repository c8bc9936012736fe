"""Which mails one gets, and leaving a list: a page whose opening changes nothing, and the one-click address of RFC 8058."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, abort, flash, render_template, request

from neighbour.core.db import atomic
from neighbour.core.forms import Form
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back, no_referrer
from neighbour.notices import service
from neighbour.notices.base import lists
from neighbour.policy import Permission, requires
from neighbour.policy.gate import person_number

views = Blueprint("notices", __name__, template_folder="templates")


@views.get("/me/mails")
@requires(Permission.PREFERENCES_OWN)
def mails() -> str:
    """The lists one is on."""
    return render_template(
        "notices/mails.html", lists=lists(), mine=service.subscriptions_of(person_number()), form=Form()
    )


@views.post("/me/mails")
@requires(Permission.PREFERENCES_OWN)
def choose() -> Any:
    """On or off, list by list."""
    with atomic():
        service.choose_lists(person_number(), {name: request.form.get(name) == "y" for name in lists()})
    flash(_("Saved."), "good")
    return back("notices.mails")


@views.get("/unsubscribe/<token>")
@requires(Permission.UNSUBSCRIBE, cache="never")
def unsubscribe(token: str) -> Response:
    """A page with a button. Mail scanners open links; nothing happens here."""
    subscription = service.subscription_by_token(token)
    if subscription is None:
        abort(404)
    mails = lists()[subscription.list]
    return no_referrer(render_template("notices/unsubscribe.html", token=token, is_on=subscription.is_on, list=mails))


@views.post("/unsubscribe/<token>")
@requires(Permission.UNSUBSCRIBE, cache="never")
def leave(token: str) -> Any:
    """The button."""
    if not service.leave(token):
        abort(404)
    flash(_("Unsubscribed. Your account stays."), "good")
    return back("notices.unsubscribe", token=token)


@views.get("/unsubscribe/<token>/now")
@requires(Permission.UNSUBSCRIBE, cache="never")
def one_click_opened(token: str) -> Any:
    """Somebody opened the one-click address in a browser: show the page with the button."""
    return back("notices.unsubscribe", token=token)


@views.post("/unsubscribe/<token>/now")
@requires(Permission.UNSUBSCRIBE, cache="never", csrf=False)
def one_click(token: str) -> Response:
    """RFC 8058: no cookie, no CSRF token (the token in the address is the right), no redirect; idempotent."""
    if not service.leave(token):
        abort(404)
    return Response("unsubscribed\n", mimetype="text/plain")


def include(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(views)
