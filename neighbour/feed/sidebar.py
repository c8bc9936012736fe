"""What stands beside the board: the quarter in numbers, its team, the next issue.

The same for everyone who has proven to live in the quarter (and for everyone who is vouched for), and slow to change, so
each process keeps it for a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select

from neighbour.accounts.appearance import Ring
from neighbour.contributions.cards import Team, stewards_of
from neighbour.contributions.models import Audience
from neighbour.contributions.readers import ring_on_board
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.kept import Shelf
from neighbour.quarters.models import Quarter, QuarterStat
from neighbour.quarters.numbers import shown

KEPT_SECONDS = 60


@dataclass(frozen=True)
class Sidebar:
    """Numbers below five are None."""

    quarter: str
    slug: str
    households: int | None
    on_board: int | None
    readers: int | None
    team: Team
    next_issue: datetime | None


_kept: Shelf[tuple[int, Ring], tuple[float, Sidebar]] = Shelf(2_000)


def sidebar(quarter_id: int, *, is_proven: bool) -> Sidebar:
    """The box beside the board of this quarter, at most a minute old. is_proven: the reader has proven to live there."""
    moment, ring = clock.monotonic(), ring_on_board(True, Audience.QUARTER, is_proven)
    (kept,) = _kept.find(((quarter_id, ring),))
    if kept is not None and moment - kept[0] < KEPT_SECONDS and not clock.is_frozen():
        return kept[1]
    fresh = _load(quarter_id, ring)
    _kept.keep((quarter_id, ring), (moment, fresh))
    return fresh


def _load(quarter_id: int, ring: Ring) -> Sidebar:
    wanted = (
        select(Quarter.name, Quarter.slug, Quarter.households, QuarterStat.households_on_board, QuarterStat.readers)
        .outerjoin(QuarterStat, QuarterStat.quarter_id == Quarter.id)
        .where(Quarter.id == quarter_id)
    )
    row = db.session.execute(wanted).one()
    ask = current_app.extensions.get("next_issue")
    return Sidebar(
        quarter=row.name,
        slug=row.slug,
        households=shown(row.households),
        on_board=shown(row.households_on_board),
        readers=shown(row.readers),
        team=stewards_of(quarter_id, ring),
        next_issue=ask() if ask else None,
    )
