"""Where initiatives are: on the map, and where somebody can have their address confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select, text

from neighbour.core.asking import Asked
from neighbour.core.db import db
from neighbour.initiatives.models import Initiative, InitiativeQuarter
from neighbour.residency.cases.visits import Place


def near(quarter_id: int) -> list[Place]:
    """Those of the quarter first, then those next door, by name; only those that confirm now."""
    works = InitiativeQuarter.initiative_id == Initiative.id, InitiativeQuarter.quarter_id == quarter_id
    rows = db.session.scalars(
        select(Initiative)
        .where(
            Initiative.id.in_(select(func.initiatives_confirming(quarter_id)))
        )  # as the desk asks, where a code is typed
        .order_by(select(InitiativeQuarter).where(*works).exists().desc(), Initiative.name, Initiative.id)
    )
    return [_place(each) for each in rows]


class Found(NamedTuple):
    """An initiative for the map. quarter: the first of those it works in, by name; is_home: it works in the reader's own."""

    slug: str
    name: str
    address_line: str
    hours: str
    lon: float | None
    lat: float | None
    is_home: bool
    quarter: str


_AROUND = Asked(
    text("""
    SELECT i.slug, i.name, i.address_line, i.hours, i.lon, i.lat, bool_or(w.quarter_id = :quarter), min(q.name)
    FROM initiative i JOIN initiative_quarter w ON w.initiative_id = i.id JOIN quarter q ON q.id = w.quarter_id
    WHERE i.verified_at IS NOT NULL AND i.suspended_at IS NULL AND (w.quarter_id = :quarter OR (NOT :own_only
      AND w.quarter_id IN (SELECT a.neighbour_id FROM adjacency a WHERE a.quarter_id = :quarter)))
    GROUP BY i.id ORDER BY i.name, i.id
""")
)


def around(quarter_id: int, *, own_only: bool) -> Sequence[Found]:
    """Everything public that works in the quarter, or also beside it, by name."""
    return [Found._make(row) for row in _AROUND.rows({"quarter": quarter_id, "own_only": own_only})]


def _place(initiative: Initiative) -> Place:
    return Place(initiative.name, f"/i/{initiative.slug}", initiative.address_line, initiative.hours)
