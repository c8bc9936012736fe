"""``/dev/mailbox``: the mails of the local mailbox, to look at. Registered in development only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, current_app, render_template, request

from neighbour.core.web import back
from neighbour.policy import Permission, requires
from neighbour.up.mailbox import Mail, Mailbox

views = Blueprint("mailbox", __name__, url_prefix="/dev/mailbox", template_folder="templates")

PAGE = 50
# A mail brings its own styles and nothing else: no script, no foreign picture, no form; links open a new page.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)


@views.get("/")
@requires(Permission.DEV_MAILBOX, cache="never")
def index() -> Any:
    """All mails, newest first; ``?to=`` shows those to one address."""
    wanted = request.args.get("to", "").strip().lower()
    mails: list[Mail] = []
    box = _mailbox()
    for name in reversed(box.names()):
        mail = box.read(name)
        if mail is not None and (not wanted or wanted in " ".join(mail.recipients).lower()):
            mails.append(mail)
        if len(mails) == PAGE:
            break
    return render_template("up/mailbox.html", mails=mails, wanted=wanted, page=PAGE)


@views.get("/<name>")
@requires(Permission.DEV_MAILBOX, cache="never")
def show(name: str) -> Any:
    """One mail: HTML in a closed frame, text, headers."""
    return render_template("up/mail.html", mail=_mail(name))


@views.get("/<name>/html")
@requires(Permission.DEV_MAILBOX, cache="never")
def html(name: str) -> Response:
    """The HTML part alone, for the frame."""
    body = _mail(name).html or abort(404)
    response = Response('<base target="_blank">' + body, mimetype="text/html")
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


@views.get("/<name>/raw")
@requires(Permission.DEV_MAILBOX, cache="never")
def raw(name: str) -> Response:
    """The mail as it came over the wire."""
    return Response(_mail(name).raw, mimetype="text/plain", headers={"Content-Security-Policy": "default-src 'none'"})


@views.post("/empty")
@requires(Permission.DEV_MAILBOX, rate="read")
def empty() -> Any:
    """Throw all mails away."""
    _mailbox().clear()
    return back("mailbox.index")


def _mailbox() -> Mailbox:
    return Mailbox(current_app.extensions["config"].instance_dir / "mailbox")


def _mail(name: str) -> Mail:
    return _mailbox().read(name) or abort(404)
