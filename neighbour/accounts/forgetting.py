"""What accounts forgets, each line for the retention table (``mydata``): all that is older than a moment goes. Each commits
and gives how many."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Delete, delete, func, select, update

from neighbour.accounts.email_changes import quarrelled
from neighbour.accounts.models import Challenge, Dispute, EmailChange, FactorReset, LoginSession, OneTimeToken, Person
from neighbour.accounts.onetime import CONFIRM_FOR
from neighbour.core.db import atomic, db

UNCONFIRMED_FOR, LINKS_KEPT, RESETS_KEPT = timedelta(days=14), timedelta(days=1), timedelta(days=365)


def unconfirmed(before: datetime) -> int:
    """Sign-ups of before that were never confirmed: by a function of the database, because homes and letters are walled."""
    with atomic():
        return int(db.session.scalar(select(func.forget_unconfirmed(before))) or 0)


def sessions(before: datetime) -> int:
    """Sessions that ended by themselves."""
    return _gone(delete(LoginSession).where((LoginSession.expires_at < before) | (LoginSession.ends_at < before)))


def links(before: datetime) -> int:
    """Links and codes sent by mail that worked until then, and the addresses somebody wished for and never confirmed."""
    with atomic():
        old = Person.email_wished_at < before - CONFIRM_FOR
        db.session.execute(update(Person).where(old).values(email_wish=None, email_wished_at=None))
        return _gone(delete(OneTimeToken).where(OneTimeToken.expires_at < before))


def challenges(before: datetime) -> int:
    """Riddles for passkeys that nobody answered."""
    return _gone(delete(Challenge).where(Challenge.expires_at < before))


def left_addresses(before: datetime) -> int:
    """Mail addresses that were left and can no longer be taken back."""
    over = EmailChange.undo_until < before, EmailChange.id.not_in(quarrelled())
    return _gone(delete(EmailChange).where(*over))


def disputes(before: datetime) -> int:
    """Quarrels about accounts that were settled by then."""
    return _gone(delete(Dispute).where(Dispute.ended_at < before))


def factors_aside(before: datetime) -> int:
    """What was put aside when silence gave an account away and nobody has turned round since."""
    with atomic():
        return int(db.session.scalar(select(func.forget_factors_aside(before))) or 0)


def resets(before: datetime) -> int:
    """Second steps taken off, or kept, by then."""
    return _gone(delete(FactorReset).where(FactorReset.ended_at < before))


def _gone(statement: Delete) -> int:
    with atomic():
        return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]
