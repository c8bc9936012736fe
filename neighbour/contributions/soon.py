"""The register of what is on soon: kinds that have dates tell them here, the board shows them as a strip, and neither knows the
other.

What is told is kept by whoever asks: it is the same for everybody who reads a quarter's board, and names no person.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol


class Coming(NamedTuple):
    """Something that is on: ``version`` of its contribution as it was when this was told, the day in the city, the time and the
    place in words (either may be empty), and the path of its page."""

    id: uuid.UUID
    version: int
    title: str
    day: date
    time: str
    place: str
    url: str


class Fill(Protocol):
    """What a kind tells of its dates."""

    def __call__(
        self, quarter_id: int, since: datetime, until: datetime, most: int, *, own_only: bool, for_all: bool
    ) -> Sequence[Coming]:
        """What begins or is on in the quarter between two moments (aware), each contribution once, the ``most`` soonest in
        their order. own_only: nothing of quarters beside; for_all: also what the viewer has silenced, for whoever keeps it for
        others. The viewer of the session reads the quarter."""


_fills: list[Fill] = []


def register(fill: Fill) -> None:
    """Make a kind's dates known."""
    if fill not in _fills:
        _fills.append(fill)


def coming(
    quarter_id: int, since: datetime, until: datetime, most: int, *, own_only: bool, for_all: bool
) -> tuple[Coming, ...]:
    """The ``most`` soonest of all kinds; see ``Fill``."""
    found = [
        each for fill in _fills for each in fill(quarter_id, since, until, most, own_only=own_only, for_all=for_all)
    ]
    return tuple(sorted(found, key=lambda each: (each.day, each.time))[:most])
