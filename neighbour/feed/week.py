"""What is on this week, above the board: kept for a minute for each quarter, and true at every look.

What is told of dates comes from the register (``contributions.soon``) and costs several questions, so each process keeps it for a
minute. At each look the board's own question brings along what of it still hangs, unchanged, and is not silenced by the reader:
what was called off or taken down is gone at once.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import NamedTuple

from neighbour.contributions import soon
from neighbour.contributions.soon import Coming
from neighbour.core import clock, i18n
from neighbour.core.kept import Shelf
from neighbour.feed import service

AHEAD = timedelta(days=7)
MOST, MOST_KEPT = 6, 12  # shown; kept, because a reader may have silenced some
KEPT_SECONDS = 60
ALL_READERS = 0


class _Strip(NamedTuple):
    """Whose strip it is: a quarter's, with or without what is nearby, for all readers or for one (``person_id``)."""

    quarter_id: int
    own_only: bool
    person_id: int


_Key = tuple[_Strip, str, date]
_kept: Shelf[_Key, tuple[float, tuple[Coming, ...]]] = Shelf(4_000)


def ahead(quarter_id: int, *, own_only: bool) -> tuple[Coming, ...]:
    """What everybody in the quarter is told of the next seven days, at most a minute old; own_only: nothing from nearby."""
    return _told(_Strip(quarter_id, own_only, ALL_READERS))


def read_by(
    person_id: int, quarter_id: int, told: tuple[Coming, ...], there: dict[uuid.UUID, int], *, own_only: bool
) -> tuple[Coming, ...]:
    """What this person reads of what is ``told``, the soonest first. there: which of it they may read now, in which version.

    Who has silenced so much that what is kept for everybody does not fill the strip has one looked for that leaves it out."""
    everybody = _Strip(quarter_id, own_only, ALL_READERS)
    told, read = _read(everybody, person_id, told, there)
    if len(read) < MOST and len(told) == MOST_KEPT:
        own = _Strip(quarter_id, own_only, person_id)
        told = _told(own)
        told, read = _read(own, person_id, told, _there(told, person_id, own))
    return read[:MOST]


def _read(
    strip: _Strip, person_id: int, told: tuple[Coming, ...], there: dict[uuid.UUID, int]
) -> tuple[tuple[Coming, ...], tuple[Coming, ...]]:
    """What is told of the strip, afresh if any of it has changed, and what of it this person reads."""
    if any(there.get(each.id, each.version) != each.version for each in told):
        told = _told(strip, is_afresh=True)
        there = _there(told, person_id, strip)
    return told, tuple(each for each in told if each.id in there)


def _told(strip: _Strip, *, is_afresh: bool = False) -> tuple[Coming, ...]:
    now = clock.now()
    key, moment = (strip, i18n.language(), i18n.local(now).date()), clock.monotonic()
    (kept,) = _kept.find((key,))
    if kept is not None and moment - kept[0] < KEPT_SECONDS and not is_afresh and not clock.is_frozen():
        return kept[1]
    for_all = strip.person_id == ALL_READERS
    fresh = soon.coming(strip.quarter_id, now, now + AHEAD, MOST_KEPT, own_only=strip.own_only, for_all=for_all)
    _kept.keep(key, (moment, fresh))
    return fresh


def _there(told: tuple[Coming, ...], person_id: int, strip: _Strip) -> dict[uuid.UUID, int]:
    ids = [each.id for each in told]
    return service.still_there(person_id, strip.quarter_id, ids, own_only=strip.own_only) if told else {}
