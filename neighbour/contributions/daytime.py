"""The time of day in which nobody is disturbed: from eight to eight on the city's clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

BEGINS, ENDS = time(8), time(20)


def is_daytime(moment: datetime, zone: str) -> bool:
    """Whether something may happen by itself at this moment."""
    return BEGINS <= moment.astimezone(ZoneInfo(zone)).time() < ENDS


def next_daytime(moment: datetime, zone: str) -> datetime:
    """This moment (in UTC), or the morning after it when it lies in the night."""
    local = moment.astimezone(ZoneInfo(zone))
    if BEGINS <= local.time() < ENDS:
        return moment.astimezone(UTC)
    day = local.date() if local.time() < BEGINS else local.date() + timedelta(days=1)
    return datetime.combine(day, BEGINS, tzinfo=ZoneInfo(zone)).astimezone(UTC)
