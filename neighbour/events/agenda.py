"""What is on, as HTML: a line for each date under the heading of its day.

A line is the same for everybody who reads this board, so it is rendered once by all that changes it and kept, like slips of
the board; only those that are not kept are looked up.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from flask import current_app
from markupsafe import Markup
from sqlalchemy import bindparam, select, text

from neighbour.contributions.cards import url_of
from neighbour.contributions.models import Contribution
from neighbour.core import clock, i18n, scope
from neighbour.core.asking import Asked
from neighbour.core.db import db
from neighbour.core.kept import Shelf
from neighbour.events import listing
from neighbour.events.listing import On, in_quarter
from neighbour.events.models import Event, EventException
from neighbour.quarters.models import Quarter

PAGE = 30
AHEAD = (timedelta(days=1), timedelta(days=8), timedelta(days=400))

_lines: Shelf[tuple[Any, ...], str] = Shelf(20_000)
_c, _e = Contribution.__table__, Event.__table__
_WANTED = (
    select(_c.c.id, _c.c.title, _e.c.is_all_day, _e.c.place, _e.c.online_url, Quarter.name)
    .select_from(_e)
    .join(_c, _c.c.id == _e.c.id)
    .join(Quarter, Quarter.id == _c.c.quarter_id)
    .where(_e.c.id.in_(bindparam("ids", expanding=True)))
)
_OF_INITIATIVE = Asked(
    text("""
    SELECT o.event_id, o.id, o.begins_at, o.ends_at, o.is_cancelled, c.quarter_id = ANY (CAST(:quarters AS int[])) AS is_home,
      o.slot_on, c.version FROM contribution c JOIN LATERAL (
      SELECT * FROM occurrence d WHERE d.event_id = c.id AND d.ends_at >= CAST(:now AS timestamptz)
      ORDER BY d.begins_at LIMIT 1) o ON true
    WHERE c.initiative_id = :initiative AND c.kind = 'event' AND c.state = 'published'
    ORDER BY o.begins_at, c.id LIMIT :most
""")
)
_PLACES = select(EventException.event_id, EventException.slot_on, EventException.place).where(
    EventException.event_id.in_(bindparam("ids", expanding=True)), EventException.place.is_not(None)
)


@dataclass(frozen=True)
class Page:
    """A page of the list: its days with their lines; ``later``: the date after which it goes on."""

    days: tuple[tuple[date, tuple[Markup, ...]], ...]
    later: uuid.UUID | None


@dataclass(frozen=True)
class Cell:
    """A day of a month: its lines, and how many more there are."""

    lines: tuple[Markup, ...]
    more: int


class _Stretch(NamedTuple):
    """What a day is of a date: whether it began on an earlier one, and until which later one it goes on."""

    is_begun: bool
    until: date | None

    @classmethod
    def of(cls, on: On, day: date) -> _Stretch:
        last = listing.last_day(on)
        return cls(i18n.local(on.begins_at).date() < day, last if last > day else None)


def page(quarter_id: int, since: datetime, *, after: tuple[datetime, uuid.UUID] | None, own_only: bool) -> Page:
    """Dates of the quarter from ``since`` on, or after the one that ended the page before. A day is looked at first, further
    ahead only where that is too little for a page."""
    begin = since if after is None else max(since, after[0])
    found: Sequence[On] = ()
    for ahead in AHEAD:
        found = in_quarter(quarter_id, begin, begin + ahead, after=after, own_only=own_only, most=PAGE + 1)
        if len(found) > PAGE:
            break
    shown = found[:PAGE]
    return Page(by_day(shown, since), shown[-1].date_id if len(found) > PAGE else None)


def whole_day(quarter_id: int, day: date, *, own_only: bool) -> Page:
    """All that is on on this day, or was."""
    there = month(quarter_id, day, day, own_only=own_only, most=listing.MOST).get(day)
    return Page(((day, there.lines),) if there else (), None)


def of_initiative(initiative_id: int) -> tuple[tuple[date, tuple[Markup, ...]], ...]:
    """What an initiative has announced, as far as the viewer of the session reads it: each event with its next date, as they
    begin, under their days."""
    now, home = clock.now(), scope.current()
    values = {"initiative": initiative_id, "now": now, "quarters": list(home.quarters) if home else [], "most": PAGE}
    return by_day([On._make(row) for row in _OF_INITIATIVE.rows(values)], now)


def month(quarter_id: int, first: date, last: date, *, own_only: bool, most: int) -> dict[date, Cell]:
    """The days from ``first`` to ``last`` on which anything is, with at most ``most`` lines each: what lasts for several days
    stands under each of them."""
    days = listing.by_day(quarter_id, first, last, own_only=own_only, most=most)
    rendered = iter(lines([(each, day) for day, there in days.items() for each in there.dates]))
    return {
        day: Cell(tuple(line for line in islice(rendered, len(there.dates)) if line), there.of_all - len(there.dates))
        for day, there in days.items()
    }


def by_day(found: Sequence[On], since: datetime) -> tuple[tuple[date, tuple[Markup, ...]], ...]:
    """These dates as lines under their days; what has begun before ``since`` stands under its day."""
    days: dict[date, list[Markup]] = {}
    first = i18n.local(since).date()
    placed = [(each, max(first, i18n.local(each.begins_at).date())) for each in found]
    for (_on, day), line in zip(placed, lines(placed), strict=True):
        if line:
            days.setdefault(day, []).append(line)
    return tuple((day, tuple(there)) for day, there in sorted(days.items()))


def lines(placed: Sequence[tuple[On, date]]) -> list[Markup]:
    """The line of each date under that day; empty for what has gone between the two statements."""
    language, today = i18n.language(), clock.today(i18n.zone())
    shown = [(on, _Stretch.of(on, day)) for on, day in placed]
    keys = [
        (on.date_id, on.version, on.begins_at, on.ends_at, on.is_cancelled, on.is_home, stretch, language, today)
        for on, stretch in shown
    ]
    kept = _lines.find(keys)
    missing = [at for at, html in enumerate(kept) if html is None]
    if missing:
        told = _look_up({shown[at][0].event_id for at in missing})
        module = current_app.jinja_env.get_template("events/_line.html").module
        for at in missing:
            on, stretch = shown[at]
            if on.event_id in told:
                html = str(module.line(on, stretch, url_of(on.event_id), **told[on.event_id]))  # type: ignore[attr-defined]
                _lines.keep(keys[at], html)
                kept[at] = html
    return [Markup(html or "") for html in kept]  # noqa: S704  our own template


def _look_up(ids: set[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Title, place and quarter of these events, and the places of single dates."""
    others: dict[uuid.UUID, dict[date, str]] = {}
    for row in db.session.execute(_PLACES, {"ids": list(ids)}):
        others.setdefault(row.event_id, {})[row.slot_on] = row.place
    return {
        row.id: {
            "title": row.title,
            "is_all_day": row.is_all_day,
            "place": row.place,
            "is_online": bool(row.online_url),
            "quarter": row.name,
            "others": others.get(row.id, {}),
        }
        for row in db.session.execute(_WANTED, {"ids": list(ids)})
    }
