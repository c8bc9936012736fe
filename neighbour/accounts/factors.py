"""Second factors: what a person has, what counts as shown, and what happens when they change.

A passkey (``passkeys``), an app that shows six digits (``totp``), and recovery codes for the day both are gone
(``recovery``). Codes alone are no factor: they stand in for one. All of it lies behind the wall, so whoever asks before
anybody is signed in (the second step) uses the eyes of the person whose password was just shown.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, exists, or_, select

from neighbour.accounts import notices, onetime, recovery, sessions, totp
from neighbour.accounts.locks import hold
from neighbour.accounts.models import Authenticator, Passkey, Person, RecoveryCode
from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db, in_atomic


class Change(StrEnum):
    """What the owner is told."""

    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    APP_ADDED = "app_added"
    APP_REMOVED = "app_removed"
    CODES_MADE = "codes_made"
    CODES_RENEWED = "codes_renewed"
    CODE_USED = "code_used"
    CODE_SHOWN = "code_shown"
    RESET = "reset"


@dataclass(frozen=True)
class Factors:
    """What a person has, passkeys newest first."""

    passkeys: tuple[Passkey, ...]
    authenticator: Authenticator | None
    codes_left: int

    def __bool__(self) -> bool:
        return bool(self.passkeys) or self.authenticator is not None


@contextmanager
def eyes_of(person_id: int) -> Iterator[None]:
    """Look through this person's eyes, who has shown who they are although nobody is signed in yet."""
    now = scope.current()
    if now is not None and now.person_id == person_id:
        yield
        return
    if in_atomic():
        db.session.flush()  # what other eyes have changed is forgotten with them
    with scope.use(scope.Viewer(person_id, sees_public=False)):
        yield


def of(person_id: int) -> Factors:
    """Everything a person has."""
    with eyes_of(person_id):
        mine = select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.id.desc())
        keys = tuple(db.session.scalars(mine))
        return Factors(keys, db.session.get(Authenticator, person_id), recovery.left(person_id))


def has_any(person_id: int) -> bool:
    """Whether signing in takes a second step."""
    kept = or_(
        exists().where(Passkey.person_id == person_id), exists().where(Authenticator.person_id == person_id)
    ).label("has")
    with eyes_of(person_id):
        return bool(db.session.scalar(select(kept)))


def accept_code(person_id: int, code: str, *, told: Change = Change.CODE_USED) -> datetime | None:
    """Since when that is there which was typed: what the app shows now, or a recovery code that was not used yet; None for
    anything else. Either works once. Inside atomic(), with the person's eyes. Six digits are the app's, anything else is off
    the paper; ``told``: what the owner hears of a used code."""
    typed = "".join(code.split())
    if typed.isdecimal() and len(typed) == totp.DIGITS:
        return totp.accept(person_id, typed)
    since = recovery.accept(person_id, typed)
    if since is not None:
        _tell(person_id, told)
    return since


def changed(person_id: int, what: Change, *, token: str, is_shown: bool = False, since: datetime | None = None) -> str:
    """A factor came (``since``: at which moment) or went: every other session ends, the owner is told. Gives the token this
    session has from now on: a new one where the change has shown a factor. Inside atomic(); raises ``sessions.Over``."""
    if is_shown:
        token = sessions.show_again(token, is_strong=True)
    sessions.end_all(person_id, except_token=token)
    onetime.spoil(person_id)
    _tell(person_id, what, since)
    return token


def add_app(person_id: int, seed: str, code: str, *, token: str) -> str | None:
    """Take the app whose digits were typed, instead of the one before; None if the digits are not its. Gives the session's
    new token. Commits."""
    with atomic():
        hold(person_id)
        since = clock.now()
        if not totp.install(person_id, seed, code):
            return None
        return changed(person_id, Change.APP_ADDED, token=token, is_shown=True, since=since)


def remove_app(person_id: int, *, token: str) -> None:
    """The app goes; codes go with the last factor. Commits."""
    with atomic():
        hold(person_id)
        db.session.execute(delete(Authenticator).where(Authenticator.person_id == person_id))
        _drop_idle_codes(person_id)
        changed(person_id, Change.APP_REMOVED, token=token)


def remove_passkey(person_id: int, number: int, *, token: str) -> None:
    """A passkey goes; codes go with the last factor. Commits."""
    with atomic():
        hold(person_id)
        db.session.execute(delete(Passkey).where(Passkey.person_id == person_id, Passkey.id == number))
        _drop_idle_codes(person_id)
        changed(person_id, Change.PASSKEY_REMOVED, token=token)


def renew_codes(person_id: int) -> list[str]:
    """Ten new recovery codes, shown only now; the old ones, if there were any, work no more. Commits."""
    with atomic():
        hold(person_id)
        since = clock.now()
        what = Change.CODES_RENEWED if recovery.left(person_id) else Change.CODES_MADE
        codes = recovery.renew(person_id)
        _tell(person_id, what, since)
    return codes


def name_of_codes(person_id: int) -> str:
    """Names the recovery codes somebody has at present; another name as soon as there are others, "" without any."""
    with eyes_of(person_id):
        return recovery.name_of_set(person_id)


def drop_all(person_id: int) -> None:
    """Take every factor and code off an account. Inside atomic()."""
    with eyes_of(person_id):
        for model in (Passkey, Authenticator, RecoveryCode):
            db.session.execute(delete(model).where(model.person_id == person_id))


def drop_since(person_id: int, moment: datetime) -> None:
    """Take the factors off that were added from this moment on; codes go with the last one. Inside atomic()."""
    with eyes_of(person_id):
        for model in (Passkey, Authenticator, RecoveryCode):
            db.session.execute(delete(model).where(model.person_id == person_id, model.created_at >= moment))
        _drop_idle_codes(person_id)


def _drop_idle_codes(person_id: int) -> None:
    if not has_any(person_id):
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))


EVENTS = {
    Change.PASSKEY_ADDED: Event.FACTOR_ADDED,
    Change.PASSKEY_REMOVED: Event.FACTOR_REMOVED,
    Change.APP_ADDED: Event.FACTOR_ADDED,
    Change.APP_REMOVED: Event.FACTOR_REMOVED,
    Change.CODES_MADE: Event.FACTOR_ADDED,
    Change.CODES_RENEWED: Event.FACTOR_ADDED,
    Change.CODE_USED: Event.RECOVERY_CODE_USED,
    Change.CODE_SHOWN: Event.RECOVERY_CODE_USED,
    Change.RESET: Event.FACTORS_RESET,
}


def _tell(person_id: int, what: Change, since: datetime | None = None) -> None:
    """``since``: the moment to which the owner's mailbox of now can go back (``taking_back``)."""
    audit.note(EVENTS[what], subject=person_id, about=what.value)
    told = {"what": what.value}
    if since is not None:
        email = db.session.scalar(select(Person.email).where(Person.id == person_id))
        told |= {"since": since.isoformat(), "to": email or ""}
    notices.FactorChanged.send(person_id, subject_key=secrets.token_hex(8), payload=told)
