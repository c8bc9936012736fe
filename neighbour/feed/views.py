"""The board of one's quarter."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, current_app, render_template, request
from markupsafe import Markup

from neighbour.contributions import cards, kinds
from neighbour.contributions import service as contributions
from neighbour.core import clock, i18n
from neighbour.core.db import atomic
from neighbour.core.tokens import from_uid
from neighbour.core.web import back, is_htmx
from neighbour.feed import service
from neighbour.feed.sidebar import sidebar
from neighbour.policy import Identity, Permission, requires
from neighbour.policy.gate import identity

views = Blueprint("feed", __name__, template_folder="templates")


@views.get("/board")
@requires(Permission.BOARD_READ)
def board() -> Any:
    """The board: ``?category=`` filters, ``?own=1`` leaves nearby out, ``?before=`` goes on; htmx gets the next cards."""
    who, quarter_id = _reader()
    category, own_only, before = _filters()
    page = service.page(who, quarter_id, before=before, category=category, own_only=own_only)
    mark = service.read_mark(who, quarter_id)
    cards_of_page = entries(page.lines, mark.seen_up_to if mark else None)
    context: dict[str, Any] = {
        "entries": cards_of_page,
        "pinned": entries(page.pinned, None),
        "older": page.older,
        "category": category,
        "own_only": own_only,
        "is_first": before is None,
        "newest": service.newest(page.lines),
        "seen_up_to": mark.seen_up_to if mark else None,
    }
    if is_htmx() and before is not None:
        return render_template("feed/_more.html", **context)
    return render_template(
        "feed/board.html",
        **context,
        side=sidebar(quarter_id),
        filters=_categories(),
        new_count=sum(entry["is_new"] for entry in cards_of_page),
    )


@views.post("/board/read")
@requires(Permission.BOARD_READ)
def mark_read() -> Any:
    """Everything up to ``newest`` has been read."""
    who, quarter_id = _reader()
    newest = _uid(request.form.get("newest", ""))
    with atomic():
        contributions.mark_read(who, quarter_id, newest)
    return ("", 204) if is_htmx() else back("feed.board")


def entries(lines: list[service.Line], seen_up_to: uuid.UUID | None) -> list[dict[str, Any]]:
    """What the template needs of each line: the kept half of its card, and what is personal."""
    html = _cards(lines)
    return [
        {
            "line": line,
            "card": html[line.id],
            "day": i18n.local(line.published_at).date(),
            "is_new": seen_up_to is not None and line.id > seen_up_to and not line.is_mine,
        }
        for line in lines
        if line.id in html
    ]


def _cards(lines: list[service.Line]) -> dict[uuid.UUID, Markup]:
    """The kept halves of these cards. One is good for a version, a language, a local day ("today, 14:10"), and
    as long as it is urgent; in a neighbouring quarter it names where it comes from."""
    language, day = i18n.language(), i18n.local(clock.now()).date()
    keys = {line.id: (line.id, line.version, language, day, line.is_urgent, line.is_home) for line in lines}
    kept = cards.fragments.find(list(keys.values()))
    missing = {line.id: line for line in lines if keys[line.id] not in kept}
    template = current_app.jinja_env.get_template("contributions/_card.html") if missing else None
    for key, card in cards.load(missing).items():
        html = template.render(c=replace(card, is_home=missing[key].is_home))  # type: ignore[union-attr]
        kept[keys[key]] = html
        cards.fragments.keep(keys[key], html)
    return {key: Markup(kept[whole]) for key, whole in keys.items() if whole in kept}  # noqa: S704  our own template


def _reader() -> tuple[int, int]:
    who: Identity = identity()
    if who.person_id is None or not who.quarters:
        abort(404)
    return who.person_id, who.quarters[0]


def _filters() -> tuple[str | None, bool, uuid.UUID | None]:
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
