"""When an issue comes: daily at 07:00 on the city's clock.

A period is a local day, written as its date. 07:00 exists exactly once on every day, in both nights of the clock change too.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR = 7
GRACE = timedelta(seconds=20)  # a contribution written before the hour is committed by then (statements end after 15 s)


def issue_time(day: date, zone: str) -> datetime:
    """The moment (UTC) at which the issue of ``day`` is cut."""
    return datetime.combine(day, time(HOUR), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def next_issue(now: datetime, zone: str) -> datetime:
    """The moment (UTC) of the next issue after ``now``."""
    day = now.astimezone(ZoneInfo(zone)).date()
    at = issue_time(day, zone)
    return at if at > now else issue_time(day + timedelta(days=1), zone)


def due_period(now: datetime, zone: str) -> date | None:
    """The day whose issue is due: today once it is seven, else None. An issue missed in the morning is made up for
    as long as the day lasts; the day after has one of its own, which covers the time from then on."""
    day = now.astimezone(ZoneInfo(zone)).date()
    return day if now >= issue_time(day, zone) + GRACE else None
