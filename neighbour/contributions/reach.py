"""Reach: which quarters a choice touches, and the honest numbers shown before publishing.

The rows of ``reach`` themselves are written by the database (trigger keep_reach) from the same rule,
``quarters_reached(quarter, audience)``.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import exists, func, select, text

from neighbour.contributions.models import Audience, Reach
from neighbour.core.db import db
from neighbour.quarters.models import Quarter, QuarterStat
from neighbour.quarters.numbers import total
from neighbour.residency import opening


@dataclass(frozen=True)
class ReachPreview:
    """What a choice of reach touches. Counts are made of what each quarter may show; None: "fewer than 5". ``together``:
    quarters that read along because there, or here, few households take part so far; empty where the choice reaches them
    anyway."""

    quarters: int
    households: int | None
    of_households: int | None
    readers: int | None
    together: tuple[str, ...] = ()
    is_small: bool = False  # it is the author's own quarter that is small
    is_public: bool = False  # it is read without an account, too


def preview(quarter_id: int, audience: Audience) -> ReachPreview:
    """Households on the board, all households, and digest readers in the quarters this reach touches."""
    touched = text("SELECT quarters_reached(:home, :audience)").bindparams(home=quarter_id, audience=str(audience))
    ids = list(db.session.scalars(touched))
    stats = select(Quarter.households, QuarterStat.households_on_board, QuarterStat.readers).outerjoin(
        QuarterStat, QuarterStat.quarter_id == Quarter.id
    )
    rows = db.session.execute(stats.where(Quarter.id.in_(ids))).all()
    along = opening.read_along(quarter_id) if audience is Audience.QUARTER else []
    is_small = bool(along) and db.session.scalar(select(Quarter.opened_at).where(Quarter.id == quarter_id)) is None
    return ReachPreview(
        len(ids),
        households=total(row.households_on_board for row in rows),
        of_households=total(row.households for row in rows),
        readers=total(row.readers for row in rows),
        together=tuple(along),
        is_small=is_small,
        is_public=audience is Audience.PUBLIC,
    )


def is_read(contribution_id: uuid.UUID) -> bool:
    """Whether it hangs on a board that the viewer of the session reads."""
    return bool(db.session.scalar(select(exists().where(Reach.contribution_id == contribution_id))))


def count_of(contribution_id: uuid.UUID) -> int:
    """In how many quarters something is shown."""
    return db.session.scalar(select(func.count_reached(contribution_id))) or 0
