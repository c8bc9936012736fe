"""Plumbing of every page: addresses, headers, static files, local redirects."""

from __future__ import annotations

import hmac
import json
import uuid
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.headers import Headers

from flask import Flask, Response, abort, current_app, flash, g, make_response, redirect, request, url_for
from flask import session as cookie
from flask_wtf.csrf import generate_csrf
from itsdangerous import URLSafeTimedSerializer
from werkzeug.routing import BaseConverter, ValidationError
from werkzeug.wrappers import Response as BaseResponse

from neighbour.core import i18n, tokens

CSRF = tokens.kind("csrf", "forms of one session, together with its cookie")
STATIC = Path(__file__).resolve().parent.parent / "static"

# No inline script, no inline style, no foreign host. Map tiles are the one exception, by setting.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "frame-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
}

# On every answer that does not set them itself.
HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", "geolocation=(), camera=(), microphone=(), interest-cohort=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


class UidConverter(BaseConverter):
    """``<uid:id>``: a UUID as 26 base32 symbols."""

    regex = "[a-z2-7]{26}"

    def to_python(self, value: str) -> uuid.UUID:
        try:
            return tokens.from_uid(value)
        except ValueError as error:
            raise ValidationError from error

    def to_url(self, value: Any) -> str:
        return tokens.to_uid(value) if isinstance(value, uuid.UUID) else str(value)


def init_app(app: Flask) -> None:
    """Converters, template helpers and response headers."""
    app.url_map.converters["uid"] = UidConverter
    tiles = urlsplit(app.config["TILE_URL"].replace("{s}.", "*."))
    images = POLICY["img-src"] + (f" {tiles.scheme}://{tiles.netloc}" if tiles.netloc else "")
    app.extensions["headers"] = [
        ("Content-Security-Policy", _policy({**POLICY, "img-src": images})),
        *HEADERS,
        *([("Strict-Transport-Security", "max-age=63072000; includeSubDomains")] if app.config["IS_HTTPS"] else []),
    ]
    app.before_request(_refuse_strange_requests)
    app.after_request(_headers)
    app.jinja_env.globals.update(static_url=static_url, uid=tokens.to_uid, drafts_of=drafts_of)


def _policy(parts: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in parts.items())


@lru_cache
def _manifest(stamp: float) -> dict[str, str]:
    path = STATIC / "build" / "manifest.json"
    return json.loads(path.read_text()) if stamp else {}


def static_url(name: str) -> str:
    """The address of a built asset: ``app.css`` → ``/static/build/app-3f9a….css``; images go by their own name."""
    path = STATIC / "build" / "manifest.json"
    built = _manifest(path.stat().st_mtime if path.exists() else 0.0)
    return "/static/build/" + built[name] if name in built else "/static/" + name


def site_url(path: str) -> str:
    """An address of this site for mails: from the settings and never from a request."""
    return str(current_app.config["SITE_URL"]) + path


def local_path(target: str | None, fallback: str) -> str:
    """``target`` if it is a path on this site, else ``fallback``: no open redirect."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return fallback
    parts = urlsplit(target)
    printable = all(32 < ord(letter) < 127 for letter in target)
    return target if printable and not parts.netloc and not parts.scheme else fallback


def _refuse_strange_requests() -> None:
    """404 for an address no page has, 403 for a form of another site: besides the CSRF token, the browser's word."""
    if "\0" in request.path:  # PostgreSQL's text has no such character
        abort(404)
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    if takes_token() and not is_own_form():
        abort(403)


def takes_token() -> bool:
    """Whether an unsafe request to this page has to bring a token: all do that do not say otherwise in ``@requires``."""
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, "gate", {"csrf": True})["csrf"])


def is_own_form(*, believes_null: bool = True) -> bool:
    """Whether the browser says that this request comes from a page of ours. One that says nothing is believed.

    From a page with ``Referrer-Policy: no-referrer`` a browser sends ``Origin: null`` (Fetch standard, section 3.2);
    then Sec-Fetch-Site decides, and ``believes_null`` for browsers that do not know it.
    """
    where = request.headers.get("Sec-Fetch-Site")
    if where is not None:
        return where in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin == "null":
        return believes_null
    return not origin or urlsplit(origin).netloc in (request.host, urlsplit(current_app.config["SITE_URL"]).netloc)


def back(endpoint: str, **values: Any) -> BaseResponse:
    """Redirect after POST (303) to a page of ours."""
    return redirect(url_for(endpoint, **values), 303)


def no_referrer(page: str) -> Response:
    """A page whose address or content holds a code or a token: it tells no other page where one came from."""
    response = make_response(page)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def toast(text: str, undo: str, category: str = "good") -> None:
    """A message on the next page with ten seconds of undo (POST to ``undo``); one for two clicks."""
    said = {"text": text, "undo": undo}
    if (category, said) not in cookie.get("_flashes", []):
        flash(said, category)  # type: ignore[arg-type]


def page_number(furthest: int, *, without: int = 1) -> int:
    """``?page=``, from 1 to ``furthest``; ``without`` where none is asked for. Aborts with 404 on anything else."""
    text = request.args.get("page", "")
    if not text:
        return without
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= furthest):
        abort(404)
    return int(text)


def is_htmx() -> bool:
    """Whether htmx asked for a piece of the page."""
    return bool(request.environ.get("HTTP_HX_REQUEST") == "true")


@lru_cache(maxsize=4096)
def _signed(secret: str, raw: str) -> str:
    """The token of one session, signed as Flask-WTF does; it does not expire (WTF_CSRF_TIME_LIMIT), the session does."""
    return str(URLSafeTimedSerializer(secret, salt="wtf-csrf-token").dumps(raw))


def csrf_token() -> str:
    """The token for the forms of this session. Signed once and not for every page."""
    raw = cookie.get("csrf_token")
    return _signed(str(current_app.secret_key), raw) if raw else str(generate_csrf())


def drafts_of(public_id: str) -> str:
    """Under which name the browser keeps this person's drafts, so that nobody else at the device finds them; the person cannot
    be told from it."""
    return _drafts_of(str(current_app.secret_key), public_id)


@lru_cache(maxsize=4096)
def _drafts_of(secret: str, public_id: str) -> str:
    return hmac.digest(secret.encode(), f"drafts {public_id}".encode(), "sha256").hex()[:16]


def static_headers(app: Flask) -> Callable[[Headers, str, str], None]:
    """What WhiteNoise calls for each file: the headers every answer of ours has."""

    def add(headers: Headers, _path: str, _url: str) -> None:
        for name, value in app.extensions["headers"]:
            headers[name] = value

    return add


def _headers(response: Response) -> Response:
    headers, more = response.headers, list(current_app.extensions["headers"])
    if request.endpoint != "static" and not request.path.startswith("/static/"):
        more += [("Cache-Control", _cache_control(response)), ("Content-Language", i18n.language())]
    there = {name.lower() for name, _value in headers}
    headers.extend([pair for pair in more if pair[0].lower() not in there])
    return response


def _cache_control(response: Response) -> str:
    """A minute for pages that are the same for everybody; never for what is somebody's own, errors and messages."""
    signed_in = getattr(g.get("identity"), "is_authenticated", False)
    if g.get("cache_class") == "public" and not signed_in and response.status_code == 200 and "_flashes" not in cookie:
        response.vary.update(["Cookie", "Accept-Language"])
        return "public, max-age=60"
    if g.get("cache_class") == "private" and response.status_code in (200, 304):
        response.vary.update(["Cookie"])
        return "private, no-cache"
    return "no-store"
