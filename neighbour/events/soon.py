"""What the board says of the days to come: each event once, with its next date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from neighbour.contributions.cards import url_of
from neighbour.contributions.models import Contribution
from neighbour.contributions.soon import Coming
from neighbour.core import i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.events import words
from neighbour.events.listing import On, nexts
from neighbour.events.models import Event, EventException

_c, _e, _x = Contribution.__table__, Event.__table__, EventException.__table__
_TOLD = (
    select(_c.c.id, _c.c.title, _e.c.zone, _e.c.is_all_day, _e.c.place, _e.c.online_url)
    .select_from(_e.join(_c, _c.c.id == _e.c.id))
    .where(_c.c.id.in_(bindparam("ids", expanding=True)))
)
_ELSEWHERE = select(_x.c.event_id, _x.c.slot_on, _x.c.place).where(
    _x.c.event_id.in_(bindparam("ids", expanding=True)), _x.c.place.is_not(None)
)


def fill(
    quarter_id: int, since: datetime, until: datetime, most: int, *, own_only: bool, for_all: bool
) -> Sequence[Coming]:
    """See ``contributions.soon.Fill``; what is called off is not on."""
    soonest = nexts(quarter_id, since, until, most, own_only=own_only, for_all=for_all)
    if not soonest:
        return ()
    ids = [each.event_id for each in soonest]
    told = {row.id: row for row in db.session.execute(_TOLD, {"ids": ids})}
    places = {(row.event_id, row.slot_on): row.place for row in db.session.execute(_ELSEWHERE, {"ids": ids})}
    return [_coming(each, told[each.event_id], places, since) for each in soonest if each.event_id in told]


def _coming(on: On, row: Any, places: dict[tuple[UUID, date], str], since: datetime) -> Coming:
    begins = max(on.begins_at, since)  # what lasts for days is on today
    local, here = on.begins_at.astimezone(ZoneInfo(row.zone)), i18n.local(begins).date()
    has_begun = on.begins_at < since and local.date() < here
    time = "" if row.is_all_day or has_begun else words.clock_time(local)
    place = places.get((on.event_id, on.slot_on), row.place)
    return Coming(
        id=on.event_id,
        version=on.version,
        title=row.title,
        day=here,
        time=time,
        place=place or (_("online") if row.online_url else ""),
        url=f"{url_of(on.event_id)}?date={on.slot_on.isoformat()}",
    )
