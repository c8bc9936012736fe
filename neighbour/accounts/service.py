"""People: signing up, confirming an address, signing in, new passwords, how one appears.

Nobody learns here whether an address has an account. Signing up with a taken one makes a sign-up that waits like any other
(``decoys``) and is never confirmed; the owner of the address gets a mail that says so. The visitor sees the same pages either
way, and can sign in to it, or a second visit would tell the two apart. With an address of their own it becomes an account.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import undefer

from neighbour.accounts import confirming, decoys, entering, hooks, notices, onetime, passwords, sessions
from neighbour.accounts.addresses import fold, reachable
from neighbour.accounts.appearance import Chosen, worn
from neighbour.accounts.email_changes import is_closed, one_at_a_time, owner_of
from neighbour.accounts.entering import Browser, Entry
from neighbour.accounts.locks import hold
from neighbour.accounts.models import Person, SignUpStep, Status
from neighbour.accounts.onetime import Refused
from neighbour.core import audit, clock, limits
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db, finish_reading
from neighbour.core.text import clean_line
from neighbour.notices.models import Delivery

AGAIN_WITHIN = timedelta(minutes=10)  # the same form sent twice, or the way back and forth: one sign-up
RESET_EVERY, RESETS_A_QUARTER = int(confirming.RESET_EVERY.total_seconds()), 3
FORGOT_SECONDS = 0.15  # longer than any answer takes, so that its time says nothing


@dataclass(frozen=True)
class SignUp:
    """A person just signed up and the token of their first session."""

    person_id: int
    token: str


def sign_up(email: str, password: str, *, language: str, memory_kib: int, device: str) -> SignUp:
    """Create a person, who waits for the confirmation of their address, and sign them in. Commits.

    Two clicks make one sign-up: whoever has just signed up with the same address and password goes on with that.
    """
    email, key = reachable(email), fold(email)
    made: SignUp | None = None
    while made is None:  # as often as somebody else has signed up with it, or its owner changed it, while this computed
        owner, waiting = _hashes_of(key)
        finish_reading()
        hashed = passwords.hash_password(password, memory_kib, like=_like(owner, waiting))
        again = passwords.which(waiting, password, memory_kib)
        with atomic():
            one_at_a_time(key)
            if (owner, waiting) == _hashes_of(key):
                made = _signed_up(email, key, hashed, again=again, language=language, device=device)
    return made


def _hashes_of(key: str) -> tuple[str, list[str]]:
    """The password's hash of the address's owner, empty if there is none, and those of who waits for it, newest first."""
    owner = owner_of(key)
    return owner.password_hash if owner is not None else "", [each.password_hash for each in decoys.waiting(key)]


def _like(owner: str, waiting: list[str]) -> str:
    """The hash whose salt the next one of an address shares; empty where there is none."""
    return owner or next((each for each in waiting if not passwords.costs_two(each)), "")


def _signed_up(email: str, key: str, hashed: str, *, again: int | None, language: str, device: str) -> SignUp:
    """What ``sign_up`` writes, with the address held. again: which of those that wait has the same password."""
    owner, waiting = owner_of(key), decoys.waiting(key)
    last = waiting[again] if again is not None else None
    if last is not None and last.created_at > clock.now() - AGAIN_WITHIN:
        person = last
    else:
        person = Person(
            email=email,
            email_key=confirming.key_beside(owner, key),
            password_hash=hashed,
            language=language,
            display_name="",
        )
        db.session.add(person)
        db.session.flush()
        audit.note(Event.SIGNED_UP, actor=person.id, subject=person.id)
        confirming.tell_owner(owner, person.id, email)
    token = sessions.open_session(person.id, is_kept=True, device=device)
    return SignUp(person.id, token)


def create(
    email: str, password: str, *, name: str, language: str, memory_kib: int, is_operator: bool = False
) -> Person:
    """A person made by the operator: the mail address counts as confirmed, sign-up goes on with the home.

    name: first and last. Commits; raises NoAddress, and Refused for an address that has an account.
    """
    address, key = reachable(email), fold(email)
    first, _space, last = clean_line(name).partition(" ")
    hashed = passwords.hash_password(password, memory_kib)
    with atomic():
        one_at_a_time(key)
        if owner_of(key) is not None:
            raise Refused("taken")
        decoys.turn_aside(key, 0, beside=hashed)
        person = Person(
            email=address,
            email_key=key,
            password_hash=hashed,
            first_name=first,
            last_name=last,
            **worn(first, last, Chosen()),
            language=language,
            confirmed_at=clock.now(),
            is_operator=is_operator,
        )
        db.session.add(person)
        db.session.flush()
        audit.note(Event.MADE_BY_COMMAND, subject=person.id, about="operator" if is_operator else "")
    return person


def find(person_id: int) -> Person:
    """The person of this number; raises NoResultFound."""
    return db.session.get_one(Person, person_id)


def step_done(person: Person, step: SignUpStep) -> None:
    """Move sign-up on if ``step`` is the one that was next. Inside atomic()."""
    following = {
        SignUpStep.ADDRESS: SignUpStep.APPEARANCE,
        SignUpStep.APPEARANCE: SignUpStep.CONFIRM,
        SignUpStep.CONFIRM: SignUpStep.DONE,
    }
    if person.signup_step == step:
        person.signup_step = following[SignUpStep(step)]
    if person.signup_step == SignUpStep.CONFIRM and person.confirmed_at is not None:
        person.signup_step = SignUpStep.DONE
    db.session.flush()


def sign_in(email: str, password: str, browser: Browser, *, memory_kib: int) -> Entry:
    """A new session, or the second step that is still to come; raises Refused, TooMany. Commits.

    Wrong guesses are counted per account, apart for devices that have signed in to it before: whoever guesses from
    elsewhere cannot lock the owner out. They are counted per piece of the network too, for devices the account does not
    know: who tries one password with many accounts. A guess counts before it is looked at, or many at once would all get
    through.
    """
    key = fold(email)
    people = _people(key)
    browser = browser.before(people[0] if people else None)
    finish_reading()
    counted = [("auth_account", f"{key}:known:{browser.source}" if browser.is_known else f"{key}:strange")]
    if browser.block and not browser.is_known:
        counted.insert(0, ("stuffing", browser.block))
    for rate, counter in counted:
        limits.hit(rate, counter)
    person = _whose(people, password, memory_kib)
    if person is None:
        with atomic():
            mine = (
                Person.email_key == key,
                Person.confirmed_at.is_not(None),
            )  # who only waits is told nothing of an address
            audit.note(
                Event.SIGN_IN_REFUSED, subject=db.session.scalar(select(Person.id).where(*mine)), result="refused"
            )
        raise Refused("wrong")
    for rate, counter in counted:
        limits.take_back(rate, counter)
    old = person.password_hash
    is_dated = passwords.needs_rehash(old, memory_kib)
    hashed = passwords.hash_password(password, memory_kib, like=old) if is_dated else old
    with atomic():
        person = _still(person, old)
        if is_dated:
            person.password_hash = hashed
        return entering.admit(person, browser)


def _people(key: str) -> list[Person]:
    """Whom a password with this address could belong to: the confirmed account, and the sign-ups that wait for their
    confirmation. With their hashes, so that their number does not show in the time."""
    mine = Person.email_key == key, Person.confirmed_at.is_not(None), Person.status != "erased"
    owner = db.session.scalar(select(Person).where(*mine).options(undefer(Person.password_hash)))
    return [each for each in (owner, *decoys.waiting(key)) if each is not None]


def _whose(people: list[Person], password: str, memory_kib: int) -> Person | None:
    """Whose password this is. One computation answers for all, whoever exists (``passwords``)."""
    fits = passwords.which([each.password_hash for each in people], password, memory_kib)
    return people[fits] if fits is not None else None


def _still(person: Person, old: str) -> Person:
    """The person as they are now, held: nobody has set another password since ``old`` was looked at, and taken it back with
    everything that was begun with it. Inside atomic(); raises Refused."""
    hold(person.id)
    whole = select(Person).where(Person.id == person.id).options(undefer(Person.password_hash))
    now = db.session.scalar(whole.execution_options(populate_existing=True))
    if now is None or now.password_hash != old or now.status == Status.ERASED:
        raise Refused("wrong")
    return now


def check_password(person: Person, password: str, memory_kib: int) -> None:
    """Ask for the password again before something important; raises Refused, TooMany."""
    limits.hit("auth_account", f"again:{person.id}")
    hashed = person.password_hash
    finish_reading()
    if not passwords.verify(hashed, password, memory_kib):
        audit.note(Event.REAUTHENTICATION_REFUSED, subject=person.id, about="password", result="refused")
        raise Refused("wrong")
    audit.note(Event.REAUTHENTICATED, actor=person.id, subject=person.id, about="password")
    limits.take_back("auth_account", f"again:{person.id}")


def forgot(email: str) -> None:
    """Send a link for a new password to whoever owns the address; says nothing about whether anybody does. Commits.

    One live link in a quarter of an hour: asked for by whomever and however often, it is one mail, so that nobody fills a
    mailbox, and nobody uses up what its owner needs. Whoever only signed up with the address is offered an account
    (``confirming``), also beside an owner, where that mail is never sent: what others see of the turns there is the same.
    """
    begun = clock.monotonic()
    with atomic():
        people = _people(fold(email))
        owner = next((each for each in people if each.confirmed_at is not None), None)
        waiting = next((each for each in people if each.confirmed_at is None), None)
        audit.note(Event.PASSWORD_RESET_ASKED, subject=owner.id if owner is not None else None)
        if owner is not None and not is_closed(owner.id):
            _send_reset(owner)
        if waiting is not None:
            confirming.offer_account(waiting)
    time.sleep(max(0.0, FORGOT_SECONDS - (clock.monotonic() - begun)))


def _send_reset(owner: Person) -> None:
    """A link for the owner of an account: one in a quarter of an hour, and few more as earlier ones were used or given up. The
    next quarter has its own, whatever was asked for before. Inside atomic()."""
    quarter = int(clock.now().timestamp()) // RESET_EVERY
    mine = Delivery.person_id == owner.id, Delivery.notice == notices.Reset.key, Delivery.period == str(quarter)
    if (db.session.scalar(select(func.count()).select_from(Delivery).where(*mine)) or 0) < RESETS_A_QUARTER:
        key, payload = f"reset {owner.links_round}", {"round": owner.links_round}
        notices.Reset.send(owner.id, subject_key=key, period=str(quarter), payload=payload)


def set_password(token: str, password: str, memory_kib: int) -> Person:
    """Set a new password with a token from the mail; ends every session. Commits; raises Refused.

    Nobody had read a mail of an account that was not confirmed, so whoever began it need not be who reads this one. Theirs is
    an account of its own, which begins with the home: nothing that anybody put into a sign-up comes with it.
    """
    row = onetime.peek(token, "reset")
    if row is None:
        raise Refused("used_or_old")
    old = find(row.person_id).password_hash
    if row.email:  # of an address: that sign-up may have another by now
        old = _like(*_hashes_of(fold(row.email))) or old
    finish_reading()
    hashed = passwords.hash_password(password, memory_kib, like=old)
    with atomic():
        before = find(row.person_id)
        address = row.email or before.email
        if not _is_account_of(before, row.email):
            one_at_a_time(fold(address))
        number = onetime.redeem(token, "reset").person_id
        person = db.session.get_one(Person, number, populate_existing=True)
        if not _is_account_of(person, row.email):
            return _begun_anew(person, address, hashed)
        step_done(person, SignUpStep.CONFIRM)
        _renew_password(person, hashed)
    return person


def _is_account_of(person: Person, to: str) -> bool:
    """Whether this is the account of whoever got the link: the owner's own, or that of the address ``to``."""
    return person.confirmed_at is not None and (not to or person.email_key == fold(to))


def _begun_anew(waiting: Person, address: str, hashed: str) -> Person:
    """An empty account for the owner of the address with which ``waiting`` had signed up. With the address held; raises
    Refused("taken")."""
    key = fold(address)
    owner = owner_of(key)
    if owner is not None:
        raise Refused("taken")
    aside = confirming.key_beside(owner, key)
    person = Person(email=address, email_key=aside, password_hash=hashed, language=waiting.language, display_name="")
    db.session.add(person)
    db.session.flush()
    audit.note(Event.SIGNED_UP, actor=person.id, subject=person.id)
    confirming.own(person)
    db.session.flush()
    audit.note(Event.CONFIRMED, actor=person.id, subject=person.id)
    return person


def change_password(person: Person, password: str, memory_kib: int, *, keep_token: str) -> None:
    """A new password; every other session ends; the owner is told. Commits; raises Refused where the one before has been
    replaced meanwhile."""
    old = person.password_hash
    finish_reading()
    hashed = passwords.hash_password(password, memory_kib, like=old)
    with atomic():
        person = _still(person, old)
        _renew_password(person, hashed, keep_token=keep_token)


def _renew_password(person: Person, hashed: str, *, keep_token: str = "") -> None:
    """With the old password goes everything that was begun with it: other sessions, secret addresses, links in
    mails, a change of address."""
    person.password_hash = hashed
    person.password_round += 1
    db.session.flush()
    sessions.end_all(person.id, except_token=keep_token)
    hooks.end_along(person.id)
    onetime.spoil(person.id)
    audit.note(Event.PASSWORD_CHANGED, actor=person.id, subject=person.id)
    notices.PasswordChanged.send(person.id, subject_key=secrets.token_hex(8))


def change_email(person: Person, email: str, source: str = "") -> None:
    """Ask the new address to confirm, tell the old one; a taken one gets the mail for taken ones. Commits; raises NoAddress,
    Refused("same"), TooMany."""
    if person.confirmed_at is None:
        confirming.correct_email(person, email, source)
        return
    email, key = reachable(email), fold(email)
    if key == fold(person.email):
        raise Refused("same")
    limits.hit("mail", f"change:{person.id}")
    with atomic():
        audit.note(Event.EMAIL_CHANGE_ASKED, actor=person.id, subject=person.id)
        person.email_wish, person.email_wished_at = email, clock.now()  # free or taken: the page says the same
        owner = owner_of(key)
        confirming.tell_owner(owner if owner is not None and owner.id != person.id else None, person.id, email)
        notices.EmailChanging.send(person.id, subject_key=secrets.token_hex(8), payload={"to": person.email})
        confirming.send_confirm(person, email, source, to=email)
