"""What becomes of a series when one date and all that follow go to another day.

The day that was moved goes there, and so do the days of the series that are like it: of a series on Tuesdays and Thursdays all
Tuesdays, of one on the 15th every 15th. The others stay. Each date keeps its row, and with it whoever wants to come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from neighbour.core.i18n import lazy_gettext as __
from neighbour.events.recurrence import WEEKDAYS, WINDOW, Series, slots, slots_ahead
from neighbour.events.service import BadPlan

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Moved:
    """A series from one of its days on. ``day``: where each of its days goes; ``begins``: its first one."""

    rule: str
    begins: date
    until: date | None
    more: tuple[date, ...]
    day: Callable[[date], date]


def moved(series: Series, slot: date, to: date) -> Moved:
    """The days of a series from ``slot`` on, when this one goes to ``to``. Raises BadPlan where it would have two dates on one
    day, or a rhythm that no rule says."""
    by = to - slot
    rule, goes = _rule(series, slot, to) if by and slot not in series.more else (series.rule, None)
    until = min(series.until + by, date.max - DAY) if series.until and by > timedelta() else series.until
    day = goes or (lambda each: each + by)
    known = list(slots_ahead(series, slot))
    new = [day(each) for each in known]
    if len(set(new)) < len(new):
        raise BadPlan("day", __("The series has a date on such a day already."))
    return Moved(rule, min(new, default=to), until, tuple(day(each) for each in series.more if each >= slot), day)


def _rule(series: Series, slot: date, to: date) -> tuple[str, Callable[[date], date] | None]:
    """The rule with the day that was moved, and where each day goes; None where all go the same way."""
    parts = dict(part.split("=") for part in series.rule.split(";") if part)
    days = parts.get("BYDAY", "").split(",")
    if parts.get("FREQ") == "WEEKLY" and days != [""]:
        return _weekly(series, parts, slot, to)
    if parts.get("FREQ") != "MONTHLY":
        return series.rule, None
    if "BYMONTHDAY" in parts:
        is_last = parts["BYMONTHDAY"] == "-1" and _is_last(to, DAY)
        parts["BYMONTHDAY"] = "-1" if is_last else str(to.day)
        return _by_months(series, _written(parts), slot, to)
    names = {_nth(slot), f"-1{WEEKDAYS[slot.weekday()]}"} if _is_last(slot, WEEK) else {_nth(slot)}
    mine = next((each for each in days if each in names), None)
    if mine is None:  # the first date of a series need not be one of its days
        return series.rule, lambda day: to if day == slot else day
    is_last = (mine.startswith("-1") and _is_last(to, WEEK)) or to.day > 28
    new = f"-1{WEEKDAYS[to.weekday()]}" if is_last else _nth(to)
    parts["BYDAY"] = ",".join(dict.fromkeys(new if each == mine else each for each in days))
    if len(days) == 1:
        return _by_months(series, _written(parts), slot, to)
    if (slot.year, slot.month) != (to.year, to.month):
        raise BadPlan("day", __("The series has several dates a month. Please choose a day of the same month."))
    alone = replace(series, begins=datetime.combine(slot, series.begins.time()), rule=_only(parts, mine), more=())
    other = _by_months(alone, _only(parts, new), slot, to)[1]
    mine_only = set(slots(alone, slot, slot + 2 * WINDOW))
    return _written(parts), lambda day: other(day) if day in mine_only else day


def _weekly(series: Series, parts: dict[str, str], slot: date, to: date) -> tuple[str, Callable[[date], date] | None]:
    days, old, new = parts["BYDAY"].split(","), WEEKDAYS[slot.weekday()], WEEKDAYS[to.weekday()]
    if days == [old]:
        return _written({**parts, "BYDAY": new}), None
    if old not in days:  # the first date of a series need not be one of its days
        return series.rule, lambda day: to if day == slot else day
    if new != old and new in days:
        raise BadPlan("day", __("The series has a date on such a day already."))
    is_same_week = slot - timedelta(days=slot.weekday()) == to - timedelta(days=to.weekday())
    if parts.get("INTERVAL", "1") != "1" and not is_same_week:
        raise BadPlan("day", __("The series has several dates a week. Please choose a day of the same week."))
    by = to - slot
    parts = {**parts, "BYDAY": ",".join(each for each in WEEKDAYS if each in {new, *days} - ({old} - {new}))}
    return _written(parts), lambda day: day + by if day.weekday() == slot.weekday() else day


def _by_months(series: Series, rule: str, slot: date, to: date) -> tuple[str, Callable[[date], date]]:
    """Of a series with one date a month: the date of each month goes to that of the same one, or as many months later."""
    later = _months(to) - _months(slot)
    new = replace(series, begins=datetime.combine(to, series.begins.time()), rule=rule, until=None, more=(), changes={})
    of_month: Mapping[int, date] = {_months(day): day for day in slots(new, to, to + 2 * WINDOW)}
    return rule, lambda day: of_month.get(_months(day) + later, day + (to - slot))


def _months(day: date) -> int:
    return day.year * 12 + day.month


def _nth(day: date) -> str:
    return f"{(day.day - 1) // 7 + 1}{WEEKDAYS[day.weekday()]}"


def _is_last(day: date, step: timedelta) -> bool:
    """Whether it is the last of its month: day, or such weekday."""
    return (day + step).month != day.month


def _only(parts: Mapping[str, str], one: str) -> str:
    return _written({**parts, "BYDAY": one})


def _written(parts: Mapping[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())


def groups(days: Iterable[date], goes: Callable[[date], date]) -> dict[timedelta, list[date]]:
    """Which of these days go how far."""
    found: dict[timedelta, list[date]] = {}
    for day in days:
        found.setdefault(goes(day) - day, []).append(day)
    return found
