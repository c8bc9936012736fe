"""Confirming an address: the mail that asks, an address that was mistyped, the button and the digits, and whose it is then.

A sign-up is confirmed by whoever made it (``confirm_by_link``), and owns its address from then on. Locks are taken in another
order than elsewhere (``locks``): the address first, because several who wait for it may come at the same moment.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from neighbour.accounts import decoys, email_changes, notices, onetime, passwords
from neighbour.accounts.addresses import fold, reachable
from neighbour.accounts.email_changes import one_at_a_time, owner_of
from neighbour.accounts.models import Person, SignUpStep
from neighbour.accounts.onetime import Refused
from neighbour.core import audit, clock, jobs, limits
from neighbour.core.audit import Event
from neighbour.core.columns import new_id
from neighbour.core.db import atomic, db, finish_reading
from neighbour.core.jobs import Job
from neighbour.notices import strangers

RESET_EVERY = timedelta(minutes=15)


def ask_to_confirm(person: Person, source: str = "") -> None:
    """Promise the mail that asks to confirm the address; where somebody owns that already, it is never sent. source: the piece
    of the network it is asked from. Inside atomic(); raises TooMany for whoever asks too often themselves."""
    limits.hit("mail", f"confirm:{person.id}")
    send_confirm(person, person.email, source)


def send_confirm(person: Person, email: str, source: str, **more: str) -> None:
    """Promise the mail that asks whether this is their address. From one piece of the network a few to an address go at once;
    how many altogether, and whose goes first, is decided for all of them together (``strangers``). Inside atomic()."""
    key, may_rush = fold(email), True
    try:
        limits.hit("mail", f"to:{key}:{source}")
    except limits.TooMany:
        may_rush = False
    strangers.promise(
        person.id,
        notices.Confirm.key,
        address=key,
        source=source or "here",
        may_rush=may_rush,
        subject_key=secrets.token_hex(8),
        payload={"email": email, "round": person.links_round, **more},
    )


def offer_account(waiting: Person) -> None:
    """Promise whoever reads the mail of the address this person signed up with a link to an account of their own. It is the same
    whoever asks and whoever has signed up, so there is one in a quarter of an hour, and never where somebody owns the address.
    Inside atomic()."""
    key = fold(waiting.email)
    if not strangers.was_promised(key, notices.Reset.key, RESET_EVERY):
        payload, once = {"to": waiting.email}, secrets.token_hex(8)
        strangers.promise(waiting.id, notices.Reset.key, address=key, subject_key=once, payload=payload)


def correct_email(person: Person, email: str, source: str = "") -> None:
    """The address of somebody who has not confirmed theirs was mistyped: from now on they have signed up with this one.

    What went to the other, which may be a stranger's, works no more. The same one again is asked to confirm once more. Commits;
    raises NoAddress, TooMany.
    """
    email, key = reachable(email), fold(email)
    limits.hit("mail", f"confirm:{person.id}")
    with atomic():
        one_at_a_time(key)
        owner = owner_of(key)
        if key != fold(person.email):
            person.email, person.email_key = email, key_beside(owner, key)
            person.password_hash = passwords.costing_two(person.password_hash)  # beside others it has another salt
        onetime.spoil(person.id)
        db.session.flush()
        tell_owner(owner, person.id, email)
        send_confirm(person, person.email, source)  # where somebody owns it, it only takes its turn


def confirm_by_link(token: str, password: str, *, by: int | None, memory_kib: int) -> Person:
    """Confirm the address a token was sent to. Commits; raises Refused ("used_or_old", "taken", "wrong"), TooMany.

    by: who is signed in. A sign-up is confirmed by whoever made it: signed in to it, or with its password. Whoever only reads the
    mail would hand their address to a stranger who has signed up with it, and knows the password.
    """
    row = onetime.peek(token, "confirm")
    if row is None:
        raise Refused("used_or_old")
    person = db.session.get_one(Person, row.person_id)
    if person.confirmed_at is None and person.id != by:
        _demand_password(person, password, memory_kib)
    with atomic():
        if person.confirmed_at is None:
            one_at_a_time(fold(row.email))
        row = onetime.redeem(token, "confirm")
        return _confirm(db.session.get_one(Person, row.person_id, populate_existing=True), row.email)


def takes_password(token: str, by: int | None) -> bool:
    """Whether whoever presses the button of this link has to show the password of their sign-up."""
    row = onetime.peek(token, "confirm")
    return row is not None and row.person_id != by and db.session.get_one(Person, row.person_id).confirmed_at is None


def _demand_password(person: Person, password: str, memory_kib: int) -> None:
    limits.hit("auth_account", f"confirm:{person.id}")
    hashed = person.password_hash
    finish_reading()
    if not password or not passwords.verify(hashed, password, memory_kib):
        raise Refused("wrong")
    limits.take_back("auth_account", f"confirm:{person.id}")


def confirm_by_code(person: Person, code: str) -> Person:
    """Confirm with the six digits of the mail; five wrong ones spoil the code. Sent twice it is confirmed once, and said so
    twice. Commits; raises Refused."""
    with atomic():
        one_at_a_time(fold(person.email))
        tried = onetime.try_code(person.id, code)
        if tried.right is not None:
            return _confirm(db.session.get_one(Person, person.id, populate_existing=True), tried.right.email)
        if not tried.is_live and _is_confirmed_by_now(person):
            return person
    raise Refused("wrong_code" if tried.is_live else "used_or_old")


def _is_confirmed_by_now(person: Person) -> bool:
    db.session.refresh(person, ["confirmed_at"])
    return person.confirmed_at is not None


def _confirm(person: Person, email: str) -> Person:
    if person.confirmed_at is None:
        own(person)
        audit.note(Event.CONFIRMED, actor=person.id, subject=person.id)
    elif fold(email) != person.email_key:  # a change of address: it must still be free
        email_changes.change(person, email)
    person.password_hash = passwords.costing_one(person.password_hash)
    if person.signup_step == SignUpStep.CONFIRM:
        person.signup_step = SignUpStep.DONE
    db.session.flush()
    return person


def own(person: Person) -> None:
    """The mail was read: from now on the address is this person's, and of nobody else who waits for it. Inside atomic(), with the
    address held; raises Refused("taken")."""
    key = fold(person.email)
    owner = owner_of(key)
    if owner is not None and owner.id != person.id:
        raise Refused("taken")
    decoys.claim(key, person)
    person.confirmed_at = clock.now()


def key_beside(owner: Person | None, key: str) -> str:
    """The key of a sign-up with this address. Room is made for one beside others in any case: both take as long."""
    aside, is_free = decoys.room_for(key), decoys.is_free(key)
    return key if owner is None and is_free else aside


def tell_owner(owner: Person | None, newcomer_id: int, email: str) -> None:
    """The mail for taken addresses; for those that are only kept it goes to the address. For a free one the same is written
    and taken back, so that both take as long."""
    is_kept = owner is not None and owner.email_key != fold(email)
    day = clock.now().date().isoformat()
    with db.session.begin_nested() as tried:
        told = newcomer_id if owner is None else owner.id
        payload = {"to": email} if is_kept else {}
        is_new = notices.AlreadyHere.send(told, subject_key=f"kept:{day}" if is_kept else day, payload=payload)
        if owner is None:
            tried.rollback()
    if not is_new:
        jobs.enqueue(Job.NOTICES_DELIVER, new_id())
