"""The start page, rules, privacy, imprint, source; language and theme."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from config import Config
from neighbour.core import i18n, web
from neighbour.mydata.classes import CLASSES
from neighbour.pages import service
from neighbour.pages.source import NAME
from neighbour.policy import Permission
from neighbour.policy.gate import identity, requires

pages = Blueprint("pages", __name__, template_folder="templates")

THEMES = ("system", "light", "dark")
SOURCE_KEPT = 3600  # seconds; not longer, or a cache would hand out the version before an upgrade


@pages.get("/")
@requires(Permission.PUBLIC_READ, cache="public")
def start() -> str | Response:
    """What this is, and how to find one's quarter without an account; whoever is signed in goes on to the board."""
    who = identity()
    if who.is_authenticated:
        unfinished = "accounts.sign_up_next" if who.signup_step != "done" else "residency.waiting"
        return redirect(url_for("feed.board" if who.quarters else unfinished), 303)
    city = _config().city_name
    return render_template("pages/start.html", figures=service.figures(city), drawing=service.drawing(city))


@pages.get("/rules")
@requires(Permission.PUBLIC_READ, cache="public")
def rules() -> str:
    """What holds on the board."""
    return render_template("pages/rules.html")


@pages.get("/privacy")
@requires(Permission.PUBLIC_READ, cache="public")
def privacy() -> str:
    """What is kept about whom, why and how long."""
    return render_template("pages/privacy.html", classes=CLASSES.values())


@pages.get("/imprint")
@requires(Permission.PUBLIC_READ, cache="public")
def imprint() -> str:
    """Who runs this site."""
    return render_template("pages/imprint.html")


@pages.get("/source")
@requires(Permission.PUBLIC_READ, cache="public")
def source() -> Response:
    """The source of what is running here as a .tar.gz, or the way to where the operator keeps it."""
    if elsewhere := _config().source_url:
        return redirect(elsewhere, 303)
    archive = current_app.extensions["source"].archive()
    response = Response(archive.blocks(), mimetype="application/gzip")
    response.content_length = archive.size
    response.headers["Content-Disposition"] = f"attachment; filename={NAME}.tar.gz"
    response.cache_control.public = True
    response.cache_control.max_age = SOURCE_KEPT
    response.set_etag(archive.digest)
    return response.make_conditional(request)


@pages.post("/language/<any(de, en):code>")
@requires(Permission.PUBLIC_READ, rate="read", csrf=False)
def language(code: str) -> Response:
    """Speak this language from now on, and go on where one was."""
    _same_site()
    session["language"] = code
    i18n.speak(code)
    return _onward()


@pages.post("/theme")
@requires(Permission.PUBLIC_READ, rate="read", csrf=False)
def theme() -> Response:
    """Light, dark, or as the device has it."""
    _same_site()
    chosen = request.form.get("theme", "")
    if chosen not in THEMES:
        abort(400)
    if chosen == "system":
        session.pop("theme", None)
    else:
        session["theme"] = chosen
    return _onward()


def _config() -> Config:
    return current_app.extensions["config"]


def _onward() -> Response:
    return redirect(web.local_path(request.form.get("next"), "/"), 303)


def _same_site() -> None:
    """400 unless the form was on a page of ours.

    These two forms stand on pages that are kept for everybody and must not set a cookie, so they carry no CSRF
    token; the browser's own word on where a request comes from is enough for a choice of colours.
    """
    if not web.is_own_form(believes_null=False):
        abort(400)
