"""The board of a quarter: ids from ``reach``, newest first, by keyset; urgent ones on top until they expire.

One index range per quarter, whatever the number of contributions in the city: ``reach`` is ordered by
(quarter, contribution), and UUIDv7 keys are ordered by time, so a page is 21 neighbouring index entries.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select

from neighbour.contributions.cards import is_urgent, url_of
from neighbour.contributions.models import Contribution, Reach, ReadMark, Thanks
from neighbour.core import clock
from neighbour.core.columns import id_at
from neighbour.core.db import db
from neighbour.core.tokens import to_uid

PAGE = 20
PINNED = 3  # urgent contributions on top of the board at once


@dataclass(frozen=True)
class Line:
    """One entry of the board: which card, in which version, and what is personal or changes often."""

    id: uuid.UUID
    version: int
    title: str
    category: str
    published_at: datetime
    expires_at: datetime | None
    solved_at: datetime | None
    comment_count: int
    thanks_count: int
    is_home: bool
    is_mine: bool
    is_thanked: bool

    @property
    def uid(self) -> str:
        return to_uid(self.id)

    @property
    def url(self) -> str:
        return url_of(self.id)

    @property
    def thank_url(self) -> str:
        return url_of(self.id) + "/thank"

    @property
    def is_urgent(self) -> bool:
        return is_urgent(self.category, self.expires_at, self.solved_at)

    @property
    def is_solved(self) -> bool:
        return self.solved_at is not None


@dataclass(frozen=True)
class Page:
    """A page of the board. ``older`` continues it (None: the end)."""

    lines: list[Line]
    pinned: list[Line]
    older: uuid.UUID | None


_COLUMNS = (
    Contribution.id,
    Contribution.version,
    Contribution.title,
    Contribution.published_at,
    Contribution.expires_at,
    Contribution.solved_at,
    Contribution.category,
    Contribution.comment_count,
    Contribution.thanks_count,
    Contribution.author_id,
    Reach.is_home,
)
_THANKED = exists().where(Thanks.contribution_id == Contribution.id, Thanks.person_id == bindparam("me"))


@lru_cache(maxsize=16)
def _statement(is_filtered: bool, is_own_only: bool) -> Select:
    """The statement of one filter combination, built once."""
    wanted = (
        select(*_COLUMNS, _THANKED.label("is_thanked"))
        .select_from(Reach)
        .join(Contribution, Contribution.id == Reach.contribution_id)
        .where(Reach.quarter_id == bindparam("quarter"), Reach.contribution_id < bindparam("before"))
        .order_by(Reach.contribution_id.desc())
        .limit(bindparam("most"))
    )
    if is_filtered:
        wanted = wanted.where(Reach.category == bindparam("category"))
    if is_own_only:
        wanted = wanted.where(Reach.is_home)
    return wanted


_URGENT = (
    select(*_COLUMNS, _THANKED.label("is_thanked"))
    .select_from(Reach)
    .join(Contribution, Contribution.id == Reach.contribution_id)
    .where(
        Reach.quarter_id == bindparam("quarter"),
        Reach.category == "urgent",
        Reach.contribution_id > bindparam("since"),
        Contribution.expires_at > bindparam("now"),
        Contribution.solved_at.is_(None),
    )
    .order_by(Reach.contribution_id.desc())
    .limit(PINNED)
)
NEWEST = uuid.UUID(int=(1 << 128) - 1)


def page(
    person_id: int,
    quarter_id: int,
    *,
    before: uuid.UUID | None = None,
    category: str | None = None,
    own_only: bool = False,
    most: int = PAGE,
) -> Page:
    """One page of the quarter's board for this person, newest first, older than ``before``."""
    values = {"quarter": quarter_id, "me": person_id, "before": before or NEWEST, "most": most + 1}
    if category:
        values["category"] = category
    rows = db.session.execute(_statement(category is not None, own_only), values).all()
    pinned = _pinned(person_id, quarter_id) if before is None and category is None else []
    shown = {line.id for line in pinned}
    lines = [_line(row, person_id) for row in rows[:most] if row.id not in shown]
    return Page(lines, pinned, rows[most - 1].id if len(rows) > most else None)


def _pinned(person_id: int, quarter_id: int) -> list[Line]:
    """What is urgent now. An alert lasts three days at most (posts.service), so older ones need not be looked at."""
    now = clock.now()
    values = {"quarter": quarter_id, "me": person_id, "now": now, "since": id_at(now - timedelta(days=4))}
    return [_line(row, person_id) for row in db.session.execute(_URGENT, values)]


def _line(row: Any, person_id: int) -> Line:
    return Line(
        row.id,
        row.version,
        row.title,
        row.category,
        row.published_at,
        row.expires_at,
        row.solved_at,
        row.comment_count,
        row.thanks_count,
        is_home=row.is_home,
        is_mine=row.author_id == person_id,
        is_thanked=row.is_thanked,
    )


def read_mark(person_id: int, quarter_id: int) -> ReadMark | None:
    """Up to where this person has read the board."""
    return db.session.get(ReadMark, (person_id, quarter_id))


def count_newer(quarter_id: int, than: uuid.UUID, most: int = 99) -> int:
    """How many contributions of the board are newer than ``than``, counted up to ``most``."""
    newer = select(Reach.contribution_id).where(Reach.quarter_id == quarter_id, Reach.contribution_id > than)
    return db.session.scalar(select(func.count()).select_from(newer.limit(most).subquery())) or 0


def newest(lines: Sequence[Line]) -> uuid.UUID | None:
    """The newest id among these lines."""
    return max((line.id for line in lines), default=None)
