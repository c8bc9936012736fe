"""The application: ``create_app(config)``, the rooms it is made of, and how a request begins and ends."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, flash, g, redirect, render_template, request, url_for
from flask import Request as FlaskRequest
from flask import session as cookie
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager
from flask_wtf.csrf import CSRFError, CSRFProtect
from itsdangerous import URLSafeTimedSerializer
from jinja2 import ChoiceLoader, FileSystemLoader, pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from config import Config, NotReady
from neighbour.accounts import sessions
from neighbour.accounts.web import KEPT_KEYS
from neighbour.core import clock, db, i18n, jobs, limits, logs, memory, scope, storage, tokens, web
from neighbour.core.i18n import gettext as _
from neighbour.policy import ANONYMOUS, Identity, Level, Permission, may
from neighbour.policy.gate import identity
from neighbour.policy.table import allows, lacks_factor

# One line per room, in the order in which they are included.
ROOMS = (
    "neighbour.notices",
    "neighbour.quarters",
    "neighbour.accounts",
    "neighbour.residency",
    "neighbour.initiatives",
    "neighbour.contributions",
    "neighbour.posts",
    "neighbour.events",
    "neighbour.offers",
    "neighbour.feed",
    "neighbour.map",
    "neighbour.search",
    "neighbour.digests",
    "neighbour.stewardship",
    "neighbour.mydata",
    "neighbour.pages",
    "neighbour.up",
)


class Cookies(SecureCookieSessionInterface):
    """Flask's signed cookie. Who signs is made once, not twice a page: the key does not change while a process lives."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if "cookies" not in app.extensions:
            app.extensions["cookies"] = super().get_signing_serializer(app)
        made: URLSafeTimedSerializer | None = app.extensions["cookies"]
        return made


class Request(FlaskRequest):
    """Flask's request, which keeps uploaded files in memory: what somebody uploads is never written to a disk. Its size is
    limited by MAX_CONTENT_LENGTH, and by the gate of the few routes that take more."""

    def _get_file_stream(self, *_sizes: Any, **_names: Any) -> BytesIO:
        return BytesIO()


class Application(Flask):
    """Flask without coroutines: it asks of every function of every request whether it is one."""

    request_class = Request
    session_interface = Cookies()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


# Fields that take somebody's time, never one that holds a secret or says who somebody is.
WRITING = (
    "title", "body_md", "body", "words", "note", "place", "day", "from_time", "until_time", "last_day", "online_url", "cost",
    "access", "for_guests", "price", "condition", "pickup", "for_holder", "poll_question",
    "repeats_until", "more_days", "capacity",
)  # fmt: skip
OPTIONS = re.compile(r"poll_\d+")
# Who may not is not told that there is anything: these pages do not exist for them.
NOT_TOLD = {
    Permission.OPERATE,
    Permission.ACCOUNT_OWN,
    Permission.DESK_READ,
    Permission.PROOF_DECIDE,
    Permission.INITIATIVE_EDIT,
    Permission.INITIATIVE_CONFIRM,
    Permission.FLYER_MAKE,
}
KEPT_OF_A_DEAD_SESSION = {*KEPT_KEYS, "csrf_token"}


class Csrf(CSRFProtect):
    """Flask-WTF's protection, of what is not safe and does not say in ``@requires`` that it does without."""

    def protect(self, apply_exemptions: bool = False) -> None:
        if request.method not in ("GET", "HEAD", "OPTIONS") and web.takes_token():
            super().protect(apply_exemptions)


csrf = Csrf()
login_manager = LoginManager()


@memory.loading()
def create_app(config: Config | None = None) -> Flask:
    """Build the application. Production raises ``NotReady`` naming every setting that is wrong."""
    config = config or Config.from_env()
    if config.is_production:
        _refuse_to_start(config)
    app = Application("neighbour", static_folder=None)
    app.config.from_mapping(_flask_settings(config))
    app.extensions["config"] = config
    _templates(app)
    db.init_app(app, config.database_url, config.owner_url)
    jobs.init_app(app, config)
    storage.init_app(app, config)
    app.before_request(_begin)  # first: whatever is refused later is refused in the reader's language
    web.init_app(app)
    csrf.init_app(app)
    app.jinja_env.globals["csrf_token"] = web.csrf_token
    app.context_processor(lambda: {"me": identity(), "csrf_token": web.csrf_token})  # after Flask-WTF's own
    login_manager.init_app(app, add_context_processor=False)  # templates know ``me``
    login_manager.user_loader(_load_user)
    login_manager.anonymous_user = lambda: ANONYMOUS
    app.extensions["refuse"] = _refuse
    app.teardown_request(_end)
    _errors(app)
    _language(app)
    for name in ROOMS:
        _room(name).include(app)
    app.extensions["nav"].sort(key=lambda entry: entry["order"])
    _wrap(app, config)
    return app


def _wrap(app: Flask, config: Config) -> None:
    """What stands before the application: the proxies that are believed, and the files."""
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(web.STATIC),
        prefix="static/",
        autorefresh=config.environment == "development",
        immutable_file_test=lambda path, url: "/static/build/" in url,
        max_age=300,
        allow_all_origins=False,
        add_headers_function=web.static_headers(app),
    )


def _room(name: str) -> ModuleType:
    return importlib.import_module(name)


def _refuse_to_start(config: Config) -> None:
    from neighbour.core.readiness import database_problems

    problems = config.problems() or database_problems(config)
    if problems:
        raise NotReady(problems)


def _flask_settings(config: Config) -> dict[str, Any]:
    prefix = "__Host-" if config.is_https else ""
    old = [key.strip() for key in config.secret_key_old.split(",") if key.strip()]
    return {
        "ENV_NAME": config.environment,
        "TESTING": config.environment == "test",
        "SECRET_KEY": config.secret_key,
        "SECRET_KEY_FALLBACKS": old or None,
        "WTF_CSRF_SECRET_KEY": [*old, config.secret_key],  # signs with the last
        "ADDRESS_KEY": config.address_key,
        "ADDRESS_KEY_OLD": config.address_key_old,
        "HASH_KEY": config.hash_key,
        "IS_HTTPS": config.is_https,
        "SITE_URL": config.site_url,
        "TILE_URL": config.tile_url,
        "TILE_ATTRIBUTION": config.tile_attribution,
        "SESSION_COOKIE_NAME": prefix + "nachbar",
        "SESSION_COOKIE_SECURE": config.is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=90),
        "MAX_CONTENT_LENGTH": 1 << 20,
        "MAX_FORM_MEMORY_SIZE": 1 << 20,
        "MAX_FORM_PARTS": 200,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "PREFERRED_URL_SCHEME": "https" if config.is_https else "http",
    }


def _templates(app: Flask) -> None:
    """Templates of the house, then of each room's blueprint; text is always escaped."""
    app.jinja_loader = ChoiceLoader([FileSystemLoader(web.STATIC.parent / "templates")])  # type: ignore[assignment]
    app.jinja_env.autoescape = lambda name: not (name or "").endswith(".txt")  # mails have a plain text part
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.auto_reload = app.config["ENV_NAME"] == "development"
    app.jinja_env.globals.update(may=may, Permission=Permission, now=clock.now, nav_items=nav_items)
    app.extensions["nav"], app.extensions["desk"] = [], []


def nav_items() -> tuple[dict[str, Any], ...]:
    """Entries of the main navigation that rooms registered (``app.extensions['nav']``) and this person may open.

    Each: ``order``, ``endpoint``, ``label`` (lazy), ``icon``, ``permission``, perhaps ``role``, perhaps ``instead_of``: the
    endpoint of an entry that is left out for whoever may open this one. Staff find the way to what opens with their factor.
    """
    who = identity().with_factor
    open_ = [entry for entry in current_app.extensions["nav"] if allows(who, entry["permission"])]
    replaced = {entry.get("instead_of") for entry in open_}
    return tuple([entry for entry in open_ if entry["endpoint"] not in replaced])


def _language(app: Flask) -> None:
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=i18n.gettext,
        ngettext=lambda one, many, num: i18n.catalogue(i18n.language()).ngettext(one, many, num),
        newstyle=True,
        pgettext=i18n.pgettext,
    )
    app.jinja_env.globals.update(i18n=i18n, _=_said)


@pass_eval_context
def _said(context: EvalContext, message: str, **values: Any) -> str:
    """``_()`` of the templates, as Jinja's new style of gettext has it, in one call instead of three: a page makes dozens."""
    said = i18n.gettext(message)
    if context.autoescape:
        said = Markup(said)  # noqa: S704  our own words; values are escaped as they are filled in
    return said % values if "%" in said else said


def _begin() -> None:
    """Nobody's eyes until the session is recognised; then the person's. Public pages see what is public."""
    config: Config = _config()
    chosen, token = cookie.get("language"), cookie.get("_user_id")
    i18n.speak(chosen or config.language, config.time_zone)
    g.identity = ANONYMOUS
    if request.path.startswith("/static/") or request.blueprint == "health":
        return
    scope.enter(scope.NOBODY)
    is_open = bool(token) and _recognise(str(token))
    who: Identity = g.identity
    if not chosen:
        i18n.speak(who.language if who.is_authenticated else _browsers_language(config))
    scope.enter(sessions.eyes(who), already_set=is_open)
    gate = getattr(current_app.view_functions.get(request.endpoint or ""), "gate", {})
    if gate.get("body") and who.is_authenticated:  # before anything reads the form
        request.max_content_length = g.most_body = gate["body"]


def _recognise(token: str) -> bool:
    """Find out who is asking; True if the transaction looks through their eyes already."""
    found = sessions.recognise(token)
    if found is None:  # over: what belongs to the browser stays, the form's token too, so that it learns why
        for key in set(cookie) - KEPT_OF_A_DEAD_SESSION:
            cookie.pop(key)
        return False
    g.identity = found.who
    if found.is_to_note:
        sessions.seen(token)  # commits: the next transaction opens the eyes anew
        return False
    return found.is_open


def _end(_error: BaseException | None) -> None:
    scope.leave()


def _config() -> Config:
    return current_app.extensions["config"]


def _browsers_language(config: Config) -> str:
    return request.accept_languages.best_match(i18n.LANGUAGES) or config.language


def _load_user(token: str) -> Identity | None:
    who: Identity = g.get("identity", ANONYMOUS)
    return who if who.is_authenticated and who.session_token == token else None


def _refuse(permission: Permission) -> Any:
    """What somebody sees who may not: the way to what is missing, or nothing at all."""
    who = identity()
    if who.is_anonymous:
        if request.method == "GET":
            return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")), 303)
        flash(_("You are signed out by now, so this was not saved. Sign in and you are back where you were."), "stop")
        return redirect(url_for("accounts.sign_in", next=_page_of_the_form()), 303)
    if lacks_factor(who, permission):
        g.cache_class = "never"
        return current_app.extensions["ask_for_factor"]()
    if permission in NOT_TOLD:
        return _error_page(404)
    if who.signup_step != "done":
        return redirect(url_for("accounts.sign_up_next"), 303)
    if not who.quarters:
        flash(_("You can do this as soon as your address is proven."), "info")
        return redirect(url_for("residency.waiting"), 303)
    if who.home and who.home.level is Level.VOUCHED and not who.is_suspended:
        flash(_("You can read and reply. To pin something up, you need one more proof."), "info")
        return redirect(url_for("residency.waiting"), 303)
    return _error_page(404)


def _page_of_the_form() -> str | None:
    """Path and query of the page a form was on, if the browser says so and it was one of ours."""
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc != request.host:
        return None
    return web.local_path(came_from.path + (f"?{came_from.query}" if came_from.query else ""), "") or None


def _errors(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, lambda error: _error_page(403, reason="csrf", written=_written()))
    app.register_error_handler(limits.TooMany, _too_many)
    app.register_error_handler(tokens.BadToken, lambda error: _error_page(404))
    app.register_error_handler(Exception, _crash)


def _http_error(error: HTTPException) -> Response:
    most = g.get("most_body", 0) if error.code == 413 else 0
    uploads = (most >> 20) - 1  # MB of files: the form round them has the rest
    response = _error_page(error.code or 500, most_size=max(uploads, 0))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.allow.update(error.valid_methods)  # RFC 9110 section 15.5.6
    return response


def _written() -> list[str]:
    """What somebody wrote into the form that was refused, so that nothing is lost: words and times, no choices."""
    names = (*WRITING, *filter(OPTIONS.fullmatch, request.form))
    return [text for name in names if (text := request.form.get(name, "").strip())]


def _too_many(error: limits.TooMany) -> Response:
    response = _error_page(429, retry_after=error.retry_after, written=_written())
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _crash(error: Exception) -> Response:
    from sqlalchemy.exc import InterfaceError, OperationalError
    from sqlalchemy.exc import TimeoutError as NoConnectionFree

    log = logging.getLogger("neighbour")
    if isinstance(error, OperationalError | InterfaceError | NoConnectionFree):  # many pages at once: one line each
        reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        log.error("%s: the database did not answer: %s", request.endpoint, reason)
        return _error_page(503)
    log.error("unhandled error in %s\n%s", request.endpoint, logs.traceback_of(error))
    if _config().environment == "test":
        raise error
    return _error_page(500)


def _error_page(code: int, **context: Any) -> Response:
    template = f"errors/{code}.html" if code in (400, 403, 404, 405, 413, 429, 500, 503) else "errors/400.html"
    g.cache_class = "never"
    who = "member" if identity().is_authenticated else "visitor"
    bar = who if code < 500 else ""  # the same whatever was asked for
    return Response(render_template(template, code=code, bar=bar, **context), status=code, mimetype="text/html")
