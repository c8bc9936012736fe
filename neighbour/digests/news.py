"""What became of something that an issue has named, as a reason for an issue of its own."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select

from neighbour.contributions.models import Contribution, Reach
from neighbour.contributions.sections import all_sections
from neighbour.core.columns import id_at
from neighbour.core.db import db
from neighbour.digests.edition import moment_of

_r = Reach.__table__
_HANGING = (
    select(_r.c.contribution_id.label("id"), Contribution.author_id, _r.c.is_home, _r.c.since)
    .join(Contribution, Contribution.id == _r.c.contribution_id)
    .where(_r.c.quarter_id == bindparam("quarter"), _r.c.contribution_id.in_(bindparam("ids", expanding=True)))
)


class Reason(NamedTuple):
    """What became of a contribution and is an issue by itself for whoever was told of it (as of ``key``), but for those whom a
    notice of ``told_by`` has told."""

    id: uuid.UUID
    author_id: int
    is_home: bool
    key: uuid.UUID
    changed: uuid.UUID
    at: datetime
    told_by: tuple[str, ...]


def reasons(quarter_id: int, since: uuid.UUID, at: datetime) -> list[Reason]:
    """What became after ``since`` of something in the quarter and is an issue by itself for whoever was told of it."""
    told = [(each, section) for section in all_sections() if section.news and section.makes_issue
            for each in section.news(quarter_id, moment_of(since), at)]  # fmt: skip
    ids = [each.id for each, _section in told if each.gone is None]
    rows = db.session.execute(_HANGING, {"quarter": quarter_id, "ids": ids}).all() if ids else []
    hanging = {row.id: (row.author_id, row.is_home, row.since or row.id) for row in rows}
    found = []
    for each, section in told:
        gone = each.gone
        known = hanging.get(each.id) if gone is None else (gone.author_id, gone.is_home, each.id)
        if known is not None:
            author_id, is_home, key = known
            found.append(Reason(each.id, author_id, is_home, key, id_at(each.at), each.at, section.told_by))
    return found
