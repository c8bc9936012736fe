"""What the desk lists besides cases: looks at addresses, for the operator; reports of missing addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, text

from neighbour.accounts.models import Person
from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.core.desk import Waiting
from neighbour.residency import homes
from neighbour.residency.cases.notices import DeskWaits, MissingAnswered
from neighbour.residency.models import AddressAccess, MissingAddress

LOG_DAYS, LOG_LINES = 90, 200


@dataclass(frozen=True)
class LookedUp:
    """One look at somebody's address: who looked, what for, when. Whose it was is not in it."""

    name: str
    purpose: str
    at: datetime


@dataclass(frozen=True)
class Busiest:
    """How many addresses somebody opened in the last 30 days."""

    name: str
    looks: int
    people: int


def looks() -> list[LookedUp]:
    """The looks of the last 90 days, newest first, at most 200. Through an operator's eyes: for others there are none."""
    query = (
        select(Person.display_name, AddressAccess.purpose, AddressAccess.at)
        .join(Person, Person.id == AddressAccess.by_person_id)
        .where(*_by_others(LOG_DAYS))
        .order_by(AddressAccess.id.desc())
        .limit(LOG_LINES)
    )
    return [LookedUp(*row) for row in db.session.execute(query)]


def busiest() -> list[Busiest]:
    """Who opened how many addresses of how many people in 30 days, most first. Through an operator's eyes."""
    people = func.count(AddressAccess.person_id.distinct())
    query = (
        select(Person.display_name, func.count(), people)
        .join(Person, Person.id == AddressAccess.by_person_id)
        .where(*_by_others(30))
        .group_by(Person.id, Person.display_name)
        .order_by(func.count().desc(), Person.id)
    )
    return [Busiest(*row) for row in db.session.execute(query)]


def _by_others(days: int) -> tuple[ColumnElement[bool], ...]:
    since = clock.now() - timedelta(days=days)
    return AddressAccess.by_person_id != AddressAccess.person_id, AddressAccess.at > since


def remind(time_zone: str) -> int:
    """Tell those who look that a case or a house has been waiting for them for an hour; once a day each. Gives how many."""
    with scope.use(scope.NOBODY), atomic():
        query = text("SELECT person_id, proofs, again FROM desks_waiting(:before, :at)")
        rows = db.session.execute(query, {"before": clock.now() - timedelta(hours=1), "at": clock.now()}).all()
        today = clock.today(time_zone).isoformat()
        told = [(row.person_id, {"count": row.proofs, "again": row.again}) for row in rows]
        return sum(DeskWaits.send(person, period=today, payload=payload) for person, payload in told)


def missing(mine: int) -> Sequence[MissingAddress]:
    """Reports of missing addresses but one's own, oldest first. Through an operator's eyes."""
    return [row for row in homes.missing() if row.person_id != mine]


def missing_waiting(mine: int) -> Waiting:
    """How many reports wait, and since when."""
    rows = missing(mine)
    return Waiting(len(rows), rows[0].created_at if rows else None)


def answer_missing(row: MissingAddress, *, is_added: bool, by: int) -> None:
    """The report was dealt with: it is deleted, and its person hears what to do now."""
    with atomic():
        homes.forget_missing(row.person_id)
        result = "added" if is_added else "not found"
        audit.note(Event.MISSING_ANSWERED, actor=by, subject=row.person_id, result=result)
        day = f"{clock.now():%Y-%m-%d %H:%M}"
        MissingAnswered.send(row.person_id, subject_key=f"{row.id} {day}", payload={"is_added": is_added})
