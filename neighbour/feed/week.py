"""What is on this week, above the board: kept for a minute for each quarter, and true at every look.

What is told of dates comes from the register (``contributions.soon``) and costs several questions, so each process keeps it for a
minute. One small question at each look says what of it still hangs, unchanged, and is silenced by nobody: what was called off or
taken down is gone at once.
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


def week(person_id: int, quarter_id: int, *, own_only: bool) -> tuple[Coming, ...]:
    """What this person reads of the next seven days of their quarter, the soonest first; own_only: nothing from nearby.

    Who has silenced so much that what is kept for everybody does not fill the strip has one looked for that leaves it out."""
    told, read = _read(_Strip(quarter_id, own_only, ALL_READERS), person_id)
    if len(read) < MOST and len(told) == MOST_KEPT:
        _told, read = _read(_Strip(quarter_id, own_only, person_id), person_id)
    return read[:MOST]


def _read(strip: _Strip, person_id: int) -> tuple[tuple[Coming, ...], tuple[Coming, ...]]:
    """What is told of the strip, and what of it this person still reads."""
    told = _told(strip)
    there = _there(told, person_id, strip)
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
