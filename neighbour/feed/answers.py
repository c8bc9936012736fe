"""Answers to one person, newest first: under what they pinned up, to what they answered, and where they are named.

An answer is theirs if somebody else wrote it in a thread they take part in, and the slip is theirs, or it replies to one of their
answers or came after one in the same row of replies, or it calls them by their first name. Threads and neighbours they have
silenced are left out, as they are in mails (``contributions.notices``).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert

from neighbour.accounts.appearance import NOBODY, Byline
from neighbour.contributions.cards import authors, url_of
from neighbour.contributions.readers import Reader
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.text import excerpt
from neighbour.core.tokens import to_uid
from neighbour.feed.models import AnswerMark

PAGE = 20
QUOTED = 320  # characters; the rest is in the thread
SHORTEST_NAME = 3
NEWEST = uuid.UUID(int=(1 << 128) - 1)
NO_NAME = "(?!)"  # matches nothing

_ANSWERS = text("""
WITH mine AS (
  SELECT m.id, m.contribution_id, coalesce(m.parent_id, m.id) AS root FROM comment m
  WHERE m.author_id = :me AND m.state = 'published'
), threads AS (
  SELECT c.id FROM contribution c WHERE c.author_id = :me AND c.state = 'published'
  UNION SELECT contribution_id FROM mine
)
SELECT a.id, a.contribution_id, a.author_id, a.body_html, a.created_at, a.is_left, c.title, c.audience,
       CASE WHEN c.author_id = :me THEN 'slip' WHEN r.is_reply THEN 'reply' ELSE 'name' END AS why
FROM threads t JOIN comment a ON a.contribution_id = t.id JOIN contribution c ON c.id = t.id,
     LATERAL (SELECT EXISTS (SELECT FROM mine m WHERE m.contribution_id = t.id AND m.root = a.parent_id AND m.id < a.id)
              AS is_reply) r
WHERE a.author_id <> :me AND a.state = 'published' AND c.state = 'published' AND a.id < :before
  AND NOT EXISTS (SELECT FROM mute s WHERE s.person_id = :me AND s.contribution_id = t.id)
  AND NOT EXISTS (SELECT FROM mute s WHERE s.person_id = :me AND s.author_id = a.author_id)
  AND (c.author_id = :me OR r.is_reply OR a.body_md ~* :name)
ORDER BY a.id DESC LIMIT :most
""")


class Why(StrEnum):
    """What makes an answer theirs."""

    SLIP = "slip"
    REPLY = "reply"
    NAME = "name"


@dataclass(frozen=True)
class Answer:
    """One answer as the page shows it."""

    id: uuid.UUID
    by: Byline
    title: str
    words: str
    created_at: datetime
    why: Why
    url: str
    is_new: bool


@dataclass(frozen=True)
class Page:
    """A page of them; ``older``: the one after which it goes on (None: the end)."""

    answers: tuple[Answer, ...]
    older: uuid.UUID | None

    @property
    def newest(self) -> uuid.UUID | None:
        """The newest of this page, if anything on it is new."""
        return self.answers[0].id if any(each.is_new for each in self.answers) else None


def page(person_id: int, name: str, reader: Reader, *, before: uuid.UUID | None = None, most: int = PAGE) -> Page:
    """Answers to this person, who is called ``name`` and reads as ``reader``, older than ``before``. Through their own eyes."""
    values = {"me": person_id, "name": _called(name), "before": before or NEWEST, "most": most + 1}
    rows = db.session.execute(_ANSWERS, values).all()
    mark = db.session.get(AnswerMark, person_id, populate_existing=True)
    people = _people(rows[:most], reader)
    shown = tuple(
        Answer(
            id=row.id,
            by=NOBODY if row.is_left else people.get((row.audience, row.author_id), NOBODY),
            title=row.title,
            words=excerpt(row.body_html, QUOTED),
            created_at=row.created_at,
            why=Why(row.why),
            url=f"{url_of(row.contribution_id)}#r-{to_uid(row.id)}",
            is_new=mark is None or row.id > mark.seen_up_to,
        )
        for row in rows[:most]
    )
    return Page(shown, shown[-1].id if len(rows) > most else None)


def mark_read(person_id: int, newest: uuid.UUID) -> None:
    """Everything up to ``newest`` has been read; the mark never moves back. Inside atomic()."""
    row = insert(AnswerMark).values(person_id=person_id, seen_up_to=newest, moved_at=clock.now())
    moved = row.on_conflict_do_update(
        index_elements=["person_id"],
        set_={"seen_up_to": row.excluded.seen_up_to, "moved_at": row.excluded.moved_at},
        where=AnswerMark.seen_up_to < row.excluded.seen_up_to,
    )
    db.session.execute(moved)


def _called(name: str) -> str:
    """The first name as a whole word, as PostgreSQL's expressions put it (documentation, 9.7.3)."""
    first = (re.findall(r"\w+", name) or [""])[0]
    return rf"\m{first}\M" if len(first) >= SHORTEST_NAME else NO_NAME


def _people(rows: Iterable[Row[Any]], reader: Reader) -> dict[tuple[str, int], Byline]:
    """Who wrote these, by the reach of the thread: it says how far away the reader may be."""
    writers: dict[str, set[int]] = {}
    for row in rows:
        writers.setdefault(row.audience, set()).add(row.author_id)
    return {
        (audience, number): by
        for audience, numbers in writers.items()
        for number, by in authors(numbers, reader, audience).items()
    }
