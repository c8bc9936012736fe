"""What somebody looks for again and again, and what the morning's issue has of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Text, Uuid, bindparam, column, delete, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from neighbour.core import clock
from neighbour.core.columns import Many, new_id
from neighbour.core.db import db
from neighbour.quarters.models import Quarter
from neighbour.search import service, words
from neighbour.search.models import SavedSearch
from neighbour.search.service import Tags, Wish
from neighbour.search.words import Way, Word

MOST = 20  # of one person: an issue looks for all of them


class TooManySaved(ValueError):
    """Somebody has saved MOST searches already."""


class NothingToLookFor(ValueError):
    """What was typed has no word that could be looked for."""


class Taken(NamedTuple):
    """A search as it was when it was taken away."""

    id: uuid.UUID
    words: str
    filters: dict[str, Any]
    is_told: bool
    created_at: datetime


def save(person_id: int, wish: Wish, tags: Tags, *, before: Taken | None = None) -> uuid.UUID:
    """Keep a search; gives its id, the same one the second time, when its words are read anew. ``before``: what it was, for one
    that was taken away. Inside atomic().

    Raises NothingToLookFor, and TooManySaved beyond MOST.
    """
    typed = service.understand(wish.words, tags)
    if not typed:
        raise NothingToLookFor(wish.words)
    same = select(SavedSearch.id).filter_by(person_id=person_id, words=wish.words, filters=_filters(wish))
    mine = select(func.count()).select_from(SavedSearch).where(SavedSearch.person_id == person_id)
    if db.session.scalar(same) is None and (db.session.scalar(mine) or 0) >= MOST:
        raise TooManySaved
    ways, told = _ways(wish, service.things_of(typed)), before.is_told if before else True
    key, at = (before.id, before.created_at) if before else (new_id(), clock.now())
    row = insert(SavedSearch).values(
        id=key, person_id=person_id, words=wish.words, filters=_filters(wish), ways=ways, is_told=told, created_at=at
    )
    db.session.execute(row.on_conflict_do_update(constraint="uq_saved_search_once", set_={"ways": ways}))
    return db.session.scalars(same).one()


def _ways(wish: Wish, things: list[Word]) -> dict[str, Any]:
    """How these words may stand in what is new: ``words`` in all of it, ``guessed`` in its title; ``spelled``: the words
    themselves, for what was mistyped is told by what is there on the day (``wishes``)."""
    service.be_generous(things)
    sorted_out = [words.told(word) for word in things]
    for word, (sure, _guessed) in zip(things, sorted_out, strict=True):
        word.ways = sure
    guessed = [ways for _sure, ways in sorted_out]
    return {**service.ways(wish, things), "guessed": guessed, "spelled": [word.plain for word in things]}


def all_of(person_id: int) -> list[SavedSearch]:
    """Everything this person has saved, the newest first."""
    mine = select(SavedSearch).where(SavedSearch.person_id == person_id)
    return list(db.session.scalars(mine.order_by(SavedSearch.created_at.desc(), SavedSearch.id)))


def wish_of(row: SavedSearch | Taken) -> Wish:
    """A saved search as one that can be asked."""
    return replace(Wish(row.words), **row.filters)


def quarter_name(quarter_id: int) -> str:
    """How a quarter is called; empty for one that is no more."""
    return db.session.scalar(select(Quarter.name).where(Quarter.id == quarter_id)) or ""


def find(person_id: int, saved_id: uuid.UUID) -> SavedSearch | None:
    """One of this person's."""
    return db.session.scalar(select(SavedSearch).filter_by(id=saved_id, person_id=person_id))


def tell(person_id: int, saved_id: uuid.UUID, *, is_told: bool) -> bool:
    """Whether the digest names what is new. False for what is not theirs, or gone: that stays as it is. Inside atomic()."""
    mine = update(SavedSearch).where(SavedSearch.id == saved_id, SavedSearch.person_id == person_id)
    return bool(db.session.execute(mine.values(is_told=is_told)).rowcount)  # type: ignore[attr-defined]


def forget(person_id: int, saved_id: uuid.UUID) -> Taken | None:
    """Look for it no more; gives what it was. What is not this person's, or gone already, stays as it is. Inside atomic()."""
    of = SavedSearch
    mine = delete(of).where(of.id == saved_id, of.person_id == person_id)
    row = db.session.execute(mine.returning(of.id, of.words, of.filters, of.is_told, of.created_at)).one_or_none()
    return Taken(*row) if row else None


def _filters(wish: Wish) -> dict[str, object]:
    """What narrows it down; when it was written does not: it is told of what is new."""
    return {key: value for key, value in asdict(wish).items() if key in ("kind", "category", "home") and value}


_PEOPLE, _IDS = bindparam("people", type_=Many(BigInteger)), bindparam("ids", type_=Many(Uuid))
_MISTAKEN = func.search_mistaken(_PEOPLE, _IDS).table_valued(column("typed", Text), column("meant", Text))
_ANSWERING = func.search_for_readers(_PEOPLE, _IDS, bindparam("meant", type_=JSONB)).table_valued(
    column("person_id", BigInteger), column("said", Text), column("contribution_id", Uuid)
)


def wishes(people: Sequence[int], ids: Sequence[uuid.UUID]) -> dict[int, list[tuple[str, uuid.UUID]]]:
    """For an issue: which of these contributions answer what these readers look for, each with the words it answers; whoever has
    saved nothing is not in it. It is as forgiving as the search. Their rows are walled, so functions of the database tell; the
    viewer of the session reads the quarter of the issue."""
    found: dict[int, list[tuple[str, uuid.UUID]]] = {}
    if people and ids:
        asked = {"people": people, "ids": ids}
        for row in db.session.execute(select(_ANSWERING), {**asked, "meant": _meant(asked)}):
            found.setdefault(row.person_id, []).append((row.said, row.contribution_id))
    return found


def _meant(asked: dict[str, Any]) -> dict[str, list[Way]]:
    """What was probably meant by words that stand nowhere, of what there is today."""
    near: dict[str, list[str]] = {}
    for row in db.session.execute(select(_MISTAKEN), asked):
        near.setdefault(row.typed, []).append(row.meant)
    nearest = {typed: found for typed, each in near.items() if (found := words.corrections(typed, each))}
    stems = service.stems_of([each for found in nearest.values() for each, _away in found])
    return {typed: words.forgiven(found, stems) for typed, found in nearest.items()}
