"""Which date becomes which when a series as a whole goes to other days: the Tuesday's date is the Wednesday's of the same week.

Whoever changes a series that has long begun types its next day, or the day of the first one: how far that is from where it began
says nothing about how far a date goes. So a date stays in its week, or its month where both rhythms are of months; only where
none of the old weeks is one of the new ones (fortnightly, the other weeks) it goes to the nearest of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, timedelta

from neighbour.events.recurrence import Series

_SEARCHED = range(-99, 100)  # periods; an interval has two digits


def pairs(was: Series, now: Series, old: Collection[date], new: Collection[date], first: date) -> dict[date, date]:
    """For each day of ``old``, the days of ``was``, that of ``new``, the days of ``now``, that its date goes to; those that go
    nowhere are missing. ``first``: the first of the old ones that is still to come."""
    period = _period(was, now)
    has_begun = first > was.begins.date()
    if period is None or (not has_begun and period is not _month):
        by = _by_days(was, now) if has_begun else (now.begins.date() - was.begins.date()).days
        there = {day: day + timedelta(days=by) for day in old}
        return {day: to for day, to in there.items() if to in new}
    olds, news = _by_period(old, period), _by_period(new, period)
    later = _nearest(olds, news, period(first)) if has_begun else period(now.begins.date()) - period(was.begins.date())
    found: dict[date, date] = {}
    for number, days in olds.items():
        found |= _of_one(days, news.get(number + later, []))
    return found


def _period(was: Series, now: Series) -> Callable[[date], int] | None:
    """What the days of both rhythms stay within; None where they have nothing like it."""
    rhythms = {each.rule.partition(";")[0] for each in (was, now)}
    if "FREQ=WEEKLY" in rhythms:
        return _week
    return _month if "FREQ=MONTHLY" in rhythms else None


def _by_days(was: Series, now: Series) -> int:
    """How many days later the dates of a begun series go that has neither weeks nor months: of one every three days at most
    one."""
    by = (now.begins.date() - was.begins.date()).days
    if not (was.rule.startswith("FREQ=DAILY") and now.rule.startswith("FREQ=DAILY;INTERVAL=")):
        return by
    every = int(now.rule.rpartition("=")[2])
    return by % every if by % every * 2 <= every else by % every - every


def _week(day: date) -> int:
    return (day.toordinal() - 1) // 7  # the first of January of the year 1 was a Monday


def _month(day: date) -> int:
    return day.year * 12 + day.month


def _by_period(days: Iterable[date], period: Callable[[date], int]) -> dict[int, list[date]]:
    found: dict[int, list[date]] = {}
    for day in sorted(days):
        found.setdefault(period(day), []).append(day)
    return found


def _nearest(olds: dict[int, list[date]], news: dict[int, list[date]], first: int) -> int:
    """How many periods later each date goes: none, where any of the old periods is one of the new ones; else as few as possible,
    so that the date of the ``first`` period goes along."""
    if olds.keys() & news.keys():
        return 0
    begin = olds.get(first, [])[:1]

    def distance(later: int) -> tuple[int, bool]:
        return abs((news[first + later][0] - begin[0]).days), later < 0

    ways = [later for later in _SEARCHED if begin and first + later in news]
    return min(ways, key=distance, default=0)


def _of_one(old: list[date], new: list[date]) -> dict[date, date]:
    """The days of one period: in their order where there are as many, else each to the nearest that is free, rather a later
    one."""
    if len(old) == len(new):
        return dict(zip(old, new, strict=True))
    found: dict[date, date] = {}
    for _far, _is_earlier, day, to in sorted((abs((b - a).days), b < a, a, b) for a in old for b in new):
        if day not in found and to not in found.values():
            found[day] = to
    return found
