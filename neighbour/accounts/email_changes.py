"""Another mail address, and whose an address is.

Both mailboxes are told when a change is asked for and when it is done (ASVS 5.0 V6.3.7). For 72 hours nobody else can
have the old address, and the mail there holds a link whose button restores it (``taking_back``). Whoever is leaving keeps
theirs, too, for as long as they can come back, and whom silence took the account from, for as long as that can be turned round.
Signing up with a kept address looks like signing up with any other.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, func, or_, select, union_all
from sqlalchemy.orm import undefer

from neighbour.accounts import decoys, notices, onetime
from neighbour.accounts.addresses import fold
from neighbour.accounts.models import DISPUTED, Dispute, DisputeState, EmailChange, Person
from neighbour.accounts.onetime import Refused
from neighbour.accounts.putting_aside import ASIDE_FOR
from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.db import db

UNDO_FOR = timedelta(hours=72)


def one_at_a_time(key: str) -> None:
    """Nobody else does anything about this address until the end of the transaction."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"address:{key}", 0))))


def owner_of(key: str) -> Person | None:
    """Whose address this is: the account that has confirmed it, or that left it within three days and may take it back, or that
    is being left and may come back, or that silence took from it within thirty days, which can be turned round
    (``dispute_deciding``). Who only waits for a confirmation owns nothing (``decoys``).

    With its password's hash, and in one question, whoever there is: neither may show in the time an answer takes.
    """
    mine = Person.id.in_(union_all(claims(key), _silenced_at(key))), Person.confirmed_at.is_not(None)
    query = select(Person).where(*mine).options(undefer(Person.password_hash))
    first = query.order_by((Person.email_key == key).desc()).limit(1)
    return db.session.scalar(first.execution_options(populate_existing=True))


def claims(key: str) -> CompoundSelect[tuple[int]]:
    """The numbers of all to whom this address belongs, has belonged within three days, or will again if they come back."""
    has = select(Person.id).where(Person.email_key == key)
    left = select(EmailChange.person_id).where(EmailChange.old_key == key, *is_live())
    return union_all(has, left, select(func.leaving_with(key)))


def _silenced_at(key: str) -> Select[Any]:
    """The numbers of all that silence took from this address of late. It claims nothing: only the operator gives it back."""
    return select(Dispute.person_id).where(Dispute.new_key == key, *lately_by_silence())


def lately_by_silence() -> tuple[ColumnElement[bool], ...]:
    """The condition for what silence has decided and can still be turned round."""
    since = clock.now() - ASIDE_FOR
    return Dispute.is_by_silence.is_(True), Dispute.state == DisputeState.OLD, Dispute.ended_at > since


def kept_until(person_id: int) -> datetime | None:
    """Until when it can be turned round that silence gave this account away; None where there is nothing to turn round."""
    last = select(func.max(Dispute.ended_at)).where(Dispute.person_id == person_id, *lately_by_silence())
    decided_at = db.session.scalar(last)
    return decided_at + ASIDE_FOR if decided_at is not None else None


def change(person: Person, email: str) -> None:
    """The new address was confirmed: it counts from now on; links in the old mailbox do not. Inside atomic(); raises
    Refused("taken")."""
    key = fold(email)
    one_at_a_time(key)
    owner = owner_of(key)
    if owner is not None and owner.id != person.id:
        raise Refused("taken")
    now = clock.now()
    left = EmailChange(
        person_id=person.id,
        old_email=person.email,
        old_key=person.email_key,
        new_email=email,
        changed_at=now,
        undo_until=now + UNDO_FOR,
    )
    db.session.add(left)
    person.email = email
    decoys.claim(key, person)
    onetime.spoil(person.id)
    audit.note(Event.EMAIL_CHANGED, actor=person.id, subject=person.id)
    told = {"to": left.old_email, "change": left.id}
    notices.EmailChanged.send(person.id, subject_key=secrets.token_hex(8), payload=told)
    notices.EmailIsNew.send(person.id, subject_key=secrets.token_hex(8))


def is_live() -> tuple[ColumnElement[bool], ...]:
    """Which changes can still be taken back (``taking_back``), or are quarrelled about (``disputes``)."""
    return EmailChange.undone_at.is_(None), or_(EmailChange.undo_until > clock.now(), EmailChange.id.in_(quarrelled()))


def quarrelled() -> Select[Any]:
    """The changes of address two mailboxes disagree on."""
    return select(Dispute.change_id).where(Dispute.state.in_(DISPUTED), Dispute.change_id.is_not(None))


def closed() -> Select[Any]:
    """The accounts that two mailboxes both say are theirs (``disputes``)."""
    return select(Dispute.person_id).where(Dispute.state.in_(DISPUTED))


def is_closed(person_id: int) -> bool:
    """Whether two mailboxes both say that this account is theirs: nobody comes in until that is settled (``disputes``)."""
    return db.session.scalar(closed().where(Dispute.person_id == person_id)) is not None
