"""What a calendar holds: the entries of events, through the eyes of whoever reads it.

Entries are the same for everybody who reads an event in one language, so each is made once by all that changes it and kept; a
calendar that is fetched again asks which it holds, and makes none anew. What only guests read (``EventForGuests``) is in none.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Row, select, text

from neighbour.contributions import kinds, offices
from neighbour.contributions.cards import url_of
from neighbour.contributions.models import State
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.kept import Shelf
from neighbour.core.tokens import to_uid
from neighbour.core.web import site_url
from neighbour.events import dates, ics
from neighbour.events.details import wall_times
from neighbour.events.listing import IN_CATEGORIES, UNMUTED
from neighbour.events.models import Answer, Event, EventException, FeedKind, Occurrence
from neighbour.events.recurrence import Series

SINCE = timedelta(days=30)  # what is over, or was taken down, stays in a calendar for so long
MOST = 2_000
_TO_COME = "EXISTS (SELECT FROM occurrence o WHERE o.event_id = c.id AND o.ends_at >= :since)"
_CHANGED = """greatest(c.published_at, c.edited_at, e.changed_at, e.cancelled_at, e.counted_at,
      (SELECT max(x.changed_at) FROM event_exception x WHERE x.event_id = e.id)) AS changed_at"""
_OF_QUARTER = text(f"""
    SELECT DISTINCT c.id, c.version, e.sequence, {_CHANGED} FROM reach r JOIN contribution c ON c.id = r.contribution_id
    JOIN event e ON e.id = c.id
    WHERE r.quarter_id = ANY (:quarters) AND {IN_CATEGORIES} AND {UNMUTED} AND {_TO_COME} ORDER BY c.id DESC LIMIT :most
""")  # noqa: S608  constants of this room only
_OF_MINE = text(f"""
    SELECT c.id, c.version, e.sequence, {_CHANGED} FROM contribution c JOIN event e ON e.id = c.id
    WHERE c.state = 'published' AND {_TO_COME} AND (c.author_id = :me
      OR c.id IN (SELECT b.contribution_id FROM bookmark b WHERE b.person_id = :me)) ORDER BY c.id DESC LIMIT :most
""")  # noqa: S608  constants of this room only
_ANSWERED = text(f"""
    SELECT c.id, c.version, e.sequence, {_CHANGED}, o.id AS date_id, o.slot_on, p.state,
      e.rule <> '' OR cardinality(e.more_on) > 0 AS is_series
    FROM participation p JOIN occurrence o ON o.id = p.occurrence_id JOIN contribution c ON c.id = o.event_id
    JOIN event e ON e.id = c.id
    WHERE p.person_id = :me AND p.state IN ('coming', 'waiting', 'offered') AND o.ends_at >= :since AND c.state = 'published'
    ORDER BY c.id DESC, o.slot_on LIMIT :most
""")  # noqa: S608  constants of this room only
_TAKEN_DOWN = text("SELECT * FROM events_taken_down(:since)")
_entries: Shelf[tuple[Any, ...], bytes] = Shelf(20_000)


class Entry(NamedTuple):
    """One event in a calendar, or one date of it (``date_id``), by all that its bytes depend on."""

    event_id: uuid.UUID
    version: int
    sequence: int
    language: str
    date_id: uuid.UUID | None = None
    is_tentative: bool = False


@dataclass(frozen=True)
class Book:
    """What a calendar holds: its entries, those of what was taken down, as bytes, and when any of it was changed."""

    name: str
    entries: tuple[Entry, ...]
    gone: tuple[bytes, ...]
    changed_at: tuple[datetime, ...] = ()

    @property
    def content(self) -> bytes:
        """A hash of all it says: the same as long as nothing changes."""
        parts = (ics.PRODUCT, self.name, site_url(""), self.entries, self.gone)
        return hashlib.sha256(repr(parts).encode()).digest()

    def written(self) -> bytes:
        """The calendar as iCalendar."""
        return ics.bound(self.name, [*_made(self.entries), *self.gone], {i18n.zone()})


def book(kind: FeedKind, name: str, person_id: int, quarters: Sequence[int]) -> Book:
    """What this person's calendar of this kind holds now. Through their eyes."""
    since = clock.now() - SINCE
    values = {"me": person_id, "quarters": list(quarters), "since": since, "most": MOST}
    language, gone = i18n.language(), db.session.execute(_TAKEN_DOWN, {"since": since}).all()
    rows = db.session.execute(_OF_QUARTER if kind is FeedKind.QUARTER else _OF_MINE, values).all()
    whole = [Entry(row.id, row.version, row.sequence, language) for row in rows]
    if kind is FeedKind.QUARTER:
        changed = (*(row.changed_at for row in rows), *(row.gone_at for row in gone))
        return Book(name, tuple(whole), tuple(_struck(row) for row in gone), changed)
    there = {each.event_id for each in whole}
    answered = [row for row in db.session.execute(_ANSWERED, values) if row.id not in there]
    dated = [_date(row, language) for row in answered]
    struck = [_struck(row, slot) for row in gone for slot in row.answered]
    changed = (*(row.changed_at for row in (*rows, *answered)), *(row.gone_at for row in gone if row.answered))
    return Book(name, (*whole, *dated), tuple(struck), changed)


def one(event: Event) -> bytes:
    """A calendar with this one event, as its page gives it away."""
    entry = Entry(event.id, event.version, event.sequence, i18n.language())
    return ics.bound(event.title, _made([entry]), {event.zone})


def uid(event_id: uuid.UUID, slot: date | None = None) -> str:
    """What calendars know an event by, for ever; with ``slot`` one date of a series."""
    day = f"-{slot:%Y%m%d}" if slot is not None else ""
    return f"{to_uid(event_id)}{day}@{urlsplit(site_url('')).hostname}"


def _date(row: Row[Any], language: str) -> Entry:
    """A date that was answered: of a series that date alone, otherwise the event."""
    date_id = row.date_id if row.is_series else None
    return Entry(row.id, row.version, row.sequence, language, date_id, row.state != Answer.COMING)


def _struck(row: Row[Any], slot: date | None = None) -> bytes:
    """What was taken down, without its words."""
    begins, ends = row.begins, row.ends
    if slot is not None and row.is_series:
        begins, ends = datetime.combine(slot, begins.time()), datetime.combine(slot, begins.time()) + (ends - begins)
    listed = ics.Listed(
        uid(row.id, slot if row.is_series else None), _("Taken down"), Series(begins, ends, row.zone), row.gone_at,
        is_all_day=row.is_all_day, sequence=row.sequence, is_cancelled=True,
    )  # fmt: skip
    return ics.entries(listed)


def _made(wanted: Sequence[Entry]) -> list[bytes]:
    """The bytes of these entries; those that are not kept are made, with one question for each table."""
    kept = _entries.find(wanted)
    missing = [entry for entry, found in zip(wanted, kept, strict=True) if found is None]
    if not missing:
        return [each for each in kept if each is not None]
    made = {entry: ics.entries(listed) for entry, listed in _looked_up(missing)}
    for entry, found in made.items():
        _entries.keep(entry, found)
    return [found or made.get(entry, b"") for entry, found in zip(wanted, kept, strict=True)]


def _looked_up(wanted: Sequence[Entry]) -> Iterable[tuple[Entry, ics.Listed]]:
    ids = {entry.event_id for entry in wanted}
    events = {each.id: each for each in db.session.scalars(select(Event).where(Event.id.in_(ids)))}
    others: dict[uuid.UUID, dict[date, EventException]] = {}
    for row in db.session.scalars(select(EventException).where(EventException.event_id.in_(ids))):
        others.setdefault(row.event_id, {})[row.slot_on] = row
    found = db.session.scalars(select(Occurrence).where(Occurrence.id.in_([e.date_id for e in wanted if e.date_id])))
    days = {each.id: each for each in found}
    hosts = offices.names({each.initiative_id for each in events.values() if each.initiative_id})
    for entry in wanted:
        event = events.get(entry.event_id)
        if event is None or event.state != State.PUBLISHED or (entry.date_id and entry.date_id not in days):
            continue  # it has gone between two statements
        changes, host = others.get(event.id, {}), hosts.get(event.initiative_id or 0, "")
        yield entry, _listed(entry, event, changes, days.get(entry.date_id) if entry.date_id else None, host)


def _listed(
    entry: Entry, event: Event, changes: Mapping[date, EventException], day: Occurrence | None, host: str
) -> ics.Listed:
    """An event as its calendar entry says it, or one date of it."""
    series, place, slot = dates.series_of(event, changes), event.place, None
    places = {slot_on: row.place for slot_on, row in changes.items() if row.place is not None}
    is_off = event.cancelled_at is not None
    if day is not None:
        series, place, slot = (
            Series(*wall_times(day, event.zone), event.zone),
            places.get(day.slot_on, place),
            day.slot_on,
        )
        is_off, places = is_off or day.is_cancelled, {}
    moments = (event.published_at, event.edited_at, event.changed_at, event.cancelled_at, event.counted_at)
    return ics.Listed(
        uid=uid(event.id, slot),
        title=event.title,
        series=series,
        changed_at=max(each for each in (*moments, *(row.changed_at for row in changes.values())) if each is not None),
        is_all_day=event.is_all_day,
        sequence=event.sequence,
        place=place or (_("online") if event.online_url else ""),
        text=_said(event),
        url=site_url(url_of(event.id)),
        category=str(kinds.look(event.kind, event.category).label),
        contact=host,
        point=event.own_point if place == event.place else None,
        is_cancelled=is_off,
        is_tentative=entry.is_tentative,
        places=places,
    )


def _said(event: Event) -> str:
    """The text of an event with what one needs to know besides."""
    facts = (
        (_("What it costs"), event.cost),
        (_("Steps, toilet, hearing"), event.access),
        (_("Link to take part online"), event.online_url),
    )
    return "\n\n".join([event.body_md, "\n".join(f"{label}: {value}" for label, value in facts if value)]).strip()
