"""Events in calendars of other programs: what stands in them, who reads them, and when an address is dead."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
from icalendar import Calendar

from neighbour.contributions import keeping, muting
from neighbour.contributions import service as base
from neighbour.contributions.models import Audience
from neighbour.core import clock, limits, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.tokens import to_uid
from neighbour.events import answers, changing, feeds, service
from neighbour.events.models import FeedKind
from neighbour.initiatives.models import Initiative
from tests.factories import make_event, make_move, make_person, make_quarter, sign_in, viewer_of

TUESDAY = datetime(2026, 5, 19, 18)
MINE, QUARTER = FeedKind.MINE, FeedKind.QUARTER


@pytest.fixture
def reader(here):
    return make_person(here)


def address(person, here, kind=QUARTER):
    with scope.use(viewer_of(person, here)), atomic():
        return f"/calendar/{feeds.make(person.id, kind)}.ics"


def fetched(visitor, path, status=200, **headers):
    response = visitor().get(path, headers=headers)
    assert response.status_code == status, response.status_code
    return response


def entries(visitor, path):
    """The entries of a calendar by UID (of moved dates with their day), as the judge reads them."""
    read = Calendar.from_ical(fetched(visitor, path).get_data())
    return {
        str(each["UID"]).partition("@")[0]
        + (f" {each['RECURRENCE-ID'].dt:%m-%d}" if "RECURRENCE-ID" in each else ""): each
        for each in read.walk("VEVENT")
    }


def acting(host, here, event, act, *given, **named):
    with scope.use(viewer_of(host, here)), atomic():
        return act(service.of_person(event.id), *given, **named)


def comes(guest, here, owner, event, slot, is_coming=True):
    (date_id,) = owner.execute(
        "SELECT id FROM occurrence WHERE event_id = %s AND slot_on = %s", [event.id, slot]
    ).fetchone()
    with scope.use(viewer_of(guest, here)), atomic():
        return answers.answer(date_id, is_coming=is_coming)


def test_a_calendar_expands_to_the_rows_of_the_dates_over_both_changes_of_the_clocks(
    visitor, host, reader, here, owner
):
    for begins, plan in (
        (TUESDAY, {"rule": "FREQ=WEEKLY"}),
        (datetime(2026, 5, 31, 2, 30), {"rule": "FREQ=MONTHLY;BYDAY=-1SU"}),
        (datetime(2026, 5, 20), {"rule": "FREQ=DAILY", "until_on": date(2026, 11, 3), "is_all_day": True, "hours": 24}),
        (datetime(2026, 5, 21, 23), {"more_on": (date(2026, 10, 24), date(2027, 3, 27)), "hours": 5}),
    ):
        make_event(host, here, begins, **plan)
    weekly = owner.execute("SELECT id FROM event WHERE rule = 'FREQ=WEEKLY'").fetchone()[0]
    series = type("Found", (), {"id": weekly})
    acting(
        host,
        here,
        series,
        changing.change_one,
        date(2026, 10, 27),
        datetime(2026, 10, 28, 19),
        datetime(2026, 10, 28, 21),
        "Hof",
    )
    acting(host, here, series, changing.call_off, date(2026, 12, 22))
    read = Calendar.from_ical(fetched(visitor, address(reader, here)).get_data())
    first, last = date(2026, 5, 13), date(2027, 5, 1)
    found = sorted(
        each.start if isinstance(each.start, datetime) else midnight(each.start)
        for each in recurring_ical_events.of(read).between(first, last)
    )
    rows = owner.execute(
        "SELECT begins_at FROM occurrence WHERE NOT is_cancelled AND begins_at < '2027-05-01' ORDER BY 1"
    ).fetchall()
    assert [each.astimezone(UTC) for each in found] == [row[0].astimezone(UTC) for row in rows]
    assert len(rows) > 220 and {row[0].utcoffset() for row in rows}


def midnight(day):
    return datetime.combine(day, datetime.min.time(), tzinfo=ZoneInfo("Europe/Berlin"))


def test_an_event_is_taken_along_from_its_page_by_whoever_reads_it(client, visitor, host, reader, here):
    event = make_event(
        host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe", place="Saal", cost="3 Euro", body="**Alle**"
    )
    sign_in(client, reader)
    assert f"/c/{to_uid(event.id)}/calendar.ics" in client.get(f"/c/{to_uid(event.id)}").get_data(as_text=True)
    response = client.get(f"/c/{to_uid(event.id)}/calendar.ics")
    assert response.mimetype == "text/calendar" and "attachment" in response.headers["Content-Disposition"]
    (entry,) = Calendar.from_ical(response.get_data()).walk("VEVENT")
    assert (str(entry["SUMMARY"]), str(entry["LOCATION"]), entry["STATUS"]) == ("Chorprobe", "Saal", "CONFIRMED")
    assert str(entry["DESCRIPTION"]) == "**Alle**\n\nWas es kostet: 3 Euro"
    assert str(entry["URL"]) == f"http://localhost/c/{to_uid(event.id)}"
    assert b"BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin" in response.get_data()
    assert b"DTSTART;TZID=Europe/Berlin:20260519T180000" in response.get_data()
    stranger = visitor()
    assert stranger.get(f"/c/{to_uid(event.id)}/calendar.ics").status_code == 404
    sign_in(stranger, make_person(make_quarter("Fern")))
    assert stranger.get(f"/c/{to_uid(event.id)}/calendar.ics").status_code == 404
    acting(host, here, event, base.withdraw)
    assert client.get(f"/c/{to_uid(event.id)}/calendar.ics").status_code == 404


def test_lines_are_folded_and_no_title_begins_a_line_of_its_own(visitor, host, reader, here, owner):
    event = make_event(host, here, TUESDAY, title="Fest", place="Hof", body="Zeile eins;\nZeile, zwei\\")
    evil = "ß" * 90 + "\r\nATTENDEE:mailto:x@example.org\nBEGIN:VALARM"
    owner.execute(
        "UPDATE contribution SET title = %s, body_md = body_md || %s WHERE id = %s",
        [evil, "\r\nBEGIN:VEVENT", event.id],
    )
    owner.execute("UPDATE event SET place = %s WHERE id = %s", ["Hof\r\nX-EVIL:1", event.id])
    data = fetched(visitor, address(reader, here)).get_data()
    assert all(len(line) <= 75 for line in data.split(b"\r\n")) and b"\n" not in data.replace(b"\r\n", b"")
    names = {re.split(rb"[:;]", line)[0] for line in data.split(b"\r\n") if not line.startswith(b" ")}
    assert not names & {b"ATTENDEE", b"X-EVIL"} and b"\r\nBEGIN:VALARM" not in data
    assert data.count(b"\r\nBEGIN:VEVENT") == 1
    (entry,) = Calendar.from_ical(data).walk("VEVENT")
    assert str(entry["SUMMARY"]).startswith("ß" * 90 + " ATTENDEE") and str(entry["LOCATION"]) == "Hof X-EVIL:1"
    assert str(entry["DESCRIPTION"]) == "Zeile eins;\nZeile, zwei\\\nBEGIN:VEVENT"


def test_every_change_counts_the_sequence_up_and_the_uid_stays(visitor, host, reader, here, frozen_clock):
    event = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe")
    path, name = address(reader, here), to_uid(event.id)
    plan = service.Plan(TUESDAY, TUESDAY + timedelta(hours=2), "Europe/Berlin", rule="FREQ=WEEKLY")
    words = {
        "editor_id": host.id,
        "category": "culture",
        "title": "Chor",
        "body_md": "Ein Satz.",
        "audience": Audience.QUARTER,
    }
    slot = date(2026, 6, 2)
    steps = (
        (service.revise, {**words, "plan": plan}),
        (service.revise, {**words, "plan": service.Plan(**{**plan.__dict__, "cost": "2 Euro"})}),
        (service.revise, {**words, "plan": service.Plan(**{**plan.__dict__, "place": "Saal"}), "title": "Chor!"}),
        (changing.change_one, (slot, datetime(2026, 6, 2, 19), datetime(2026, 6, 2, 21), "Hof")),
        (changing.call_off, (slot,)),
        (changing.call_on, (slot,)),
        (changing.call_off, (None,)),
        (changing.call_on, (None,)),
        (changing.change_following, (slot, datetime(2026, 6, 3, 19), datetime(2026, 6, 3, 21), "Hof")),
        (base.withdraw, ()),
        (base.restore, ()),  # whose moment is the database's own
    )
    seen = [int(entries(visitor, path)[name]["SEQUENCE"])]
    for act, given in steps:
        frozen_clock.tick(1)
        acting(host, here, event, act, **given) if isinstance(given, dict) else acting(host, here, event, act, *given)
        entry = entries(visitor, path)[name]
        seen.append(int(entry["SEQUENCE"]))
        assert entry["LAST-MODIFIED"].dt == entry["DTSTAMP"].dt
        assert entry["DTSTAMP"].dt == clock.now() or (act is base.restore and entry["DTSTAMP"].dt > clock.now()), act
    assert seen == list(range(len(steps) + 1)), "one for each, whatever it was"
    acting(
        host,
        here,
        event,
        service.revise,
        **{
            **words,
            "title": "Chor!",
            "plan": service.Plan(**{**plan.__dict__, "place": "Saal", "until_on": date(2026, 6, 1)}),
        },
    )
    assert int(entries(visitor, path)[name]["SEQUENCE"]) == seen[-1], "nothing changed, nothing counted"


def test_what_is_called_off_or_taken_down_stays_for_a_while_as_cancelled_without_its_words(
    visitor, host, reader, here, frozen_clock
):
    off = make_event(host, here, TUESDAY, title="Fest")
    gone = make_event(host, here, TUESDAY, title="Geheimes Treffen", place="Keller", body="Privat")
    far = make_quarter("Fern")
    elsewhere = make_event(make_person(far), far, TUESDAY)
    path = address(reader, here)
    acting(host, here, off, changing.call_off, None)
    acting(host, here, gone, base.withdraw)
    with as_owner(), atomic():
        db.session.merge(elsewhere).state = "withdrawn"
    found = entries(visitor, path)
    assert {name: each["STATUS"] for name, each in found.items()} == {
        to_uid(off.id): "CANCELLED",
        to_uid(gone.id): "CANCELLED",
    }
    struck = found[to_uid(gone.id)]
    assert int(struck["SEQUENCE"]) == 1 and struck["DTSTART"].dt.hour == 18
    assert "Geheimes" not in fetched(visitor, path).get_data(as_text=True) and "LOCATION" not in struck
    frozen_clock.tick(29 * 86_400)
    assert set(entries(visitor, path)) == {to_uid(off.id), to_uid(gone.id)}
    frozen_clock.tick(9 * 86_400)
    assert entries(visitor, path) == {}


def test_my_calendar_holds_the_dates_i_answered_what_i_invite_to_and_what_i_saved(visitor, host, reader, here, owner):
    series = make_event(host, here, TUESDAY, rule="FREQ=WEEKLY", title="Chorprobe")
    once = make_event(host, here, TUESDAY, title="Fest", capacity=1)
    saved, own = make_event(host, here, TUESDAY, title="Flohmarkt"), make_event(reader, here, TUESDAY, title="Meins")
    make_event(host, here, TUESDAY, title="Nichts für mich")
    comes(make_person(here), here, owner, once, TUESDAY.date())
    assert comes(reader, here, owner, once, TUESDAY.date()) == "waiting"
    for day in (26, 19):
        assert comes(reader, here, owner, series, date(2026, 5, day)) == "coming"
    with scope.use(viewer_of(reader, here)), atomic():
        keeping.keep(reader.id, saved.id)
    path = address(reader, here, MINE)
    found = entries(visitor, path)
    names = {
        to_uid(once.id),
        to_uid(saved.id),
        to_uid(own.id),
        f"{to_uid(series.id)}-20260519",
        f"{to_uid(series.id)}-20260526",
    }
    assert set(found) == names and "RRULE" not in found[f"{to_uid(series.id)}-20260519"]
    assert {found[name]["STATUS"] for name in names - {to_uid(once.id)}} == {"CONFIRMED"}
    assert found[to_uid(once.id)]["STATUS"] == "TENTATIVE", "in line"
    comes(reader, here, owner, series, date(2026, 5, 26), is_coming=False)
    acting(host, here, series, changing.call_off, date(2026, 5, 19))
    found = entries(visitor, path)
    assert (
        f"{to_uid(series.id)}-20260526" not in found and found[f"{to_uid(series.id)}-20260519"]["STATUS"] == "CANCELLED"
    )
    acting(host, here, series, base.withdraw)
    assert entries(visitor, path)[f"{to_uid(series.id)}-20260519"]["STATUS"] == "CANCELLED"
    acting(host, here, saved, base.withdraw)
    assert to_uid(saved.id) not in entries(visitor, path)


def test_a_calendar_shows_what_its_owner_may_see_and_nothing_else(visitor, host, reader, here, owner):
    beside, far = make_quarter("Nebenan", beside=here), make_quarter("Fern")
    shown = {
        make_event(host, here, TUESDAY).id,
        make_event(make_person(beside), beside, TUESDAY, audience=Audience.NEARBY).id,
        make_event(make_person(far), far, TUESDAY, audience=Audience.CITY).id,
        make_event(make_person(far), far, TUESDAY, audience=Audience.PUBLIC).id,
    }
    make_event(make_person(beside), beside, TUESDAY)
    make_event(make_person(far), far, TUESDAY, audience=Audience.NEARBY)
    hidden = make_event(host, here, TUESDAY)
    owner.execute("UPDATE contribution SET state = 'hidden' WHERE id = %s", [hidden.id])
    bell = make_event(host, here, TUESDAY)
    with scope.use(viewer_of(host, here)), atomic():
        service.tell_guests(service.of_person(bell.id), "Klingel Kanarienvogel")
    comes(reader, here, owner, bell, TUESDAY.date())
    path = address(reader, here)
    found = entries(visitor, path)
    assert {name for name, each in found.items() if each["STATUS"] == "CONFIRMED"} == {
        to_uid(each) for each in shown | {bell.id}
    }
    for each in (path, address(reader, here, MINE)):
        said = fetched(visitor, each).get_data(as_text=True).replace("\r\n ", "")
        assert not any(
            word in said for word in ("Klingel", "Kanarienvogel", host.first_name, reader.first_name, "Probe")
        )


def test_what_somebody_has_silenced_is_in_no_list_and_in_no_calendar_of_the_quarter(
    client, visitor, host, reader, here
):
    loud = make_person(here)
    make_event(host, here, TUESDAY, title="Bleibt")
    by_author = make_event(loud, here, TUESDAY, title="Vom Lauten")
    with scope.use(viewer_of(host, here)), atomic():
        plan = service.Plan(TUESDAY, TUESDAY, "Europe/Berlin")
        by_category = service.publish(
            author_id=host.id,
            quarter_id=here.id,
            category="festival",
            title="Rummel",
            body_md="",
            audience=Audience.QUARTER,
            plan=plan,
        )
    path = address(reader, here)
    assert len(entries(visitor, path)) == 3
    with scope.use(viewer_of(reader, here)), atomic():
        muting.mute(reader.id, service.of_person(by_author.id), muting.What.AUTHOR)
        muting.mute(reader.id, service.of_person(by_category.id), muting.What.CATEGORY)
    assert {str(each["SUMMARY"]) for each in entries(visitor, path).values()} == {"Bleibt"}
    sign_in(client, reader)
    for page in ("/events", "/events/month"):
        said = client.get(page).get_data(as_text=True)
        assert "Bleibt" in said and "Vom Lauten" not in said and "Rummel" not in said
    other = make_person(here)
    assert len(entries(visitor, address(other, here))) == 3, "nobody else's"


def test_an_address_is_dead_when_it_is_made_anew_ended_or_its_owner_moves_is_suspended_or_leaves(
    visitor, reader, here, owner
):
    never = fetched(visitor, "/calendar/" + "x" * 43 + ".ics", 404).get_data()
    old = address(reader, here)
    new = address(reader, here)
    assert fetched(visitor, old, 404).get_data() == never, "byte for byte"
    fetched(visitor, new)
    mine = address(reader, here, MINE)
    fetched(visitor, mine)
    for change, back in (
        ("status = 'suspended'", "status = 'active'"),
        ("status = 'erased'", "status = 'active'"),
        ("confirmed_at = NULL", "confirmed_at = now()"),
    ):
        owner.execute(f"UPDATE person SET {change} WHERE id = %s", [reader.id])
        assert fetched(visitor, new, 404).get_data() == fetched(visitor, mine, 404).get_data() == never
        owner.execute(f"UPDATE person SET {back} WHERE id = %s", [reader.id])
        fetched(visitor, new)
    owner.execute("UPDATE membership SET level = 'unproven' WHERE person_id = %s", [reader.id])
    assert fetched(visitor, new, 404).get_data() == never
    owner.execute("UPDATE membership SET level = 'verified' WHERE person_id = %s", [reader.id])
    with scope.use(viewer_of(reader, here)), atomic():
        feeds.end(reader.id, MINE)
    assert fetched(visitor, mine, 404).get_data() == never
    make_move(reader, make_quarter("Anderswo"))
    assert fetched(visitor, new, 404).get_data() == never
    make_move(reader, here)
    assert fetched(visitor, new, 404).get_data() == never, "coming back opens no old address"


def test_it_is_answered_with_304_until_something_changes_and_says_since_when(
    visitor, host, reader, here, frozen_clock, owner, count_queries
):
    event = make_event(host, here, TUESDAY)
    path = address(reader, here)
    first = fetched(visitor, path)
    assert first.headers["Cache-Control"] == "private, no-cache" and first.headers["X-Robots-Tag"] == "noindex"
    frozen_clock.tick(3_600)
    with count_queries() as asked:
        again = fetched(visitor, path, 304, If_None_Match=first.headers["ETag"])
    assert (
        again.get_data() == b"" and len(asked) <= 6 and not any("event_exception.slot_on" in each for each in asked)
    ), asked
    assert fetched(visitor, path).get_data() == first.get_data()
    acting(host, here, event, base.withdraw)
    changed = fetched(visitor, path, 200, If_None_Match=first.headers["ETag"])
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert (
        fetched(visitor, path, 200, If_Modified_Since=first.headers["Last-Modified"]).last_modified
        > first.last_modified
    )


def test_the_table_keeps_no_address_and_one_is_asked_for_at_most_sixty_times_an_hour(visitor, reader, here, owner):
    path = address(reader, here)
    token = path.removeprefix("/calendar/").removesuffix(".ics")
    assert token not in str(owner.execute("SELECT * FROM calendar_feed").fetchall())
    for _time in range(limits.RATES["calendar"].times):
        fetched(visitor, path)
    refused = fetched(visitor, path, 429)
    assert int(refused.headers["Retry-After"]) > 0


def test_the_page_makes_an_address_shows_it_once_and_ends_it(client, visitor, reader, here):
    sign_in(client, reader)
    page = client.get("/events/calendars").get_data(as_text=True)
    assert page.count("Geheime Adresse anlegen") == 2 and "webcal:" not in page
    made = client.post("/events/calendars", data={"kind": "mine"})
    html = made.get_data(as_text=True)
    (path,) = re.findall(r'value="http://localhost(/calendar/[\w-]{43}\.ics)"', html)
    assert f'href="webcal://localhost{path}"' in html and made.headers["Referrer-Policy"] == "no-referrer"
    assert made.headers["Cache-Control"] == "no-store"
    assert fetched(visitor, path).mimetype == "text/calendar"
    page = client.get("/events/calendars").get_data(as_text=True)
    assert path not in page and "Abonniert seit" in page
    again = client.post("/events/calendars", data={"kind": "mine"}).get_data(as_text=True)
    fetched(visitor, path, 404)
    (path,) = re.findall(r'value="http://localhost(/calendar/[\w-]{43}\.ics)"', again)
    assert client.post("/events/calendars/end", data={"kind": "mine"}).status_code == 303
    fetched(visitor, path, 404)
    for wrong in ("", "all"):
        assert client.post("/events/calendars", data={"kind": wrong}).status_code == 404


def test_two_who_fetch_at_once_get_the_same(visitor, host, reader, here):
    make_event(host, here, TUESDAY)
    path = address(reader, here)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _n: visitor().get(path), range(8)))
    assert {each.status_code for each in found} == {200} and len({each.headers["ETag"] for each in found}) == 1


def test_nobody_reads_or_makes_anothers_addresses_behind_the_wall(raw, reader, host, here):
    address(reader, here)
    connection = raw()
    for settings, count in (
        (("", "{}", "1"), 0),
        ((str(host.id), f"{{{here.id}}}", "1"), 0),
        ((str(reader.id), "{}", ""), 1),
    ):
        connection.execute(
            "SELECT set_config('app.person', %s, true), set_config('app.quarters', %s, true), set_config('app.public', %s, true)",
            settings,
        )
        assert connection.execute("SELECT count(*) FROM calendar_feed").fetchone() == (count,)
        connection.rollback()


def test_an_initiative_is_named_as_who_can_be_asked(visitor, host, reader, here):
    with as_owner(), atomic():
        house = Initiative(slug="haus", name="Haus am Kanal", verified_at=clock.now())
        db.session.add(house)
    plan = service.Plan(TUESDAY, TUESDAY, "Europe/Berlin")
    with scope.use(viewer_of(host, here)), atomic():
        event = service.publish(
            author_id=host.id, quarter_id=here.id, category="festival", title="Fest", body_md="", audience=Audience.QUARTER,
            plan=plan, initiative_id=house.id,
        )  # fmt: skip
    assert str(entries(visitor, address(reader, here))[to_uid(event.id)]["CONTACT"]) == "Haus am Kanal"
