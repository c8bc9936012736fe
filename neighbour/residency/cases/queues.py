"""Whose desk a case lies on: what waits for whom, and who has to look twice. The database says it (migrations 0095, 0108)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, ColumnElement, DateTime, TableValuedAlias, column, func, or_, select

from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.desk import Waiting
from neighbour.residency.cases.models import Appeal, CaseState, ProofCase
from neighbour.residency.models import Membership


class NotYours(LookupError):
    """The case does not exist for this person, or not any more."""


@dataclass(frozen=True)
class Eyes:
    """Who looks: their number, household (keyed hash) and whether they run the instance."""

    person_id: int
    household_hash: bytes | None
    is_operator: bool


def eyes_of(person_id: int, *, is_operator: bool) -> Eyes:
    """The eyes of whoever works at the desk. Through those eyes."""
    mine = Membership.person_id == person_id, Membership.ended_at.is_(None)
    household = db.session.scalar(select(Membership.household_hash).where(*mine))
    return Eyes(person_id, bytes(household) if household else None, is_operator)


@dataclass(frozen=True)
class Queue:
    """What lies on somebody's desk, oldest first: cases that wait for them, and others an operator may look at. ``again``: from
    when on those can be looked at again that wait for a second look of the same person."""

    mine: list[ProofCase]
    others: list[ProofCase]
    again: dict[uuid.UUID, datetime]


def queue(eyes: Eyes) -> Queue:
    """The cases this person may look at now, or again in some hours. Through their eyes."""
    found = _desk(eyes)
    rows = db.session.execute(
        select(ProofCase, found.c.is_theirs, found.c.again_from)
        .join(found, found.c.case_id == ProofCase.id)
        .order_by(ProofCase.created_at, ProofCase.id)
    ).all()
    mine, others = ([row.ProofCase for row in rows if row.is_theirs is wanted] for wanted in (True, False))
    return Queue(mine, others, {row.ProofCase.id: row.again_from for row in rows if row.again_from})


def waiting(eyes: Eyes) -> Waiting:
    """How many cases wait for this person, and since when."""
    found = _desk(eyes)
    theirs = select(func.count(), func.min(found.c.since)).where(found.c.is_theirs, _is_due(found))
    row = db.session.execute(theirs).one()
    return Waiting(row[0], row[1])


def _desk(eyes: Eyes) -> TableValuedAlias:
    """Who may look at what: the database says it, to the pages and to the daily reminder alike (migration 0095)."""
    is_theirs, is_alone, is_known = (column(name, Boolean) for name in ("is_theirs", "is_alone", "is_known"))
    again = column("again_from", DateTime(timezone=True))
    asked = func.desk_cases(eyes.is_operator, clock.now())
    return asked.table_valued("case_id", "since", is_theirs, is_alone, is_known, again, name="desk")


def _is_due(found: TableValuedAlias) -> ColumnElement[bool]:
    return or_(found.c.again_from.is_(None), found.c.again_from <= clock.now())


@dataclass(frozen=True)
class OnDesk:
    """A case on somebody's desk. ``is_alone``: nobody else can look, so they look twice; ``is_second``: they have once;
    ``is_known``: it would be so wherever its person lived."""

    case: ProofCase
    is_alone: bool
    is_second: bool
    is_known: bool


def on_desk(eyes: Eyes, case_id: uuid.UUID) -> OnDesk:
    """A case that waits for this person now. Raises NotYours."""
    found = _desk(eyes)
    query = select(ProofCase, found.c.is_alone, found.c.again_from, found.c.is_known)
    row = db.session.execute(
        query.join(found, found.c.case_id == ProofCase.id).where(ProofCase.id == case_id, _is_due(found))
    ).first()
    if row is None:
        raise NotYours(str(case_id))
    return OnDesk(row.ProofCase, row.is_alone, row.again_from is not None, row.is_known)


def operators_apart() -> int:
    """How many households have somebody who operates."""
    return int(db.session.scalar(select(func.operators_apart())) or 0)


def part_of(case: ProofCase) -> str:
    """Which part of a case is to be done: one of its two halves, the last word, or an appeal."""
    if case.appeal == Appeal.OPEN:
        return "appeal"
    return "final" if case.state == CaseState.CONTESTED else "half"
