"""What the macros need beyond Jinja: initials, avatar colours, soft hyphens, the address of this page."""

from __future__ import annotations

import zlib
from datetime import date

from babel.dates import format_date
from flask import Flask, request

from neighbour.core import i18n, text

WASHES = 6  # colours behind initials, see tokens.css


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


def init_app(app: Flask) -> None:
    """Make the helpers known to all templates, macros included; ``operator`` says who runs this site and where."""
    config = app.extensions["config"]
    app.jinja_env.globals["operator"] = {
        "name": config.operator_name, "address": config.operator_address, "email": config.operator_email,
        "city": config.city_name, "site_url": config.site_url,
    }
    app.jinja_env.globals.update(wash=wash, leaf_part=leaf_part, here=here, initials=text.initials)
    app.jinja_env.filters["soft"] = text.soft_hyphens
