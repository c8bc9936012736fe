"""Leaving a list: a page whose opening changes nothing, and the one-click address of RFC 8058."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, abort, flash, render_template

from neighbour.core.i18n import gettext as _
from neighbour.core.web import back
from neighbour.notices import service
from neighbour.policy import Permission, requires

views = Blueprint("notices", __name__, template_folder="templates")


@views.get("/unsubscribe/<token>")
@requires(Permission.UNSUBSCRIBE, cache="never")
def unsubscribe(token: str) -> str:
    """A page with a button. Mail scanners open links; nothing happens here."""
    subscription = service.subscription_by_token(token)
    if subscription is None:
        abort(404)
    return render_template("notices/unsubscribe.html", token=token, is_on=subscription.is_on)


@views.post("/unsubscribe/<token>")
@requires(Permission.UNSUBSCRIBE, cache="never")
def leave(token: str) -> Any:
    """The button."""
    if not service.leave(token):
        abort(404)
    flash(_("Unsubscribed. You get no more digests; your account stays."), "good")
    return back("notices.unsubscribe", token=token)


@views.get("/unsubscribe/<token>/now")
@requires(Permission.UNSUBSCRIBE, cache="never")
def one_click_opened(token: str) -> Any:
    """Somebody opened the one-click address in a browser: show the page with the button."""
    return back("notices.unsubscribe", token=token)


@views.post("/unsubscribe/<token>/now")
@requires(Permission.UNSUBSCRIBE, cache="never", csrf=False)
def one_click(token: str) -> Response:
    """RFC 8058: no cookie, no CSRF token, no redirect; idempotent."""
    if not service.leave(token):
        abort(404)
    return Response("unsubscribed\n", mimetype="text/plain")


def include(app: Flask) -> None:
    """Register the pages; the one-click address is exempt from CSRF, the token in it is the right."""
    app.register_blueprint(views)
    app.extensions["csrf_protect"].exempt(f"{one_click.__module__}.{one_click.__name__}")
