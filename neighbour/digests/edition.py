"""What an edition says: its contributions as encoded pieces, its frame in both languages, and who gets which of them.

Rendered once per contribution, version, language and ring around its author, and kept; per reader it is a choice from a
list. An edition belongs to a quarter, so the ring of each contribution is known but for one thing: whether the reader has
proven to live there or is vouched for.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from types import MappingProxyType
from typing import Any

from flask import current_app
from sqlalchemy import Select, bindparam, func, select, union_all

from neighbour.contributions import kinds, muting
from neighbour.contributions.cards import CardData, card_of, cards, detailed
from neighbour.contributions.details import NOTHING, Detail, WithNews
from neighbour.contributions.models import Contribution, Reach, State
from neighbour.contributions.muting import Muted
from neighbour.contributions.readers import ring_on_board
from neighbour.contributions.sections import News, Section, all_sections
from neighbour.core import clock, i18n
from neighbour.core.columns import id_at
from neighbour.core.db import db
from neighbour.core.i18n import LazyText
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.kept import Shelf
from neighbour.core.web import site_url
from neighbour.digests import compose
from neighbour.digests.compose import Frame, Piece
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


#: (the words somebody looks for, a contribution that answers them) of one reader
Wished = tuple[tuple[str, uuid.UUID], ...]
Mailed = tuple[uuid.UUID, ...]
_NONE: Mapping[int, Any] = MappingProxyType({})


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


class Portions:
    """What readers get of an edition, encoded. Most get the same: those who were told up to the same issue, want the
    same, silenced the same, and wrote nothing in it share one portion."""

    def __init__(self, edition: Book, wishes: Mapping[int, Wished] = _NONE, mailed: Mapping[int, Mailed] = _NONE):
        """By readers' numbers: wishes: what they look for and is in it; mailed: what of it they have had by a mail of its own."""
        self.edition, self._wishes, self._mailed = edition, wishes, mailed
        self._authors = {entry.author_id for entry in chain(edition.entries, known_of(edition))}
        self._news = [entry for entry in known_of(edition) if entry.changed is not None]
        self._bodies: dict[tuple[Any, ...], Piece | None] = {}

    def of(
        self,
        person_id: int,
        since: str,
        *,
        includes_nearby: bool,
        is_proven: bool,
        language: str,
        muted: Muted = muting.NOTHING,
        heard: str = "",
        reads_from: str | None = None,
    ) -> Piece | None:
        """A reader's rows in a language; None when there is nothing for them. since: up to where issues
        have covered what is new; heard: the end of the last one they had; reads_from: the moment from which on issues told them
        what is new (ISO 8601), None if there was none yet."""
        me, wished = person_id if person_id in self._authors else None, self._wishes.get(person_id, ())
        told, mailed = self._told(heard or since, reads_from), self._mailed.get(person_id, ())
        key = (since, includes_nearby, is_proven, me, language, muted, wished, told, mailed)
        if key not in self._bodies:
            chosen = choose(
                self.edition,
                person_id,
                uuid.UUID(since),
                includes_nearby=includes_nearby,
                muted=muted,
                wished=wished,
                told=told,
                mailed=mailed,
            )
            self._bodies[key] = None if chosen.is_empty else compose.join(items(chosen, language, is_proven=is_proven))
        return self._bodies[key]

    def _told(self, heard: str, reads_from: str | None) -> tuple[uuid.UUID, ...]:
        """Of what something has become since ``heard``, what a reader was told of who reads since then: for most of them all."""
        if not self._news or reads_from is None:
            return ()
        begun, last = datetime.fromisoformat(reads_from), uuid.UUID(heard)
        return tuple(
            entry.id
            for entry in self._news
            if entry.changed is not None and entry.changed > last and moment_of(entry.key) > begun
        )


def known_of(edition: Book) -> Iterator[Entry]:
    """What the sections of an edition name."""
    return chain.from_iterable(entries for _section, entries in edition.sections)


# Encoded pieces by contribution, version, language …; frames of editions; what all editions of a language share.
_pieces: Shelf[tuple[Any, ...], Piece] = Shelf(5_000)
_frames: Shelf[tuple[Any, ...], Frame] = Shelf(2_000)
_shapes: Shelf[str, compose.Shape] = Shelf(len(i18n.LANGUAGES))


def items(chosen: Chosen, language: str, *, is_proven: bool) -> list[Piece]:
    """The reader's rows, in order: urgent, what they look for, new, a line about what did not fit, and the sections. is_proven:
    the reader has proven to live in the edition's quarter."""
    found = [_row("urgent", entry, language, is_proven) for entry in chosen.urgent]
    for words, entries in chosen.wished:  # nobody else's: made for this mail and not kept
        with i18n.speaking(language):
            said = _("For your search “%(words)s”", words=words)
        found.append(_rendered("section", language, title=said))
        found += [_row("item", entry, language, is_proven) for entry in entries]
    if chosen.new:
        found.append(_heading(__("New"), language))
        found += [_row("item", entry, language, is_proven) for entry in chosen.new]
    if chosen.left_out:
        key = ("left out", chosen.left_out, language)
        found.append(_pieces.of(key, lambda: _rendered("left_out", language, count=chosen.left_out)))
    for section, entries in chosen.sections:
        found.append(_heading(section.title, language))
        found += [_row("gone" if entry.is_gone else "item", entry, language, is_proven) for entry in entries]
    return found


def _heading(title: LazyText, language: str) -> Piece:
    with i18n.speaking(language):
        said = str(title)
    return _pieces.of(("section", said, language), lambda: _rendered("section", language, title=said))


def _row(kind: str, entry: Entry, language: str, is_proven: bool) -> Piece:
    """Kept by all that changes it; until when something is urgent, and when and where of a kind, is said as of today."""
    card, ring = entry.card, ring_on_board(entry.is_home, entry.card.audience, is_proven)
    today = clock.today(i18n.zone()) if kind == "urgent" or card.detail is not NOTHING else None
    key = (kind, card.id, card.version, language, entry.is_home, ring, today, entry.said)
    detail = card.detail if entry.said is NOTHING else WithNews(card.detail, entry.said)
    return _pieces.of(key, lambda: _rendered(kind, language, card=replace(card, ring=ring, detail=detail)))


def _rendered(kind: str, language: str, **values: object) -> Piece:
    with i18n.speaking(language):
        text, html = _both("rows", kind=kind, **values)
    return compose.piece(text.strip("\n") + "\n\n", html.strip() + "\n")


def _both(name: str, /, **values: object) -> tuple[str, str]:
    """Text and HTML, rendered without what pages know of their reader: there is none yet."""
    given = {"site": site_url(""), **values}
    text, html = (current_app.jinja_env.get_template(f"digests/{name}.{form}") for form in ("txt", "html"))
    return text.render(given), html.render(given)


def framed(edition: Book, language: str) -> Frame:
    """The edition's frame in a language, made once."""
    key = (edition.quarter_id, edition.quarter, edition.number, edition.at, language)
    return _frames.of(key, lambda: _frame(edition, language))


def _frame(edition: Book, language: str) -> Frame:
    with i18n.speaking(language):
        day = i18n.masthead_date(edition.at)
        subject = _("%(quarter)s: no. %(number)s, %(day)s", quarter=edition.quarter, number=edition.number, day=day)
        line = _("No. %(number)s, %(day)s", number=edition.number, day=day)
        text, html = _both("rows", kind="greeting", name=compose.NAME, quarter=edition.quarter)
        greeting = text.strip("\n") + "\n\n\n", html.strip()
        return compose.frame(_shape(language), subject, greeting, edition.quarter, line)


def _shape(language: str) -> compose.Shape:
    """What editions in this language have in common, as long as the process lives: rendered with marks."""
    return _shapes.of(language, lambda: compose.shape(*_both("issue", marks=compose)))


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
