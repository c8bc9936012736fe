"""Signed-in sessions: opening, recognising, ending.

The cookie carries a random token, the table its hash. One statement recognises a session and tells who it is
and where they live (``app_identity`` in the database), so a page begins with a single query.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, text

from neighbour.accounts.locks import hold
from neighbour.accounts.models import LoginSession
from neighbour.core import audit, clock, scope, tokens
from neighbour.core.asking import Asked
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.policy import Identity, Level, Role, Seat

# Kept on a device of one's own: over after 14 days without a visit, and after 90 in any case, so that a cookie that got
# into wrong hands does not work for ever. Without "keep me signed in" a day is enough.
IDLE_KEPT, ABSOLUTE_KEPT = timedelta(days=14), timedelta(days=90)
IDLE, ABSOLUTE = timedelta(hours=12), timedelta(hours=24)
SESSION = tokens.kind("session", "the pages of one person, inside the signed cookie")
SEEN_EVERY = timedelta(hours=1)  # how often a read may write "seen": once an hour

# The rights of staff end sooner than their session (ASVS 5.0 V7.3.1, V7.3.2): half an hour after they last did anything,
# and twelve hours after they showed their second factor. They go on as residents and show it again.
STAFF_IDLE, STAFF_ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)
ACTIVE_EVERY = timedelta(minutes=1)

# The same way to the database opens the person's eyes for the transaction (see ``scope``): a page saves a statement.
_IDENTITY = Asked(
    text(
        "SELECT i.person_id, i.public_id, i.display_name, i.language, i.is_confirmed, i.is_operator, i.status,"
        " i.signup_step, i.seen_at, i.fresh_at, i.strong_at, i.active_at, i.seats,"
        " concat_ws('|', set_config('app.person', i.person_id::text, true),"
        "  set_config('app.quarters', w.quarters, true), set_config('app.public', '1', true)) AS opened"
        " FROM app_identity(:token, :at) i, LATERAL"
        " (SELECT '{' || coalesce(string_agg(split_part(seat, ':', 1), ',' ORDER BY n), '') || '}' AS quarters"
        "  FROM unnest(string_to_array(i.seats, ' ')) WITH ORDINALITY s (seat, n)"
        "  WHERE split_part(seat, ':', 2) = ANY (:reading)) w"
    )
)
_READING = [level.value for level in Level if level.reads_board]


class _Row(NamedTuple):
    """What ``_IDENTITY`` answers."""

    person_id: int
    public_id: str
    display_name: str
    language: str
    is_confirmed: bool
    is_operator: bool
    status: str
    signup_step: str
    seen_at: datetime
    fresh_at: datetime | None
    strong_at: datetime | None
    active_at: datetime | None
    seats: str
    opened: str


class Over(LookupError):
    """This session has ended, or goes on under another token, since the request began: sent twice, or ended elsewhere."""


class Recognised(NamedTuple):
    """Whose session it is, whether its being used has to be noted, and whether the transaction looks through their eyes
    already."""

    who: Identity
    is_to_note: bool
    is_open: bool


def open_session(person_id: int, *, is_kept: bool, device: str, is_strong: bool = False) -> str:
    """Begin a session for ``person_id``, who has just shown that it is them, with a second factor if ``is_strong``; returns
    its token for the cookie. Inside atomic(), with the person held since before what was shown was looked at last."""
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
            fresh_at=now,
            strong_at=now if is_strong else None,
            active_at=now if is_strong else None,
        )
    )
    return token


def show_again(token: str, *, is_strong: bool) -> str:
    """The holder of a session has shown once more that it is them. A second factor makes it a session with another token,
    which is given back (ASVS 5.0 V7.2.4). Inside atomic(); raises Over."""
    now = clock.now()
    row = db.session.get(LoginSession, tokens.hash_token(token), with_for_update=True, populate_existing=True)
    if row is None:
        raise Over
    row.fresh_at = now
    if is_strong:
        token = tokens.random_token()
        row.token_hash, row.strong_at, row.active_at = tokens.hash_token(token), now, now
    db.session.flush()
    return token


def recognise(token: str) -> Recognised | None:
    """Who holds this session; None when it is unknown, over, or the person is gone.

    The transaction's settings are theirs afterwards, so ``scope.enter`` has to follow (``eyes`` makes the viewer).
    """
    values = {"token": tokens.hash_token(token), "at": clock.now(), "reading": _READING}
    rows = _IDENTITY.rows(values)
    if not rows:
        return None
    row = _Row._make(rows[0])
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
        has_strong_session=_is_strong(row),
        fresh_at=row.fresh_at,
    )
    return Recognised(who, _is_to_note(row, who), row.opened == "|".join(eyes(who).settings().values()))


def _is_strong(row: _Row) -> bool:
    """Whether a second factor was shown, and staff may still use their rights with it."""
    if row.strong_at is None or row.active_at is None:
        return False
    now = clock.now()
    return now - row.strong_at < STAFF_ABSOLUTE and now - row.active_at < STAFF_IDLE


def _is_to_note(row: _Row, who: Identity) -> bool:
    now = clock.now()
    is_working = who.is_staff and who.has_strong_session and row.active_at is not None
    return now - row.seen_at > SEEN_EVERY or (is_working and now - row.active_at >= ACTIVE_EVERY)  # type: ignore[operator]


def eyes(who: Identity) -> scope.Viewer:
    """The eyes of a person: their own, and what the boards of their quarters show."""
    return scope.Viewer(who.person_id, who.quarters)


def seen(token: str) -> None:
    """Move the idle limits on; called at most once an hour, once a minute for staff who use their rights."""
    now = clock.now()
    with atomic():
        row = db.session.get(LoginSession, tokens.hash_token(token))
        if row is not None:
            row.seen_at = now
            if row.active_at is not None and now - row.active_at < STAFF_IDLE:
                row.active_at = now
            row.expires_at = min(row.ends_at, now + (IDLE_KEPT if row.is_kept else IDLE))


def end(token: str) -> None:
    """End one session. Inside atomic()."""
    mine = delete(LoginSession).where(LoginSession.token_hash == tokens.hash_token(token))
    person_id = db.session.scalar(mine.returning(LoginSession.person_id))
    if person_id is not None:
        audit.note(Event.SIGNED_OUT, actor=person_id, subject=person_id)


def end_all(person_id: int, *, except_token: str = "") -> None:
    """End all sessions of a person, but the one named. Inside atomic(); the person is held, so that none is being opened
    that this would not see."""
    hold(person_id)
    kept = tokens.hash_token(except_token)
    others = LoginSession.person_id == person_id, LoginSession.token_hash != kept
    if db.session.scalars(delete(LoginSession).where(*others).returning(LoginSession.device)).all():
        audit.note(Event.SESSION_ENDED, subject=person_id)


def end_elsewhere(person_id: int, token_hash: bytes) -> None:
    """End one session of a person, as the list of their devices names it. Inside atomic()."""
    mine = LoginSession.person_id == person_id, LoginSession.token_hash == token_hash
    if db.session.scalars(delete(LoginSession).where(*mine).returning(LoginSession.device)).all():
        audit.note(Event.SESSION_ENDED, subject=person_id)


def _seat(packed: str) -> Seat:
    quarter_id, level, role = packed.split(":")
    return Seat(int(quarter_id), Level(level), Role(role))
