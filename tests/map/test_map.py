"""The map of a quarter: what stands where, in the list as on the drawing, and what stands nowhere."""

from __future__ import annotations

import gzip
import json
import re
import uuid
from datetime import datetime, timedelta

import h3
import pytest
from sqlalchemy import update

from neighbour.accounts import choosing
from neighbour.accounts.models import LoginSession, Person
from neighbour.contributions import muting
from neighbour.contributions.models import Audience
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.events import changing
from neighbour.events import service as events
from neighbour.events.models import Event
from neighbour.initiatives import service as initiatives
from neighbour.initiatives.models import EditorRole
from neighbour.map import service
from neighbour.map.grid import ground_of
from neighbour.policy import Level
from tests.factories import make_event, make_move, make_person, sign_in, viewer_of
from tests.offers.helpers import make_offer
from tests.privacy.city import City

TUESDAY = datetime(2026, 5, 19, 18)
pytestmark = pytest.mark.usefixtures("context", "frozen_clock")


class Town:
    """A city with a register, a host and a reader of its first quarter."""

    def __init__(self, app, client):
        self.city, self.client = City.built(app), client
        self.here, self.beside, self.far = self.city.here, self.city.beside, self.city.far
        self.houses = self.city.houses[self.here.id]
        self.host = self.city.neighbour(self.here, self.houses[0], name="Hanna")
        self.reader = self.city.neighbour(self.here, self.houses[-1], name="Lea")
        sign_in(client, self.reader)

    def event(self, house=None, quarter=None, host=None, **more):
        """An event at the door of a house of the register."""
        place = f"{house.street} {house.number}" if house else more.pop("place", "")
        return make_event(host or self.host, quarter or self.here, more.pop("begins", TUESDAY), place=place, **more)

    def chooses(self, person, is_on_map=True):
        with as_owner(), atomic():
            choosing.place_on_map(db.session.get_one(Person, person.id), is_on_map)

    def page(self, path="/map", status=200):
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code)
        return re.sub(r"&shy;|<wbr>", "", answer.text)

    def places(self, path="/map.geojson"):
        answer = self.client.get(path)
        assert answer.status_code == 200 and answer.mimetype == "application/geo+json"
        data = json.loads(answer.data)
        assert data["type"] == "FeatureCollection"
        return [each for each in data["features"] if each["properties"]["what"] == "place"]


@pytest.fixture
def town(app, client):
    return Town(app, client)


def parts(html):
    """Heading of each part of the list → titles in it."""
    listed = html.partition('id="as-list"')[2]
    found = re.findall(r'<h3 class="day-rule" id="(o-\w+)"[^>]*>(.*?)</h3>\s*<ul[^>]*>(.*?)</ul>', listed, re.S)
    return {
        anchor: re.findall(r'<a href="/c/[a-z2-7]{26}">(.*?)</a>|<a href="/i/[\w-]+">(.*?)</a>', items)
        for anchor, _name, items in found
    }


def titles(html, anchor=None):
    there = parts(html)
    return ["".join(each) for key, listed in there.items() if anchor in (None, key) for each in listed]


def pins(html):
    """Anchor a marker leads to → how many it says stand there."""
    return {
        anchor: int(count)
        for anchor, count in re.findall(r'href="#(o-\w+)" class="pin[^>]*>.*?<text[^>]*>(\d+)<', html)
    }


def test_an_event_stands_in_the_cell_of_its_place_and_in_the_list(town):
    house = town.houses[5]
    event = town.event(house, title="Hofkonzert")
    html, cell = town.page(), town.city.cell_of(house)
    assert pins(html) == {f"o-{cell}": 1} and parts(html) == {f"o-{cell}": [("Hofkonzert", "")]}
    assert f"{house.street} {house.number}" in html, "the place is what its author says"
    (place,) = town.places()
    lat, lon = h3.cell_to_latlng(cell)
    assert place["geometry"] == {"type": "Point", "coordinates": [round(lon, 5), round(lat, 5)]}
    assert place["properties"]["things"][0]["title"] == "Hofkonzert" and place["properties"]["url"] == f"#o-{cell}"
    assert (event.lon, event.lat) == (house.lon, house.lat)
    assert not re.search(r"\d\.\d{2}", json.dumps(place["properties"])), "and no number stands anywhere else"


def test_what_stands_in_one_cell_is_one_marker_however_many_houses(town):
    cell = town.city.cell_of(town.houses[5])
    same = [house for house in town.houses if town.city.cell_of(house) == cell][:7]
    for number, house in enumerate(same):
        town.event(house, title=f"Termin {number}", begins=TUESDAY + timedelta(days=7 - number))
    html = town.page()
    assert pins(html) == {f"o-{cell}": 7}
    assert titles(html) == [f"Termin {number}" for number in reversed(range(7))], "the soonest first"
    (place,) = town.places()
    assert place["properties"]["count"] == 7 and len(place["properties"]["things"]) == 6


def test_no_place_in_any_answer_is_anything_but_made_of_cells(town):
    for number, house in enumerate(town.houses[::9]):
        town.event(house, title=f"Termin {number}")
    with scope.use(viewer_of(town.reader, town.here)):
        ground = ground_of(town.here.id)
    centres = {ground.centre(cell) for cell in ground.own.cells.values()}
    finest = town.places("/map.geojson?grid=9")
    assert len(finest) > 2 and {tuple(each["geometry"]["coordinates"]) for each in finest} <= centres
    coarse = town.places("/map.geojson?grid=7")
    assert len(coarse) < len(finest) and sum(each["properties"]["count"] for each in coarse) == len(town.houses[::9])
    anchors = set(re.findall(r'id="(o-\w+)"', town.page()))
    assert {each["properties"]["url"][1:] for each in [*finest, *coarse]} <= anchors, (
        "each leads to its place in the list"
    )


def test_foreign_quarters_are_not_there_and_nearby_only_if_wanted(town):
    near = town.city.neighbour(town.beside, town.city.houses[town.beside.id][3])
    away = town.city.neighbour(town.far, town.city.houses[town.far.id][3])
    town.event(town.city.houses[town.beside.id][3], town.beside, near, title="Nebenan", audience=Audience.NEARBY)
    town.event(None, town.beside, near, title="Nur drüben")
    make_offer(near, town.beside, title="Kanarienkäfig", audience=Audience.NEARBY)
    town.event(town.city.houses[town.far.id][3], town.far, away, title="Fernweh", audience=Audience.NEARBY)
    town.event(town.city.houses[town.far.id][3], town.far, away, title="Stadtfest", audience=Audience.CITY)
    own, both = town.page(), town.page("/map?nearby=1")
    assert titles(own) == [] and "Hier ist gerade nichts." in own
    assert sorted(titles(both)) == ["Kanarienkäfig", "Nebenan", "Stadtfest"]
    assert titles(both, "o-nearby") == ["Kanarienkäfig"] and titles(both, "o-beyond") == ["Stadtfest"]
    assert [each["properties"]["things"][0]["title"] for each in town.places("/map.geojson?nearby=1")] == ["Nebenan"]
    for path in ("/map", "/map?nearby=1", "/map.geojson?nearby=1"):
        answer = town.client.get(path).text
        assert "Fernweh" not in answer and "Nur drüben" not in answer


def test_an_offer_stands_nowhere_unless_its_author_wants_it(town):
    make_offer(town.host, town.here, title="Zelt")
    assert pins(town.page()) == {} and titles(town.page(), "o-quarter") == ["Zelt"] and town.places() == []
    town.chooses(town.host)
    cell = town.city.cell_of(town.houses[0])
    assert pins(town.page()) == {f"o-{cell}": 1} and titles(town.page(), f"o-{cell}") == ["Zelt"]
    town.chooses(town.host, False)
    assert titles(town.page(), "o-quarter") == ["Zelt"]


@pytest.mark.parametrize("who", ["vouched", "beside", "moved"])
def test_whoever_has_not_proven_to_live_there_sees_no_place_of_an_offer(town, who):
    make_offer(town.host, town.here, title="Zelt", audience=Audience.NEARBY)
    town.chooses(town.host)
    level = Level.VOUCHED if who == "vouched" else Level.VERIFIED
    quarter = town.beside if who == "beside" else town.here
    other = make_person(quarter, level=level)
    if who == "moved":
        make_move(other, town.beside)
    sign_in(town.client, other)
    html = town.page("/map?nearby=1")
    assert titles(html) == ["Zelt"] and pins(html) == {} and town.places("/map.geojson?nearby=1") == []


def test_a_protected_persons_offer_is_at_no_point(town):
    make_offer(town.host, town.here, title="Zelt")
    town.chooses(town.host)
    assert len(pins(town.page())) == 1
    with as_owner(), atomic():
        choosing.protect(db.session.get_one(Person, town.host.id), alias="Lastenrad")
    assert pins(town.page()) == {} and town.places() == [] and titles(town.page(), "o-quarter") == ["Zelt"]
    town.chooses(town.host)
    with as_owner():
        assert not db.session.get_one(Person, town.host.id).is_on_map
    assert pins(town.page()) == {}


def test_an_offer_of_a_quarter_with_too_few_households_is_at_no_point(town):
    from neighbour.residency.models import Address, Home

    make_offer(town.host, town.here, title="Zelt")
    town.chooses(town.host)
    with as_owner(), atomic():
        keep = [house.id for house in town.houses[:29]]
        db.session.execute(update(Address).where(Address.id.not_in(keep)).values(lon=None, lat=None))
        assert db.session.query(Home).filter_by(person_id=town.host.id).one().cell, "what was stored is not believed"
    assert pins(town.page()) == {} and titles(town.page(), "o-quarter") == ["Zelt"]


def test_a_home_that_moves_within_its_cell_changes_nothing_and_into_another_quarter_takes_the_place_along(town):
    make_offer(town.host, town.here, title="Zelt")
    town.chooses(town.host)
    cell = town.city.cell_of(town.houses[0])
    before = town.client.get("/map.geojson").data
    town.city.moves_in(town.host, [house for house in town.houses if town.city.cell_of(house) == cell][-1])
    assert town.client.get("/map.geojson").data == before
    town.city.moves_in(town.host, town.city.houses[town.beside.id][0])
    assert town.places() == []


def test_what_is_silenced_is_not_there_but_ones_own_is(town):
    loud, own = town.event(title="Laut"), town.event(title="Meins", host=town.reader)
    make_offer(town.host, town.here, title="Zelt")
    with scope.use(viewer_of(town.reader, town.here)), atomic():
        muting.mute(town.reader.id, db.session.get(Event, loud.id), muting.What.CATEGORY)
    assert titles(town.page()) == ["Meins", "Zelt"] and own.category == loud.category
    with scope.use(viewer_of(town.reader, town.here)), atomic():
        muting.mute(town.reader.id, db.session.get(Event, loud.id), muting.What.AUTHOR)
    assert titles(town.page()) == ["Meins"]


def test_what_is_over_called_off_or_taken_down_is_not_there(town, frozen_clock):
    town.event(title="Heute", begins=datetime(2026, 5, 12, 11))
    off = town.event(title="Abgesagt")
    series = town.event(town.houses[5], title="Reihe", rule="FREQ=WEEKLY")
    with scope.use(viewer_of(town.host, town.here)), atomic():
        changing.call_off(events.of_person(off.id), None)
        changing.change_one(
            events.of_person(series.id), TUESDAY.date(), TUESDAY, TUESDAY + timedelta(hours=1), "Woanders"
        )
    assert titles(town.page(), "o-quarter") == ["Heute", "Reihe"], "the next date is at a place nobody has looked up"
    frozen_clock.tick(8 * 86_400)
    sign_in(town.client, town.reader)
    assert titles(town.page()) == ["Reihe"] and len(pins(town.page())) == 1, "the one after is where the others are"


def test_layers_are_switched_by_links(town):
    town.event(title="Chor")
    make_offer(town.host, town.here, title="Zelt")
    html = town.page("/map?show=offers")
    assert titles(html) == ["Zelt"] and 'href="/map?show=events&amp;show=offers"' in html
    assert re.search(r'<a class="chip" href="/map" aria-current="true">', html), "without any it is all of them"
    assert titles(town.page("/map?show=events&show=offers")) == ["Chor", "Zelt"]
    for wrong in ("/map?show=homes", "/map.geojson?show=x", "/map.geojson?grid=12", "/map.geojson?grid=0"):
        town.page(wrong, 404)


def test_initiatives_stand_where_their_paper_says(town):
    house = town.houses[7]
    key = town.here.key
    with as_owner():
        known = initiatives.add(
            "Bücherstube", [key], address_line=f"{house.street} {house.number}, im Hof", hours="Di 16–18"
        )
        nowhere = initiatives.add("Verein ohne Haus", [key], address_line="Wolkenweg 3")
        hidden = initiatives.add("Nicht geprüft", [key], address_line=f"{house.street} {house.number}")
        for each in (known, nowhere):
            initiatives.verify(each, None)
        gone = initiatives.add("Ausgesetzt", [key])
        initiatives.verify(gone, None)
        initiatives.suspend(gone, 0)
    assert hidden.lon is not None and nowhere.lon is None
    html, cell = town.page(), town.city.cell_of(house)
    assert titles(html, f"o-{cell}") == ["Bücherstube"] and titles(html, "o-quarter") == ["Verein ohne Haus"]
    assert "Di 16–18" in html and len(titles(html)) == 2
    assert 'class="place-map"' in town.client.get(f"/i/{known.slug}").text
    assert 'class="place-map"' not in town.client.get(f"/i/{nowhere.slug}").text


def test_an_events_own_page_shows_the_area_of_its_place(town):
    event = town.event(town.houses[5], title="Hofkonzert", audience=Audience.PUBLIC)
    without = town.event(None, title="Spaziergang", audience=Audience.PUBLIC)
    from neighbour.contributions.cards import url_of

    html = town.page(url_of(event.id))
    lat, lon = h3.cell_to_latlng(town.city.cell_of(town.houses[5]))
    assert re.findall(r'geo:[^"]+', html) == [f"geo:{lat:.5f},{lon:.5f};u=201"], "an address may be a home: its cell"
    for path in (url_of(event.id), url_of(event.id) + "/calendar.ics"):
        answer = town.client.get(path).text
        assert f"{event.lat:.5f},{event.lon:.5f}" not in answer
        assert "GEO:" not in answer and "GeoCoordinates" not in answer
    assert 'class="place-map"' in html and f'href="/map#o-{town.city.cell_of(town.houses[5])}"' in html
    assert 'class="place-map"' not in town.page(url_of(without.id))
    town.client.get("/signout")
    visitor = town.client.application.test_client()
    page = visitor.get(url_of(event.id)).text
    assert 'class="place-map"' in page and 'href="/map' not in page, "the way to the map is for those who may go it"


def test_markers_are_kept_by_the_readers_browser_and_asked_for_again(town):
    town.event(town.houses[5], title="Eins")
    first = town.client.get("/map.geojson")
    assert first.headers["Cache-Control"] == "private, no-cache" and "Cookie" in first.headers["Vary"]
    again = town.client.get("/map.geojson", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.data == b"" and again.headers["Cache-Control"] == "private, no-cache"
    town.event(town.houses[5], title="Zwei")
    assert town.client.get("/map.geojson", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    assert town.client.get("/map").headers["Cache-Control"] == "no-store"


def test_nobody_but_neighbours_comes_in(town, app):
    assert app.test_client().get("/map").status_code == 303 and app.test_client().get("/map.geojson").status_code == 303
    for level, status in ((Level.UNPROVEN, 303), (Level.VOUCHED, 200)):
        sign_in(town.client, make_person(town.here, level=level))
        assert town.client.get("/map").status_code == status


def test_the_navigation_has_one_map_for_everybody(town, app):
    def maps(html):
        return re.findall(r'<a href="(/[\w/]+)"[^>]*><svg[^>]*><use href="[^"]*#i-map"/></svg>', html)

    assert maps(town.page("/board")) == ["/map"] and maps(town.page("/quarters")) == ["/map"]
    sign_in(town.client, make_person(town.here, level=Level.UNPROVEN))
    assert maps(town.page("/me")) == ["/quarters"]


def test_five_hundred_things_take_few_statements_and_little_weight(town, count_queries):
    givers = [town.city.neighbour(town.here, town.houses[number * 20]) for number in range(13)]
    for number in range(250):
        town.event(
            town.houses[number], title=f"Termin {number} im Weberviertel", begins=TUESDAY + timedelta(minutes=number)
        )
        make_offer(
            givers[number % 13], town.here, title=f"{uuid.uuid4().hex} {uuid.uuid4().hex}", body=uuid.uuid4().hex
        )
    town.chooses(givers[0])
    town.page()
    with count_queries() as queries:
        html = town.page()
    assert len(titles(html)) == 500 == sum(pins(html).values()) + len(titles(html, "o-quarter"))
    assert len(queries) <= 8, "two of them only while the clock stands still: the ground is kept otherwise"
    weight = len(gzip.compress(html.encode()))
    assert weight < 40_000, weight
    with count_queries() as queries:
        markers = town.client.get("/map.geojson")
    assert markers.status_code == 200 and len(queries) <= 8
    assert sum(each["properties"].get("count", 0) for each in markers.json["features"]) == sum(pins(html).values())


def test_things_that_come_and_go_between_two_statements_are_left_out(town, monkeypatch):
    town.event(town.houses[5], title="Eins")
    monkeypatch.setattr("neighbour.contributions.placing.cards.load", lambda keys, reader: {})
    assert titles(town.page()) == [] and town.client.get("/map.geojson").status_code == 200


def test_levels_follow_the_scale():
    assert [service.level_for(scale) for scale in (1.0, 0.13, 0.1, 0.03, 0.001)] == [9, 9, 8, 7, 7]


def test_ones_offers_go_onto_the_map_by_a_choice_that_takes_a_fresh_sign_in(town):
    def form(html):
        return re.search(r'<input[^>]*name="is_on_map"[^>]*>', html)

    mine = {"first_name": "Lea", "last_name": "Probe", "shown": "name", "is_on_map": "y"}
    found = form(town.page("/me/appearance"))
    assert found and "checked" not in found[0]
    assert town.client.post("/me/appearance", data=mine).status_code == 303
    with as_owner():
        assert db.session.get_one(Person, town.reader.id).is_on_map
        db.session.rollback()
    assert "checked" in form(town.page("/me/appearance"))[0]
    town.client.post("/me/appearance", data={**mine, "is_on_map": ""})
    with as_owner(), atomic():
        assert not db.session.get_one(Person, town.reader.id).is_on_map
        db.session.execute(update(LoginSession).values(fresh_at=clock.now() - timedelta(hours=1)))
    assert town.client.post("/me/appearance", data=mine).status_code == 403, "whoever found the device open does not"
    with as_owner():
        assert not db.session.get_one(Person, town.reader.id).is_on_map


def test_an_editor_is_told_when_the_register_does_not_know_the_place(town):
    house = town.houses[7]
    with as_owner():
        made = initiatives.add("Bücherstube", [town.here.key])
        initiatives.verify(made, None)
        initiatives.name_editor(made, db.session.get_one(Person, town.reader.id), EditorRole.LEAD)
    send = f"/i/{made.slug}/edit"
    answer = town.client.post(send, data={"address_line": "Hinterm Mond 3"}, follow_redirects=True)
    assert "kennt diese Adresse nicht" in answer.text
    answer = town.client.post(send, data={"address_line": f"{house.street} {house.number}"}, follow_redirects=True)
    assert "kennt diese Adresse nicht" not in answer.text and 'class="place-map"' in answer.text
    with as_owner():
        assert initiatives.find_points() == 1
