"""The market of a quarter: the board's offers as a shelf, newest first, by keyset.

``reach`` is ordered by (quarter, category, contribution), so each category is one index range, and a page is the newest of
five of them whatever else hangs on the board.
"""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import FromClause, all_, bindparam, literal_column, or_, select, union_all

from neighbour.contributions.models import Contribution, Reach
from neighbour.contributions.muting import silenced
from neighbour.core.asking import Asked
from neighbour.offers.models import Category, Offer, Stage

PAGE = 24
_r: FromClause = Reach.__table__
_o: FromClause = Offer.__table__
_c: FromClause = Contribution.__table__
NEWEST = uuid.UUID(int=(1 << 128) - 1)


class Shelf(NamedTuple):
    """A page of the market: ids, newest first, and where it goes on (None: the end)."""

    ids: list[uuid.UUID]
    older: uuid.UUID | None


@lru_cache(maxsize=32)
def _statement(category: str | None, is_there: bool, is_own_only: bool) -> Asked:
    """The statement of one filter combination, built once. What the reader has silenced is left out, as on the board: whoever
    asks for a category sees it."""
    keys = [category] if category else [each.value for each in Category]
    ranges = []
    for key in keys:
        one = (
            select(_r.c.contribution_id)
            .join(_c, _c.c.id == _r.c.contribution_id)
            .where(
                _r.c.quarter_id == bindparam("quarter"),
                _r.c.category == literal_column(f"'{key}'"),
                _r.c.contribution_id < bindparam("before"),
                _c.c.author_id != all_(silenced("me", "author_id")),
            )
        )
        if not category:
            one = one.where(or_(_r.c.category != all_(silenced("me", "category")), _c.c.author_id == bindparam("me")))
        if is_own_only:
            one = one.where(_r.c.is_home)
        if is_there:
            one = one.join(_o, _o.c.id == _c.c.id)
            one = one.where(_c.c.solved_at.is_(None), _o.c.stage == Stage.FREE.value)
        one = one.order_by(_r.c.contribution_id.desc()).limit(bindparam("most"))
        ranges.append(select(one.subquery()))
    every = union_all(*ranges).subquery() if len(ranges) > 1 else ranges[0].subquery()
    return Asked(select(every.c.contribution_id).order_by(every.c.contribution_id.desc()).limit(bindparam("most")))


def page(
    person_id: int,
    quarter_id: int,
    *,
    category: str | None = None,
    is_there: bool = False,
    own_only: bool = False,
    before: uuid.UUID | None = None,
    most: int = PAGE,
) -> Shelf:
    """One page of the market for this person, older than ``before``. is_there: only what can be asked for and is promised to
    nobody."""
    values = {"me": person_id, "quarter": quarter_id, "before": before or NEWEST, "most": most + 1}
    ids = [row[0] for row in _statement(category, is_there, own_only).rows(values)]
    return Shelf(ids[:most], ids[most - 1] if len(ids) > most else None)
