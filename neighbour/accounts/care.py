"""What the operator does to an account when its owner asks, or the team has decided: each of it told to the owner.

Taking the second factors off is what a thief would ask for too, so it waits: 72 hours, in which the owner is told with a
link that stops it, and in which showing a factor stops it as well, because whoever has one needs no help. But a thief who
has added one has that one: what came in the 72 hours before the reset was asked for stops nothing. What was asked for and
how it ended stays on record.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from neighbour.accounts import factors, notices, onetime, sessions
from neighbour.accounts.addresses import fold
from neighbour.accounts.email_changes import is_closed
from neighbour.accounts.locks import hold
from neighbour.accounts.models import FactorReset, Person, ResetState, Status
from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.core.text import clean_line

WAITS = timedelta(hours=72)
LONGEST_REASON = 500


def ask_for_reset(email: str) -> FactorReset:
    """Begin the 72 hours; asked for twice it is asked for once. Commits; raises ValueError where there is nothing to do."""
    person = _of(email)
    if not factors.has_any(person.id):
        raise ValueError(f"{email} has no second factor")
    with atomic():
        hold(person.id)
        if is_closed(person.id):
            raise ValueError(f"two mailboxes say that the account of {email} is theirs: settle that first")
        for waiting in _waiting(person.id):
            return waiting
        asked = FactorReset(person_id=person.id, asked_at=clock.now(), due_at=clock.now() + WAITS)
        db.session.add(asked)
        db.session.flush()
        audit.note(Event.FACTORS_RESET_ASKED, subject=person.id)
        notices.FactorReset.send(person.id, subject_key=secrets.token_hex(8), payload={"reset": asked.id})
    return asked


def mint_stop(person_id: int, number: int) -> tuple[FactorReset, str] | None:
    """A link that stops a reset, and the reset; None when it is over. Inside atomic()."""
    row = db.session.get(FactorReset, number)
    if row is None or row.person_id != person_id or row.state != ResetState.WAITING or row.due_at <= clock.now():
        return None
    return row, onetime.mint(person_id, onetime.STOP, str(number), row.due_at - clock.now())


def stop(token: str) -> None:
    """The owner objects: the factors stay. Commits; raises Refused."""
    with atomic():
        stop_waiting(onetime.redeem(token, onetime.STOP).person_id)


def stop_waiting(person_id: int, shown: datetime | None = None) -> None:
    """Nothing is taken off this account: its owner objects, or has shown a factor that is there since ``shown``. Inside
    atomic(), with the person held."""
    for waiting in _waiting(person_id):
        if shown is not None and shown > waiting.asked_at - WAITS:
            continue
        waiting.state, waiting.ended_at = ResetState.STOPPED, clock.now()
        db.session.flush()
        audit.note(Event.FACTORS_RESET_STOPPED, actor=person_id, subject=person_id)


def due_resets() -> int:
    """Take the factors off where 72 hours have passed and nobody objected; gives how many accounts. Commits each."""
    now, done = clock.now(), 0
    ripe = FactorReset.state == ResetState.WAITING, FactorReset.due_at <= now
    for number, person_id in db.session.execute(select(FactorReset.id, FactorReset.person_id).where(*ripe)).all():
        with atomic():
            hold(person_id)
            row = db.session.get(FactorReset, number, with_for_update=True, populate_existing=True)
            if row is None or row.state != ResetState.WAITING or is_closed(person_id):
                continue
            row.state, row.ended_at = ResetState.DONE, now
            factors.drop_all(person_id)
            sessions.end_all(person_id)
            onetime.spoil(person_id)
            audit.note(Event.FACTORS_RESET, subject=person_id)
            told = {"what": factors.Change.RESET.value}
            notices.FactorChanged.send(person_id, subject_key=secrets.token_hex(8), payload=told)
            done += 1
    return done


def suspend(email: str, reason: str) -> None:
    """This person may not write until further notice; they keep reading, and are told why. Commits; raises ValueError."""
    person, reason = _of(email), clean_line(reason)
    if not reason:
        raise ValueError("say why: --reason")
    if len(reason) > LONGEST_REASON:
        raise ValueError(f"a reason has {LONGEST_REASON} characters at most")
    with atomic():
        person.status, person.suspension_reason = Status.SUSPENDED, reason
        audit.note(Event.SUSPENDED, subject=person.id)
        notices.Suspended.send(person.id, subject_key=secrets.token_hex(8))


def restore(email: str) -> None:
    """This person may write again, and is told. Commits; raises ValueError."""
    person = _of(email)
    if person.status != Status.SUSPENDED:
        raise ValueError(f"{email} is not suspended")
    with atomic():
        person.status, person.suspension_reason = Status.ACTIVE, None
        audit.note(Event.RESTORED, subject=person.id)
        notices.Restored.send(person.id, subject_key=secrets.token_hex(8))


def _waiting(person_id: int) -> Sequence[FactorReset]:
    mine = FactorReset.person_id == person_id, FactorReset.state == ResetState.WAITING
    return db.session.scalars(select(FactorReset).where(*mine).with_for_update()).all()


def _of(email: str) -> Person:
    found = db.session.scalar(select(Person).where(Person.email_key == fold(email), Person.status != Status.ERASED))
    if found is None:
        raise ValueError(f"nobody has the address {email}")
    return found
