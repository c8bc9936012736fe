"""The point of an event: set by its author, by address or on the map, around here, and never where somebody lives."""

from __future__ import annotations

import uuid

import pytest

from neighbour.core.tokens import to_uid

IN = "50.00500, {lon:.5f}"


def fields(**given):
    usual = {
        "kind": "event",
        "category": "festival",
        "title": "Picknick",
        "body_md": "Bring eine Decke mit.",
        "day": "2026-05-30",
    }
    usual |= {
        "from_time": "14:00",
        "until_time": "",
        "repeats": "",
        "place": "Wiese am Kanal",
        "audience": "quarter",
        "point": "",
    }
    return {**usual, "form_key": str(uuid.uuid4()), **given}


def test_a_point_is_kept_shown_again_and_taken_away(client, author, here, owner):
    point = IN.format(lon=here.lon)
    assert client.post("/write", data=fields(point=point)).status_code == 303
    event_id, lon, lat = owner.execute("SELECT id, lon, lat FROM event").fetchone()
    assert (lon, lat) == (pytest.approx(here.lon, abs=1e-5), 50.005)
    page = client.get(f"/c/{to_uid(event_id)}").get_data(as_text=True)
    assert f"geo:50.00500,{here.lon:.5f}" in page
    composer = client.get(f"/c/{to_uid(event_id)}/edit").get_data(as_text=True)
    assert f'value="{point}"' in composer and 'data-pick="point"' in composer
    assert b"GEO:50.005" in client.get(f"/c/{to_uid(event_id)}/calendar.ics").get_data()
    assert client.post(f"/c/{to_uid(event_id)}/edit", data=fields()).status_code == 303
    assert owner.execute("SELECT lon, lat FROM event").fetchone() == (None, None)
    assert "geo:" not in client.get(f"/c/{to_uid(event_id)}").get_data(as_text=True)


@pytest.mark.parametrize(
    "point", ["hier", "50.005", "999, 10.2", "52.5, 13.4", "50.005, 10.02, 3", "nan, nan", "1e9, 2"]
)
def test_a_point_that_is_none_or_far_away_is_said_at_its_field_and_nothing_is_lost(client, author, owner, point):
    response = client.post("/write", data=fields(point=point))
    html = response.get_data(as_text=True)
    assert response.status_code == 422 and 'href="#point"' in html and "Bring eine Decke mit." in html
    assert owner.execute("SELECT count(*) FROM contribution").fetchone() == (0,)


def test_without_a_point_and_without_an_address_there_is_none_wherever_its_author_lives(client, author, owner):
    client.post("/write", data=fields(place=""))
    assert owner.execute("SELECT lon, lat FROM event").fetchone() == (None, None)
