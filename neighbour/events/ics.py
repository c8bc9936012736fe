"""Events as iCalendar (RFC 5545): one entry for each event, one more for each date that was moved.

The UID is the event's for ever, SEQUENCE rises with each change. A date that was called off is an EXDATE; an event that was
called off is CANCELLED. Times carry their zone, whose rules are written along (VTIMEZONE). An entry is bytes of its own, so that
a calendar that is fetched every hour is put together from entries that are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Timezone, vRecur
from icalendar import Event as Entry

from neighbour.core.text import clean_line, clean_text
from neighbour.events.recurrence import Change, Series, moment, slots

PRODUCT = "-//Neighbour//Events//EN"
MIMETYPE = "text/calendar"
LAST_MOMENT = time(23, 59, 59)
FETCHED_EVERY = timedelta(hours=4)  # what we ask of whoever follows a calendar
CONFIRMED, TENTATIVE, CANCELLED = "CONFIRMED", "TENTATIVE", "CANCELLED"
_ZONES_SINCE, _ZONES_UNTIL = date(2015, 1, 1), date(2046, 1, 1)  # years whose changes of the clocks are written along
_END = b"END:VCALENDAR\r\n"


@dataclass(frozen=True)
class Listed:
    """An event as a calendar gets it. changed_at: of its last change, or when it was published; places: of single dates;
    point: longitude and latitude; is_tentative: the reader waits for a place."""

    uid: str
    title: str
    series: Series
    changed_at: datetime
    is_all_day: bool = False
    sequence: int = 0
    place: str = ""
    text: str = ""
    url: str = ""
    category: str = ""
    contact: str = ""
    point: tuple[float, float] | None = None
    is_cancelled: bool = False
    is_tentative: bool = False
    places: Mapping[date, str] = field(default_factory=dict)


def calendar(name: str, events: Iterable[Listed]) -> bytes:
    """These events as a calendar of this name."""
    listed = list(events)
    return bound(name, [entries(each) for each in listed], {each.series.zone for each in listed})


def bound(name: str, pieces: Sequence[bytes], zones: Iterable[str]) -> bytes:
    """A calendar of this name made of what ``entries`` gave, with the rules of these time zones."""
    whole = Calendar()
    whole.add("prodid", PRODUCT)
    whole.add("version", "2.0")
    whole.add("calscale", "GREGORIAN")
    whole.add("method", "PUBLISH")
    whole.add("name", clean_line(name))  # RFC 7986, and what was used before it
    whole.add("x-wr-calname", clean_line(name))
    whole.add("refresh-interval", FETCHED_EVERY, parameters={"VALUE": "DURATION"})
    whole.add("x-published-ttl", FETCHED_EVERY)
    head = bytes(whole.to_ical()).removesuffix(_END)
    return b"".join([head, *(_zone(each) for each in sorted(zones)), *pieces, _END])


@lru_cache(maxsize=32)
def _zone(name: str) -> bytes:
    return bytes(Timezone.from_tzid(name, first_date=_ZONES_SINCE, last_date=_ZONES_UNTIL).to_ical())


def entries(event: Listed) -> bytes:
    """The entries of an event: itself, and each date that was moved."""
    return b"".join(bytes(each.to_ical()) for each in _entries(event))


def _entries(event: Listed) -> Iterable[Entry]:
    series = event.series
    entry = _entry(event, series.begins, series.ends, event.place)
    changes = _changes(series)
    off = [day for day, change in changes.items() if change.is_cancelled]
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
    for day, change in changes.items():
        if not change.is_cancelled:
            yield _moved(event, day, change)


def _changes(series: Series) -> dict[date, Change]:
    """What is different on single dates, without those the series has no more: a RECURRENCE-ID makes a date of its own, whatever
    the rule says (RFC 5545 section 3.8.4.4), and would stay in every calendar."""
    return {day: change for day, change in sorted(series.changes.items()) if any(slots(series, day, day))}


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
    entry.add("summary", clean_line(event.title))
    entry.add("dtstart", _time(event, begins))
    if ends > begins:
        entry.add("dtend", _time(event, ends))
    lines = (("location", place), ("contact", event.contact), ("url", event.url))
    for name, value in (*((name, clean_line(value)) for name, value in lines), ("description", clean_text(event.text))):
        if value:
            entry.add(name, value)
    if event.category:
        entry.add("categories", [clean_line(event.category)])
    if event.point is not None and place == event.place:
        entry.add("geo", (event.point[1], event.point[0]))
    status = CANCELLED if event.is_cancelled else TENTATIVE if event.is_tentative else CONFIRMED
    entry.add("status", status)
    return entry


def _time(event: Listed, wall: datetime) -> date | datetime:
    """A time on the clock of the place, or a day."""
    return wall.date() if event.is_all_day else wall.replace(tzinfo=ZoneInfo(event.series.zone))
