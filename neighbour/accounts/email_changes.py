"""Another mail address, and the three days in which the old mailbox can take the change back.

Both mailboxes are told when a change is asked for and when it is done (ASVS 5.0 V6.3.7). For 72 hours nobody else can
have the old address, and the mail there holds a link whose button restores it. That link is nobody's to spoil: not a
further change of address, not a new password. Of several changes the older mailbox wins: taking one back takes back
every later one, and with them the factors added since, because whoever changed the address may have added their own;
and the wish to leave, if that was said since: a thief does not delete what they could not keep. Factors from before stay,
and no session comes of it: the new password is asked for, then the second step.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select, union_all, update
from sqlalchemy.orm import undefer

from neighbour.accounts import factors, hooks, notices, onetime, passwords, sessions
from neighbour.accounts.addresses import fold
from neighbour.accounts.models import EmailChange, OneTimeToken, Person
from neighbour.accounts.onetime import Refused
from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db

UNDO_FOR = timedelta(hours=72)


def one_at_a_time(key: str) -> None:
    """Nobody else does anything about this address until the end of the transaction."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"address:{key}", 0))))


def owner_of(key: str) -> Person | None:
    """Whose address this is: the account that has it, or that left it within three days and may take it back.

    With its password's hash, and in one question, whoever there is: neither may show in the time an answer takes.
    """
    has = select(Person.id).where(Person.email_key == key)
    left = select(EmailChange.person_id).join(Person, Person.id == EmailChange.person_id)
    left = left.where(EmailChange.old_key == key, *_live(), Person.status != "erased")
    query = select(Person).where(Person.id.in_(union_all(has, left))).options(undefer(Person.password_hash))
    return db.session.scalar(query.order_by((Person.email_key == key).desc()).limit(1))


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
        changed_at=now,
        undo_until=now + UNDO_FOR,
    )
    db.session.add(left)
    person.email, person.email_key = email, key
    db.session.flush()
    onetime.spoil(person.id)
    audit.note(Event.EMAIL_CHANGED, actor=person.id, subject=person.id)
    told = {"to": left.old_email, "change": left.id}
    notices.EmailChanged.send(person.id, subject_key=secrets.token_hex(8), payload=told)
    notices.EmailIsNew.send(person.id, subject_key=secrets.token_hex(8))


def mint_undo(person_id: int, number: int) -> str | None:
    """A link for the mailbox that was left; None when it is too late. Inside atomic()."""
    left = db.session.scalar(select(EmailChange).where(EmailChange.id == number, *_live()))
    if left is None or left.person_id != person_id:
        return None
    return onetime.mint(person_id, onetime.UNDO, str(left.id), left.undo_until - clock.now())


def left_behind(token: str) -> EmailChange | None:
    """The change this link takes back, if it still does."""
    row = onetime.peek(token, onetime.UNDO)
    return db.session.scalar(select(EmailChange).where(EmailChange.id == int(row.email), *_live())) if row else None


def undo(token: str) -> str:
    """Take a change back, and every later one. Gives the token for the new password, which is asked for now. Commits;
    raises Refused."""
    with atomic():
        row = onetime.redeem(token, onetime.UNDO)
        left = db.session.scalar(
            select(EmailChange).where(EmailChange.id == int(row.email), *_live()).with_for_update()
        )
        if left is None:
            raise Refused("used_or_old")
        one_at_a_time(left.old_key)
        hooks.bring_back(left.person_id)
        person = db.session.get_one(Person, left.person_id, with_for_update=True)
        person.email, person.email_key = left.old_email, left.old_key
        person.password_hash = passwords.locked(person.password_hash)
        later = EmailChange.person_id == person.id, EmailChange.id >= left.id, EmailChange.undone_at.is_(None)
        numbers = [str(number) for number in db.session.scalars(select(EmailChange.id).where(*later))]
        db.session.execute(update(EmailChange).where(*later).values(undone_at=clock.now()))
        links = OneTimeToken.purpose == onetime.UNDO, OneTimeToken.email.in_(numbers)
        db.session.execute(delete(OneTimeToken).where(OneTimeToken.person_id == person.id, *links))
        sessions.end_all(person.id)
        onetime.spoil(person.id)
        token = onetime.mint(person.id, "reset", "", onetime.RESET_FOR)
        factors.drop_since(left.person_id, left.changed_at)
        audit.note(Event.EMAIL_CHANGE_UNDONE, subject=left.person_id)
    return token


def _live() -> tuple[ColumnElement[bool], ...]:
    return EmailChange.undone_at.is_(None), EmailChange.undo_until > clock.now()
