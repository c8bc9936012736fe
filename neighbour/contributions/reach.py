"""Reach: which quarters a choice touches, and the honest numbers shown before publishing.

The rows of ``reach`` themselves are written by the database (trigger keep_reach) from the same rule,
``quarters_reached(quarter, audience)``.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, text

from neighbour.contributions.models import Audience
from neighbour.core.db import db
from neighbour.quarters.models import Quarter, QuarterStat
from neighbour.quarters.numbers import total


@dataclass(frozen=True)
class ReachPreview:
    """What a choice of reach touches. Counts are made of what each quarter may show; None: "fewer than 5"."""

    quarters: int
    households: int | None
    of_households: int | None
    readers: int | None


def preview(quarter_id: int, audience: Audience) -> ReachPreview:
    """Households on the board, all households, and digest readers in the quarters this reach touches."""
    touched = text("SELECT quarters_reached(:home, :audience)").bindparams(home=quarter_id, audience=str(audience))
    ids = list(db.session.scalars(touched))
    stats = select(Quarter.households, QuarterStat.households_on_board, QuarterStat.readers).outerjoin(
        QuarterStat, QuarterStat.quarter_id == Quarter.id
    )
    rows = db.session.execute(stats.where(Quarter.id.in_(ids))).all()
    return ReachPreview(
        len(ids),
        households=total(row.households_on_board for row in rows),
        of_households=total(row.households for row in rows),
        readers=total(row.readers for row in rows),
    )
