"""Six digits from an app (RFC 6238): the seed is sealed, one step of the clock before and after now counts, and no step
counts twice, so digits somebody looked over a shoulder for are worth nothing.
"""

from __future__ import annotations

from datetime import datetime

import pyotp

from neighbour.accounts.models import Authenticator
from neighbour.core import clock, tokens
from neighbour.core.crypto import open_for, same, seal_for, sealed_in
from neighbour.core.db import db

DIGITS, STEP_SECONDS, DRIFT = 6, 30, 1
SET_UP_SECONDS = 3600
_SET_UP = tokens.kind("totp-set-up", "sets up the app whose picture was shown to this person")


def new_seed() -> str:
    """A seed of 160 bits in base32, as apps take it."""
    return pyotp.random_base32()


def carry(public_id: str, seed: str) -> str:
    """The seed of an app that is being set up, signed, for the form that asks for its first digits. The page shows it
    anyway; signed it is ours and this person's."""
    return tokens.sign(_SET_UP, [public_id, seed])


def carried(public_id: str, token: str) -> str | None:
    """The seed that ``carry`` gave this person within the last hour."""
    try:
        whose, seed = tokens.read(_SET_UP, token, SET_UP_SECONDS)
    except (tokens.BadToken, ValueError):
        return None
    return str(seed) if whose == public_id else None


def address(seed: str, *, account: str, issuer: str) -> str:
    """The ``otpauth:`` address that apps read from the picture."""
    return pyotp.TOTP(seed).provisioning_uri(name=account, issuer_name=issuer)


def install(person_id: int, seed: str, code: str) -> bool:
    """Keep the seed if the digits are its; they are used up with that. Inside atomic(), with the person held."""
    step = _step_of(seed, code, after=0)
    if step is None:
        return False
    row = db.session.get(Authenticator, person_id, populate_existing=True) or Authenticator(person_id=person_id)
    row.sealed, row.last_step = seal_for("totp", seed.encode(), _whose(person_id)), step
    row.created_at, row.used_at = clock.now(), None
    db.session.add(row)
    db.session.flush()
    return True


def accept(person_id: int, code: str) -> datetime | None:
    """Since when the app is there that shows these digits now; None if they are not its, or were used. They are from now
    on. Inside atomic(); of two at the same time one waits for the other."""
    row = db.session.get(Authenticator, person_id, with_for_update=True, populate_existing=True)
    if row is None:
        return None
    step = _step_of(_seed(row), code, after=row.last_step)
    if step is None:
        return None
    row.last_step, row.used_at = step, clock.now()
    db.session.flush()
    return row.created_at


def _seed(row: Authenticator) -> str:
    """The only place that opens a seed."""
    return open_for("totp", row.sealed, _whose(row.person_id)).decode()


def _step_of(seed: str, code: str, *, after: int) -> int | None:
    """The step near now, later than ``after``, whose digits these are. Every step is compared, whichever fits."""
    now = int(clock.now().timestamp()) // STEP_SECONDS
    made = pyotp.TOTP(seed, digits=DIGITS, interval=STEP_SECONDS)
    near = [
        (step, same(made.generate_otp(step).encode(), code.encode())) for step in range(now - DRIFT, now + DRIFT + 1)
    ]
    return next((step for step, fits in near if fits and step > after), None)


def _whose(person_id: int) -> bytes:
    return f"authenticator:{person_id}".encode()


sealed_in("authenticator", "sealed", "person_id", _whose, purpose="totp")
sealed_in("factor_aside", "sealed", "person_id", _whose, purpose="totp", key="id")
