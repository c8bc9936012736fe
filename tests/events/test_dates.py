"""The dates of an event as rows: what lists and cards read, made anew with each change and kept a year ahead."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from neighbour.contributions import service as base
from neighbour.core import scope
from neighbour.core.db import atomic
from neighbour.events import changing, dates, service
from neighbour.events.changing import NoSuchDate
from neighbour.events.models import Event, Occurrence
from neighbour.events.service import BadPlan, Plan
from tests.factories import make_event, make_person, make_quarter, viewer_of

TUESDAY = datetime(2026, 5, 19, 18)  # a week after the frozen clock


def rows(owner, event):
    found = owner.execute(
        "SELECT slot_on, begins_at, is_cancelled FROM occurrence WHERE event_id = %s ORDER BY begins_at", [event.id]
    )
    return [(slot, at.astimezone(UTC), is_off) for slot, at, is_off in found]


def acting(host, here, event, act, *given):
    """Do it as the author; gives what comes back and the event as it is then."""
    with scope.use(viewer_of(host, here)), atomic():
        return act(service.of_person(event.id), *given)


def test_a_weekly_series_has_a_year_of_dates_and_the_clock_change_moves_none(owner, here, host):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY")
    found = rows(owner, event)
    assert len(found) == 57 and found[0] == (date(2026, 5, 19), datetime(2026, 5, 19, 16, tzinfo=UTC), False)
    assert {(slot.weekday(), at.hour) for slot, at, _off in found} == {(1, 16), (1, 17)}


def test_every_night_dates_are_made_further_ahead_once_for_each_series(owner, here, host, jobs, frozen_clock):
    running = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY")
    ended = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", until_on=date(2026, 6, 30))
    off = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY")
    acting(host, here, off, changing.call_off, None)
    before = {event.id: rows(owner, event) for event in (running, ended, off)}
    versions = owner.execute("SELECT id, version FROM contribution ORDER BY id").fetchall()
    assert dates.keep_ahead() == 0, "a year is there"
    frozen_clock.tick(60 * 86_400)
    jobs.sent.append(("events.ahead", []))
    jobs.run()
    now = rows(owner, running)
    assert now[: len(before[running.id])] == before[running.id], "what was there stays, the past too"
    assert now[-1][0] == date(2027, 8, 10) and len(now) == len(before[running.id]) + 8
    assert (rows(owner, ended), rows(owner, off)) == (before[ended.id], before[off.id])
    assert owner.execute("SELECT id, version FROM contribution ORDER BY id").fetchall() == versions, "cards stay kept"
    assert dates.keep_ahead() == 0


def test_one_date_is_moved_and_one_called_off_and_the_others_stay(owner, here, host):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", place="Hof")
    second, third = date(2026, 5, 26), date(2026, 6, 2)
    (version,) = owner.execute("SELECT version FROM contribution").fetchone()
    for _twice in range(2):
        acting(
            host,
            here,
            event,
            changing.change_one,
            second,
            datetime(2026, 5, 27, 19),
            datetime(2026, 5, 27, 21),
            "Garten",
        )
        acting(host, here, event, changing.call_off, third)
    found = rows(owner, event)
    assert found[1] == (second, datetime(2026, 5, 27, 17, tzinfo=UTC), False)
    assert found[2] == (third, datetime(2026, 6, 2, 16, tzinfo=UTC), True)
    assert len(found) == 57 and not any(is_off for _slot, _at, is_off in found[3:])
    assert owner.execute("SELECT version FROM contribution").fetchone()[0] > version, "cards show it"
    acting(host, here, event, changing.call_on, third)
    acting(host, here, event, changing.change_one, second, datetime(2026, 5, 26, 18), datetime(2026, 5, 26, 20), "Hof")
    assert owner.execute("SELECT count(*) FROM event_exception").fetchone() == (0,), "as usual is no exception"


def test_this_and_all_that_follow_go_on_as_a_series_of_their_own(owner, here, host):
    made = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe", place="Hof")
    event, third = SimpleNamespace(id=made.id), date(2026, 6, 2)
    acting(host, here, event, changing.call_off, date(2026, 6, 9))
    ids = dict(owner.execute("SELECT slot_on, id FROM occurrence").fetchall())
    to = datetime(2026, 6, 3, 19, 30)
    change = (changing.change_following, third, to, to + timedelta(hours=2), "Saal")
    later = SimpleNamespace(id=acting(host, here, event, *change).id)
    with pytest.raises(NoSuchDate):  # sent twice: the date is the other series' by now
        acting(host, here, event, *change)
    assert [slot for slot, *_rest in rows(owner, event)] == [date(2026, 5, 19), date(2026, 5, 26)]
    found = rows(owner, later)
    assert found[0] == (date(2026, 6, 3), datetime(2026, 6, 3, 17, 30, tzinfo=UTC), False)
    assert found[1][2], "what was called off stays so"
    assert owner.execute("SELECT id FROM occurrence WHERE slot_on = '2026-06-03'").fetchone() == (ids[third],)
    assert owner.execute("SELECT title FROM contribution").fetchall() == [("Chorprobe",)] * 2


def test_calling_off_all_is_seen_at_every_date_and_can_be_taken_back(owner, here, host):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY")
    for act, is_off in ((changing.call_off, True), (changing.call_off, True), (changing.call_on, False)):
        acting(host, here, event, act, None)
        assert {row[2] for row in rows(owner, event)} == {is_off}
    assert owner.execute("SELECT sequence FROM event").fetchone() == (2,), "each change once"


def test_what_is_over_stays_and_cannot_be_changed(owner, here, host, frozen_clock):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY")
    frozen_clock.tick(10 * 86_400)
    with pytest.raises(NoSuchDate):
        acting(host, here, event, changing.call_off, date(2026, 5, 19))
    plan = Plan(TUESDAY + timedelta(hours=1), TUESDAY + timedelta(hours=3), "Europe/Berlin", rule="FREQ=WEEKLY")
    acting(host, here, event, service.replan, plan)
    hours = [at.hour for _slot, at, _off in rows(owner, event)]
    assert hours[0] == 16 and set(hours[1:]) == {17, 18}


@pytest.mark.parametrize(
    ("begins", "more", "field"),
    [
        (datetime(2026, 5, 11, 18), {}, "day"),
        (datetime(2029, 5, 19, 18), {}, "day"),
        (TUESDAY, {"ends": datetime(2026, 5, 19, 17)}, "until_time"),
        (TUESDAY, {"ends": datetime(2026, 12, 19, 17)}, "last_day"),
        (TUESDAY, {"rule": "FREQ=WEEKLY", "until_on": date(2026, 5, 18)}, "repeats_until"),
        (TUESDAY, {"rule": "FREQ=SECONDLY"}, "repeats"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_to_mend(owner, here, host, begins, more, field):
    with pytest.raises(BadPlan) as refused:
        make_event(host, here, begins, **more)
    assert refused.value.field == field
    assert owner.execute("SELECT count(*) FROM contribution").fetchone() == (0,)


def test_dates_are_behind_the_wall_as_their_event_is(owner, here, host, session):
    event = make_event(host, here, TUESDAY)
    elsewhere = make_quarter("Fremd")
    stranger = make_person(elsewhere)
    counts = {}
    for who, eyes in {"mine": viewer_of(make_person(here), here), "strange": viewer_of(stranger, elsewhere)}.items():
        with scope.use(eyes):
            counts[who] = [session.scalar(select(func.count()).select_from(table)) for table in (Event, Occurrence)]
    assert counts == {"mine": [1, 1], "strange": [0, 0]}
    with scope.use(viewer_of(host, here)), atomic():
        base.withdraw(service.of_person(event.id))
    with scope.use(viewer_of(make_person(here), here)):
        assert session.scalar(select(func.count()).select_from(Occurrence)) == 0
