"""The board of one's quarter."""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Any, NamedTuple

from flask import Blueprint, abort, render_template, request

from neighbour.contributions import kinds
from neighbour.contributions import service as contributions
from neighbour.contributions.readers import reader_of
from neighbour.core import clock, i18n
from neighbour.core.db import atomic
from neighbour.core.tokens import from_uid, to_uid
from neighbour.core.web import back, is_htmx
from neighbour.feed import service, week
from neighbour.feed.sidebar import sidebar
from neighbour.feed.slips import slips
from neighbour.policy import Identity, Permission, requires
from neighbour.policy.gate import identity

views = Blueprint("feed", __name__, template_folder="templates")


@views.get("/board")
@requires(Permission.BOARD_READ, names=True)
def board() -> Any:
    """The board: ``?kind=`` and ``?category=`` filter, ``?own=1`` leaves nearby out, ``?before=`` goes on; htmx gets the next
    cards."""
    who, quarter_id = _reader()
    is_proven = quarter_id in reader_of(identity()).proven
    chosen, before = _chosen()
    is_everything = before is None and not chosen.kind
    dates = week.ahead(quarter_id, own_only=chosen.own_only) if is_everything else ()
    page = service.page(
        who,
        quarter_id,
        before=before,
        keys=chosen.keys,
        own_only=chosen.own_only,
        also=[each.id for each in dates],
    )
    entries, new_count = slips(page.lines, page.seen_up_to, days=True, is_proven=is_proven)
    older = _older(page.older, chosen)
    if is_htmx() and before is not None:
        return render_template("feed/_more.html", entries=entries, older=older)
    return render_template(
        "feed/board.html",
        entries=entries,
        older=older,
        pinned=slips(page.pinned, None, days=False, is_proven=is_proven)[0],
        is_empty=not page.lines and not page.pinned,
        chosen=chosen,
        newest=service.newest(page.lines) if is_everything and new_count else None,
        side=sidebar(quarter_id, is_proven=is_proven),
        today=i18n.local(clock.now()).date(),
        filters=filter_labels(i18n.language()),
        new_count=new_count,
        week=week.read_by(who, quarter_id, dates, page.there, own_only=chosen.own_only),
    )


def _older(older: uuid.UUID | None, chosen: Chosen) -> str | None:
    """The address of what is older than ``older``; None where that was all."""
    if older is None:
        return None
    # Written out: url_for takes longer than the twenty slips together. Letters, digits and _ need no quoting.
    here, narrowed = request.script_root + request.path, ""
    if chosen.category:
        narrowed = f"&category={chosen.category}"
    elif chosen.kind:
        narrowed = f"&kind={chosen.kind}"
    return f"{here}?before={to_uid(older)}{narrowed}{'&own=1' if chosen.own_only else ''}"


@views.post("/board/read")
@requires(Permission.BOARD_READ)
def mark_read() -> Any:
    """Everything up to ``newest`` has been read."""
    who, quarter_id = _reader()
    newest = as_uid(request.form.get("newest", ""))
    with atomic():
        contributions.mark_read(who, quarter_id, newest)
    return ("", 204) if is_htmx() else back("feed.board")


def _reader() -> tuple[int, int]:
    who: Identity = identity()
    if who.person_id is None or not who.quarters:
        abort(404)
    return who.person_id, who.quarters[0]


class Chosen(NamedTuple):
    """What of the board somebody wants to see: a kind, one of its categories, their own quarter alone."""

    kind: str = ""
    category: str = ""
    own_only: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The categories that are meant; none for everything."""
        if self.category:
            return (self.category,)
        return kinds.keys_of(kinds.get(self.kind)) if self.kind else ()


EVERYTHING = Chosen()


def _chosen() -> tuple[Chosen, uuid.UUID | None]:
    """The filters in the address, and where the page goes on; 404 for what there is not."""
    if not request.query_string:
        return EVERYTHING, None
    kind, category = request.args.get("kind", ""), request.args.get("category", "")
    try:
        of = kinds.of_category(category).name if category else kind and kinds.get(kind).name
    except KeyError:
        abort(404)
    if kind and kind != of:
        abort(404)
    before = request.args.get("before")
    return Chosen(of, category, request.args.get("own") == "1"), as_uid(before) if before else None


def as_uid(text: str) -> uuid.UUID:
    """The key in an address or a form; 404 for anything else."""
    try:
        return from_uid(text)
    except ValueError:
        abort(404)


@lru_cache
def filter_labels(_language: str) -> tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]:
    """(name, label, its categories as (key, label)) of each kind, in this language."""
    return tuple(
        (kind.name, str(kind.plural or kind.label), tuple((each.key, str(each.label)) for each in kind.categories))
        for kind in kinds.all_kinds()
    )
