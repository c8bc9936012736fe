"""Which days a series has, and when each of them begins.

A date is written as people say it: 18:00 on the clock of its place. It stays at 18:00 when the clocks change (RFC 5545
section 3.3.5, local time with a zone), so walls' clocks are what is kept, and moments are worked out last. A time that the
night in March leaves out is read with the offset before it, one that comes twice in October is the first of both.

A rule is an RRULE without its end (RFC 5545 section 3.3.10), of the few parts that ``checked`` lets through: each of them
yields a day within a few months, so looking for the next one ends. Days are made as they are asked for, within a window.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

WINDOW = timedelta(days=400)  # how far ahead the dates of a rule are made
MOST = 2_000  # dates of one answer
LONGEST = timedelta(days=92)  # one date of an event
LATEST = timedelta(days=730)  # how far ahead a day may lie that somebody writes
FAR = LATEST + LONGEST + timedelta(days=8)  # so far ahead it has a date, also looked for from before one that has begun
EARLIEST, LAST = 1900, 9000  # years that days are taken from; further ones are slips of the pen
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = "(?:MO|TU|WE|TH|FR|SA|SU)"
_RULE = re.compile(
    rf"FREQ=(?:DAILY(?:;INTERVAL=[1-9]\d?)?|WEEKLY(?:;INTERVAL=[1-9]\d?)?(?:;BYDAY={_DAY}(?:,{_DAY}){{0,6}})?"
    rf"|MONTHLY(?:;INTERVAL=[1-9]\d?)?;(?:BYDAY=(?:[1-5]|-1){_DAY}(?:,(?:[1-5]|-1){_DAY}){{0,3}}"
    r"|BYMONTHDAY=(?:[1-9]|[12]\d|3[01]|-1)))"
)


class BadRule(ValueError):
    """A rule this house does not take."""


@dataclass(frozen=True)
class Change:
    """What is different on one date: called off, or at another time (on the clock of the place)."""

    is_cancelled: bool = False
    begins: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True)
class Series:
    """When an event is. ``begins``, ``ends``: of its first date, on the clock of ``zone``; all day: from midnight to the
    midnight after the last day. ``rule`` may be empty, ``until`` is the last day it may reach, ``more``: further days.
    ``changes``: by the day as the rule gives it, whatever day it was moved to."""

    begins: datetime
    ends: datetime
    zone: str
    rule: str = ""
    until: date | None = None
    more: tuple[date, ...] = ()
    changes: Mapping[date, Change] = field(default_factory=dict)

    @property
    def length(self) -> timedelta:
        """How long a date lasts, on the clock of the place."""
        return self.ends - self.begins

    @property
    def is_once(self) -> bool:
        return not self.rule and not self.more


@dataclass(frozen=True)
class Dated:
    """One date. ``slot``: the day as the rule gives it, which names it for ever; wall times, and the moments they are."""

    slot: date
    begins: datetime
    ends: datetime
    begins_at: datetime
    ends_at: datetime
    is_cancelled: bool = False


def is_of_our_time(day: date) -> bool:
    """Whether a day may be meant: there are days before it and after it to reckon with."""
    return EARLIEST <= day.year < LAST


def checked(rule: str) -> str:
    """The rule, if it is one of those that are taken; raises BadRule."""
    if rule and not _RULE.fullmatch(rule):
        raise BadRule(rule)
    return rule


def slots(series: Series, first: date, last: date) -> Iterator[date]:
    """The days from ``first`` to ``last`` on which the series has a date, as the rule and the further days say. The first
    date of a series is one whether the rule names it or not."""
    begun, seen = series.begins.date(), set[date]()
    singles = iter(sorted({begun, *series.more}))
    single = next(singles, None)
    for day in _by_rule(series, first, last):
        while single is not None and single <= day:
            if single not in seen and first <= single:
                seen.add(single)
                yield single
            single = next(singles, None)
        if day not in seen:
            seen.add(day)
            yield day
    while single is not None:
        if single not in seen and first <= single <= last:
            seen.add(single)
            yield single
        single = next(singles, None)


def slots_ahead(series: Series, first: date, last: date = date.max) -> Iterator[date]:
    """The days from ``first`` to ``last`` for which dates are made: those of the rule within WINDOW of ``first``, as there is no
    end of them, and those that somebody has written – the first one, the further ones – within FAR of it."""
    near = first + WINDOW
    yield from slots(series, first, min(near, last))
    yield from (day for day in sorted({series.begins.date(), *series.more}) if near < day <= min(first + FAR, last))


def fits(rule: str, begun: date) -> bool:
    """Whether a rule gives the day on which it begins. RFC 5545 section 3.8.5.3 leaves open what it means where it does not."""
    midnight = datetime.combine(begun, time())
    return any(_by_rule(Series(midnight, midnight, "UTC", rule), begun, begun))


def _by_rule(series: Series, first: date, last: date) -> Iterator[date]:
    """Days that the rule alone gives, looked for from shortly before ``first`` on: a series may have begun long ago."""
    if not series.rule:
        return
    end = min(last, series.until) if series.until else last
    near = _near(checked(series.rule), series.begins.date(), first)
    rule = rrulestr(series.rule, dtstart=datetime.combine(near, time()))
    for moment in rule.xafter(datetime.combine(first, time()), inc=True):
        if moment.date() > end:
            return
        yield moment.date()


def _near(rule: str, begun: date, first: date) -> date:
    """A day from which on the rule gives the same days from ``first`` on as it does from ``begun`` on: as many whole periods
    later as there are."""
    if first <= begun:
        return begun
    every = int(next((part[9:] for part in rule.split(";") if part.startswith("INTERVAL=")), "1"))
    if rule.startswith("FREQ=MONTHLY"):  # whose days all stand in the rule
        months = (first.year - begun.year) * 12 + first.month - begun.month
        later = begun.year * 12 + begun.month - 1 + months // every * every
        return max(begun, date(later // 12, later % 12 + 1, 1))
    period = every * (7 if rule.startswith("FREQ=WEEKLY") else 1)
    return begun + timedelta(days=(first - begun).days // period * period)


def expand(series: Series, first: date, last: date) -> list[Dated]:
    """Every date that begins on the days from ``first`` to ``last``, in order; those called off are among them, marked. At
    most MOST, as far ahead as dates are made (``slots_ahead``); one that was moved, within FAR of ``first``."""
    last = min(last, first + FAR)
    found = []
    for slot in slots_ahead(series, first, last):
        if slot not in series.changes:
            found.append(_dated(series, slot, Change()))
        if len(found) >= MOST:
            break
    for slot, change in series.changes.items():
        if any(slots(series, slot, slot)):
            moved = _dated(series, slot, change)
            if first <= moved.begins.date() <= last:
                found.append(moved)
    return sorted(found, key=lambda each: (each.begins_at, each.slot))[:MOST]


def on(series: Series, slot: date) -> Dated | None:
    """The date of this day as the rule gives it; None where the series has none, or no such day can be meant."""
    if not is_of_our_time(slot) or not any(slots(series, slot, slot)):
        return None
    return _dated(series, slot, series.changes.get(slot, Change()))


def moment(wall: datetime, zone: str) -> datetime:
    """The moment (UTC) of a time on the clock of ``zone``."""
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def is_left_out(wall: datetime, zone: str) -> bool:
    """Whether the clock of ``zone`` never shows this time: it is put forward over it."""
    return moment(wall, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall


def _dated(series: Series, slot: date, change: Change) -> Dated:
    begins = change.begins or datetime.combine(slot, series.begins.time())
    ends = change.ends or begins + series.length
    return Dated(
        slot, begins, ends, moment(begins, series.zone), moment(ends, series.zone), is_cancelled=change.is_cancelled
    )
