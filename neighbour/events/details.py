"""What the cards of events show: the leaf of the next date, when, where, what it costs, and whether it is called off."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from neighbour.contributions.details import Detail, Fact, Ribbon
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.events import dates, words
from neighbour.events.models import Event, EventException, Occurrence


@dataclass(frozen=True)
class EventDetail(Detail):
    """An event as its card shows it. ``begins``, ``ends``: of the next date, on the clock of the place."""

    begins: datetime
    ends: datetime
    is_all_day: bool
    repeats: tuple[str, date, bool, date | None]
    place: str
    cost: str
    access: str
    is_online: bool
    is_cancelled: bool
    is_changed: bool
    is_on_again: bool

    @property
    def leaf(self) -> date:
        return self.begins.date()

    @property
    def facts(self) -> tuple[Fact, ...]:
        rule, begun, has_more, until = self.repeats
        when = words.span(self.begins, self.ends, is_all_day=self.is_all_day)
        often = words.repeats(rule, begun, has_more=has_more, until=until)
        where = self.place or (_("online") if self.is_online else "")
        lines = (
            ("clock", f"{when}, {often}" if often else when),
            ("map-pin", where),
            ("hand-coins", self.cost),
            ("accessibility", self.access),
        )
        return tuple(Fact(icon, text) for icon, text in lines if text)

    @property
    def ribbon(self) -> Ribbon | None:
        if self.is_cancelled:
            return Ribbon(_("called off"), "urgent", "ban")
        if self.is_on_again:
            return Ribbon(_("takes place after all"), "event", "info")
        return Ribbon(_("changed"), "event", "info") if self.is_changed else None


_COLUMNS = (
    Event.__table__.c.id, Event.begins, Event.ends, Event.zone, Event.is_all_day, Event.rule, Event.until_on, Event.more_on,
    Event.place, Event.online_url, Event.cost, Event.access, Event.cancelled_at, Event.changed_at, Event.is_on_again,
)  # fmt: skip


def details(event_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, EventDetail]:
    """What the cards of these events show, with two questions for all. The next date is the first that is not over at the
    beginning of today, so that a card is good for a day."""
    table = Event.__table__
    rows = db.session.execute(select(*_COLUMNS).select_from(table).where(table.c.id.in_(event_ids))).all()
    zone = ZoneInfo(i18n.zone())
    since = datetime.combine(clock.today(i18n.zone()), time(), tzinfo=zone)
    nexts = dates.next_days(event_ids, since)
    others = _others(nexts)
    return {row.id: _detail(row, nexts.get(row.id), others.get(row.id)) for row in rows}


class HasMoments(Protocol):
    """A date, or a row with its moments."""

    begins_at: Any
    ends_at: Any


class _Other(NamedTuple):
    """How the next date differs from its event: another place, if it is another one; it was called off and is on again."""

    place: str | None
    is_on_again: bool
    changed_at: datetime


def _others(nexts: Mapping[uuid.UUID, Occurrence]) -> dict[uuid.UUID, _Other]:
    """Of the next dates those that were changed by themselves."""
    table = EventException
    rows = db.session.execute(
        select(table.event_id, table.slot_on, table.place, table.is_on_again, table.changed_at).where(
            table.event_id.in_(list(nexts)), ~table.is_cancelled
        )
    )
    return {
        row.event_id: _Other(row.place, row.is_on_again, row.changed_at)
        for row in rows
        if nexts[row.event_id].slot_on == row.slot_on
    }


def _detail(row: Row[Any], coming: Occurrence | None, other: _Other | None) -> EventDetail:
    begins, ends = (row.begins, row.ends) if coming is None else wall_times(coming, row.zone)
    is_later = other is not None and row.changed_at is not None and row.changed_at > other.changed_at
    return EventDetail(
        begins=begins,
        ends=ends,
        is_all_day=row.is_all_day,
        repeats=(row.rule, row.begins.date(), bool(row.more_on), row.until_on),
        place=row.place if other is None or other.place is None else other.place,
        cost=row.cost,
        access=row.access,
        is_online=bool(row.online_url),
        is_cancelled=row.cancelled_at is not None,
        is_changed=other is not None or row.changed_at is not None,
        is_on_again=(row if other is None or is_later else other).is_on_again,
    )


def wall_times(date_: HasMoments, zone: str) -> tuple[datetime, datetime]:
    """A date's begin and end on the clock of the place."""
    begins, ends = (at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in (date_.begins_at, date_.ends_at))
    return begins, ends
