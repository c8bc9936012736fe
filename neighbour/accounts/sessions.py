"""Signed-in sessions: opening, recognising, ending.

The cookie carries a random token, the table its hash. One statement recognises a session and tells who it is
and where they live (``app_identity`` in the database), so a page begins with a single query.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, text

from neighbour.accounts.models import LoginSession
from neighbour.core import clock, tokens
from neighbour.core.db import atomic, db
from neighbour.policy import Identity, Level, Role, Seat

# trust.md a1 row 46: idle 14 days, absolute 90 days; without "keep me signed in" a day is enough.
IDLE_KEPT, ABSOLUTE_KEPT = timedelta(days=14), timedelta(days=90)
IDLE, ABSOLUTE = timedelta(hours=12), timedelta(hours=24)
SEEN_EVERY = timedelta(hours=1)  # how often a read may write "seen": once an hour

_IDENTITY = text("SELECT * FROM app_identity(:token, :at)")


def open_session(person_id: int, *, is_kept: bool, device: str) -> str:
    """Begin a session for ``person_id``; returns its token for the cookie. Inside atomic()."""
    token, now = tokens.random_token(), clock.now()
    idle, absolute = (IDLE_KEPT, ABSOLUTE_KEPT) if is_kept else (IDLE, ABSOLUTE)
    db.session.add(
        LoginSession(
            token_hash=tokens.hash_token(token),
            person_id=person_id,
            created_at=now,
            seen_at=now,
            expires_at=now + idle,
            ends_at=now + absolute,
            is_kept=is_kept,
            device=device[:120],
        )
    )
    return token


def recognise(token: str) -> tuple[Identity, datetime] | None:
    """Who holds this session and when it was last seen; None when it is unknown, over, or the person is gone."""
    row = db.session.execute(_IDENTITY, {"token": tokens.hash_token(token), "at": clock.now()}).one_or_none()
    if row is None:
        return None
    who = Identity(
        person_id=row.person_id,
        public_id=row.public_id,
        display_name=row.display_name,
        language=row.language,
        is_confirmed=row.is_confirmed,
        is_operator=row.is_operator,
        is_suspended=row.status == "suspended",
        signup_step=row.signup_step,
        seats=tuple(_seat(each) for each in row.seats.split()),
        session_token=token,
    )
    return who, row.seen_at


def seen(token: str) -> None:
    """Move the idle limit on; called at most once an hour."""
    now = clock.now()
    with atomic():
        row = db.session.get(LoginSession, tokens.hash_token(token))
        if row is not None:
            row.seen_at = now
            row.expires_at = min(row.ends_at, now + (IDLE_KEPT if row.is_kept else IDLE))


def end(token: str) -> None:
    """End one session. Inside atomic()."""
    db.session.execute(delete(LoginSession).where(LoginSession.token_hash == tokens.hash_token(token)))


def end_all(person_id: int, *, except_token: str = "") -> None:
    """End all sessions of a person, but the one named. Inside atomic()."""
    kept = tokens.hash_token(except_token)
    db.session.execute(delete(LoginSession).where(LoginSession.person_id == person_id, LoginSession.token_hash != kept))


def purge() -> int:
    """Forget sessions that are over; returns how many."""
    now = clock.now()
    with atomic():
        gone = db.session.execute(
            delete(LoginSession).where((LoginSession.expires_at < now) | (LoginSession.ends_at < now))
        )
        return int(gone.rowcount)  # type: ignore[attr-defined]


def _seat(packed: str) -> Seat:
    quarter_id, level, role = packed.split(":")
    return Seat(int(quarter_id), Level(level), Role(role))
