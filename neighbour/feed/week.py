"""What is on this week, above the board: kept for a minute for each quarter, and true at every look.

What is told of dates comes from the register (``contributions.soon``) and costs several questions, so each process keeps it for a
minute. One small question at each look says what of it still hangs, unchanged, and is silenced by nobody: what was called off or
taken down is gone at once.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from neighbour.contributions import soon
from neighbour.contributions.soon import Coming
from neighbour.core import clock, i18n
from neighbour.core.kept import Shelf
from neighbour.feed import service

AHEAD = timedelta(days=7)
MOST, MOST_KEPT = 6, 12  # shown; kept, because a reader may have silenced some
KEPT_SECONDS = 60

_Key = tuple[int, str, date]
_kept: Shelf[_Key, tuple[float, tuple[Coming, ...]]] = Shelf(4_000)


def week(person_id: int, quarter_id: int, *, own_only: bool) -> tuple[Coming, ...]:
    """What this person reads of the next seven days of their quarter, the soonest first; own_only: nothing from nearby."""
    told = _told(quarter_id)
    there = _there(told, person_id, quarter_id, own_only)
    if any(there.get(each.id, each.version) != each.version for each in told):
        told = _told(quarter_id, is_afresh=True)
        there = _there(told, person_id, quarter_id, own_only)
    return tuple(each for each in told if each.id in there)[:MOST]


def _told(quarter_id: int, *, is_afresh: bool = False) -> tuple[Coming, ...]:
    now = clock.now()
    key, moment = (quarter_id, i18n.language(), i18n.local(now).date()), clock.monotonic()
    (kept,) = _kept.find((key,))
    if kept is not None and moment - kept[0] < KEPT_SECONDS and not is_afresh and not clock.is_frozen():
        return kept[1]
    fresh = soon.coming(quarter_id, now, now + AHEAD, MOST_KEPT)
    _kept.keep(key, (moment, fresh))
    return fresh


def _there(told: tuple[Coming, ...], person_id: int, quarter_id: int, own_only: bool) -> dict[uuid.UUID, int]:
    return service.still_there(person_id, quarter_id, [each.id for each in told], own_only=own_only) if told else {}
