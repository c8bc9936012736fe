"""Coming in: what follows the right password, and the ways of those who need none.

An account with a second factor gives no session for a password, a link in a mail or a new address; it gives ten minutes
and five tries for the second step. Wrong answers there are counted per account, apart for devices it knows, like wrong
passwords: whoever has stolen a password cannot keep the owner out by guessing digits.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from neighbour.accounts import care, factors, notices, onetime, passkeys, sessions
from neighbour.accounts.email_changes import is_closed
from neighbour.accounts.locks import hold
from neighbour.accounts.models import Person, Status
from neighbour.accounts.onetime import Refused
from neighbour.core import audit, clock, limits, tokens
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db

SECOND = tokens.kind("second_step", "the second step of one sign-in, after the password")

limits.register("second_step", limits.Rate(5, 3600, parts=6))  # wrong digits and codes per account


@dataclass(frozen=True)
class Browser:
    """Where somebody comes in from. ``source``: what guesses are counted by, the mark of a device the account knows or the
    address of the network; ``block``: the wider piece of the network; ``marks``: what it carries of an account, by the
    password the account had then."""

    device: str
    source: str
    block: str = ""
    is_known: bool = False
    is_kept: bool = False
    marks: tuple[tuple[int, str], ...] = ()

    def before(self, person: Person | None) -> Browser:
        """This browser as the account knows it: a mark from before the password it has now says nothing any more."""
        now = person.password_round if person is not None else 0
        mine = next((mark for of, mark in self.marks if of == now), "")
        return replace(self, source=mine or self.source, is_known=bool(mine))


@dataclass(frozen=True)
class Entry:
    """A session, or the token of the second step that is still to come."""

    person_id: int
    token: str
    is_complete: bool


def admit(person: Person, browser: Browser) -> Entry:
    """The right password was typed. Inside atomic(), with the person held; raises Refused("closed")."""
    _demand_open(person.id)
    if factors.has_any(person.id):
        token = onetime.mint(person.id, SECOND, "", onetime.SECOND_STEP_FOR)
        return Entry(person.id, token, is_complete=False)
    return _opened(person, browser)


def who_waits(token: str) -> int | None:
    """Whose second step this is, if it still works."""
    row = onetime.peek(token, SECOND)
    return row.person_id if row is not None else None


def second_step(token: str, browser: Browser, *, code: str = "", answer: str = "") -> Entry:
    """The second step: digits of the app, a recovery code, or the ``answer`` of a passkey. Commits; raises Refused
    ("over": begin again; "passkey"; "wrong") and TooMany."""
    person_id = who_waits(token)
    if person_id is None:
        raise Refused("over")
    counter = f"{person_id}:known:{browser.source}" if browser.is_known else f"{person_id}:strange"
    limits.hit("second_step", counter)
    shown = None
    try:
        if answer:
            shown = passkeys.check(answer, holder=token, purpose=passkeys.SECOND, person_id=person_id)
        entry = _finish(token, person_id, browser, code, shown)
    except Refused as error:
        if error.why == "closed":
            raise
        with atomic():
            onetime.wrong(token, SECOND)
            audit.note(Event.FACTOR_REFUSED, subject=person_id, result="refused")
        raise
    limits.take_back("second_step", counter)
    return entry


def _finish(token: str, person_id: int, browser: Browser, code: str, shown: passkeys.Shown | None) -> Entry:
    with factors.eyes_of(person_id), atomic():
        onetime.redeem(token, SECOND)
        since = since_shown(person_id, code, shown)
        return _opened(db.session.get_one(Person, person_id, populate_existing=True), browser, since)


def since_shown(person_id: int, code: str, shown: passkeys.Shown | None, **told: factors.Change) -> datetime:
    """Since when the factor is there that was shown: the passkey, or what was typed. Inside atomic(), with the eyes of the
    person, who is held; raises Refused."""
    if shown is not None and not passkeys.is_there(shown):
        raise Refused("passkey")
    since = shown.since if shown is not None else factors.accept_code(person_id, code, **told)
    if since is None:
        raise Refused("wrong")
    return since


def by_passkey(answer: str, *, holder: str, browser_for: Callable[[str], Browser]) -> tuple[Entry, Browser]:
    """Come in with a passkey and nothing else. The session is kept where the passkey belongs to the device itself, not
    where a phone was held to somebody else's screen. ``browser_for``: this browser, with its marks for an address.

    Gives the entry, and the browser as it was taken. Commits; raises Refused.
    """
    try:
        shown = passkeys.check(answer, holder=holder, purpose=passkeys.SIGN_IN)
    except Refused:
        audit.note(Event.FACTOR_REFUSED, result="refused")
        raise
    with factors.eyes_of(shown.person_id), atomic():
        hold(shown.person_id)
        since = since_shown(shown.person_id, "", shown)
        person = db.session.get_one(Person, shown.person_id, populate_existing=True)
        if person.status == Status.ERASED:
            raise Refused("passkey")
        browser = replace(browser_for(person.email).before(person), is_kept=passkeys.is_of_this_device(answer))
        return _opened(person, browser, since), browser


def show_again(person: Person, token: str, *, code: str = "", answer: str = "") -> str:
    """Show once more that it is oneself, with a second factor; gives the session's new token. Commits; raises Refused,
    TooMany, ``sessions.Over``."""
    counter = f"again:{person.id}"
    limits.hit("second_step", counter)
    shown = None
    try:
        if answer:
            shown = passkeys.check(answer, holder=token, purpose=passkeys.AGAIN, person_id=person.id)
        with factors.eyes_of(person.id), atomic():
            hold(person.id)
            care.stop_waiting(person.id, since_shown(person.id, code, shown, told=factors.Change.CODE_SHOWN))
            new = sessions.show_again(token, is_strong=True)
            audit.note(Event.REAUTHENTICATED, actor=person.id, subject=person.id, about="factor")
    except Refused:
        audit.note(Event.REAUTHENTICATION_REFUSED, subject=person.id, about="factor", result="refused")
        raise
    limits.take_back("second_step", counter)
    return new


def _demand_open(person_id: int) -> None:
    """Nobody comes in while two mailboxes quarrel about the account; with the person held."""
    if is_closed(person_id):
        raise Refused("closed")


def _opened(person: Person, browser: Browser, since: datetime | None = None) -> Entry:
    """A session, with a factor shown that is there ``since`` then; whoever has this account hears of a device it has not
    seen before."""
    _demand_open(person.id)
    is_strong = since is not None
    if since is not None:
        care.stop_waiting(person.id, since)
    token = sessions.open_session(person.id, is_kept=browser.is_kept, device=browser.device, is_strong=is_strong)
    audit.note(Event.SIGNED_IN, actor=person.id, subject=person.id, about="factor" if is_strong else "password")
    if not browser.is_known:
        told = {"device": browser.device, "at": clock.now().isoformat()}
        notices.NewDevice.send(person.id, subject_key=secrets.token_hex(8), payload=told)
    return Entry(person.id, token, is_complete=True)
