"""Whose lists somebody may send: those of the initiatives they speak for, in the quarters where these work; the operator's."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select

from neighbour.core.db import db
from neighbour.events.importing import Source
from neighbour.initiatives import service as initiatives
from neighbour.initiatives.models import Initiative
from neighbour.quarters.models import Quarter


class Choice(NamedTuple):
    """One of them: ``key`` in a form, its name, and the names of the quarter it hangs in and of who invites."""

    key: str
    label: str
    source: Source
    quarter: str
    host: str = ""


def of_person(person_id: int, *, is_operator: bool) -> list[Choice]:
    """Through that person's eyes. Initiatives count while they are verified and not suspended; the operator sends lists for any
    of them, and for a quarter without one."""
    mine = initiatives.everything() if is_operator else initiatives.edited_by(person_id)
    found = [
        of_initiative(initiative, quarter, person_id)
        for initiative in mine
        if initiative.is_public
        for quarter in initiatives.quarters_of(initiative)
    ]
    if is_operator:
        quarters = db.session.scalars(select(Quarter).order_by(Quarter.name, Quarter.id))
        found += [of_quarter(quarter, person_id) for quarter in quarters]
    return found


def of_initiative(initiative: Initiative, quarter: Quarter, person_id: int) -> Choice:
    """An initiative's list, for one of its quarters: each has its own, so that one file can hang on several boards – once on
    each: what reaches further is known by the other lists, too (``importing``). Where two quarters become one, the
    database gives the list its new name (migration 0120)."""
    name = f"i:{initiative.public_id}"
    source = Source(f"{name} {quarter.id}", quarter.id, person_id, initiative.id)
    label = f"{initiative.name}, {quarter.name}"
    return Choice(f"{name} {quarter.key}", label, source, quarter.name, initiative.name)


def of_quarter(quarter: Quarter, person_id: int) -> Choice:
    """The operator's own list for a quarter. Where that becomes part of another one, its rows are known in the other's list from
    then on, but for those whose names that has itself (migration 0122)."""
    name = f"q:{quarter.key}"
    return Choice(name, quarter.name, Source(name, quarter.id, person_id), quarter.name)
