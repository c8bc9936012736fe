"""The board of one's quarter."""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Any, cast

from flask import Blueprint, abort, current_app, render_template, request
from markupsafe import Markup

from neighbour.contributions import kinds
from neighbour.contributions import service as contributions
from neighbour.contributions.readers import reader_of
from neighbour.core import clock, i18n
from neighbour.core.db import atomic
from neighbour.core.tokens import from_uid, to_uid
from neighbour.core.web import back, is_htmx
from neighbour.feed import service
from neighbour.feed.sidebar import sidebar
from neighbour.feed.slips import slips
from neighbour.policy import Identity, Permission, requires
from neighbour.policy.gate import identity

views = Blueprint("feed", __name__, template_folder="templates")


@views.get("/board")
@requires(Permission.BOARD_READ)
def board() -> Any:
    """The board: ``?category=`` filters, ``?own=1`` leaves nearby out, ``?before=`` goes on; htmx gets the next cards."""
    who, quarter_id = _reader()
    is_proven = quarter_id in reader_of(identity()).proven
    category, own_only, before = _filters()
    page = service.page(who, quarter_id, before=before, category=category, own_only=own_only)
    entries, new_count = slips(page.lines, page.seen_up_to, days=True, is_proven=is_proven)
    end = _end(page.older, category, own_only)
    if is_htmx() and before is not None:
        return render_template("feed/_more.html", entries=entries, end=end)
    return render_template(
        "feed/board.html",
        entries=entries,
        end=end,
        pinned=slips(page.pinned, None, days=False, is_proven=is_proven)[0],
        is_empty=not page.lines and not page.pinned,
        category=category,
        own_only=own_only,
        newest=service.newest(page.lines) if before is None and not category and new_count else None,
        side=sidebar(quarter_id, is_proven=is_proven),
        today=i18n.local(clock.now()).date(),
        filters=_filter_labels(i18n.language()),
        new_count=new_count,
    )


def _end(older: uuid.UUID | None, category: str | None, own_only: bool) -> Markup:
    """What stands below the last slip: the way on to what is older than ``older``, or that this was all."""
    next_url = None
    if older:
        # Written out: url_for takes longer than the twenty slips together. Letters, digits and _ need no quoting.
        here = request.script_root + request.path
        next_url = (
            f"{here}?before={to_uid(older)}{f'&category={category}' if category else ''}{'&own=1' if own_only else ''}"
        )
    module = current_app.jinja_env.get_template("feed/_parts.html").module
    return cast(Markup, module.end(next_url))  # type: ignore[attr-defined]


@views.post("/board/read")
@requires(Permission.BOARD_READ)
def mark_read() -> Any:
    """Everything up to ``newest`` has been read."""
    who, quarter_id = _reader()
    newest = _uid(request.form.get("newest", ""))
    with atomic():
        contributions.mark_read(who, quarter_id, newest)
    return ("", 204) if is_htmx() else back("feed.board")


def _reader() -> tuple[int, int]:
    who: Identity = identity()
    if who.person_id is None or not who.quarters:
        abort(404)
    return who.person_id, who.quarters[0]


def _filters() -> tuple[str | None, bool, uuid.UUID | None]:
    if not request.query_string:
        return None, False, None
    category = request.args.get("category") or None
    if category is not None and category not in {each.key for each in _categories()}:
        abort(404)
    before = request.args.get("before")
    return category, request.args.get("own") == "1", _uid(before) if before else None


def _uid(text: str) -> uuid.UUID:
    try:
        return from_uid(text)
    except ValueError:
        abort(404)


def _categories() -> list[kinds.Category]:
    return [category for kind in kinds.all_kinds() for category in kind.categories]


@lru_cache
def _filter_labels(_language: str) -> tuple[tuple[str, str], ...]:
    """(key, label) of each filter, in this language."""
    return tuple((each.key, str(each.label)) for each in _categories())
