"""What a kind adds to a card: when and where, how many, a leaf of the calendar, a ribbon.

A kind says in ``kinds.Kind.details`` how its details are fetched, for many contributions with one question. They belong to
the kept half of a card: the same for everybody in a ring, and whatever changes them gives the contribution a new version
(``follow_version`` of migration 0032). Words are made when they are read, in the language of the page or mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


class Fact(NamedTuple):
    """One line below the title: an icon of the sprite and a text in the reader's language."""

    icon: str
    text: str


class Ribbon(NamedTuple):
    """A state in one or two words that everybody has to see at once, such as "called off". ``tone`` is one of the tag's."""

    text: str
    tone: str = ""
    icon: str = ""


class Detail:
    """A kind's own part of a card; this one adds nothing. Kinds derive from it and answer what applies."""

    @property
    def facts(self) -> tuple[Fact, ...]:
        """When, where, what it costs: short lines, in the language in use."""
        return ()

    @property
    def leaf(self) -> date | None:
        """The day on the tear-off leaf beside the title, in the city's time."""
        return None

    @property
    def ribbon(self) -> Ribbon | None:
        """The state it is in, where that is more than being there."""
        return None


NOTHING = Detail()


@dataclass(frozen=True)
class WithNews(Detail):
    """A card's own detail, with the lines about what became of the thing first."""

    card: Detail
    news: Detail

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (*self.news.facts, *self.card.facts)

    @property
    def leaf(self) -> date | None:
        return self.card.leaf

    @property
    def ribbon(self) -> Ribbon | None:
        return self.card.ribbon
