"""What issues of the digest say of events: what was changed or called off since yesterday, and what is on this week."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from neighbour.contributions.models import Reach
from neighbour.contributions.sections import Section
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events.listing import in_quarter
from neighbour.events.models import Category, Event, EventException

DAY, WEEK = timedelta(days=1), timedelta(days=7)


def changed(quarter_id: int, at: datetime) -> Sequence[uuid.UUID]:
    """Events that were changed or called off within the day before ``at``, all of them or one date, the latest first."""
    since = at - DAY
    table = Event.__table__
    one = select(EventException.event_id).where(EventException.changed_at > since, EventException.changed_at <= at)
    wanted = (
        select(table.c.id)
        .join(Reach, Reach.contribution_id == table.c.id)
        .where(Reach.quarter_id == quarter_id, Reach.category.in_([each.value for each in Category]))
        .where(
            or_(
                table.c.changed_at.between(since, at),
                table.c.cancelled_at.between(since, at),
                table.c.id.in_(one),
            )
        )
        .order_by(table.c.id.desc())
    )
    return list(db.session.scalars(wanted.limit(CHANGED.most)))


def week(quarter_id: int, at: datetime) -> Sequence[uuid.UUID]:
    """What is on in the seven days after ``at``, a series once, the soonest first."""
    found = [each.event_id for each in in_quarter(quarter_id, at, at + WEEK) if not each.is_cancelled]
    return list(dict.fromkeys(found))[: WEEKS.most]


CHANGED = Section("events_changed", 10, __("Changed or called off"), most=5, fill=changed)
WEEKS = Section("events", 20, __("In the next seven days"), most=8, fill=week)
