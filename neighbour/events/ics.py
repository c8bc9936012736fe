"""Events as iCalendar (RFC 5545): one entry for each event, one more for each date that was moved.

The UID is the event's for ever, SEQUENCE rises with each change of time or place. A date that was called off is an EXDATE; an
event that was called off is CANCELLED. Times carry their zone, whose rules are written along (VTIMEZONE).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from icalendar import Calendar, vRecur
from icalendar import Event as Entry

from neighbour.events.recurrence import Change, Series, moment

PRODUCT = "-//Neighbour//Events//EN"
LAST_MOMENT = time(23, 59, 59)


@dataclass(frozen=True)
class Listed:
    """An event as a calendar gets it. changed_at: of its last change, or when it was published; places: of single dates."""

    uid: str
    title: str
    series: Series
    changed_at: datetime
    is_all_day: bool = False
    sequence: int = 0
    place: str = ""
    text: str = ""
    url: str = ""
    is_cancelled: bool = False
    places: Mapping[date, str] = field(default_factory=dict)


def calendar(name: str, events: Iterable[Listed]) -> bytes:
    """These events as a calendar of this name."""
    whole = Calendar()
    whole.add("prodid", PRODUCT)
    whole.add("version", "2.0")
    whole.add("method", "PUBLISH")
    whole.add("x-wr-calname", name)
    for event in events:
        for entry in _entries(event):
            whole.add_component(entry)
    whole.add_missing_timezones()
    return bytes(whole.to_ical())


def _entries(event: Listed) -> Iterable[Entry]:
    series = event.series
    entry = _entry(event, series.begins, series.ends, event.place)
    off = sorted(day for day, change in series.changes.items() if change.is_cancelled)
    if series.rule:
        rule = vRecur.from_ical(series.rule)
        if series.until is not None:
            last = (
                series.until if event.is_all_day else moment(datetime.combine(series.until, LAST_MOMENT), series.zone)
            )
            rule["UNTIL"] = last
        entry.add("rrule", rule)
    for day in series.more:
        if day != series.begins.date():
            entry.add("rdate", [_time(event, datetime.combine(day, series.begins.time()))])
    for day in off:
        entry.add("exdate", [_time(event, datetime.combine(day, series.begins.time()))])
    yield entry
    for day, change in sorted(series.changes.items()):
        if not change.is_cancelled:
            yield _moved(event, day, change)


def _moved(event: Listed, day: date, change: Change) -> Entry:
    """A date that differs from the rule: RECURRENCE-ID says which."""
    usual = datetime.combine(day, event.series.begins.time())
    begins = change.begins or usual
    place = event.places.get(day, event.place)
    entry = _entry(event, begins, change.ends or begins + event.series.length, place)
    entry.add("recurrence-id", _time(event, usual))
    return entry


def _entry(event: Listed, begins: datetime, ends: datetime, place: str) -> Entry:
    entry = Entry()
    entry.add("uid", event.uid)
    entry.add("dtstamp", event.changed_at.astimezone(UTC))
    entry.add("last-modified", event.changed_at.astimezone(UTC))
    entry.add("sequence", event.sequence)
    entry.add("summary", event.title)
    entry.add("dtstart", _time(event, begins))
    if ends > begins:
        entry.add("dtend", _time(event, ends))
    for name, value in (("location", place), ("description", event.text), ("url", event.url)):
        if value:
            entry.add(name, value)
    entry.add("status", "CANCELLED" if event.is_cancelled else "CONFIRMED")
    return entry


def _time(event: Listed, wall: datetime) -> date | datetime:
    """A time on the clock of the place, or a day."""
    return wall.date() if event.is_all_day else wall.replace(tzinfo=ZoneInfo(event.series.zone))
