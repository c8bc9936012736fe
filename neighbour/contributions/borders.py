"""What follows in this room when quarters are redrawn or removed (``quarters.hooks``), on the owner's connection."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, exists, func, select

from neighbour.contributions.models import Contribution, Reach
from neighbour.core.db import db


def redraw_reach(_quarter_ids: Collection[int], _locate: object) -> None:
    """Whatever is pinned up reaches the quarters that are beside its own now."""
    if db.session.scalar(select(exists().select_from(Contribution))):
        db.session.execute(select(func.rebuild_reach()))


def written_in(quarter_id: int) -> list[str]:
    """What would be lost with a quarter, in words; empty where nothing was ever written."""
    query = select(func.count()).select_from(Contribution).where(Contribution.quarter_id == quarter_id)
    count = db.session.scalar(query) or 0
    return [f"{count} contribution" + ("s" if count > 1 else "")] if count else []


def leave(quarter_id: int) -> None:
    """Before a quarter goes: what was pinned up elsewhere is no longer shown there."""
    db.session.execute(delete(Reach).where(Reach.quarter_id == quarter_id))
