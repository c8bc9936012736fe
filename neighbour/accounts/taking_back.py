"""What a mailbox can take back for three days, whatever happened meanwhile: another mail address, and a new way to sign in.

Where the account has another address by now, who is right is not for one mailbox to say: ``disputes``.

Who steals a password makes themselves at home: adds a passkey, has mail sent elsewhere, lets the account go. The mail that
tells the owner of the first of these holds a link whose button goes back to the moment before. It belongs to the mailbox
the account had then and to nobody who came later, and it is nobody's to spoil: not a further change, not a new password.
Taking something back takes back everything since: addresses (of several changes the older mailbox wins), factors and
codes, and the wish to leave – who changed the one may have added the others. What reads along under a secret address ends.
An address is kept meanwhile (``email_changes.owner_of``), so that it is still there to go back to, and a thief deletes nothing
by leaving. Factors from before stay, and no session comes of it: a new password is asked for, then the second step.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import undefer

from neighbour.accounts import care, decoys, factors, hooks, onetime, passwords, sessions
from neighbour.accounts.addresses import fold
from neighbour.accounts.email_changes import claims, is_live, one_at_a_time, owner_of
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
    if left is not None:
        _readdress(person_id, left.old_email)
        _undone_since(left)
    return _locked(person_id, since)


def hand_to(person_id: int, email: str, since: datetime) -> str:
    """Give the account to this mailbox, which lost it at that moment: what was added since to sign in with goes. Gives the token
    for a new password. Inside atomic(), with the person held; raises Refused("taken")."""
    key = fold(email)
    one_at_a_time(key)
    owner = owner_of(key)
    if owner is not None and owner.id != person_id:
        raise onetime.Refused("taken")
    decoys.turn_aside(key, person_id)
    hooks.bring_back(person_id, has_another_address=True)
    _readdress(person_id, email)
    _undone(EmailChange.person_id == person_id)
    to_set = _locked(person_id, since)
    hooks.hand_over(person_id, since)
    return to_set


def _whole(person_id: int) -> Person:
    whole = select(Person).where(Person.id == person_id).options(undefer(Person.password_hash))
    return db.session.scalars(whole.execution_options(populate_existing=True)).one()


def _readdress(person_id: int, email: str) -> None:
    person = _whole(person_id)
    person.email, person.email_key = email, fold(email)
    db.session.flush()


def _locked(person_id: int, since: datetime) -> str:
    """Nobody is in, and no password is right, until a new one is set with the token this gives."""
    person = _whole(person_id)
    person.password_hash = passwords.locked(person.password_hash)
    person.password_round += 1
    db.session.flush()
    sessions.end_all(person_id)
    hooks.end_along(person_id)
    onetime.spoil(person_id)
    _drop_dead_links(person_id)
    to_set = onetime.mint(person_id, "reset", "", onetime.RESET_FOR)
    factors.drop_since(person_id, since)
    if not factors.has_any(person_id):
        care.stop_waiting(person_id)  # nothing is left that would have to be taken off
    return to_set


def _drop_dead_links(person_id: int) -> None:
    """Links that take a new way to sign in back, of mailboxes the account has no more: whoever has it now reads in their archive
    whose those were."""
    mine = OneTimeToken.person_id == person_id, OneTimeToken.purpose == onetime.UNDO_FACTOR
    for link in db.session.scalars(select(OneTimeToken).where(*mine)).all():
        if not is_mailbox_of(person_id, link.email.partition(" ")[2]):
            db.session.delete(link)
    db.session.flush()


def _undone_since(left: EmailChange) -> None:
    """This change of address and every later one is taken back, and their links with them."""
    _undone(EmailChange.person_id == left.person_id, EmailChange.id >= left.id)


def _undone(*which: ColumnElement[bool]) -> None:
    undone = update(EmailChange).where(*which, EmailChange.undone_at.is_(None)).values(undone_at=clock.now())
    numbers = [str(number) for number in db.session.scalars(undone.returning(EmailChange.id))]
    links = OneTimeToken.purpose == onetime.UNDO, OneTimeToken.email.in_(numbers)
    db.session.execute(delete(OneTimeToken).where(*links))
