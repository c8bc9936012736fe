"""Looking for slips and answers: words in, ids out.

The database finds and judges, in one function that reads no further than its viewer may (``search_found``); whoever shows what
was found reads it once more through the wall. First every word has to stand there, in any form or as a part of a compound.
Where that gives little, typing errors are forgiven, compounds taken apart, and some of the words are enough. A word that says
what is to be done with the thing ("borrow a ladder") is never asked for beside the thing: it lifts what fits.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import bindparam

from neighbour.core import clock
from neighbour.core.columns import id_at
from neighbour.core.db import db
from neighbour.search import words
from neighbour.search.words import Called, Way, Word

PAGE, FURTHEST = 20, 25  # results on a page, pages
FEW = 5  # so many are enough for not being generous
ORDERS = ("best", "newest")


@dataclass(frozen=True)
class Wish:
    """What somebody looks for. ``kind`` and ``category``: keys of the register, ``days``: written within so many, ``home``: the
    number of the quarter it was written in; empty or None: any."""

    words: str
    kind: str = ""
    category: str = ""
    days: int | None = None
    home: int | None = None
    order: str = "best"


class Hit(NamedTuple):
    """A thread that was found, and what of it answers best: the slip itself or one of its answers."""

    contribution_id: uuid.UUID
    entry_id: uuid.UUID
    score: float

    @property
    def is_answer(self) -> bool:
        return self.entry_id != self.contribution_id


@dataclass(frozen=True)
class Found:
    """A page of results. ``meant``: words that were looked for instead of mistyped ones, each standing somewhere the reader may
    read; ``stems``: what to mark in the texts; ``is_loose``: some of it is there only for being like what was asked for."""

    hits: tuple[Hit, ...] = ()
    has_more: bool = False
    meant: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
    is_loose: bool = False
    is_nothing_asked: bool = False


#: gives which categories and kinds are called by one of these stems
Tags = Callable[[Sequence[str]], Called]

_STEMS = text("""
    SELECT raw, translate(search_plain(raw), 'äöü', 'aou'), tsvector_to_array(search_stems(raw, 'A')),
           coalesce(ts_lexize('english_stem', search_plain(raw)) = '{}', false)
    FROM unnest(CAST(:words AS text[])) raw
""")
_NEAR = text("SELECT search_near(CAST(:spellings AS text[]))")
_STANDING = text("SELECT search_standing(:asked)").bindparams(bindparam("asked", type_=JSONB))
_FOUND = text("SELECT contribution_id, entry_id, score FROM search_found(:asked)").bindparams(
    bindparam("asked", type_=JSONB)
)


def find(wish: Wish, tags: Tags = lambda _stems: Called(), *, page: int = 1, until: uuid.UUID | None = None) -> Found:
    """A page of what the session's viewer may read and is looking for. until: newer things are left out, so that pages fit
    together."""
    typed = understand(wish.words, tags)
    if not typed:
        return Found(is_nothing_asked=True)
    stems = tuple(stem for word in typed for stem in word.stems)
    exact = _ask(wish, typed, is_all=True, page=page, until=until)
    enough = len(exact) >= FEW or (page > 1 and _has_many(wish, typed, until))
    if enough:
        return _page(exact, stems=stems)
    if not exact:
        forgive(_standing_nowhere(wish, things_of(typed), until))
    be_generous(things_of(typed))
    rows = _ask(wish, typed, is_all=False, page=page, until=until)
    more = tuple(str(way[0]) for word in typed for way in word.ways if way[1] == "exact" and way[2] >= 0.5)  # type: ignore[operator]
    meant = tuple(word.meant[0] for word in typed if word.meant)
    added = {hit.contribution_id for hit in rows} - {hit.contribution_id for hit in exact}
    return _page(rows, stems=(*stems, *more), meant=meant, is_loose=bool(added))


def things_of(typed: list[Word]) -> list[Word]:
    """Those of the words that have to stand there: all but what is to be done with the things, if there are any."""
    return [word for word in typed if not word.is_deed] or typed


def understand(typed: str, tags: Tags = lambda _stems: Called()) -> list[Word]:
    """The words that were typed with their strict ways; words without meaning (the, und) are left out, unless it is one of
    another language and the only one."""
    chunks = words.chunks(typed)
    if not chunks:
        return []
    known = _stems([variant for chunk in chunks for variant in words.variants(chunk)])
    found = []
    for chunk in chunks:
        joined = known[words.variants(chunk)[0]]
        if joined.stems:
            found.append((Word(chunk, joined.plain, joined.stems), joined.is_foreign_filler))
    kept = [word for word, is_filler in found if not is_filler] or [word for word, _filler in found]
    parts = stems_of([part for word in kept for written in words.variants(word.typed)[1:] for part in written.split()])
    for word in kept:
        called = tags(word.stems)
        word.ways, word.is_deed = words.strict(word, parts, called.tags), called.is_deed
    return kept


def forgive(mistyped: list[Word]) -> None:
    """Add to these words, which stand nowhere, what was probably meant."""
    nearest = {}
    for word in mistyped:
        nearest[word.typed] = words.corrections(word.plain, _near(words.spellings(word.plain)))
        word.meant = [each for each, _away in nearest[word.typed]]
    stems = stems_of([each for word in mistyped for each in word.meant])
    for word in mistyped:
        word.ways += words.forgiven(nearest[word.typed], stems)


def be_generous(typed: list[Word]) -> None:
    """Add to the ways of each word that is not mistyped its parts."""
    whole = [word for word in typed if not word.meant]
    stems = stems_of([part for word in whole for part in words.to_stem(word)])
    for word in whole:
        word.ways += words.apart(word, stems)


class _Known(NamedTuple):
    plain: str
    stems: list[str]
    is_foreign_filler: bool


def _stems(raw: Sequence[str]) -> Mapping[str, _Known]:
    if not raw:
        return {}
    rows = db.session.execute(_STEMS, {"words": list(dict.fromkeys(raw))})
    return {row[0]: _Known(row[1], list(row[2]), row[3]) for row in rows}


def stems_of(raw: Sequence[str]) -> dict[str, list[str]]:
    """The stems of each of these words, in German and English; none for words without meaning."""
    return {key: each.stems for key, each in _stems(raw).items()}


def _near(spellings: list[str]) -> list[str]:
    return list(db.session.scalars(_NEAR, {"spellings": spellings})) if spellings else []


def _standing_nowhere(wish: Wish, typed: list[Word], until: uuid.UUID | None) -> list[Word]:
    """Those of the words that do not even stand alone anywhere; a single one has been asked for."""
    if len(typed) == 1:
        return typed
    standing = set(db.session.scalars(_STANDING, {"asked": _asked(wish, typed, until)}))
    return [word for number, word in enumerate(typed, 1) if number not in standing]


def _has_many(wish: Wish, typed: list[Word], until: uuid.UUID | None) -> bool:
    """Whether the first page was full of strict answers: later ones then are of the same kind."""
    return len(_ask(wish, typed, is_all=True, page=1, until=until)) >= FEW


def _ask(wish: Wish, typed: list[Word], *, is_all: bool, page: int, until: uuid.UUID | None) -> list[Hit]:
    asked = {
        **_asked(wish, typed, until),
        "all": is_all,
        "now": clock.now().timestamp(),
        "order": wish.order,
        "most": PAGE + 1,
        "skip": (page - 1) * PAGE,
    }
    return [Hit(*row) for row in db.session.execute(_FOUND, {"asked": asked})]


def _asked(wish: Wish, typed: list[Word], until: uuid.UUID | None) -> dict[str, Any]:
    """Words, filters and the time as the database takes them."""
    things = things_of(typed)
    return {
        **ways(wish, things),
        "lifting": [_once(word.ways) for word in typed if word not in things],
        "home": wish.home,
        "since": str(id_at(clock.now() - timedelta(days=wish.days))) if wish.days else None,
        "until": str(until) if until else None,
    }


def ways(wish: Wish, typed: Sequence[Word]) -> dict[str, Any]:
    """Words and filters as the database takes them."""
    tags = [["#" + key] for key in (wish.kind, wish.category) if key]
    return {"words": [_once(word.ways) for word in typed], "tags": tags}


def _once(of_word: list[Way]) -> list[Way]:
    """Each way once, at its best."""
    best: dict[tuple[Any, Any], Way] = {}
    for way in of_word:
        place = (way[0], way[1])
        if place not in best or best[place][2] < way[2]:  # type: ignore[operator]
            best[place] = way
    return list(best.values())


def _page(rows: list[Hit], **more: Any) -> Found:
    return Found(tuple(rows[:PAGE]), len(rows) > PAGE, **more)


def learn(most: int = 2000) -> int:
    """Read what was written lately for words that may be mistyped; gives how many pieces. Inside atomic()."""
    return int(db.session.scalar(text("SELECT search_learn(:most)"), {"most": most}) or 0)
