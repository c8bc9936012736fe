"""A public event: read by everybody and by machines, and nothing that hangs on it."""

from __future__ import annotations

import json
import re
import uuid
from datetime import date, datetime

import pytest

from neighbour.contributions import service as base
from neighbour.contributions.models import Audience
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.tokens import to_uid
from neighbour.events import answers, changing, service
from neighbour.initiatives.models import Initiative
from neighbour.policy import Level
from tests.factories import make_comment, make_event, make_person, make_quarter, sign_in, viewer_of

TUESDAY = datetime(2026, 5, 19, 18)
PUBLIC = Audience.PUBLIC


@pytest.fixture
def host(here):
    return make_person(here, name="Hannelore", street_shown="Kettfadenstraße")


def read(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status, response.status_code
    return re.sub(r"&shy;|<wbr>", "", response.get_data(as_text=True))


def structured(client, event):
    """What a machine finds on the page, as it reads it."""
    found = re.findall(
        r'<script type="application/ld\+json">(.*?)</script>',
        client.get(f"/c/{to_uid(event.id)}").get_data(as_text=True),
        re.S,
    )
    return json.loads(found[0]) if found else None


def busy(host, here, owner, **given):
    """A public event that was changed, answered, thanked for, and that somebody comes to."""
    event = make_event(host, here, TUESDAY, title="Sommerfest", audience=PUBLIC, capacity=20, **given)
    guest = make_person(here, name="Gustav")
    answer = make_comment(guest, here, event, "Kanarienvogel-Antwort")
    (date_id,) = owner.execute("SELECT id FROM occurrence WHERE event_id = %s ORDER BY 1", [event.id]).fetchone()
    with scope.use(viewer_of(guest, here)), atomic():
        answers.answer(date_id, is_coming=True, companions=2)
        base.thank(event.id, guest.id)
    with scope.use(viewer_of(host, here)), atomic():
        mine = service.of_person(event.id)
        service.tell_guests(mine, "Kanarienvogel-Klingel")
        base.revise(
            mine, editor_id=host.id, category="gathering", title="Sommerfest!", body_md="Jetzt.", audience=PUBLIC
        )
    owner.execute("INSERT INTO helped (contribution_id, comment_id) VALUES (%s, %s)", [event.id, answer.id])
    return event


def test_whoever_is_not_signed_in_reads_the_event_and_nothing_that_hangs_on_it(client, host, here, owner):
    event = busy(host, here, owner)
    said = read(client, f"/c/{to_uid(event.id)}")
    assert (
        "Sommerfest!" in said
        and "Dienstag, 19. Mai, 18:00 bis 20:00" in said
        and "Jemand aus dem Quartier Weberviertel" in said
    )
    assert not any(
        word in said
        for word in ("Kanarienvogel", "Gustav", "Hannelore", "Kettfaden", "1 Antwort", "20 Plätzen", "/history")
    )
    assert "Ein Satz." not in read(client, f"/c/{to_uid(event.id)}/history") and "Kanarienvogel" not in said
    assert b"SUMMARY:Sommerfest!" in client.get(f"/c/{to_uid(event.id)}/calendar.ics").get_data()
    sign_in(client, host)  # whoever answers reads that, too
    said = read(client, f"/c/{to_uid(event.id)}")
    assert "Antworten lesen nur Nachbarn." in said and "Öffentlich sichtbar." not in said


def test_somebody_whose_address_is_not_proven_reads_as_much_as_everybody(client, host, here, owner):
    event = busy(host, here, owner)
    sign_in(client, make_person(here, level=Level.UNPROVEN))
    said = read(client, f"/c/{to_uid(event.id)}")
    assert "Sommerfest!" in said and not any(
        word in said for word in ("Kanarienvogel", "Gustav", "Hannelore", "20 Plätzen")
    )


def test_behind_the_wall_nobody_finds_the_event_alone(raw, host, here, owner):
    event = busy(host, here, owner)
    private = make_event(host, here, TUESDAY)
    stranger = make_person(make_quarter("Fern"), level=Level.UNPROVEN)
    count = {"contribution": 1, "event": 1, "occurrence": 1}
    count |= dict.fromkeys(
        ("comment", "revision", "thanks", "helped", "participation", "event_for_guests", "reach", "event_import"), 0
    )
    for person in ("", str(stranger.id)):
        connection = raw()
        connection.execute(
            "SELECT set_config('app.person', %s, true), set_config('app.quarters', '{}', true), set_config('app.public', '1', true)",
            [person],
        )
        assert {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in count} == count
        for function in ("guests_of(%s)", "events_taken_down(now() - interval '1 year')"):
            given = (
                [owner.execute("SELECT id FROM occurrence WHERE event_id = %s", [event.id]).fetchone()[0]]
                if "%s" in function
                else []
            )
            assert connection.execute(f"SELECT count(*) FROM {function}", given).fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM event WHERE id = %s", [private.id]).fetchone() == (0,)
        connection.rollback()
    connection.execute("SELECT 1")
    assert connection.execute("SELECT count(*) FROM contribution").fetchone() == (0,), "no viewer, nothing"


def test_neighbours_and_its_author_still_read_all_that_hangs_on_it(visitor, host, here, owner):
    far = make_quarter("Fern")
    event = busy(host, here, owner)
    for person in (host, make_person(here), make_person(far)):
        client = visitor()
        sign_in(client, person)
        assert "Kanarienvogel-Antwort" in read(client, f"/c/{to_uid(event.id)}")
        assert "Ein Satz." in read(client, f"/c/{to_uid(event.id)}/history")


def test_machines_read_what_the_page_says(client, host, here):
    event = make_event(
        host, here, TUESDAY, rule="FREQ=WEEKLY", until_on=date(2026, 6, 9), title="Chor </script><script>alert(1)</script>", place="Saal",
        online_url="https://meet.example.org/chor", cost="3,50 Euro", audience=PUBLIC, body="Alle & jede",
    )  # fmt: skip
    with scope.use(viewer_of(host, here)), atomic():
        mine = service.of_person(event.id)
        changing.change_one(mine, date(2026, 5, 26), datetime(2026, 5, 27, 19), datetime(2026, 5, 27, 21), "Hof")
        changing.call_off(mine, date(2026, 6, 2))
    page = client.get(f"/c/{to_uid(event.id)}").get_data(as_text=True)
    assert page.count("</script>") == page.count("<script") and "<script>alert" not in page
    found, url = structured(client, event), f"http://localhost/c/{to_uid(event.id)}"
    assert (found["@context"], found["@type"], found["url"]) == ("https://schema.org", "Event", url)
    assert found["name"] == "Chor </script><script>alert(1)</script>" and found["description"] == "Alle & jede"
    assert (found["startDate"], found["endDate"]) == ("2026-05-19T18:00:00+02:00", "2026-05-19T20:00:00+02:00")
    assert found["eventStatus"] == "https://schema.org/EventScheduled"
    assert found["eventAttendanceMode"] == "https://schema.org/MixedEventAttendanceMode"
    place, online = found["location"]
    assert place["name"] == "Saal" and place["address"]["addressLocality"] == "Altenbrück"
    assert online == {"@type": "VirtualLocation", "url": "https://meet.example.org/chor"}
    assert found["offers"] == {"@type": "Offer", "description": "3,50 Euro", "price": "3.50", "priceCurrency": "EUR"}
    assert found["eventSchedule"] == {
        "@type": "Schedule", "repeatFrequency": "P1W", "byDay": ["https://schema.org/Tuesday"], "startDate": "2026-05-19",
        "endDate": "2026-06-09", "startTime": "18:00:00", "endTime": "20:00:00", "scheduleTimezone": "Europe/Berlin",
        "exceptDate": ["2026-05-26T18:00:00+02:00", "2026-06-02T18:00:00+02:00"],
    }  # fmt: skip
    states = [(each["startDate"][:16], each["eventStatus"].rpartition("/")[2]) for each in found["subEvent"]]
    assert states == [
        ("2026-05-19T18:00", "EventScheduled"), ("2026-05-27T19:00", "EventRescheduled"),
        ("2026-06-02T18:00", "EventCancelled"), ("2026-06-09T18:00", "EventScheduled"),
    ]  # fmt: skip
    assert found["subEvent"][1]["previousStartDate"] == "2026-05-26T18:00:00+02:00"
    assert found["subEvent"][1]["location"][0]["name"] == "Hof" and "organizer" not in found


def test_what_it_costs_is_a_number_only_where_the_words_are_one(client, host, here):
    for cost, offers, is_free in (
        ("Eintritt frei", {"price": "0", "priceCurrency": "EUR"}, True),
        ("5 €", {"price": "5.00", "priceCurrency": "EUR"}, None),
        ("3 bis 5 Euro", {}, None),
        ("bring Kuchen mit", {}, None),
    ):
        found = structured(client, make_event(host, here, TUESDAY, audience=PUBLIC, cost=cost))
        assert (
            found["offers"] == {"@type": "Offer", "description": cost, **offers}
            and found.get("isAccessibleForFree") is is_free
        )
    assert "offers" not in structured(client, make_event(host, here, TUESDAY, audience=PUBLIC))


def test_all_day_called_off_and_by_an_initiative(client, host, here):
    with as_owner(), atomic():
        house = Initiative(slug="haus", name="Haus am Kanal", verified_at=clock.now())
        db.session.add(house)
    plan = service.Plan(
        datetime(2026, 5, 30),
        datetime(2026, 6, 1),
        "Europe/Berlin",
        is_all_day=True,
        online_url="https://x.example.org",
    )
    with scope.use(viewer_of(host, here)), atomic():
        event = service.publish(
            author_id=host.id,
            quarter_id=here.id,
            category="festival",
            title="Fest",
            body_md="",
            audience=PUBLIC,
            plan=plan,
            initiative_id=house.id,
        )
        changing.call_off(service.of_person(event.id), None)
    found = structured(client, event)
    assert (found["startDate"], found["endDate"]) == ("2026-05-30", "2026-05-31")
    assert found["eventStatus"].endswith("EventCancelled") and "x.example.org" not in json.dumps(found)
    assert found["organizer"] == {"@type": "Organization", "name": "Haus am Kanal", "url": "http://localhost/i/haus"}
    assert 'byline__who"><a href="/i/haus">Haus am Kanal</a>' in read(client, f"/c/{to_uid(event.id)}")
    with as_owner(), atomic():
        db.session.merge(house).suspended_at = clock.now()
    assert "organizer" not in structured(client, event)


def test_what_is_not_public_or_not_any_more_is_read_by_nobody_without_an_account(client, visitor, host, here):
    for audience in (Audience.QUARTER, Audience.NEARBY, Audience.CITY):
        event = make_event(host, here, TUESDAY, audience=audience)
        response = client.get(f"/c/{to_uid(event.id)}")
        assert response.status_code == 303 and "/signin" in response.location
    neighbour = visitor()
    sign_in(neighbour, make_person(here))
    assert structured(neighbour, event) is None
    event = make_event(host, here, TUESDAY, audience=PUBLIC)
    read(client, f"/c/{to_uid(event.id)}")
    with scope.use(viewer_of(host, here)), atomic():
        mine = service.of_person(event.id)
        base.revise(mine, editor_id=host.id, category="gathering", title="Enger", body_md="", audience=Audience.CITY)
    assert client.get(f"/c/{to_uid(event.id)}").status_code == 303
    assert client.get(f"/c/{to_uid(event.id)}/calendar.ics").status_code == 404


def test_the_composer_of_an_event_says_what_public_means_and_that_of_a_post_does_not_offer_it(
    client, host, here, owner
):
    sign_in(client, host)
    composer = read(client, "/write?kind=event")
    assert 'value="public"' in composer and "„Jemand aus dem Quartier Weberviertel“" in composer
    assert "Suchmaschinen" in read(client, "/write/reach?audience=public")
    assert 'value="public"' not in read(client, "/write?kind=post")
    post = {
        "kind": "post",
        "category": "question",
        "title": "Für alle",
        "body_md": "x",
        "audience": "public",
        "form_key": str(uuid.uuid4()),
    }
    assert client.post("/write", data=post).status_code == 422
    event = {
        "kind": "event",
        "category": "culture",
        "title": "Für alle",
        "day": "2026-05-30",
        "from_time": "14:00",
        "audience": "public",
    }
    assert client.post("/write", data={**event, "form_key": str(uuid.uuid4())}).status_code == 303
    assert owner.execute("SELECT audience FROM contribution").fetchall() == [("public",)]
