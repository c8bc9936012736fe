"""One's own data: asking for it, fetching it, leaving, and coming back."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import IO, Any, cast

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from werkzeug.wsgi import wrap_file

from neighbour.accounts import hooks, web
from neighbour.accounts.putting_aside import ASIDE_FOR
from neighbour.core import clock, i18n
from neighbour.core.forms import Form
from neighbour.core.i18n import gettext as _
from neighbour.core.web import back, no_referrer
from neighbour.mydata import erasing, exports, inactivity
from neighbour.mydata.forms import KEEP, LeaveForm
from neighbour.mydata.models import DataExport
from neighbour.policy import Permission, may, requires
from neighbour.policy.gate import identity, person_number

views = Blueprint("mydata", __name__, template_folder="templates")


@views.get("/me/data")
@requires(Permission.ACCOUNT_OWN)
def data() -> str:
    """What is kept, the archive, and the way out."""
    return render_template("mydata/data.html", wish=_newest(), form=Form())


@views.get("/me/data/progress")
@requires(Permission.ACCOUNT_OWN)
def progress() -> str:
    """The piece of that page about the archive: htmx asks for it until it is ready."""
    return render_template("mydata/_archive.html", wish=_newest())


@views.post("/me/data")
@requires(Permission.ACCOUNT_OWN, rate="publish", fresh=True)
def ask() -> Any:
    """Ask for an archive."""
    try:
        exports.ask(person_number())
    except exports.NotConfirmed:
        flash(_("Please confirm your e-mail address first: the archive is for whoever it belongs to."), "stop")
        return back("mydata.data")
    flash(_("We are putting your data together. You get a mail when it is ready."), "good")
    return back("mydata.data")


@views.post("/me/data/<uid:export_id>")
@requires(Permission.ACCOUNT_OWN, fresh=True)
def fetch(export_id: uuid.UUID) -> Any:
    """The button: from now on this session fetches the archive, and no other one."""
    try:
        is_mine = exports.fetch(export_id, identity().session_token)
    except LookupError:
        abort(404)
    if not is_mine:
        flash(_("This archive was fetched on another device, and only that one gets it. Ask for a new one."), "stop")
        return back("mydata.data")
    return back("mydata.file", export_id=export_id)


@views.get("/me/data/<uid:export_id>/archive.zip")
@requires(Permission.ACCOUNT_OWN)
def file(export_id: uuid.UUID) -> Response:
    """The archive, for the session that has asked for it; a broken download goes on where it stopped (RFC 9110, Range)."""
    try:
        archive = exports.open_archive(export_id, identity().session_token)
    except LookupError:
        abort(404)
    name = _("neighbour-my-data") + f"-{i18n.local(clock.now()).date().isoformat()}.zip"
    response = Response(
        wrap_file(request.environ, cast(IO[bytes], archive)),
        mimetype="application/zip",
        direct_passthrough=True,
    )
    response.call_on_close(archive.close)
    response.content_length = archive.size
    response.set_etag(str(export_id))
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers.update({"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
    response.make_conditional(request.environ, accept_ranges=True, complete_length=archive.size)
    return response


@views.get("/me/leave")
@requires(Permission.ACCOUNT_OWN, fresh=True)
def leaving() -> str:
    """What goes, what stays, and the choice."""
    return _leaving(LeaveForm(data={"texts": KEEP}))


@views.post("/me/leave")
@requires(Permission.ACCOUNT_OWN, rate="auth", fresh=True)
def leave() -> Any:
    """Go: signed out everywhere and out of sight at once."""
    form = LeaveForm()
    if not form.validate_on_submit():
        return _leaving(form), 422
    erasure = erasing.begin(person_number(), keeps_texts=form.texts.data == KEEP)
    days = _days_until(erasure.due_at)
    return web.forget(_redirect("mydata.goodbye", **({} if days == erasing.GRACE.days else {"days": days})))


@views.get("/goodbye")
@requires(Permission.PUBLIC_READ)
def goodbye() -> str:
    """You are out. Nobody is signed in here any more, so the address says for how long, if it is not the usual time."""
    days = request.args.get("days", erasing.GRACE.days, type=int)
    return render_template("mydata/goodbye.html", days=min(max(days, erasing.GRACE.days), ASIDE_FOR.days))


def _days_until(moment: datetime) -> int:
    """So many days it takes until then, one that has begun counted whole."""
    return -((clock.now() - moment) // timedelta(days=1))


@views.get("/back/<token>")
@requires(Permission.ACCOUNT_RETURN)
def returning(token: str) -> Any:
    """A page with a button: mail scanners open links, and nothing happens here."""
    if not erasing.is_open(token):
        return no_referrer(render_template("mydata/too_late.html")), 404
    return no_referrer(render_template("mydata/back.html", token=token))


@views.post("/back/<token>")
@requires(Permission.ACCOUNT_RETURN, rate="auth")
def come_back(token: str) -> Any:
    """The button: everything is as it was, and one signs in as before."""
    try:
        erasing.come_back(token)
    except erasing.NotPossible as error:
        return no_referrer(render_template("mydata/too_late.html", is_taken=error.why == "taken")), 409
    flash(_("You are back, and everything is as it was. Sign in as before."), "good")
    return back("accounts.sign_in")


@views.get("/stay/<token>")
@requires(Permission.ACCOUNT_RETURN)
def staying(token: str) -> Response:
    """A page with a button, for whoever was asked whether they stay."""
    return no_referrer(render_template("mydata/stay.html", token=token))


@views.post("/stay/<token>")
@requires(Permission.ACCOUNT_RETURN, rate="auth")
def stay(token: str) -> Any:
    """The button."""
    if not inactivity.stay(token):
        abort(404)
    flash(_("Good. Your account stays."), "good")
    return back("pages.start")


def _leaving(form: LeaveForm) -> str:
    keeps_for_others = may(Permission.OPERATE) or bool(hooks.offices_of(person_number()))
    days = _days_until(erasing.gone_at(person_number()))
    return render_template("mydata/leave.html", form=form, days=days, keeps_for_others=keeps_for_others)


def _newest() -> DataExport | None:
    return exports.newest(person_number())


def _redirect(endpoint: str, **more: Any) -> Response:
    answer: BaseResponse = redirect(url_for(endpoint, **more), 303)
    assert isinstance(answer, Response)
    return answer
