"""What issues of the digest say of events: what was changed, called off or taken down, and what is on this week."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, Row, Select, bindparam, exists, func, select, text

from neighbour.accounts.appearance import GONE
from neighbour.contributions import kinds
from neighbour.contributions.cards import CardData
from neighbour.contributions.details import NOTHING, Detail, Fact
from neighbour.contributions.models import Reach
from neighbour.contributions.offices import Office
from neighbour.contributions.sections import MOST_NEWS, Gone, News, Section
from neighbour.contributions.service import UNDO
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events import words
from neighbour.events.details import wall_times
from neighbour.events.listing import in_quarter
from neighbour.events.models import Category, Event, EventException, Occurrence
from neighbour.events.notices import Changed
from neighbour.events.notices import Gone as GoneByMail

_OFF = text("SELECT * FROM events_off_the_board(:quarter, :since, :until, :at) LIMIT :most")
WEEK = timedelta(days=7)
MOST_DAYS = 5  # of one event that a row names: its page has them all


def changed(quarter_id: int, since: datetime, at: datetime) -> Sequence[News]:
    """Events to come that were changed, called off or called on again, all of them or one date, or taken down, after ``since``
    and up to ``at``, the latest first."""
    found = [*_changed(quarter_id, since, at), *_taken_down(quarter_id, since, at)]
    return sorted(found, key=lambda news: news.at, reverse=True)[:MOST_NEWS]


def _became() -> Select[Any]:
    """The events of ``_changed``. Made once: to put it together takes longer than to ask it."""
    table, exception = Event.__table__, EventException
    since, at = (bindparam(name, type_=DateTime(timezone=True)) for name in ("since", "at"))
    one = (
        select(exception.event_id, func.max(exception.changed_at).label("at"))
        .join(Occurrence, (Occurrence.event_id == exception.event_id) & (Occurrence.slot_on == exception.slot_on))
        .where(exception.changed_at > since, exception.changed_at <= at, Occurrence.ends_at > at)
        .group_by(exception.event_id)
        .subquery()
    )
    is_to_come = exists().where(Occurrence.event_id == table.c.id, Occurrence.ends_at > at)
    latest = func.greatest(table.c.changed_at, table.c.cancelled_at, one.c.at)
    told = table.c.id, latest.label("at"), table.c.zone, table.c.is_all_day, table.c.cancelled_at, table.c.cancelled_why
    return (
        select(*told, one.c.at.label("one_at"))
        .join(Reach, Reach.contribution_id == table.c.id)
        .outerjoin(one, one.c.event_id == table.c.id)
        .where(Reach.quarter_id == bindparam("quarter"), Reach.category.in_([each.value for each in Category]))
        .where(latest > since, latest <= at, is_to_come)
        .order_by(latest.desc())
        .limit(MOST_NEWS)
    )


_BECAME = _became()


def _changed(quarter_id: int, since: datetime, at: datetime) -> list[News]:
    rows = db.session.execute(_BECAME, {"quarter": quarter_id, "since": since, "at": at}).all()
    days = _days([row for row in rows if row.one_at is not None and row.cancelled_at is None], since, at)
    return [News(row.id, row.at, said=_said(row, days.get(row.id, ()))) for row in rows]


def _said(row: Row[Any], days: tuple[Day, ...]) -> Detail:
    why = row.cancelled_why if row.cancelled_at is not None else ""
    return Became(why, days) if why or days else NOTHING


def _days(events: Sequence[Row[Any]], since: datetime, at: datetime) -> dict[uuid.UUID, tuple[Day, ...]]:
    """Single dates of these events that were called off or on again in that time, the soonest first."""
    if not events:
        return {}
    other, known = EventException, {row.id: row for row in events}
    wanted = (
        select(other.event_id, other.is_cancelled, other.cancelled_why, Occurrence.begins_at, Occurrence.ends_at)
        .join(Occurrence, (Occurrence.event_id == other.event_id) & (Occurrence.slot_on == other.slot_on))
        .where(other.event_id.in_(list(known)), other.is_cancelled | other.is_on_again)
        .where(other.changed_at > since, other.changed_at <= at, Occurrence.ends_at > at)
        .order_by(Occurrence.begins_at)
    )
    found: dict[uuid.UUID, tuple[Day, ...]] = {}
    for row in db.session.execute(wanted):
        event, mine = known[row.event_id], found.get(row.event_id, ())
        if len(mine) < MOST_DAYS:
            begins, ends = wall_times(row, event.zone)
            day = Day(begins, ends, event.is_all_day, row.is_cancelled, row.cancelled_why)
            found[row.event_id] = (*mine, day)
    return found


def _taken_down(quarter_id: int, since: datetime, at: datetime) -> list[News]:
    """What was taken down and not pinned up again in time, with the name under which it hung."""
    values = {"quarter": quarter_id, "since": since - UNDO, "until": at - UNDO, "at": at, "most": MOST_NEWS}
    return [News(row.id, row.gone_at + UNDO, _gone(row, quarter_id)) for row in db.session.execute(_OFF, values)]


def _gone(row: Row[Any], quarter_id: int) -> Gone:
    begins, ends = (each.astimezone(ZoneInfo(row.zone)).replace(tzinfo=None) for each in (row.begins_at, row.ends_at))
    card = CardData(
        id=row.id,
        kind="event",
        category=kinds.look("event", row.category),
        face=GONE,
        quarter="",
        quarter_id=row.quarter_id,
        audience=row.audience,
        title=row.title,
        body="",
        excerpt="",
        published_at=row.published_at,
        edited_at=None,
        expires_at=None,
        solved_at=None,
        comment_count=0,
        thanks_count=0,
        version=row.version,
        detail=TakenDown(begins, ends, row.is_all_day),
        office=Office("", "", is_initiative=False) if row.is_office else None,
    )
    return Gone(row.author_id, row.quarter_id == quarter_id, card)


class Day(NamedTuple):
    """A date that was called off by itself, and why, or is on again."""

    begins: datetime
    ends: datetime
    is_all_day: bool
    is_cancelled: bool
    why: str

    @property
    def fact(self) -> Fact:
        when = words.span(self.begins, self.ends, is_all_day=self.is_all_day)
        if not self.is_cancelled:
            return Fact("info", _("Takes place after all: %(when)s", when=when))
        return Fact("ban", " ".join(filter(None, (_("Called off: %(when)s.", when=when), _because(self.why)))))


@dataclass(frozen=True)
class Became(Detail):
    """What an issue says of an event besides its card: why it is called off, and which single dates are off or on again."""

    why: str
    days: tuple[Day, ...]

    @property
    def facts(self) -> tuple[Fact, ...]:
        because = _because(self.why)
        return (*((Fact("ban", because),) if because else ()), *(day.fact for day in self.days))


def _because(why: str) -> str:
    return _("Why: %(why)s", why=why) if why else ""


@dataclass(frozen=True)
class TakenDown(Detail):
    """What an issue says of an event that hangs no more: when the next date would have been."""

    begins: datetime
    ends: datetime
    is_all_day: bool

    @property
    def facts(self) -> tuple[Fact, ...]:
        when = words.span(self.begins, self.ends, is_all_day=self.is_all_day)
        return Fact("clock", when), Fact("ban", _("Does not take place, it was taken down."))


def week(quarter_id: int, at: datetime) -> Sequence[uuid.UUID]:
    """What is on in the seven days after ``at``, a series once, the soonest first."""
    found = [each.event_id for each in in_quarter(quarter_id, at, at + WEEK) if not each.is_cancelled]
    return list(dict.fromkeys(found))[: WEEKS.most]


CHANGED = Section(
    "events_changed",
    10,
    __("Changed or called off"),
    most=5,
    news=changed,
    makes_issue=True,
    told_by=(Changed.key, GoneByMail.key),
)
WEEKS = Section("events", 20, __("In the next seven days"), most=8, fill=week)
