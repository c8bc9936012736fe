"""A row of a list as an event: which column says what, and what the row means, to the letter.

The columns of this house are those of ``Target``. A list with other names is read through a mapping (target → column), guessed
from the names alone and shown to whoever sends it; where a list leaves something open for all its rows – a time that is missing,
one time for several days, the first day of what is every week – they say so (``Choices``). Nobody else does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from neighbour.contributions.models import Audience
from neighbour.contributions.service import BODY_LENGTH, TITLE_LENGTH
from neighbour.core.i18n import gettext as _
from neighbour.core.text import clean_line
from neighbour.events import cells, service
from neighbour.events.categories import CATEGORIES
from neighbour.events.cells import ALL_DAY, Until, Wrong
from neighbour.events.forms import MOST_DAYS, MOST_PLACES
from neighbour.events.models import Category
from neighbour.events.recurrence import WEEKDAYS, fits
from neighbour.events.service import BadPlan, Plan
from neighbour.events.sheets import Row

UID_LENGTH = 200
DAY = timedelta(days=1)
#: how long what ends on the day after may be, and until when it is over, where only times are written: a festival that goes on
#: from 10:30 to 01:00 is one, and 18:00 to 17:00 a slip of the pen
LONGEST_NIGHT, MORNING = timedelta(hours=16), time(8)


class Target(StrEnum):
    """What a column can say. The first three every list has; ``begins`` may be left out where ``weekdays`` is there."""

    UID = "uid"  # how the list calls the row, for ever
    TITLE = "title"
    BEGINS = "begins"  # 2026-12-24, 24.12.2026, 2026-12-24 18:00, 2026-12-24T18:00+01:00
    ENDS = "ends"  # the same; alone a day: the last one
    TIME = "time"  # 10:00-18:00, ab 10:00, ganztägig
    ALL_DAY = "all_day"  # yes, no
    WEEKDAYS = "weekdays"  # Mi, Sa; every week
    RULE = "rule"  # RRULE, RFC 5545
    UNTIL = "until"  # the last day of a series
    MORE = "more"  # further days
    PLACE = "place"
    PLACE_MORE = "place_more"  # behind the place, after a comma
    CATEGORY = "category"
    COST = "cost"
    ACCESS = "access"
    CAPACITY = "capacity"
    ONLINE_URL = "online_url"  # to take part
    TEXT = "text"
    URL = "url"  # where more is said; goes below the text
    STATUS = "status"  # confirmed, cancelled


#: other names of columns, as lists of cities, calendars and spreadsheets call them
ALIASES: dict[Target, tuple[str, ...]] = {
    Target.UID: ("id", "kennung", "nummer"),
    Target.TITLE: ("titel", "name", "bezeichnung", "veranstaltung", "summary"),
    Target.BEGINS: ("beginn", "start", "von", "datum", "date", "dtstart", "begin"),
    Target.ENDS: ("ende", "end", "bis", "dtend"),
    Target.TIME: ("zeit", "zeiten", "uhrzeit", "öffnungszeiten"),
    Target.ALL_DAY: ("ganztägig", "ganztags"),
    Target.WEEKDAYS: ("tage", "wochentag", "wochentage"),
    Target.RULE: ("rrule", "regel", "wiederholung"),
    Target.UNTIL: ("endet", "letzter tag"),
    Target.MORE: ("weitere tage", "rdate"),
    Target.PLACE: ("ort", "location", "strasse", "straße", "adresse", "veranstaltungsort"),
    Target.PLACE_MORE: ("plz", "bezirk", "stadtteil"),
    Target.CATEGORY: ("kategorie", "art", "categories"),
    Target.COST: ("kosten", "eintritt", "preis"),
    Target.ACCESS: ("zugang", "barrierefreiheit"),
    Target.CAPACITY: ("plätze", "platze"),
    Target.ONLINE_URL: ("online", "stream"),
    Target.TEXT: ("beschreibung", "description", "bemerkungen", "bemerkung"),
    Target.URL: ("www", "link", "website", "webseite"),
    Target.STATUS: ("stand",),
}


@dataclass(frozen=True)
class Choices:
    """What whoever sends a list says of all its rows. no_time: ``refuse`` or ``all_day``; several_days, for one time and several
    days: ``refuse``, ``daily`` or ``through``; first_day: from when on what only has days of the week is held."""

    zone: str
    category: str = Category.GATHERING.value
    audience: Audience = Audience.PUBLIC
    no_time: str = "refuse"
    several_days: str = "refuse"
    first_day: date | None = None


@dataclass(frozen=True)
class Wanted:
    """The event a row stands for. ``website``: how the text ends, to be shown by itself; it is no part of what is compared."""

    uid: str
    title: str
    category: str
    text: str
    audience: Audience
    plan: Plan
    is_off: bool | None = None
    website: str = field(default="", repr=False, compare=False)


Mapping_ = Mapping[Target, str]


def guessed(columns: tuple[str, ...]) -> dict[Target, str]:
    """Which column says what, by their names; each column once."""
    by_name = {name.casefold(): name for name in columns}
    found: dict[Target, str] = {}
    for target in Target:
        names = (target.value, target.value.replace("_", " "), *ALIASES[target])
        column = next(
            (by_name[name] for name in names if name in by_name and by_name[name] not in found.values()), None
        )
        if column is not None:
            found[target] = column
    return found


@dataclass
class Reading:
    """A row while it is read: cells by what they say, and every complaint."""

    row: Row
    mapping: Mapping_
    choices: Choices
    wrong: list[Wrong] = field(default_factory=list)

    def cell(self, target: Target) -> str:
        """What stands in the column for this; empty where there is none."""
        return self.row.cells.get(self.mapping.get(target, ""), "")

    def line(self, target: Target, most: int) -> str:
        """The same as one line of at most so many characters."""
        text = clean_line(self.cell(target))
        if len(text) > most:
            self.wrong.append(Wrong(target, _("Please keep it to %(max)d characters.", max=most)))
        return text

    def take(self, parse: Callable[[str, str], Any], target: Target, otherwise: Any = None) -> Any:
        """What a cell says, read by ``parse``; its complaint is kept."""
        try:
            return parse(target, self.cell(target))
        except Wrong as error:
            self.wrong.append(error)
            return otherwise


def wanted(row: Row, mapping: Mapping_, choices: Choices) -> tuple[Wanted | None, list[Wrong]]:
    """The event of a row, or everything that is wrong with it, each at its column."""
    if row.trouble:
        return None, [Wrong("", row.trouble)]
    one = Reading(row, mapping, choices)
    uid, title = one.line(Target.UID, UID_LENGTH), one.line(Target.TITLE, TITLE_LENGTH)
    for target, text, message in (
        (Target.UID, uid, _("Each row needs a name of its own that stays, such as a number.")),
        (Target.TITLE, title, _("There is no title.")),
    ):
        if not text:
            one.wrong.append(Wrong(target, message))
    category, text = _category(one), _text(one)
    is_off: bool | None = one.take(cells.is_off, Target.STATUS)
    plan = _plan(one)
    if plan is None or one.wrong:
        return None, one.wrong
    return Wanted(uid, title, category, text, choices.audience, plan, is_off, one.cell(Target.URL)), []


def _category(one: Reading) -> str:
    word = clean_line(one.cell(Target.CATEGORY)).casefold()
    if not word:
        return one.choices.category
    known = {str(each.label).casefold(): each.key for each in CATEGORIES} | {
        each.value: each.value for each in Category
    }
    if word not in known:
        names = ", ".join(str(each.label) for each in CATEGORIES)
        one.wrong.append(
            Wrong(Target.CATEGORY, _("“%(text)s” is none of: %(names)s.", text=cells.quoted(word), names=names))
        )
    return str(known.get(word, ""))


def _text(one: Reading) -> str:
    text = "\n\n".join(each for each in (one.cell(Target.TEXT), one.cell(Target.URL)) if each)
    if len(text) > BODY_LENGTH:
        one.wrong.append(Wrong(Target.TEXT, _("Please keep it to %(max)d characters.", max=BODY_LENGTH)))
    return text


def _plan(one: Reading) -> Plan | None:
    """When and where; None with a complaint."""
    when = _when(one)
    places = [one.line(Target.PLACE, 160), one.line(Target.PLACE_MORE, 160)]
    place = ", ".join(each for each in places if each)
    if len(place) > 160 and not any(len(each) > 160 for each in places):
        one.wrong.append(Wrong(Target.PLACE, _("Please keep it to %(max)d characters.", max=160)))
    cost, access = one.line(Target.COST, 80), one.line(Target.ACCESS, 160)
    capacity, link = _capacity(one), _link(one)
    if when is None or one.wrong:
        return None
    plan = replace(when, place=place, cost=cost, access=access, capacity=capacity, online_url=link)
    try:
        service.judge(plan)
    except BadPlan as error:
        has_hours = bool(one.cell(Target.TIME).strip())
        fields = {
            "from_time": Target.TIME if has_hours else Target.BEGINS,
            "until_time": Target.TIME if has_hours else Target.ENDS,
            "last_day": Target.ENDS,
            "day": Target.BEGINS,
            "repeats_until": Target.UNTIL,
            "more_days": Target.MORE,
        }
        one.wrong.append(Wrong(fields.get(error.field, Target.RULE), error))
        return None
    return plan


def _capacity(one: Reading) -> int | None:
    text = one.cell(Target.CAPACITY).strip()
    if not text:
        return None
    number = text.lstrip("0")  # a number of thousands of digits is not worked out
    if not text.isascii() or not text.isdigit() or len(number) > 9 or not 1 <= int(number or "0") <= MOST_PLACES:
        one.wrong.append(Wrong(Target.CAPACITY, _("A number from 1 to %(max)s, please.", max=MOST_PLACES)))
        return None
    return int(number)


def _link(one: Reading) -> str:
    link = one.line(Target.ONLINE_URL, 500)
    try:
        parts = urlsplit(link)
        is_good = not link or (parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in link)
    except ValueError:
        is_good = False
    if not is_good:
        one.wrong.append(Wrong(Target.ONLINE_URL, _("Please give the whole address, with https:// in front.")))
    return link


def _when(one: Reading) -> Plan | None:
    """The times of a row as a plan without a place; None with a complaint."""
    zone, others = one.choices.zone, len(one.wrong)
    days: tuple[str, ...] = one.take(cells.weekdays, Target.WEEKDAYS, ())
    begins = one.take(lambda name, text: cells.moment(name, text, zone), Target.BEGINS)
    ends = one.take(lambda name, text: cells.moment(name, text, zone, is_end=True), Target.ENDS)
    hours = one.take(cells.hours, Target.TIME)
    is_all_day = bool(one.take(cells.flag, Target.ALL_DAY))
    series, ends_by = _series(one, days)
    if begins is None and len(one.wrong) == others:
        begins = _first_day(one, days)
    if len(one.wrong) > others or begins is None or series is None:
        return None
    try:
        plan = _timed(one, begins, ends, hours, is_all_day, _from(begins[0], zone, series), days)
        plan = _once_a_week(days, plan)
        for end in ends_by:
            plan = _ended(plan, end)
        cells.begin_alike(Target.MORE, one.cell(Target.MORE), zone, None if plan.is_all_day else plan.begins.time())
        return plan
    except Wrong as error:
        one.wrong.append(error)
        return None


def _from(day: date, zone: str, series: _Days) -> Plan:
    """A plan with its days; the times are put in afterwards."""
    midnight, (rule, more) = datetime.combine(day, time()), series
    return Plan(midnight, midnight, zone, rule=rule, more_on=more)


_Days = tuple[str, tuple[date, ...]]


def _series(one: Reading, days: tuple[str, ...]) -> tuple[_Days | None, list[Until]]:
    """Rule and further days, None with a complaint; and the ends that stand in their own column and in the rule."""
    zone = one.choices.zone
    try:
        rule, in_rule = cells.rule(Target.RULE, one.cell(Target.RULE), zone)
        end = cells.until(Target.UNTIL, one.cell(Target.UNTIL), zone)
        more = cells.days(Target.MORE, one.cell(Target.MORE), zone)
        if days and rule:
            raise Wrong(Target.RULE, _("The row has days of the week and a rule. One of them is enough."))
        if days:  # of one day it is that of the begin
            rule = "FREQ=WEEKLY" if len(days) == 1 else f"FREQ=WEEKLY;BYDAY={','.join(days)}"
        if (end or in_rule) and not rule:
            raise Wrong(Target.UNTIL, _("There is a last day, but nothing that says how often it is held."))
        if len(more) > MOST_DAYS:
            raise Wrong(Target.MORE, _("Not more than %(most)s days, please.", most=MOST_DAYS))
    except Wrong as error:
        one.wrong.append(error)
        return None, []
    return (rule, more), [each for each in (end, in_rule) if each is not None]


def _ended(plan: Plan, until: Until) -> Plan:
    """A plan that ends when a column or its rule says so, known once the times are; both of them say the same. Raises Wrong."""
    last = until.day if plan.is_all_day else until.last_day(plan.begins.time(), plan.zone)
    if plan.until_on not in (None, last):
        raise Wrong(Target.UNTIL, _("The rule ends on another day."))
    return replace(plan, until_on=last)


def _first_day(one: Reading, days: tuple[str, ...]) -> tuple[date, None] | None:
    """The first day of what has days of the week only, if whoever sends the list has said from when on."""
    first = one.choices.first_day
    if days and first is not None:
        numbers = {WEEKDAYS.index(each) for each in days}
        return next(first + DAY * ahead for ahead in range(7) if (first + DAY * ahead).weekday() in numbers), None
    one.wrong.append(Wrong(Target.BEGINS, _("There is no day on which it begins.")))
    return None


def _timed(
    one: Reading, begins: tuple[date, time | None], ends: tuple[date, time | None] | None,
    hours: tuple[time, time | None] | str | None, is_all_day: bool, plan: Plan, weekdays: tuple[str, ...],
) -> Plan:  # fmt: skip
    """Begin and end on the clock of the place. Raises Wrong."""
    (day, from_time), (last, until_time) = begins, ends or (begins[0], None)
    if weekdays and WEEKDAYS[day.weekday()] not in weekdays:
        raise Wrong(Target.WEEKDAYS, _("The day on which it begins is none of these days of the week."))
    if plan.rule and not fits(plan.rule, day):
        raise Wrong(Target.RULE, _("The day on which it begins is none of those that the rule gives."))
    if last < day:
        raise Wrong(Target.ENDS, _("It ends before it begins."))
    if isinstance(hours, tuple):
        if from_time is not None or until_time is not None:
            raise Wrong(Target.TIME, _("The row says two times."))
        from_time, daily_until = hours
    else:
        is_all_day, daily_until = is_all_day or hours == ALL_DAY, None
    if is_all_day and (from_time is not None or until_time is not None):
        raise Wrong(Target.ALL_DAY, _("It is all day, and has a time."))
    if is_all_day or (from_time is None and until_time is None and one.choices.no_time == "all_day"):
        if last > day and plan.rule and not weekdays and one.choices.several_days != "through":
            raise Wrong(Target.RULE, _("It lasts several days and has a rule: from the first to the last, each time?"))
        return replace(
            plan, begins=datetime.combine(day, time()), ends=datetime.combine(last, time()) + DAY, is_all_day=True
        )
    if from_time is None:
        raise Wrong(Target.TIME, _("When does it begin? Or is it all day?"))
    start = datetime.combine(day, from_time)
    if until_time is not None:
        return replace(plan, begins=start, ends=datetime.combine(last, until_time))
    if last > day:
        return _over_days(one, start, last, daily_until, plan)
    return replace(plan, begins=start, ends=_same_day(start, daily_until))


def _once_a_week(weekdays: tuple[str, ...], plan: Plan) -> Plan:
    """What is held on days of the week is over after a day: a later end is meant as that of the series. Raises Wrong."""
    if weekdays and plan.ends - plan.begins > DAY:
        raise Wrong(
            Target.WEEKDAYS,
            _("It has days of the week and lasts several days. The last day of a series belongs in “until”."),
        )
    return plan


def _same_day(start: datetime, until: time | None) -> datetime:
    """The end of what ends on its day, at its midnight, or in the night after it. Raises Wrong for what would last longer than a
    night: somebody may as well have written a slip of the pen."""
    if until is None:
        return start
    end = datetime.combine(start.date(), until)
    if end > start:
        return end
    if until != time() and (until > MORNING or end + DAY - start > LONGEST_NIGHT):
        words = _(
            "From %(begin)s to %(end)s it would end on the next day. If that is right, write begin and end with day and time.",
            begin=f"{start:%H:%M}", end=f"{until:%H:%M}",
        )  # fmt: skip
        raise Wrong(Target.TIME, words)
    return end + DAY


def _over_days(one: Reading, start: datetime, last: date, until: time | None, plan: Plan) -> Plan:
    """One time and several days: every day at this time, or from the first to the last, as whoever sends the list says."""
    if one.choices.several_days == "daily" and not plan.rule and not plan.more_on:
        return replace(plan, begins=start, ends=_same_day(start, until), rule="FREQ=DAILY", until_on=last)
    if one.choices.several_days == "through":
        end = datetime.combine(last, until or time())
        end += DAY if end.time() == time() else timedelta()  # no time, or midnight: that after the last day
        return replace(plan, begins=start, ends=end)
    raise Wrong(Target.TIME, _("One time and several days: every day at this time, or from the first to the last?"))
