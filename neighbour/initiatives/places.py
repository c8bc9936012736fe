"""Where somebody can have their address confirmed: verified initiatives of their quarter and of those beside it."""

from __future__ import annotations

from sqlalchemy import func, select

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


def _place(initiative: Initiative) -> Place:
    return Place(initiative.name, f"/i/{initiative.slug}", initiative.address_line, initiative.hours)
