"""Calendars that somebody follows with a program of their own: secret addresses, made, found and ended.

Of an address the table keeps a fingerprint only, so it is shown once, when it is made. It opens nothing any more from the moment
it is made anew or ended, its owner moves away (migration 0043), is suspended or leaves, sets a new password or ends all sessions
(``accounts.hooks``); and nothing as long as two mailboxes quarrel about the account (migration 0096).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, text

from neighbour.core import clock, tokens
from neighbour.core.db import db
from neighbour.core.limits import Rate
from neighbour.core.scope import Viewer
from neighbour.events.models import CalendarFeed, FeedKind

TOKEN = tokens.kind("calendar", "shows what one person's calendar holds, as long as they live there")
FETCHING = Rate(60, 3600)  # of one address; programs ask every hour or more seldom
_OWNER = text("SELECT id, person_id, kind, language, quarters, made_at FROM calendar_feed_of(:token)")


@dataclass(frozen=True)
class Follower:
    """Whose calendar an address is, which, in what language, and since when."""

    id: uuid.UUID
    person_id: int
    kind: FeedKind
    language: str
    quarters: tuple[int, ...]
    made_at: datetime

    @property
    def eyes(self) -> Viewer:
        """The eyes of its owner, as they are today."""
        return Viewer(self.person_id, self.quarters)


def make(person_id: int, kind: FeedKind) -> str:
    """A new secret for one's calendar of this kind; the one before opens nothing any more. Inside atomic()."""
    token = tokens.random_token()
    end(person_id, kind)
    made = CalendarFeed(person_id=person_id, kind=kind, token_hash=tokens.hash_token(token), made_at=clock.now())
    db.session.add(made)
    db.session.flush()
    return token


def end(person_id: int, kind: FeedKind) -> None:
    """No address shows one's calendar of this kind any more. Inside atomic()."""
    mine = CalendarFeed.person_id == person_id, CalendarFeed.kind == kind
    db.session.execute(delete(CalendarFeed).where(*mine))


def end_all(person_id: int, key: str = "") -> None:
    """Nothing shows this person's calendars any more, through whatever eyes: whoever takes an account back by a link in a mail
    has none yet. ``key``: only the one of that kind ends, through that person's. Inside atomic()."""
    if key:
        end(person_id, FeedKind(key))
    else:
        db.session.execute(select(func.end_calendars(person_id)))


def of_person(person_id: int) -> dict[FeedKind, CalendarFeed]:
    """The calendars a person has an address for."""
    rows = db.session.scalars(select(CalendarFeed).where(CalendarFeed.person_id == person_id))
    return {FeedKind(row.kind): row for row in rows}


def find(token: str) -> Follower | None:
    """Whose this secret is; None for one that opens nothing, whyever."""
    row = db.session.execute(_OWNER, {"token": tokens.hash_token(token)}).first()
    if row is None:
        return None
    return Follower(row.id, row.person_id, FeedKind(row.kind), row.language, tuple(row.quarters), row.made_at)
