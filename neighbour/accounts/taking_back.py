"""What a mailbox can take back for three days, whatever happened meanwhile: another mail address, and a new way to sign in.

Where the account has another address by now, who is right is not for one mailbox to say: ``disputes``.

Who steals a password makes themselves at home: adds a passkey, has mail sent elsewhere, lets the account go. The mail that
tells the owner of the first of these holds a link whose button goes back to the moment before. It belongs to the mailbox
the account had then and to nobody who came later, and it is nobody's to spoil: not a further change, not a new password.
Taking something back takes back everything since: addresses (of several changes the older mailbox wins), factors and
codes, and the wish to leave – who changed the one may have added the others. An address is kept meanwhile
(``email_changes.owner_of``), so that it is still there to go back to, and a thief deletes nothing by leaving. Factors from
before stay, and no session comes of it: a new password is asked for, then the second step.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import undefer

from neighbour.accounts import care, decoys, factors, hooks, onetime, passwords, sessions
from neighbour.accounts.addresses import fold
from neighbour.accounts.email_changes import claims, is_live, one_at_a_time
from neighbour.accounts.models import EmailChange, OneTimeToken, Person
from neighbour.core import clock
from neighbour.core.db import db

FACTOR_FOR = timedelta(hours=72)


def mint_email_undo(person_id: int, number: int) -> str | None:
    """A link for the mailbox that was left; None when it is too late. Inside atomic()."""
    left = db.session.scalar(select(EmailChange).where(EmailChange.id == number, *is_live()))
    if left is None or left.person_id != person_id:
        return None
    return onetime.mint(person_id, onetime.UNDO, str(left.id), left.undo_until - clock.now())


def left_behind(token: str) -> EmailChange | None:
    """The change of address this link takes back, if it still does."""
    row = onetime.peek(token, onetime.UNDO)
    return db.session.scalar(select(EmailChange).where(EmailChange.id == int(row.email), *is_live())) if row else None


def mint_factor_undo(person_id: int, payload: dict[str, Any]) -> str | None:
    """A link for the mailbox of an account that got a new way to sign in (``payload`` of that mail: ``since``, ``to``);
    None when it is too late, or the mailbox is not the account's any more. Inside atomic()."""
    since = datetime.fromisoformat(payload["since"])
    left = since + FACTOR_FOR - clock.now()
    if left <= timedelta() or not is_mailbox_of(person_id, payload["to"]):
        return None
    return onetime.mint(person_id, onetime.UNDO_FACTOR, f"{since.isoformat()} {payload['to']}", left)


def is_open(token: str) -> bool:
    """Whether this link still takes a new way to sign in back; changes nothing."""
    row = onetime.peek(token, onetime.UNDO_FACTOR)
    return row is not None and is_mailbox_of(row.person_id, row.email.partition(" ")[2])


def is_mailbox_of(person_id: int, mailbox: str) -> bool:
    """Whether this mailbox is the account's, or may have it back. A thief's is not any more, once the owner has."""
    mine = select(Person.id).where(Person.id == person_id, Person.id.in_(claims(fold(mailbox))))
    return db.session.scalar(mine) is not None


def take_back(person_id: int, since: datetime, left: EmailChange | None) -> str:
    """Go back to this moment; ``left``: the first change of address since. With the person held."""
    if left is not None:
        one_at_a_time(left.old_key)
        decoys.turn_aside(left.old_key, person_id)
    hooks.bring_back(person_id, has_another_address=left is not None)
    whole = select(Person).where(Person.id == person_id).options(undefer(Person.password_hash))
    person = db.session.scalars(whole.execution_options(populate_existing=True)).one()
    if left is not None:
        person.email, person.email_key = left.old_email, left.old_key
        _undone_since(left)
    person.password_hash = passwords.locked(person.password_hash)
    person.password_round += 1
    db.session.flush()
    sessions.end_all(person_id)
    onetime.spoil(person_id)
    to_set = onetime.mint(person_id, "reset", "", onetime.RESET_FOR)
    factors.drop_since(person_id, since)
    if not factors.has_any(person_id):
        care.stop_waiting(person_id)  # nothing is left that would have to be taken off
    return to_set


def _undone_since(left: EmailChange) -> None:
    """This change of address and every later one is taken back, and their links with them."""
    later = EmailChange.person_id == left.person_id, EmailChange.id >= left.id, EmailChange.undone_at.is_(None)
    numbers = [str(number) for number in db.session.scalars(select(EmailChange.id).where(*later))]
    db.session.execute(update(EmailChange).where(*later).values(undone_at=clock.now()))
    links = OneTimeToken.purpose == onetime.UNDO, OneTimeToken.email.in_(numbers)
    db.session.execute(delete(OneTimeToken).where(OneTimeToken.person_id == left.person_id, *links))
