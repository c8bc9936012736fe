"""What issues of the digest say of offers besides what is new: what ends soon, and what is gone or found that an issue named.

An offer is announced once and reminded of once: in the one issue of the day that lies three days before its end, if it is still
to be had; a week that the database adds brings no second one, sixty days that its author adds do. Whoever was told of it hears
once that it is gone, and of what was wanted that it is found.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from neighbour.contributions.models import Contribution, Reach, State
from neighbour.contributions.sections import MOST_NEWS, News, Section
from neighbour.core import i18n
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.offers.models import Category, Offer, Stage

DAY = timedelta(days=1)
BEFORE_THE_END = 3  # days
_c, _o = Contribution.__table__, Offer.__table__


def last_call(quarter_id: int, at: datetime) -> Sequence[uuid.UUID]:
    """Offers that nobody has and that end on the third day after ``at``, by the city's clock, the soonest first."""
    zone = ZoneInfo(i18n.zone())
    day = at.astimezone(zone).date() + timedelta(days=BEFORE_THE_END)
    begins, ends = (datetime.combine(each, time(), tzinfo=zone) for each in (day, day + DAY))
    wanted = _shown(quarter_id).where(
        _c.c.solved_at.is_(None), _o.c.stage == Stage.FREE.value, _c.c.expires_at >= begins, _c.c.expires_at < ends
    )
    wanted = wanted.where(_c.c.expires_at.is_distinct_from(_o.c.a_week_until))
    return list(db.session.scalars(wanted.order_by(_c.c.expires_at, _c.c.id).limit(LAST_CALL.most)))


def gone(quarter_id: int, since: datetime, at: datetime) -> Sequence[News]:
    """Offers that somebody got after ``since`` and up to ``at``, the latest first."""
    return _over(quarter_id, since, at, [each for each in Category if each is not Category.WANTED])


def found(quarter_id: int, since: datetime, at: datetime) -> Sequence[News]:
    """The same of what was wanted."""
    return _over(quarter_id, since, at, [Category.WANTED])


def _over(quarter_id: int, since: datetime, at: datetime, categories: Sequence[Category]) -> Sequence[News]:
    wanted = _shown(quarter_id, categories).add_columns(_c.c.solved_at)
    wanted = wanted.where(_c.c.solved_at > since, _c.c.solved_at <= at, _c.c.expires_at > _c.c.solved_at)
    rows = db.session.execute(wanted.order_by(_c.c.solved_at.desc(), _c.c.id).limit(MOST_NEWS))
    return [News(row.id, row.solved_at) for row in rows]


def _shown(quarter_id: int, categories: Iterable[Category] = Category) -> Select:
    """Offers of these categories that hang in this quarter."""
    return (
        select(_c.c.id)
        .join(Reach, Reach.contribution_id == _c.c.id)
        .join(_o, _o.c.id == _c.c.id)
        .where(
            Reach.quarter_id == quarter_id,
            Reach.category.in_([each.value for each in categories]),
            _c.c.state == State.PUBLISHED,
            ~_c.c.is_left,
        )
    )


LAST_CALL = Section("offers_ending", 60, __("Ends soon"), most=3, fill=last_call)
GONE = Section("offers_gone", 70, __("Given away meanwhile"), most=5, news=gone)
FOUND = Section("offers_found", 71, __("Found meanwhile"), most=5, news=found)
