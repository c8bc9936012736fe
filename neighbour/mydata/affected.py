"""Who was affected: people whose data was opened or whose account was touched in a span of time, by one route or by any."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal, select

from neighbour.accounts.decoys import DECOY
from neighbour.accounts.models import Person
from neighbour.core.audit import Event, SecurityEvent
from neighbour.core.db import db
from neighbour.mydata.models import Erasure
from neighbour.residency.models import AddressAccess


@dataclass(frozen=True)
class Affected:
    """Somebody, how often, and by which kinds of events. ``email`` is empty when they have been erased since, or never had a
    mailbox of their own."""

    person_id: int
    email: str
    times: int
    kinds: tuple[str, ...]


def affected(since: datetime, until: datetime, route: str | None = None) -> list[Affected]:
    """Everybody concerned by an event in [since, until]; a look at an address that has no event of its own (from before
    there was a log) counts too, unless a route is asked for. On the owner's connection."""
    found: dict[int, tuple[int, set[str]]] = {}
    for person_id, kind, times in [*_events(since, until, route), *([] if route else _looks(since, until))]:
        before, kinds = found.get(person_id, (0, set()))
        found[person_id] = before + times, kinds | {kind}
    emails = mail_addresses(found)
    return [
        Affected(number, emails.get(number, ""), times, tuple(sorted(kinds)))
        for number, (times, kinds) in sorted(found.items())
    ]


def mail_addresses(people: Collection[int]) -> dict[int, str]:
    """Where these people are reached, also those who are leaving; a decoy's address is somebody else's. On the owner's
    connection."""
    query = select(Person.id, Person.email, Person.email_key).where(Person.id.in_(people))
    found = {row.id: (row.email, row.email_key) for row in db.session.execute(query)}
    leaving = select(Erasure.person_id, Erasure.stash).where(Erasure.person_id.in_(people))
    for person_id, stash in db.session.execute(leaving):
        found[person_id] = stash["person"]["email"], stash["person"]["email_key"]
    return {number: email for number, (email, key) in found.items() if email and not key.startswith(DECOY)}


def _events(since: datetime, until: datetime, route: str | None) -> Iterator[tuple[int, str, int]]:
    span = SecurityEvent.at.between(since, until), SecurityEvent.subject_id.is_not(None)
    query = select(SecurityEvent.subject_id, SecurityEvent.kind, func.count()).where(*span)
    query = query.where(SecurityEvent.kind != Event.INCIDENT_TOLD)
    query = query.where(SecurityEvent.route == route) if route else query
    for subject, kind, times in db.session.execute(query.group_by(SecurityEvent.subject_id, SecurityEvent.kind)):
        if subject is not None:
            yield subject, kind, times


def _looks(since: datetime, until: datetime) -> Iterator[tuple[int, str, int]]:
    query = select(AddressAccess.person_id, literal("address opened"), func.count())
    query = query.where(AddressAccess.at.between(since, until)).group_by(AddressAccess.person_id)
    yield from ((person_id, kind, times) for person_id, kind, times in db.session.execute(query))
