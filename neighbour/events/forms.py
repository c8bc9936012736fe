"""The composer's fields of an event, in the words people use: which day, from when, how often, until when."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlsplit

from wtforms import BooleanField, DateField, HiddenField, IntegerField, RadioField, SelectField, StringField, TimeField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional

from neighbour.contributions.forms import ContributionForm
from neighbour.contributions.models import Audience, Contribution
from neighbour.core import clock, i18n
from neighbour.core.forms import DAYS, Form, at_most, one_line
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events import answers, points, service, words
from neighbour.events.categories import CATEGORIES
from neighbour.events.going_on import GoesOn, goes_on
from neighbour.events.models import Category, Event
from neighbour.events.recurrence import FAR, WEEKDAYS, BadRule, Dated, Series, checked, expand, is_of_our_time
from neighbour.events.service import BadPlan, Plan

TIMES = ["%H:%M", "%H.%M", "%H:%M:%S"]
SHOWN = 6  # dates of the preview
MOST_PLACES = 10_000
MOST_DAYS = 60  # days written one by one


class Repeats(StrEnum):
    NEVER = ""
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    MONTHLY_LAST = "monthly_last"
    DAILY = "daily"
    DAYS = "days"
    AS_IS = "as_is"  # a rule that this form has no words for, such as an imported list's


class DayList(StringField):
    """Days with commas or spaces between; ``data``: the dates, sorted."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.raw_data = valuelist
        words = re.split(r"[\s,;]+", (valuelist[0] if valuelist else "").strip())
        self.data = sorted({_day_of(word) for word in words if word})
        if len(self.data) > MOST_DAYS:
            raise ValueError(_("Not more than %(most)s days, please.", most=MOST_DAYS))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return ", ".join(f"{each:%d.%m.%Y}" for each in self.data or ())


def _day_of(word: str) -> date:
    for form in DAYS:
        try:
            return datetime.strptime(word, form).date()  # noqa: DTZ007  a day of the calendar has no zone
        except ValueError:
            continue
    raise ValueError(_("“%(word)s” is not a day. Write it like 24.12.2026.", word=word))


class WhenForm(Form):
    """Day and time of one date: also of a single one that is changed."""

    day = DateField(__("Day"), format=DAYS, validators=[InputRequired(__("Which day?"))])
    from_time = TimeField(__("Begins at"), format=TIMES, validators=[Optional()])
    until_time = TimeField(__("Ends at"), format=TIMES, validators=[Optional()])
    is_all_day = BooleanField(__("All day"))
    last_day = DateField(__("Last day"), format=DAYS, validators=[Optional()])
    place = StringField(__("Place"), filters=[one_line], validators=[at_most(160)])

    def times(self) -> tuple[datetime, datetime] | None:
        """Begin and end on the clock of the place; None with an error at its field."""
        day = self.day.data
        last = self.last_day.data or day
        if not is_of_our_time(day) or not is_of_our_time(last):
            self.add_error("last_day" if is_of_our_time(day) else "day", _("This year cannot be meant."))
            return None
        if last < day:
            self.add_error("last_day", _("It ends before it begins."))
            return None
        if self.is_all_day.data:
            return datetime.combine(day, time()), datetime.combine(last, time()) + timedelta(days=1)
        if self.from_time.data is None:
            self.add_error("from_time", _("When does it begin? Or is it all day?"))
            return None
        begins = datetime.combine(day, self.from_time.data)
        if self.until_time.data is None:
            return begins, begins if last == day else datetime.combine(last, time()) + timedelta(days=1)
        ends = datetime.combine(last, self.until_time.data)
        if ends <= begins and self.last_day.data is None:
            ends += timedelta(days=1)  # until after midnight
        return begins, ends


class EventForm(WhenForm, ContributionForm):
    """An event. ``plan`` is what it means once the form is valid."""

    offers = tuple(Audience)
    shown_as = MappingProxyType({"rule": "repeats"})

    category = RadioField(
        __("What is it?"),
        choices=[SelectChoice(each.key, each.label) for each in CATEGORIES],
        default=Category.GATHERING.value,
    )
    repeats = SelectField(
        __("Again"),
        default=Repeats.NEVER.value,
        choices=[
            SelectChoice(Repeats.NEVER.value, __("no, only this once")),
            SelectChoice(Repeats.WEEKLY.value, __("every week")),
            SelectChoice(Repeats.FORTNIGHTLY.value, __("every two weeks")),
            SelectChoice(Repeats.MONTHLY.value, __("every month, on the same weekday (such as every 2nd Tuesday)")),
            SelectChoice(Repeats.MONTHLY_LAST.value, __("every month, on the last such weekday")),
            SelectChoice(Repeats.DAILY.value, __("every day")),
            SelectChoice(Repeats.DAYS.value, __("on days of my own")),
        ],
    )
    rule = HiddenField()
    repeats_until = DateField(__("Until"), format=DAYS, validators=[Optional()])
    more_days = DayList(__("Further days"), validators=[at_most(1000)])
    point = StringField(__("Point on the map"), filters=[one_line], validators=[at_most(60)])
    online_url = StringField(__("Link to take part online"), filters=[one_line], validators=[at_most(500)])
    cost = StringField(__("What it costs"), filters=[one_line], validators=[at_most(80)])
    capacity = IntegerField(
        __("Places"),
        validators=[Optional(), NumberRange(1, MOST_PLACES, message=__("A number from 1 to %(max)s, please."))],
    )
    for_guests = StringField(__("Only for those who come"), filters=[one_line], validators=[at_most(300)])
    access = StringField(__("Steps, toilet, hearing"), filters=[one_line], validators=[at_most(160)])

    plan: Plan | None = None
    #: where the series goes on that is changed here, if it was cut in two
    goes_on: GoesOn | None = None
    #: whether its first day, which the form shows, is long over
    has_begun = False

    def __init__(self, *args: Any, obj: Event | None = None, **kwargs: Any):
        kwargs = {**(fields_of(obj) if obj is not None else {}), **kwargs}
        super().__init__(*args, obj=obj, **kwargs)
        if obj is not None:
            self.changes(obj)
        if self.rule.data:
            self.repeats.choices = [*self.repeats.choices, SelectChoice(Repeats.AS_IS.value, self._as_is())]

    def changes(self, contribution: Contribution) -> None:
        """Where a series goes on that was cut in two, and whether it has begun."""
        event = cast(Event, contribution)
        self.goes_on = goes_on(event)
        self.has_begun = bool(event.rule) and event.begins.date() < clock.today(event.zone)

    def _as_is(self) -> str:
        """In words, how often it is by the rule it brings along."""
        try:
            rule = checked(self.rule.data)
        except BadRule:
            return str(_("as before"))
        return str(
            _(
                "as before: %(rule)s",
                rule=words.repeats(rule, self.day.data or clock.today(i18n.zone()), has_more=False),
            )
        )

    def validate(self, extra_validators: object = None) -> bool:
        """Each field for itself, then what they say together."""
        if not super().validate(extra_validators):
            return False
        self.plan = self._plan()
        return self.plan is not None

    def said(self) -> dict[str, Any]:
        """With when and where it is, and what only its guests read."""
        return {**super().said(), "plan": self.plan, "for_guests": self.for_guests.data or ""}

    def dates(self) -> list[Dated]:
        """The next dates of what is typed so far; empty while it is no plan yet. Leaves no errors behind."""
        before = [(field, field.errors) for field in self]
        broken = [field for field in self if field.process_errors and any(field.raw_data or ())]
        is_read = not broken and self.repeats.data in set(Repeats)
        plan = self._plan() if is_read and self.day.data else None
        for field, errors in before:
            field.errors = errors
        if plan is None:
            return []
        series = Series(plan.begins, plan.ends, plan.zone, plan.rule, plan.until_on, plan.more_on)
        first = max(clock.today(plan.zone), plan.begins.date())
        return expand(series, first, first + FAR)[:SHOWN]

    def _plan(self) -> Plan | None:
        times, link = self.times(), self._link()
        point = points.read(self.point.data or "")
        if times is None or link is None or not self._has_good_point(point):
            return None
        rule = self._rule(times[0].date())
        if rule is None:
            return None
        is_series, has_days = bool(rule), self.repeats.data == Repeats.DAYS
        plan = Plan(
            *times,
            zone=i18n.zone(),
            is_all_day=self.is_all_day.data,
            rule=rule,
            until_on=self.repeats_until.data if is_series else None,
            more_on=tuple(self.more_days.data or ()) if has_days else (),
            place=self.place.data or "",
            online_url=link,
            cost=self.cost.data or "",
            access=self.access.data or "",
            capacity=self.capacity.data,
            point=point,
        )
        try:
            service.judge(plan)
        except BadPlan as error:
            self.add_error(error.field, str(error))
            return None
        return plan

    def _rule(self, day: date) -> str | None:
        """The rule of the chosen rhythm; None with an error where the day does not fit it."""
        weekday, nth = WEEKDAYS[day.weekday()], (day.day - 1) // 7 + 1
        is_last = day.day + 7 > monthrange(day.year, day.month)[1]
        if self.repeats.data == Repeats.MONTHLY_LAST and not is_last:
            self.add_error(
                "repeats", _("This day is not the last %(weekday)s of its month.", weekday=i18n.weekday(day))
            )
            return None
        if self.repeats.data == Repeats.MONTHLY and nth == 5:
            return f"FREQ=MONTHLY;BYDAY=-1{weekday}"  # most months have no fifth
        return {
            Repeats.WEEKLY: "FREQ=WEEKLY",
            Repeats.FORTNIGHTLY: "FREQ=WEEKLY;INTERVAL=2",
            Repeats.MONTHLY: f"FREQ=MONTHLY;BYDAY={nth}{weekday}",
            Repeats.MONTHLY_LAST: f"FREQ=MONTHLY;BYDAY=-1{weekday}",
            Repeats.DAILY: "FREQ=DAILY",
            Repeats.AS_IS: self.rule.data,
        }.get(Repeats(self.repeats.data), "")

    def _has_good_point(self, point: tuple[float, float] | None) -> bool:
        """Whether a point is given that lies around here, or none."""
        if not self.point.data:
            return True
        if point is None:
            self.add_error("point", _("Please write it like 50.0051, 10.0212: latitude, then longitude."))
        elif not points.is_near(*point):
            self.add_error("point", _("This point lies far outside the city."))
        else:
            return True
        return False

    def _link(self) -> str | None:
        """The link to take part; None with an error where it is no address of the web."""
        link = self.online_url.data or ""
        if link and (urlsplit(link).scheme not in ("http", "https") or not urlsplit(link).hostname or " " in link):
            self.add_error("online_url", _("Please give the whole address, with https:// in front."))
            return None
        return link


def when_fields(begins: datetime, ends: datetime, *, is_all_day: bool) -> dict[str, Any]:
    """A date as the fields of ``WhenForm``, which reads the same from them again."""
    last = (ends - timedelta(days=1 if is_all_day else 0)).date()
    is_over_midnight = ends - begins < timedelta(hours=24) and not is_all_day
    return {
        "day": begins.date(),
        "from_time": None if is_all_day else begins.time(),
        "until_time": None if is_all_day or ends == begins else ends.time(),
        "last_day": last if last > begins.date() and not is_over_midnight else None,
        "is_all_day": is_all_day,
    }


def fields_of(event: Event) -> dict[str, Any]:
    """An event as the fields of its form."""
    rhythm = {"FREQ=WEEKLY": Repeats.WEEKLY, "FREQ=WEEKLY;INTERVAL=2": Repeats.FORTNIGHTLY, "FREQ=DAILY": Repeats.DAILY}
    if re.fullmatch(r"FREQ=MONTHLY;BYDAY=(?:[1-4]|-1)[A-Z]{2}", event.rule):
        rhythm[event.rule] = Repeats.MONTHLY_LAST if "=-1" in event.rule else Repeats.MONTHLY
    repeats = rhythm.get(event.rule, Repeats.AS_IS) if event.rule else Repeats.DAYS if event.more_on else Repeats.NEVER
    return {
        **when_fields(event.begins, event.ends, is_all_day=event.is_all_day),
        "repeats": repeats.value,
        "rule": event.rule if repeats is Repeats.AS_IS else "",
        "repeats_until": event.until_on,
        "more_days": event.more_on,
        "for_guests": answers.for_guests(event.id),
        "point": _own_point(event),
    }


def _own_point(event: Event) -> str:
    """The point its author has set; empty where it is the one the register knows for the place."""
    return points.written(*event.own_point) if event.own_point else ""
