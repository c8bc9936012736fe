"""The board of a quarter: ids from ``reach``, newest first, by keyset; urgent ones on top until they expire.

One index range per quarter, whatever the number of contributions in the city: ``reach`` is ordered by
(quarter, contribution), and UUIDv7 keys are ordered by time, so a page is 21 neighbouring index entries.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Select,
    SmallInteger,
    Uuid,
    all_,
    any_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)

from neighbour.contributions import kinds
from neighbour.contributions.cards import is_urgent, url_of
from neighbour.contributions.models import (
    ALERT_WITHIN,
    LONGEST_ALERT,
    URGENT,
    Contribution,
    Reach,
    ReadMark,
    Thanks,
)
from neighbour.contributions.muting import silenced
from neighbour.core import clock
from neighbour.core.asking import Asked
from neighbour.core.columns import id_at, id_of
from neighbour.core.tokens import to_uid
from neighbour.residency.models import Membership

PAGE = 20
PINNED = 3  # urgent contributions on top of the board at once


class Line(NamedTuple):
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
    since: uuid.UUID | None
    audience: str
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
    def key(self) -> uuid.UUID:
        """From when on it is new here: since it was written, or since it was widened to this quarter."""
        return self.since or self.id

    @property
    def is_urgent(self) -> bool:
        return is_urgent(self.category, self.expires_at, self.solved_at)

    @property
    def is_solved(self) -> bool:
        return self.solved_at is not None

    @property
    def is_solvable(self) -> bool:
        return kinds.is_solvable(self.category)


class Page(NamedTuple):
    """A page of the board. ``older`` continues it (None: the end); the reader has read up to ``seen_up_to``; ``there``: what was
    ``also`` asked about and hangs in the quarter, unsilenced, each with its version."""

    lines: list[Line]
    pinned: list[Line]
    older: uuid.UUID | None
    seen_up_to: uuid.UUID | None
    there: dict[uuid.UUID, int]


# Tables, not classes: a list needs rows, and the ORM's own work would cost as much as the database's.
_c: FromClause = Contribution.__table__
_r: FromClause = Reach.__table__
_mark: FromClause = ReadMark.__table__
_seat: FromClause = Membership.__table__
_thanks: FromClause = Thanks.__table__
_THANKED = exists().where(_thanks.c.contribution_id == _c.c.id, _thanks.c.person_id == bindparam("me"))
_LINE = (
    _c.c.id,
    _c.c.version,
    _c.c.title,
    _c.c.category,
    _c.c.published_at,
    _c.c.expires_at,
    _c.c.solved_at,
    _c.c.comment_count,
    _c.c.thanks_count,
    _r.c.is_home,
    _r.c.since,
    _c.c.audience,
    (_c.c.author_id == bindparam("me")).label("is_mine"),
    _THANKED.label("is_thanked"),
)
_WIDTH = len(_LINE)
_MARKED = (
    select(_mark.c.seen_up_to)
    .where(_mark.c.person_id == bindparam("me"), _mark.c.quarter_id == bindparam("quarter"))
    .scalar_subquery()
)
_CAME = (
    select(id_of(_seat.c.created_at))
    .where(_seat.c.person_id == bindparam("me"), _seat.c.quarter_id == bindparam("quarter"), _seat.c.ended_at.is_(None))
    .scalar_subquery()
)
#: up to where somebody has read; who has never said so, or a year ago, has not read what came since they did
_SEEN = func.coalesce(_MARKED, _CAME)


_NO_MUTED_AUTHOR = or_(
    _c.c.author_id != all_(silenced("me", "author_id")),
    _c.c.is_office,
    _r.c.category == literal_column(f"'{URGENT}'"),
)
_NO_MUTED_CATEGORY = or_(_r.c.category != all_(silenced("me", "category")), _c.c.author_id == bindparam("me"))


def _lines() -> Select:
    return (
        select(*_LINE)
        .select_from(_r.join(_c, _c.c.id == _r.c.contribution_id))
        .where(_r.c.quarter_id == bindparam("quarter"))
        .order_by(_r.c.contribution_id.desc())
    )


def _wanted(keys: tuple[str, ...], is_own_only: bool) -> Select:
    """The lines of a page: of everything, of one category, or of the categories of a kind, each of which is an index range of
    its own. Whoever asks for a category sees it, silenced or not."""
    lines = _lines().where(_r.c.contribution_id < bindparam("before"), _NO_MUTED_AUTHOR).limit(bindparam("most"))
    if is_own_only:
        lines = lines.where(_r.c.is_home)
    if len(keys) != 1:
        lines = lines.where(_NO_MUTED_CATEGORY)
    if not keys:
        return lines
    ranges = [lines.where(_r.c.category == literal_column(f"'{key}'")) for key in keys]
    if len(ranges) == 1:
        return ranges[0]
    every = union_all(*[select(each.subquery()) for each in ranges]).subquery()
    return select(every).order_by(every.c.id.desc()).limit(bindparam("most"))


_PINNED, _PAGE, _ALSO = 0, 1, 2  # the parts of a first page, in their order


@lru_cache(maxsize=128)
def _statement(is_first: bool, keys: tuple[str, ...], is_own_only: bool) -> Asked:
    """The statement of one filter combination, built once. A first page of everything brings what is urgent along, and what
    is ``also`` asked about: one way to the database instead of three."""
    wanted = _wanted(keys, is_own_only).add_columns(_part(_PAGE), _SEEN.label("seen_up_to"))
    if not is_first or keys:
        return Asked(wanted)
    none = cast(null(), _mark.c.seen_up_to.type).label("seen_up_to")
    parts = [_urgent().add_columns(_part(_PINNED), none), wanted, _also(is_own_only).add_columns(_part(_ALSO), none)]
    every = union_all(*[select(part.subquery()) for part in parts]).subquery()
    is_over = (every.c.part == literal_column(str(_PINNED))) & every.c.solved_at.is_not(None)
    return Asked(select(every).order_by(every.c.part, is_over, every.c.id.desc()))


def _part(number: int) -> ColumnElement[int]:
    return literal_column(str(number), SmallInteger).label("part")


def _urgent() -> Select:
    urgent = _lines().where(
        _r.c.category == literal_column(f"'{URGENT}'"),  # written out: there is an index for it
        _r.c.contribution_id > bindparam("since"),
        _c.c.expires_at > bindparam("now"),  # an all-clear keeps the alert's place until its time is over
    )
    return urgent.order_by(None).order_by(_c.c.solved_at.is_not(None), _r.c.contribution_id.desc()).limit(PINNED)


def _also(is_own_only: bool) -> Select:
    """Of the ones that are asked about: which hang there and are not silenced, in which version; nothing else of them."""
    named = (_c.c.id, _c.c.version)
    wanted = _there(is_own_only, *named)
    return wanted.add_columns(*[cast(null(), each.type).label(each.name) for each in _LINE[len(named) :]])


def _there(is_own_only: bool, *columns: ColumnElement[Any]) -> Select:
    of_these = _r.c.contribution_id == any_(bindparam("ids", type_=ARRAY(Uuid)))
    wanted = (
        select(*columns)
        .select_from(_r.join(_c, _c.c.id == _r.c.contribution_id))
        .where(_r.c.quarter_id == bindparam("quarter"), of_these, _NO_MUTED_AUTHOR, _NO_MUTED_CATEGORY)
    )
    return wanted.where(_r.c.is_home) if is_own_only else wanted


NEWEST = uuid.UUID(int=(1 << 128) - 1)


def page(
    person_id: int,
    quarter_id: int,
    *,
    before: uuid.UUID | None = None,
    keys: tuple[str, ...] = (),
    own_only: bool = False,
    most: int = PAGE,
    also: Sequence[uuid.UUID] = (),
) -> Page:
    """One page of the quarter's board for this person, newest first, older than ``before``. keys: of these categories, which are
    names from the register of kinds; none: of everything.

    A first page of everything has what is urgent now as ``pinned``, and says what of ``also`` is ``there``. Alerts are looked
    for as far back as they can lie: a day until something becomes one, three until it expires.
    """
    now = clock.now()
    values = {
        "quarter": quarter_id,
        "me": person_id,
        "before": before or NEWEST,
        "most": most + 1,
        "now": now,
        "since": id_at(now - (ALERT_WITHIN + LONGEST_ALERT)),
        "ids": list(also),
    }
    rows = _statement(before is None, keys, own_only).rows(values)
    pinned = [Line._make(row[:_WIDTH]) for row in rows if row[_WIDTH] == _PINNED]
    page_rows = [row for row in rows if row[_WIDTH] == _PAGE]
    shown = [line.id for line in pinned]
    return Page(
        lines=[Line._make(row[:_WIDTH]) for row in page_rows[:most] if not shown or row[0] not in shown],
        pinned=pinned,
        older=page_rows[most - 1][0] if len(page_rows) > most else None,
        seen_up_to=page_rows[0][-1] if page_rows else None,
        there={row[0]: row[1] for row in rows if row[_WIDTH] == _ALSO},
    )


def newest(lines: Sequence[Line]) -> uuid.UUID | None:
    """The newest key among these lines."""
    return max((line.key for line in lines), default=None)


@lru_cache(maxsize=2)
def _still(is_own_only: bool) -> Asked:
    return Asked(_there(is_own_only, _c.c.id, _c.c.version))


def still_there(person_id: int, quarter_id: int, ids: Sequence[uuid.UUID], *, own_only: bool) -> dict[uuid.UUID, int]:
    """Which of these hang in the quarter and are not silenced by this person, each with its version."""
    values = {"ids": list(ids), "me": person_id, "quarter": quarter_id}
    return {row[0]: row[1] for row in _still(own_only).rows(values)}
