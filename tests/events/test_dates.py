"""The dates of an event as rows: what lists and cards read, made anew with each change and kept a year ahead."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from neighbour.contributions import photo_drawing, photos
from neighbour.contributions import service as base
from neighbour.core import scope
from neighbour.core.db import atomic
from neighbour.core.tokens import to_uid
from neighbour.events import changing, dates, service
from neighbour.events.changing import NoSuchDate
from neighbour.events.models import Event, Occurrence
from neighbour.events.service import BadPlan, Plan
from tests.factories import make_event, make_person, make_quarter, make_signed_in, viewer_of
from tests.support.photos import no_photos, photo, post

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


def test_a_series_goes_on_through_the_night_that_leaves_its_time_out(owner, here, host):
    night = date(2027, 3, 28)
    at = datetime(2027, 3, 28, 2, 30), datetime(2027, 3, 28, 2, 30)
    event = make_event(host, here, datetime(2027, 3, 21, 2, 30), hours=0, rule="FREQ=WEEKLY")
    assert rows(owner, event)[1] == (night, datetime(2027, 3, 28, 1, 30, tzinfo=UTC), False), "an hour later"
    acting(host, here, event, changing.change_one, night, *at, "Garten")
    for act in (changing.change_one, changing.change_following):
        with pytest.raises(BadPlan, match="02:30"):
            acting(host, here, event, act, night, at[0].replace(hour=1), at[1], "Garten")
    with pytest.raises(BadPlan, match="02:30"):
        make_event(host, here, at[0], hours=0)
    following = acting(host, here, event, changing.change_following, night, *at, "Hof")
    assert rows(owner, following)[:2] == [
        (night, datetime(2027, 3, 28, 1, 30, tzinfo=UTC), False),
        (date(2027, 4, 4), datetime(2027, 4, 4, 0, 30, tzinfo=UTC), False),
    ]


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


def following(owner, here, host, event, slot, to, place=""):
    """The days of both halves of a series after this date and all that follow went to another day."""
    begins = datetime.combine(to, event.begins.time())
    change = (changing.change_following, slot, begins, begins + timedelta(hours=2), place)
    later = acting(host, here, SimpleNamespace(id=event.id), *change)
    before, after = ([row[0] for row in rows(owner, each) if not row[2]] for each in (event, later))
    return before, after


@pytest.mark.parametrize(
    ("begins", "rule", "slot", "to", "days"),
    [
        ("2026-05-19", "FREQ=WEEKLY;BYDAY=TU,TH", "2026-05-26", "2026-05-27", ["05-27", "05-28", "06-03", "06-04"]),
        ("2026-05-19", "FREQ=WEEKLY;BYDAY=TU,TH", "2026-05-26", "2026-05-29", ["05-28", "05-29", "06-04", "06-05"]),
        ("2026-05-19", "FREQ=WEEKLY;BYDAY=TU,TH", "2026-05-26", "2026-05-26", ["05-26", "05-28", "06-02", "06-04"]),
        ("2026-05-19", "FREQ=WEEKLY;INTERVAL=2", "2026-06-02", "2026-06-03", ["06-03", "06-17", "07-01", "07-15"]),
        ("2026-05-15", "FREQ=MONTHLY;BYMONTHDAY=15", "2026-06-15", "2026-06-16", ["06-16", "07-16", "08-16", "09-16"]),
        ("2026-05-31", "FREQ=MONTHLY;BYMONTHDAY=-1", "2026-06-30", "2026-07-01", ["07-01", "08-01", "09-01", "10-01"]),
        ("2026-05-19", "FREQ=MONTHLY;BYDAY=3TU", "2026-06-16", "2026-06-17", ["06-17", "07-15", "08-19", "09-16"]),
        ("2026-05-26", "FREQ=MONTHLY;BYDAY=-1TU", "2026-06-30", "2026-06-25", ["06-25", "07-30", "08-27", "09-24"]),
        ("2026-05-19", "FREQ=MONTHLY;BYDAY=1TU,3TU", "2026-06-02", "2026-06-03", ["06-03", "06-16", "07-01", "07-21"]),
        ("2026-05-19", "FREQ=DAILY", "2026-05-26", "2026-05-28", ["05-28", "05-29", "05-30", "05-31"]),
    ],
)
def test_the_days_like_the_one_that_was_moved_go_along_and_the_others_stay(
    owner, here, host, begins, rule, slot, to, days
):
    made = make_event(host, here, datetime.fromisoformat(begins + "T18:00"), rule=rule)
    event, slot = SimpleNamespace(id=made.id, begins=made.begins), date.fromisoformat(slot)
    ids = dict(owner.execute("SELECT slot_on, id FROM occurrence").fetchall())
    before, after = following(owner, here, host, event, slot, date.fromisoformat(to))
    assert before == [day for day in ids if day < slot] and [f"{day:%m-%d}" for day in after[:4]] == days
    kept = owner.execute("SELECT o.id FROM occurrence o WHERE NOT o.is_cancelled ORDER BY slot_on").fetchall()
    first = len(before) + 4
    assert {key for (key,) in kept[:first]} == set(list(ids.values())[:first]), "with whoever comes"


@pytest.mark.parametrize(
    ("rule", "to"),
    [
        ("FREQ=WEEKLY;BYDAY=TU,TH", "2026-05-28"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH", "2026-06-10"),
        ("FREQ=MONTHLY;BYDAY=1TU,3TU", "2026-07-01"),
        ("FREQ=WEEKLY", "2026-05-26"),
        ("FREQ=DAILY", "2026-05-20"),
        ("FREQ=WEEKLY;BYDAY=TU,TH", "2026-05-20"),
    ],
)
def test_where_no_rhythm_comes_of_it_nothing_is_moved(owner, here, host, rule, to):
    event = SimpleNamespace(id=make_event(host, here, TUESDAY, rule=rule).id)
    before = rows(owner, event)
    slot = before[2][0]
    with pytest.raises(BadPlan) as no:
        begins = datetime.fromisoformat(to + "T18:00")
        acting(host, here, event, changing.change_following, slot, begins, begins + timedelta(hours=2), "")
    assert no.value.field == "day" and rows(owner, event) == before


def test_no_half_of_a_series_comes_to_a_day_on_which_another_one_has_a_date(client, owner, here):
    host = make_signed_in(client, here)
    first = SimpleNamespace(id=make_event(host, here, TUESDAY, rule="FREQ=WEEKLY").id)

    def go(event, slot, to):
        data = {"day": to, "from_time": "18:00", "until_time": "20:00", "reaches": "following"}
        answer = client.post(f"/c/{to_uid(event.id)}/date?day={slot}", data=data)
        assert (answer.status_code == 422) == ("An so einem Tag hat die Reihe schon einen Termin" in answer.text)
        return answer.status_code

    assert go(first, "2026-06-09", "2026-06-02") == 422
    acting(host, here, first, changing.call_off, date(2026, 6, 2))
    assert go(first, "2026-06-09", "2026-06-02") == 303, "nothing takes place then"
    second = SimpleNamespace(id=owner.execute("SELECT goes_on_as FROM event WHERE id = %s", [first.id]).fetchone()[0])
    assert go(second, "2026-06-02", "2026-05-26") == 422, "its first date, so nothing of it stays"
    assert go(first, "2026-05-26", "2026-06-09") == 422, "the other way round"
    assert go(second, "2026-06-02", "2026-06-03") == 303


def test_what_hangs_on_a_series_goes_along_with_its_later_dates(app, owner, here, client, visitor, jobs, frozen_clock):
    with no_photos(app):
        host, saving = make_signed_in(client, here), visitor()
        reader = make_signed_in(saving, here)
        fields = {"kind": "event", "category": "gathering", "title": "Chor", "day": "2026-05-19", "from_time": "18:00"}
        more = {"until_time": "20:00", "repeats": "weekly", "audience": "quarter", "for_guests": "Klingel: Müller"}
        assert post(client, "/write", photo(), **fields, **more).status_code == 303
        jobs.run()
        (old,) = owner.execute("SELECT id FROM event").fetchone()
        for act in ("keep", "mute"):
            saving.post(f"/c/{to_uid(old)}/{act}", data={"what": "thread"})
        change = {"day": "2026-05-26", "from_time": "19:00", "until_time": "21:00", "reaches": "following"}
        assert client.post(f"/c/{to_uid(old)}/date?day=2026-05-26", data=change).status_code == 303
        (new,) = owner.execute("SELECT id FROM event WHERE id <> %s", [old]).fetchone()
        saved = set(owner.execute("SELECT person_id, contribution_id FROM bookmark").fetchall())
        assert saved == {(reader.id, old), (reader.id, new)}
        assert set(owner.execute("SELECT person_id, contribution_id FROM mute").fetchall()) == saved
        assert owner.execute("SELECT text FROM event_for_guests").fetchall() == [("Klingel: Müller",)] * 2
        pictures = dict(owner.execute("SELECT contribution_id, id FROM photo WHERE state = 'ready'").fetchall())
        with scope.use(viewer_of(host, here)), atomic():
            photos.arrange(host.id, old, [], [pictures[old]])
        photo_drawing.empty_trash()
        assert [saving.get(f"/p/{to_uid(pictures[key])}/480.webp").status_code for key in (old, new)] == [404, 200]
        with scope.use(viewer_of(host, here)), atomic():
            photos.arrange(host.id, new, [], [pictures[new]])
        assert photo_drawing.empty_trash() == 1, "its file goes with the last of them"


def test_a_date_that_lasts_several_days_keeps_them_when_its_form_is_saved(client, here, owner):
    host = make_signed_in(client, here)
    event = make_event(host, here, datetime(2026, 5, 15), hours=72, is_all_day=True)
    late = make_event(host, here, datetime(2026, 5, 15, 20), hours=6)
    for each in (event, late):
        path, at = (
            f"/c/{to_uid(each.id)}/date?day=2026-05-15",
            "SELECT begins_at, ends_at FROM occurrence WHERE event_id = %s",
        )
        before = owner.execute(at, [each.id]).fetchall()
        fields = dict(
            re.findall(r'name="(day|from_time|until_time|last_day)"[^>]*?value="([^"]*)"', client.get(path).text)
        )
        assert client.post(path, data={**fields, "place": "Hof"}).status_code == 303
        assert owner.execute(at, [each.id]).fetchall() == before
        assert owner.execute("SELECT place FROM event WHERE id = %s", [each.id]).fetchone() == ("Hof",)


@pytest.mark.parametrize("days", [393, 500, 730])
def test_what_is_held_once_has_its_date_as_far_ahead_as_one_may_write(owner, here, host, frozen_clock, days):
    far = datetime.combine(frozen_clock.now().date() + timedelta(days=days), TUESDAY.time())
    event = make_event(host, here, far, hours=90 * 24)
    assert [row[0] for row in rows(owner, event)] == [far.date()]


def test_a_further_day_beyond_a_year_has_its_row_and_goes_along_and_a_date_put_off_so_far_is_not_called_off(
    owner, here, host
):
    far = date(2027, 9, 1)
    event = make_event(host, here, TUESDAY, more_on=(date(2026, 5, 20), far))
    assert [row[0] for row in rows(owner, event)] == [TUESDAY.date(), date(2026, 5, 20), far]
    acting(host, here, event, changing.change_following, far, datetime(2027, 9, 3, 18), datetime(2027, 9, 3, 20), "")
    put_off = datetime(2028, 3, 1, 18)
    acting(host, here, event, changing.change_one, TUESDAY.date(), put_off, put_off + timedelta(hours=2), "")
    assert owner.execute("SELECT slot_on, begins_at::date, is_cancelled FROM occurrence ORDER BY 2").fetchall() == [
        (date(2026, 5, 20), date(2026, 5, 20), False),
        (date(2027, 9, 3), date(2027, 9, 3), False),
        (TUESDAY.date(), put_off.date(), False),
    ]


def test_a_series_that_begins_in_more_than_a_year_has_its_first_date_and_gets_the_others_in_time(
    owner, here, host, frozen_clock
):
    event = make_event(host, here, datetime(2027, 9, 7, 18), rule="FREQ=WEEKLY")
    assert [row[0] for row in rows(owner, event)] == [date(2027, 9, 7)]
    frozen_clock.tick(200 * 86_400)
    dates.keep_ahead()
    assert len(rows(owner, event)) > 15
