"""When something is, in words: days and times as people say them, in the language spoken now.

Days are said in full, never as "tomorrow": a card and a mail are read later than they were made.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from neighbour.core import clock, i18n
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __

DAY = timedelta(days=1)
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


def repeats(rule: str, begins: date, *, has_more: bool) -> str:
    """How often: ``jeden Dienstag``; empty for what happens once."""
    name = i18n.weekday(begins)
    if not rule:
        return _("on several days") if has_more else ""
    parts = dict(part.split("=") for part in rule.split(";"))
    nth = parts.get("BYDAY", "")[:-2]
    if parts["FREQ"] == "MONTHLY" and nth == "-1":
        return _("every last %(weekday)s of the month", weekday=name)
    if parts["FREQ"] == "MONTHLY":
        return _NTH[int(nth) - 1] % {"weekday": name}
    if parts["FREQ"] == "WEEKLY":
        said = _("every second %(weekday)s") if parts.get("INTERVAL") == "2" else _("every %(weekday)s")
        return said % {"weekday": name}
    return _("every day")
