"""Where somebody can have their address confirmed: verified initiatives of their quarter and of those beside it."""

from __future__ import annotations

from sqlalchemy import or_, select

from neighbour.core.db import db
from neighbour.initiatives.models import Initiative, InitiativeQuarter
from neighbour.quarters.models import Adjacency
from neighbour.residency.cases.visits import Place


def near(quarter_id: int) -> list[Place]:
    """Those of the quarter first, then those next door, by name; only those that confirm now."""
    beside = select(Adjacency.neighbour_id).where(Adjacency.quarter_id == quarter_id)
    here = InitiativeQuarter.quarter_id == quarter_id
    rows = db.session.execute(
        select(Initiative, InitiativeQuarter.quarter_id)
        .join(InitiativeQuarter, InitiativeQuarter.initiative_id == Initiative.id)
        .where(
            Initiative.may_confirm,
            Initiative.verified_at.is_not(None),
            Initiative.suspended_at.is_(None),
            or_(here, InitiativeQuarter.quarter_id.in_(beside)),
        )
        .order_by(here.desc(), Initiative.name, Initiative.id)
    ).all()
    found = {initiative.id: initiative for initiative, _quarter in reversed(rows)}
    order = list(dict.fromkeys(initiative.id for initiative, _quarter in rows))
    return [_place(found[key]) for key in order]


def _place(initiative: Initiative) -> Place:
    return Place(initiative.name, f"/i/{initiative.slug}", initiative.address_line, initiative.hours)
