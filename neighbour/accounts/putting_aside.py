"""Factors put aside: what an account had to sign in with at the moment silence gave it to the older mailbox (``disputes``).

Silence takes off what came since the address was changed, and whoever has the account from then on may take off the rest.
If the operator turns that round, the newer mailbox has its ways to sign in again as they were at that moment. Until then they
lie where the application's role can neither read nor use them; functions of the database carry them there and back.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from neighbour.core import clock
from neighbour.core.db import db

ASIDE_FOR = timedelta(days=30)  # as long as the operator can turn round what silence decided


def put_aside(dispute_id: int) -> None:
    """Keep every factor the quarrelled account has now, before any is taken off. Inside atomic(), with the person held."""
    db.session.flush()
    db.session.execute(select(func.put_factors_aside(dispute_id, clock.now())))


def give_back(dispute_id: int) -> bool:
    """The factors of that moment are the account's again, but for those it still has; whether there were any. What came since
    is taken off before (``taking_back.hand_to``). Inside atomic(), with the person held."""
    db.session.flush()
    return bool(db.session.scalar(select(func.give_factors_back(dispute_id))))


def drop_aside(person_id: int) -> None:
    """Nothing that was put aside of this account comes back any more. Inside atomic()."""
    db.session.execute(select(func.drop_factors_aside(person_id)))


def is_aside(credential_id: bytes) -> bool:
    """Whether a passkey of this number lies aside: it is nobody else's meanwhile."""
    return bool(db.session.scalar(select(func.passkey_is_aside(credential_id))))
