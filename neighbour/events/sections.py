"""What issues of the digest say of events: what was changed, called off or taken down, and what is on this week."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, exists, func, select, text

from neighbour.accounts.appearance import GONE
from neighbour.contributions import kinds
from neighbour.contributions.cards import CardData
from neighbour.contributions.details import Detail, Fact
from neighbour.contributions.models import Reach
from neighbour.contributions.offices import Office
from neighbour.contributions.sections import MOST_NEWS, Gone, News, Section
from neighbour.contributions.service import UNDO
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events import words
from neighbour.events.listing import in_quarter
from neighbour.events.models import Category, Event, EventException, Occurrence
from neighbour.events.notices import Changed
from neighbour.events.notices import Gone as GoneByMail

_OFF = text("SELECT * FROM events_off_the_board(:quarter, :since, :until, :at) LIMIT :most")
WEEK = timedelta(days=7)


def changed(quarter_id: int, since: datetime, at: datetime) -> Sequence[News]:
    """Events to come that were changed, called off or called on again, all of them or one date, or taken down, after ``since``
    and up to ``at``, the latest first."""
    found = [*_changed(quarter_id, since, at), *_taken_down(quarter_id, since, at)]
    return sorted(found, key=lambda news: news.at, reverse=True)[:MOST_NEWS]


def _changed(quarter_id: int, since: datetime, at: datetime) -> list[News]:
    table, exception = Event.__table__, EventException
    one = (
        select(exception.event_id, func.max(exception.changed_at).label("at"))
        .join(Occurrence, (Occurrence.event_id == exception.event_id) & (Occurrence.slot_on == exception.slot_on))
        .where(exception.changed_at > since, exception.changed_at <= at, Occurrence.ends_at > at)
        .group_by(exception.event_id)
        .subquery()
    )
    is_to_come = exists().where(Occurrence.event_id == table.c.id, Occurrence.ends_at > at)
    latest = func.greatest(table.c.changed_at, table.c.cancelled_at, one.c.at)
    wanted = (
        select(table.c.id, latest.label("at"))
        .join(Reach, Reach.contribution_id == table.c.id)
        .outerjoin(one, one.c.event_id == table.c.id)
        .where(Reach.quarter_id == quarter_id, Reach.category.in_([each.value for each in Category]))
        .where(latest > since, latest <= at, is_to_come)
        .order_by(latest.desc())
    )
    return [News(row.id, row.at) for row in db.session.execute(wanted.limit(MOST_NEWS))]


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
