"""What somebody does not want to hear of: the answers in a thread, a category, what one neighbour pins up.

It is nobody's business but theirs: no row of it is shown to anybody else, and nothing tells the neighbour.

* What is silenced as a category or by its author stands in nothing that is laid before the reader: board, strip of the week,
  lists of events and of the market, map, digest, the calendar of the quarter. What they ask for by name they get: a filter on the
  board or the market that names the category, the search, an address.
* What is an office's (``offices``) is no neighbour's: whoever silences its keeper sees it all the same.
* Nothing tells of what somebody whom they have silenced answers: no mail, nor the list of answers to oneself. Who only ever
  answers is silenced at an answer.
* A thread is silenced for its answers alone: no mail tells of them, nor does the list of answers to oneself. It hangs where it
  hung, and whoever reads it reads every answer in it.
* What is urgent, and what one has pinned up oneself, is always shown.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    column,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from neighbour.accounts.models import Person
from neighbour.contributions.models import URGENT, Comment, Contribution, Mute, State
from neighbour.contributions.service import NotPossible
from neighbour.core import clock
from neighbour.core.columns import Many, new_id
from neighbour.core.crypto import CannotOpen, open_for, seal_for
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __

MOST = 200  # of one person: enough for anybody, and the board asks with all of them
GONE = __("That cannot be undone any more.")


class What(StrEnum):
    """What of a contribution somebody wants to hear no more of."""

    THREAD = "thread"
    CATEGORY = "category"
    AUTHOR = "author"


@dataclass(frozen=True)
class Muted:
    """What one reader wants to see nothing of on board and in mail."""

    authors: frozenset[int] = frozenset()
    categories: frozenset[str] = frozenset()

    def hides(self, author_id: int | None, category: str, *, is_urgent: bool) -> bool:
        """Whether something by this author (None: an office's), of this category, is left out."""
        return not is_urgent and (author_id in self.authors or category in self.categories)


NOTHING = Muted()


_MINE = "(SELECT coalesce(array_agg(m.{0}), '{{}}') FROM mute m WHERE m.person_id = app_person() AND m.{0} IS NOT NULL)::{1}[]"
#: in SQL, of a row r of reach and its contribution c: what the viewer has not silenced. The arrays are made once for a statement.
HEARD = (
    f"(c.author_id = app_person() OR r.category = '{URGENT}' OR (r.category <> ALL ({_MINE.format('category', 'text')})"
    f" AND (c.is_office OR c.author_id <> ALL ({_MINE.format('author_id', 'bigint')}))))"
)


def silenced(person: str, thing: str) -> ColumnElement[Any]:
    """What a person (the parameter of this name) has silenced, ``author_id`` or ``category``, as an array that a statement makes
    once; empty for most."""
    wanted = Mute.__table__.c[thing]
    mine = select(func.array_agg(wanted)).where(Mute.__table__.c.person_id == bindparam(person), wanted.is_not(None))
    of = "bigint" if thing == "author_id" else "text"
    return func.coalesce(mine.scalar_subquery(), literal_column(f"'{{}}'::{of}[]"))


def mute(person_id: int, contribution: Contribution, what: What) -> uuid.UUID:
    """Hear no more of this; gives the id under which it can be taken back, the same one the second time. Inside atomic().

    Raises NotPossible for what is urgent, for oneself, for somebody who has moved away, for whoever keeps what is an office's,
    and beyond MOST.
    """
    if what is What.CATEGORY and contribution.category == URGENT:
        raise NotPossible(__("What is urgent is shown to everybody."))
    is_nobodys = contribution.is_left or contribution.is_office
    if what is What.AUTHOR and (contribution.author_id == person_id or is_nobodys):
        raise NotPossible(__("That is not possible here."))
    things: dict[What, tuple[Any, Any]] = {
        What.THREAD: (Mute.contribution_id, contribution.id),
        What.CATEGORY: (Mute.category, contribution.category),
        What.AUTHOR: (Mute.author_id, contribution.author_id),
    }
    return _silence(person_id, *things[what])


def mute_writer(person_id: int, answer: Comment) -> uuid.UUID:
    """As ``mute`` for whoever wrote an answer. Raises NotPossible for oneself, for somebody who has moved
    away, and beyond MOST."""
    if answer.author_id == person_id or answer.is_left or answer.state != State.PUBLISHED:
        raise NotPossible(__("That is not possible here."))
    return _silence(person_id, Mute.author_id, answer.author_id)


def _silence(person_id: int, thing: Any, value: Any) -> uuid.UUID:
    same = select(Mute.id).where(Mute.person_id == person_id, thing == value)
    there = db.session.scalar(same)
    if there is None:
        _has_room(person_id)
    row = insert(Mute).values(id=new_id(), person_id=person_id, created_at=clock.now(), **{thing.key: value})
    db.session.execute(row.on_conflict_do_nothing())
    return there or db.session.scalars(same).one()


def unmute(person_id: int, mute_id: uuid.UUID) -> str:
    """Hear of it again; gives what ``mute_again`` takes, sealed: whoever opens a browser's cookie reads no name in it. What is
    not this person's, or gone already, stays as it is and gives nothing. Inside atomic()."""
    of = Mute
    mine = delete(of).where(of.id == mute_id, of.person_id == person_id)
    row = db.session.execute(mine.returning(of.contribution_id, of.category, of.author_id, of.created_at)).one_or_none()
    if row is None:
        return ""
    thread, category, author, at = row
    plain = json.dumps([str(thread) if thread else None, category, author, at.isoformat()])
    return base64.urlsafe_b64encode(seal_for("silence", plain.encode(), _whose(person_id, mute_id))).decode()


def mute_again(person_id: int, mute_id: uuid.UUID, sealed: str) -> None:
    """Silence what ``unmute`` let speak again, as it was before. Inside atomic().

    Raises NotPossible for what cannot be read any more, for what is gone since, and beyond MOST.
    """
    try:
        plain = open_for("silence", base64.urlsafe_b64decode(sealed), _whose(person_id, mute_id))
    except (CannotOpen, ValueError) as error:
        raise NotPossible(GONE) from error
    thread, category, author, at = json.loads(plain)
    key = uuid.UUID(thread) if thread else None
    is_there = Person.id == author if author else Contribution.id == key
    if category is None and not db.session.scalar(select(exists().where(is_there))):
        raise NotPossible(GONE)
    _has_room(person_id)
    row = insert(Mute).values(
        id=mute_id, person_id=person_id, contribution_id=key, category=category, author_id=author,
        created_at=datetime.fromisoformat(at),
    )  # fmt: skip
    db.session.execute(row.on_conflict_do_nothing())


def _whose(person_id: int, mute_id: uuid.UUID) -> bytes:
    return f"silence:{person_id}:{mute_id}".encode()


def _has_room(person_id: int) -> None:
    if (db.session.scalar(select(func.count()).where(Mute.person_id == person_id)) or 0) >= MOST:
        raise NotPossible(__("You have silenced a great deal already. Take something back first."))


def all_of(person_id: int) -> list[Mute]:
    """Everything this person has silenced, the newest first."""
    return list(
        db.session.scalars(
            select(Mute).where(Mute.person_id == person_id).order_by(Mute.created_at.desc(), Mute.id.desc())
        )
    )


def is_silent(person_id: int, answer: Comment) -> bool:
    """Whether this person wants no mail about this answer: about its thread, or about whoever wrote it."""
    silenced_it = or_(Mute.contribution_id == answer.contribution_id, Mute.author_id == answer.author_id)
    return bool(db.session.scalar(select(exists().where(Mute.person_id == person_id, silenced_it))))


_MUTED = func.mutes_of(bindparam("people", type_=Many(BigInteger))).table_valued(
    column("person_id", BigInteger), column("authors", ARRAY(BigInteger)), column("categories", ARRAY(Text))
)


def of_readers(people: Iterable[int]) -> dict[int, Muted]:
    """What these readers of an issue want to see nothing of; whoever silenced nothing is not in it. Their rows are walled,
    so a function of the database tells."""
    rows = db.session.execute(select(_MUTED), {"people": people})
    return {row.person_id: Muted(frozenset(row.authors), frozenset(row.categories)) for row in rows}
