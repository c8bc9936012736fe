"""Counting in waking hours: neighbours write between a quarter past six and eleven at night.

"Five hours ago" in the content means five hours in which somebody was awake, so that a town looked at in the
morning was not written at three at night. Works on local times without a zone; the night holds the hour that the
clock change skips or repeats.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

MORNING, EVENING = time(6, 15), time(23, 0)


def earlier(moment: datetime, span: timedelta) -> datetime:
    """The moment ``span`` of waking time before ``moment`` (both local, naive)."""
    if moment.time() < MORNING:
        moment -= timedelta(days=1)
        moment = datetime.combine(moment.date(), EVENING)
    moment = min(moment, datetime.combine(moment.date(), EVENING))
    while span > (room := moment - datetime.combine(moment.date(), MORNING)):
        span -= room
        moment = datetime.combine(moment.date() - timedelta(days=1), EVENING)
    return moment - span


def later(moment: datetime, span: timedelta) -> datetime:
    """The moment ``span`` of waking time after ``moment`` (both local, naive)."""
    if moment.time() > EVENING:
        moment = datetime.combine(moment.date() + timedelta(days=1), MORNING)
    moment = max(moment, datetime.combine(moment.date(), MORNING))
    while span > (room := datetime.combine(moment.date(), EVENING) - moment):
        span -= room
        moment = datetime.combine(moment.date() + timedelta(days=1), MORNING)
    return moment + span
