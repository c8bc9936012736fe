"""What the macros need beyond Jinja: initials, avatar colours, soft hyphens, the address of this page."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from typing import Any

from babel.dates import format_date
from flask import Flask, request
from markupsafe import Markup

from neighbour.core import i18n, text, web

WASHES = 6  # colours behind initials, see tokens.css
MANIFEST = str(web.STATIC / "build" / "manifest.json")
KEPT = 16_384  # rendered pieces kept per process: about 15 MB


def wash(key: str) -> int:
    """The colour (1 to 6) behind somebody's initials: always the same for the same ``key``."""
    return zlib.crc32(str(key).encode()) % WASHES + 1


def leaf_part(day: date, pattern: str) -> str:
    """One word of a calendar sheet: ``Nov`` for pattern ``LLL``, ``Sa`` for ``ccc`` (Unicode TR 35), without a full stop."""
    return format_date(day, pattern, locale=i18n.language()).rstrip(".")


def here() -> str:
    """Path and query of this page, for forms that lead back to it; after a POST the start page."""
    if request.method not in ("GET", "HEAD"):
        return "/"
    return request.full_path.removesuffix("?")


def nav_key(entries: Iterable[dict[str, Any]]) -> tuple[tuple[Any, ...], ...]:
    """Entries of the navigation as ``main_nav`` takes them: (endpoint, label (lazy), icon, role)."""
    return tuple([(e["endpoint"], e["label"], e["icon"], e.get("role")) for e in entries])


def keeper(app: Flask) -> Callable[..., Markup]:
    """``kept(template, macro, *arguments)``: a macro's HTML, rendered once per language and arguments.

    For pieces that stand on every page or on every card and depend on nothing but their arguments; a feed page
    has to be ready in 3 ms, of which the pieces below took more than half when each page made them anew.
    """
    changes = app.config["ENV_NAME"] != "production"  # the style sheet may be built again while the server runs

    @lru_cache(maxsize=KEPT)
    def render(template: str, macro: str, _language: str, _build: int, arguments: tuple[Any, ...]) -> Markup:
        return Markup(getattr(app.jinja_env.get_template(template).module, macro)(*arguments))  # noqa: S704  the macro escapes

    def kept(template: str, macro: str, *arguments: Any) -> Markup:
        return render(template, macro, i18n.language(), _built_at() if changes else 0, arguments)

    return kept


def _built_at() -> int:
    """When the style sheets and scripts were built last (ns); 0 before the first time."""
    try:
        return os.stat(MANIFEST).st_mtime_ns  # noqa: PTH116  a plain string: pathlib would cost five times as much
    except FileNotFoundError:
        return 0


def init_app(app: Flask) -> None:
    """Make the helpers known to all templates, macros included; ``operator`` says who runs this site and where."""
    config = app.extensions["config"]
    app.jinja_env.globals["operator"] = {
        "name": config.operator_name,
        "address": config.operator_address,
        "email": config.operator_email,
        "responsible": config.operator_responsible,
        "city": config.city_name,
        "site_url": config.site_url,
        "source_url": config.source_url,
    }
    app.jinja_env.globals.update(
        wash=wash, leaf_part=leaf_part, here=here, initials=text.initials, nav_key=nav_key, kept=keeper(app)
    )
    app.jinja_env.filters["soft"] = text.soft_hyphens
