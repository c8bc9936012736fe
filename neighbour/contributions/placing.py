"""The register of what stands on the map: rooms say what is there and where, the map draws and lists it.

A layer finds the spots of a quarter with one question, cheap enough for every request, and tells in words what new ones are
with a second one; words are kept by all that changes them. A spot brings the point its author has made known, or a public
cell, or neither: then it is in the list and at no point. What the map does with a point is its own affair (``map.grid``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from neighbour.contributions import cards
from neighbour.contributions.readers import Reader
from neighbour.core.i18n import LazyText

MOST = 1_000  # spots of one layer: more than anybody reads


class Spot(NamedTuple):
    """One thing, in the order of the columns that the layers ask for. key: what ``tell`` knows it by; version: changes with what
    is told of it; is_home: of the quarter asked for.

    lon, lat: the point its author made known; cell: a public cell of the quarter numbered ``cell_of``. at: the moment it is told
    of, where there are several.
    """

    key: Any
    version: Hashable
    is_home: bool
    lon: float | None = None
    lat: float | None = None
    cell: str | None = None
    cell_of: int | None = None
    at: datetime | None = None


class Told(NamedTuple):
    """A thing in words. note: a state that everybody has to see, in one or two words; quarter: where it belongs to."""

    title: str
    url: str
    kind: str
    icon: str
    tone: str
    facts: tuple[str, ...] = ()
    note: str = ""
    quarter: str = ""


@dataclass(frozen=True, eq=False)
class Layer:
    """``find(quarter, own_only)``: the spots shown in this quarter, first what is to stand first, without what the viewer of the
    session, who reads the quarter, has silenced (``muting.HEARD``). ``tell(keys)``: those of them that are there still. In the
    language in use."""

    name: str
    label: LazyText
    icon: str
    tone: str
    order: int
    find: Callable[[int, bool], Sequence[Spot]]
    tell: Callable[[Collection[Any]], Mapping[Any, Told]]


_layers: dict[str, Layer] = {}


def register(layer: Layer) -> None:
    """Make a layer known."""
    _layers[layer.name] = layer


def all_layers() -> list[Layer]:
    """Every layer, in the order of the map's switches."""
    return sorted(_layers.values(), key=lambda layer: layer.order)


def told_by_cards(*icons: str) -> Callable[[Collection[Any]], Mapping[Any, Told]]:
    """The ``tell`` of a kind: title, category and state as on its cards, and of the facts there those with one of these icons.
    It names nobody, so it is the same for all who may see the card."""

    def tell(keys: Collection[Any]) -> Mapping[Any, Told]:
        return {key: _told(card, icons) for key, card in cards.load(keys, Reader()).items()}

    return tell


def _told(card: cards.CardData, icons: Collection[str]) -> Told:
    facts = tuple(fact.text for fact in card.detail.facts if fact.icon in icons)
    note = card.ribbon.text if card.ribbon is not None else ""
    return Told(card.title, card.url, card.kind_label, card.kind_icon, card.tone, facts, note, card.quarter)
