"""When something is, in words: days and times as people say them, in the language spoken now.

Days are said in full, never as "tomorrow": a card and a mail are read later than they were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from neighbour.core import clock, i18n
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events.recurrence import WEEKDAYS

DAY = timedelta(days=1)
_MONDAY = date(2024, 1, 1)
_NTH = (
    __("every first %(weekday)s of the month"),
    __("every second %(weekday)s of the month"),
    __("every third %(weekday)s of the month"),
    __("every fourth %(weekday)s of the month"),
    __("every fifth %(weekday)s of the month"),
)


def day(value: date) -> str:
    """``Samstag, 28. November``, with the year where it is another one."""
    said = i18n.masthead_date(value)
    return said if value.year == clock.today(i18n.zone()).year else f"{said} {value.year}"


def clock_time(wall: datetime) -> str:
    """``18:00``"""
    return f"{wall:%H:%M}"


def span(begins: datetime, ends: datetime, *, is_all_day: bool) -> str:
    """From when to when, on the clock of the place: ``Samstag, 28. November, 14:00 bis 17:30``."""
    first, last = begins.date(), ends.date()
    if is_all_day:
        last -= DAY  # it ends at the midnight after its last day
        if last <= first:
            return _("%(day)s, all day", day=day(first))
        return _("%(first)s to %(last)s", first=day(first), last=day(last))
    if ends == begins:
        return _("%(day)s, %(time)s", day=day(first), time=clock_time(begins))
    if last == first:
        return _("%(day)s, %(begin)s to %(end)s", day=day(first), begin=clock_time(begins), end=clock_time(ends))
    return _(
        "%(first)s, %(begin)s to %(last)s, %(end)s",
        first=day(first), begin=clock_time(begins), last=day(last), end=clock_time(ends),
    )  # fmt: skip


def series(
    begins: datetime, ends: datetime, *, is_all_day: bool, rule: str, until_on: date | None, more_on: Sequence[date]
) -> str:
    """All that is known of when: ``Montag, 11. Januar, 18:00, jeden Montag, bis Sonntag, 28. Februar``."""
    said = [span(begins, ends, is_all_day=is_all_day)]
    if rule:
        said.append(repeats(rule, begins.date(), has_more=False))
    if rule and until_on is not None:
        said.append(_("until %(day)s", day=day(until_on)))
    if more_on:
        said.append(_("also on %(days)s", days=_and([i18n.long_date(each) for each in more_on])))
    return ", ".join(said)


def repeats(rule: str, begins: date, *, has_more: bool, until: date | None = None) -> str:
    """How often: ``jeden Dienstag``, ``jeden Mittwoch und Samstag bis 7. Juli 2026``; empty for what happens once."""
    if not rule:
        return _("on several days") if has_more else ""
    often = _often(rule, begins)
    return _("%(often)s until %(day)s", often=often, day=i18n.long_date(until)) if until else often


def _often(rule: str, begins: date) -> str:
    parts = dict(part.split("=") for part in rule.split(";"))
    every, days = int(parts.get("INTERVAL", "1")), parts.get("BYDAY", "").split(",")
    if parts["FREQ"] == "DAILY":
        return _("every %(number)s days", number=every) if every > 1 else _("every day")
    if parts["FREQ"] == "WEEKLY":
        names = _and([_weekday(day) for day in days if day] or [i18n.weekday(begins)])
        said = {1: _("every %(weekday)s"), 2: _("every second %(weekday)s")}.get(every)
        return (
            said % {"weekday": names}
            if said
            else _("every %(number)s weeks on %(weekday)s", number=every, weekday=names)
        )
    if "BYMONTHDAY" in parts:
        number = parts["BYMONTHDAY"]
        said = _("on the last day of the month") if number == "-1" else _("on the %(day)s. of the month", day=number)
    else:
        said = _and([_nth(day) for day in days])
    return said if every == 1 else _("%(day)s, every %(number)s months", day=said, number=every)


def _nth(day: str) -> str:
    """``2TU``: every second Tuesday of the month."""
    name = _weekday(day[-2:])
    if day[:-2] == "-1":
        return _("every last %(weekday)s of the month", weekday=name)
    return _NTH[int(day[:-2]) - 1] % {"weekday": name}


def _weekday(short: str) -> str:
    """The name of a day of the week, as RFC 5545 shortens it."""
    return i18n.weekday(_MONDAY + DAY * WEEKDAYS.index(short))


def _and(names: list[str]) -> str:
    head = ", ".join(names[:-1])
    return _("%(some)s and %(last)s", some=head, last=names[-1]) if head else names[0]
