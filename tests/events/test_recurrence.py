"""The days of a series: the same that calendars work out from what we write for them, across both changes of the clocks."""

from __future__ import annotations

import time as processes
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

import pytest
import recurring_ical_events
from dateutil.rrule import rrulestr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from neighbour.events import ics
from neighbour.events.recurrence import MOST, WINDOW, BadRule, Change, Series, checked, expand, slots

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
intervals = st.integers(1, 4).map(lambda n: f";INTERVAL={n}" if n > 1 else "")
weekly = st.builds(
    lambda n, days: f"FREQ=WEEKLY{n}" + (f";BYDAY={','.join(days)}" if days else ""),
    intervals, st.lists(st.sampled_from(DAYS), max_size=3, unique=True),
)  # fmt: skip
monthly = st.builds(
    lambda n, nth, day: f"FREQ=MONTHLY{n};BYDAY={nth}{day}", intervals, st.sampled_from([1, 2, 3, 4, 5, -1]), st.sampled_from(DAYS)
)  # fmt: skip
by_date = st.builds(lambda n, day: f"FREQ=MONTHLY{n};BYMONTHDAY={day}", intervals, st.sampled_from([1, 15, 29, 31, -1]))
rules = st.one_of(st.just(""), intervals.map(lambda n: f"FREQ=DAILY{n}"), weekly, weekly, monthly, by_date)
times = st.sampled_from([time(0), time(1, 30), time(2, 30), time(3), time(9, 15), time(18), time(23, 45)])


@st.composite
def series(draw):
    """A series that crosses October and March, some of its dates called off, some moved."""
    is_all_day, first = draw(st.booleans()), date(2026, 9, 20) + timedelta(days=draw(st.integers(0, 60)))
    begins = datetime.combine(first, time() if is_all_day else draw(times))
    length = timedelta(days=draw(st.integers(1, 3))) if is_all_day else timedelta(minutes=draw(st.integers(0, 40)) * 30)
    rule = draw(rules)
    more = draw(st.lists(st.integers(0, 300).map(lambda n: first + timedelta(days=n)), max_size=3, unique=True))
    until = first + timedelta(days=draw(st.integers(0, 280))) if rule and draw(st.booleans()) else None
    plain = Series(begins, begins + length, "Europe/Berlin", rule, until, tuple(sorted(more)))
    known = list(islice(slots(plain, first, first + timedelta(days=300)), 120))
    changes = {}
    for slot in draw(st.lists(st.sampled_from(known), max_size=4, unique=True)):
        if draw(st.booleans()):
            changes[slot] = Change(is_cancelled=True)
        else:
            to = datetime.combine(
                slot + timedelta(days=draw(st.integers(-3, 3))), time() if is_all_day else draw(times)
            )
            changes[slot] = Change(begins=to, ends=to + length)
    return Series(begins, begins + length, "Europe/Berlin", rule, until, tuple(sorted(more)), changes), is_all_day


def _listed(one, is_all_day):
    return ics.Listed("u@x", "Repair-Café", one, NOW, is_all_day=is_all_day)


def _judged(one, is_all_day, first, last):
    """What the judge makes of our calendar: moments, or days, from when to when."""
    read = Calendar.from_ical(ics.calendar("Weberviertel", [_listed(one, is_all_day)]))
    found = recurring_ical_events.of(read).between(first - timedelta(days=5), last + timedelta(days=5))
    return sorted((_plain(each.start), _plain(each.end)) for each in found if first <= _day(each.start) <= last)


def _day(value):
    return value.date() if isinstance(value, datetime) else value


def _plain(value):
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _ours(one, is_all_day, first, last):
    found = [each for each in expand(one, first, last) if not each.is_cancelled]
    if is_all_day:
        return sorted((each.begins.date(), each.ends.date()) for each in found)
    return sorted((each.begins_at, each.ends_at) for each in found)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(series())
def test_calendars_find_the_same_dates_in_what_we_write(drawn):
    one, is_all_day = drawn
    first, last = date(2026, 9, 10), date(2027, 7, 31)
    assert _ours(one, is_all_day, first, last) == _judged(one, is_all_day, first, last)


def test_a_date_of_a_series_that_was_shortened_is_in_no_calendar():
    """Of a weekly one that ends sooner now, of further days that are no more, and of what is held once by now."""
    first, moved = datetime(2026, 12, 1, 18), Change(begins=datetime(2026, 12, 9, 19), ends=datetime(2026, 12, 9, 20))
    whole = Series(
        first, first + timedelta(hours=1), "Europe/Berlin", "FREQ=WEEKLY", None, (), {date(2026, 12, 8): moved}
    )
    further = replace(whole, rule="", more=(date(2026, 12, 8),))
    off = replace(whole, changes={date(2026, 12, 8): Change(is_cancelled=True)})
    ends = date(2026, 12, 5)
    for one, count in ((whole, 2), (further, 2), (replace(whole, until=ends), 1), (replace(off, until=ends), 1),
                       (replace(whole, rule=""), 1), (replace(further, more=(date(2027, 1, 5),)), 2)):  # fmt: skip
        window = date(2026, 11, 1), date(2026, 12, 10) if one.rule else date(2027, 2, 1)
        assert len(_ours(one, False, *window)) == count and _ours(one, False, *window) == _judged(one, False, *window)
        assert (b"20261208" in ics.entries(_listed(one, False))) == (date(2026, 12, 8) in set(slots(one, *window)))


def test_six_in_the_evening_stays_six_in_the_evening():
    one = Series(datetime(2026, 10, 6, 18), datetime(2026, 10, 6, 20), "Europe/Berlin", "FREQ=WEEKLY")
    found = expand(one, date(2026, 10, 6), date(2027, 4, 7))
    assert {each.begins.time() for each in found} == {time(18)}
    assert {each.begins_at.hour for each in found} == {16, 17}, "in summer and in winter"
    assert len(found) == 27


def test_a_series_ends_where_it_is_looked_for_no_longer():
    daily = Series(datetime(2020, 1, 1, 9), datetime(2020, 1, 1, 10), "Europe/Berlin", "FREQ=DAILY")
    found = expand(daily, date(2026, 1, 1), date(9999, 12, 31))
    assert len(found) == WINDOW.days + 1 <= MOST
    assert found[0].slot == date(2026, 1, 1)


@pytest.mark.parametrize(
    "rule",
    ["FREQ=SECONDLY", "FREQ=HOURLY", "FREQ=DAILY;BYSECOND=1", "FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=WEEKLY;INTERVAL=0",
     "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2", "freq=daily", "FREQ=DAILY\nX:1", "FREQ=DAILY;COUNT=9"],
)  # fmt: skip
def test_rules_that_could_be_looked_through_for_ever_are_refused(rule):
    with pytest.raises(BadRule):
        checked(rule)
    with pytest.raises(BadRule):
        expand(Series(datetime(2026, 1, 1), datetime(2026, 1, 1), "UTC", rule), date(2026, 1, 1), date(2026, 2, 1))


@pytest.mark.parametrize("rule", ["FREQ=DAILY;INTERVAL=7", "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TH", "FREQ=WEEKLY;INTERVAL=2",
                                  "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=31", "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR,2TU"])  # fmt: skip
def test_a_series_that_began_long_ago_is_looked_through_from_near_the_days_that_are_asked_for(rule):
    begins = datetime(1931, 3, 31, 18)
    series = Series(begins, begins + timedelta(hours=2), "Europe/Berlin", rule)
    whole = rrulestr(rule, dtstart=datetime(1931, 3, 31))
    for first in (date(1931, 4, 1), date(1999, 12, 31), date(2026, 5, 12)):
        wanted = [day.date() for day in whole.between(datetime(first.year, first.month, first.day),
                                                      datetime(first.year + 1, 2, 27), inc=True)]  # fmt: skip
        assert list(slots(series, first, date(first.year + 1, 2, 27))) == wanted
    ancient = replace(series, begins=datetime(1, 1, 1, 18), ends=datetime(1, 1, 1, 20))
    begun = processes.process_time()
    assert len(expand(ancient, date(2026, 5, 12), date(2027, 5, 12))) <= MOST
    assert processes.process_time() - begun < 0.1
