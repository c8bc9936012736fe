"""What an edition says: what is new in its quarter, what its sections name, and who gets which of them (as pieces of a mail:
``portions``)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import Select, bindparam, func, select, union_all

from neighbour.contributions import kinds, muting
from neighbour.contributions.cards import CardData, card_of, cards, detailed
from neighbour.contributions.details import NOTHING, Detail
from neighbour.contributions.models import Contribution, Reach, State
from neighbour.contributions.muting import Muted
from neighbour.contributions.sections import News, Section, all_sections
from neighbour.core import clock
from neighbour.core.columns import id_at
from neighbour.core.db import db
from neighbour.quarters.models import Quarter

MOST_ITEMS = 25
FIRST = timedelta(days=1)  # how far back a reader's first issue looks
MOST_LOOKED_AT = 400  # a reader back from a long pause gets the newest of these


@dataclass(frozen=True)
class Entry:
    """A contribution of the edition."""

    id: uuid.UUID
    author_id: int
    is_home: bool
    card: CardData
    #: from when on it is new in the quarter, as a key; None: since it was written
    since: uuid.UUID | None = None
    #: when something became of it that whoever was told of it has to know, as a key
    changed: uuid.UUID | None = None
    #: it hangs no more: the card is but its name
    is_gone: bool = False
    #: what news say of it beside its card
    said: Detail = NOTHING

    @property
    def key(self) -> uuid.UUID:
        return self.since or self.id


@dataclass(frozen=True)
class Book:
    """An edition: quarter, number, when it was cut, everything new in it, newest first, and what its sections name."""

    quarter_id: int
    quarter: str
    number: int
    cut: uuid.UUID
    at: datetime
    entries: tuple[Entry, ...]
    sections: tuple[tuple[Section, tuple[Entry, ...]], ...] = ()

    @property
    def named(self) -> Iterator[Entry]:
        """What its sections name."""
        return chain.from_iterable(entries for _section, entries in self.sections)


#: (the words somebody looks for, a contribution that answers them) of one reader
Wished = tuple[tuple[str, uuid.UUID], ...]


@dataclass(frozen=True)
class Chosen:
    """One reader's part of an edition."""

    urgent: tuple[Entry, ...]
    new: tuple[Entry, ...]
    left_out: int
    sections: tuple[tuple[Section, tuple[Entry, ...]], ...] = ()
    #: what they look for again and again: their words, and what is new and answers them
    wished: tuple[tuple[str, tuple[Entry, ...]], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.urgent and not self.new and not self.wished and not self.sections


_SHOWN = (
    cards()
    .add_columns(Reach.is_home, Reach.since, Contribution.author_id)
    .join(Reach, Reach.contribution_id == Contribution.id)
    .where(Reach.quarter_id == bindparam("quarter"), Contribution.state == State.PUBLISHED)
)
_r = Reach.__table__
_OF_QUARTER = select(_r.c.contribution_id).where(_r.c.quarter_id == bindparam("quarter"))
_WRITTEN = (
    _OF_QUARTER.where(
        _r.c.contribution_id > bindparam("since"), _r.c.contribution_id < bindparam("cut"), _r.c.since.is_(None)
    )
    .order_by(_r.c.contribution_id.desc())
    .limit(MOST_LOOKED_AT)
)
_WIDENED = _OF_QUARTER.where(_r.c.since > bindparam("since"), _r.c.since < bindparam("cut"))
_NEW = (
    _SHOWN.where(Reach.contribution_id.in_(union_all(select(_WRITTEN.subquery()), _WIDENED)))
    .order_by(func.coalesce(Reach.since, Reach.contribution_id).desc())
    .limit(MOST_LOOKED_AT)
)
_NAMED = _SHOWN.where(Reach.contribution_id.in_(bindparam("ids", expanding=True)))


def book(
    quarter_id: int, number: int, cut: uuid.UUID, at: datetime, since: uuid.UUID, heard: uuid.UUID | None = None
) -> Book:
    """The edition with everything shown in the quarter after ``since`` and before ``cut``, and what became after ``heard`` of
    what issues have named.

    The viewer of the session reads this quarter. What was withdrawn since the cut has lost its rows of reach and is
    therefore not here.
    """
    name = db.session.scalar(select(Quarter.name).where(Quarter.id == quarter_id)) or ""
    entries = _entries(_NEW, {"quarter": quarter_id, "since": since, "cut": cut})
    return Book(quarter_id, name, number, cut, at, tuple(entries), _sections(quarter_id, moment_of(heard or since), at))


def _sections(quarter_id: int, since: datetime, at: datetime) -> tuple[tuple[Section, tuple[Entry, ...]], ...]:
    """What each section names, as far as it hangs in the quarter, and what became since of what has hung there."""
    named = {section: section.fill(quarter_id, at) for section in all_sections() if section.fill}
    news = {section: section.news(quarter_id, since, at) for section in all_sections() if section.news}
    ids = {*chain(*named.values()), *(each.id for told in news.values() for each in told if each.gone is None)}
    found = {entry.id: entry for entry in _entries(_NAMED, {"quarter": quarter_id, "ids": list(ids)})} if ids else {}
    filled = {section: [found[key] for key in keys if key in found] for section, keys in named.items()}
    filled |= {section: [*_told(told, found)] for section, told in news.items()}
    return tuple((section, tuple(filled[section])) for section in all_sections())


def _told(news: Sequence[News], found: Mapping[uuid.UUID, Entry]) -> Iterator[Entry]:
    """News as entries: of what hangs with its card, of what hangs no more with what may still be said."""
    for each in news:
        changed = id_at(each.at)
        if each.gone is not None:
            gone = each.gone
            card = replace(gone.card, is_home=gone.is_home)
            yield Entry(each.id, gone.author_id, gone.is_home, card, changed=changed, is_gone=True)
        elif each.id in found:
            yield replace(found[each.id], changed=changed, said=each.said)


def _entries(wanted: Select, values: dict[str, Any]) -> list[Entry]:
    rows = db.session.execute(wanted, values).all()
    found = detailed({row.id: replace(card_of(row), is_home=row.is_home) for row in rows})
    return [Entry(row.id, row.author_id, row.is_home, found[row.id], row.since) for row in rows]


def choose(
    edition: Book,
    person_id: int,
    since: uuid.UUID,
    *,
    includes_nearby: bool,
    muted: Muted = muting.NOTHING,
    wished: Wished = (),
    told: Collection[uuid.UUID] = (),
    mailed: Collection[uuid.UUID] = (),
) -> Chosen:
    """What of the edition is for this reader: newer than their last issue, not their own, nearby only if wanted, nothing
    they silenced or were ``mailed`` by itself, first what they look for (``wished``); then the sections, without what is new
    anyway, and of news what is about something they were ``told`` of and do not know yet. All together MOST_ITEMS at most."""

    def is_for_reader(entry: Entry) -> bool:
        card = entry.card
        is_wanted = entry.author_id != person_id and (entry.is_home or includes_nearby)
        author_id = entry.author_id if card.office is None else None
        return is_wanted and not muted.hides(author_id, card.category.key, is_urgent=card.is_urgent)

    mine = [each for each in edition.entries if each.key > since and each.id not in mailed and is_for_reader(each)]
    urgent = tuple(entry for entry in mine if entry.card.is_urgent)
    looked_for = _looked_for([entry for entry in mine if not entry.card.is_urgent], wished)
    named = {entry.id for _words, entries in looked_for for entry in entries}
    new = tuple(entry for entry in mine if not entry.card.is_urgent and entry.id not in named)
    sections = _known(edition, since, is_for_reader, told, is_alone=not mine)
    room = max(0, MOST_ITEMS - len(urgent) - len(named) - sum(len(entries) for _section, entries in sections))
    fitting = _shared(new)[:room]
    return Chosen(urgent, fitting, len(new) - len(fitting), sections, looked_for)


def _known(
    edition: Book,
    since: uuid.UUID,
    is_for_reader: Callable[[Entry], bool],
    told: Collection[uuid.UUID],
    *,
    is_alone: bool,
) -> tuple[tuple[Section, tuple[Entry, ...]], ...]:
    """What the sections say to a reader, nothing twice. is_alone: there is nothing new, and only what makes an issue is said."""
    found, named = [], set[uuid.UUID]()
    for section, entries in edition.sections:
        if is_alone and not section.makes_issue:
            continue
        mine = tuple(
            entry
            for entry in entries
            if entry.id not in named
            and entry.key <= since
            and (entry.changed is None or entry.id in told)
            and is_for_reader(entry)
        )[: section.most]
        named |= {entry.id for entry in mine}
        if mine:
            found.append((section, mine))
    return tuple(found)


def _looked_for(new: list[Entry], wished: Wished) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """What is new by the words it answers, each once, the first MOST_ITEMS; the newest first within each."""
    left = {entry.id: entry for entry in new}
    found: dict[str, list[Entry]] = {}
    for words, key in wished:
        if key in left and sum(map(len, found.values())) < MOST_ITEMS:
            found.setdefault(words, []).append(left.pop(key))
    return tuple((words, tuple(entries)) for words, entries in found.items())


def _shared(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Those of a kind that may take only a part of an issue (``Kind.most_in_issue``) up to that part, the newest first."""
    left = {kind.name: kind.most_in_issue for kind in kinds.all_kinds() if kind.most_in_issue is not None}
    found = []
    for entry in entries:
        if entry.card.kind in left:
            left[entry.card.kind] -= 1
            if left[entry.card.kind] < 0:
                continue
        found.append(entry)
    return tuple(found)


def first_since(told_up_to: uuid.UUID | None, cut: datetime) -> uuid.UUID:
    """Where a reader's window begins: after the last issue; for a first one, a day before the cut."""
    return told_up_to or id_at(cut - FIRST)


def moment_of(key: uuid.UUID) -> datetime:
    """The moment a key was made at: the time inside a UUIDv7."""
    return datetime.fromtimestamp((key.int >> 80) / 1000, tz=UTC)


def now_cut() -> tuple[uuid.UUID, datetime]:
    """A cut at this moment, for previews."""
    moment = clock.now()
    return id_at(moment), moment
