"""The register of what an issue of the digest says beside what is new: rooms fill sections, the digest prints them.

A section names contributions that hang in a quarter when its issue is cut: what has no answer yet, what is on this week. It
is filled once per issue, for all its readers; each gets of it what is not their own, what they want from nearby, and what is
not among the new in the same issue. A section makes no issue: nothing new, no mail.

A section of news says what became of something: it is told to whoever was told of that in an issue, in their next one, however
long they had none. Where people would go to what is off (``makes_issue``), that is an issue by itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from neighbour.contributions.cards import CardData
from neighbour.contributions.details import NOTHING, Detail
from neighbour.core.i18n import LazyText

MOST_NEWS = 50  # of a section that an issue looks at: whoever comes back from a long pause gets the latest


@dataclass(frozen=True)
class Gone:
    """What hangs no more, as an issue names it: a card without its words. ``is_home``: it was written in the issue's quarter."""

    author_id: int
    is_home: bool
    card: CardData


@dataclass(frozen=True)
class News:
    """What became of a contribution, and when. ``gone``: it hangs nowhere any more, and this is what may still be said of it;
    ``said``: of what hangs, what its row says beside its card. That is a part of the key by which rows are kept: hashable."""

    id: uuid.UUID
    at: datetime
    gone: Gone | None = None
    said: Detail = NOTHING


@dataclass(frozen=True)
class Section:
    """``fill(quarter_id, at)`` gives ids of contributions, most important first, for the issue of that quarter that is cut at
    ``at`` (aware); the viewer of the session reads that quarter. ``most``: entries for one reader.

    A contribution that must not be told again day after day is to be named in one issue only: choose by a day's window
    that ends at a fixed distance from ``at``. Or, of what somebody has been told of before, by ``news(quarter_id, since, at)``:
    what has become of it after ``since`` and up to ``at``, the latest first; each reader gets what is later than their own last
    issue. Whom a notice of ``told_by`` (its subject is the contribution) has told already gets no issue for it alone.
    """

    name: str
    order: int
    title: LazyText
    most: int
    fill: Callable[[int, datetime], Sequence[uuid.UUID]] | None = None
    news: Callable[[int, datetime, datetime], Sequence[News]] | None = None
    makes_issue: bool = False
    told_by: tuple[str, ...] = ()


_sections: dict[str, Section] = {}


def register(section: Section) -> None:
    """Make a section known."""
    _sections[section.name] = section


#: gives for readers and contributions of an issue what each reader is looking for: (their words, contribution)
Wishes = Callable[[Sequence[int], Sequence[uuid.UUID]], Mapping[int, Sequence[tuple[str, uuid.UUID]]]]
_wishes: list[Wishes] = []


def register_wishes(tell: Wishes) -> None:
    """Make known who says what single readers are looking for."""
    if tell not in _wishes:
        _wishes.append(tell)


def wishes_of(people: Sequence[int], ids: Sequence[uuid.UUID]) -> dict[int, tuple[tuple[str, uuid.UUID], ...]]:
    """Which of these contributions answer what these readers look for, with the words each answers; readers without any are
    not in it. Asked once for a batch of an issue; nothing in it may be more than its readers may read."""
    found: dict[int, tuple[tuple[str, uuid.UUID], ...]] = {}
    for tell in _wishes:
        for person_id, answers in tell(people, ids).items():
            found[person_id] = (*found.get(person_id, ()), *answers)
    return found


def all_sections() -> list[Section]:
    """Every section, in the order they are printed in."""
    return sorted(_sections.values(), key=lambda section: section.order)
