"""The drawn town: borders that fit, houses that stand where they say, people who live in them."""

from __future__ import annotations

from collections import Counter

import pytest
from shapely.geometry import Point, shape
from shapely.ops import unary_union

from neighbour.demo import city
from neighbour.demo.drawing import plan, quarters_geojson
from neighbour.demo.people import MAIL_DOMAIN, people


@pytest.fixture(scope="module")
def shapes():
    return {feature["properties"]["id"]: shape(feature["geometry"]) for feature in city.quarters()}


def test_twelve_quarters_without_gap_or_overlap(shapes):
    assert len(shapes) == 12
    assert all(one.is_valid and one.is_simple for one in shapes.values())
    whole = unary_union(list(shapes.values()))
    assert whole.geom_type == "Polygon"
    assert whole.area == pytest.approx(sum(one.area for one in shapes.values()), rel=1e-9)
    assert len(whole.interiors) == 1  # the hospital grounds belong to nobody


def test_one_quarter_has_a_hole_and_one_an_exclave(shapes):
    holes = [key for key, one in shapes.items() if one.geom_type == "Polygon" and one.interiors]
    assert holes == ["AB-04"]
    assert [key for key, one in shapes.items() if one.geom_type == "MultiPolygon"] == ["AB-11"]


def test_the_weavers_neighbours(shapes):
    beside = {key for key, one in shapes.items() if key != "AB-02" and one.intersection(shapes["AB-02"]).length > 0}
    assert beside == {"AB-01", "AB-03", "AB-04", "AB-08", "AB-09"}


def test_the_committed_map_is_what_the_plan_draws():
    drawn = quarters_geojson(plan())["features"]
    for new, old in zip(drawn, city.quarters(), strict=True):
        assert new["properties"] == old["properties"]
        assert shape(new["geometry"]).equals(shape(old["geometry"]))


def test_households_are_those_of_a_small_town():
    households = [feature["properties"]["households"] for feature in city.quarters()]
    assert all(600 <= count <= 2400 for count in households)


def test_every_address_stands_in_its_quarter(shapes):
    rows = city.addresses()
    assert len(rows) >= 3000
    wrong = [row for row in rows if not shapes[row.quarter].contains(Point(float(row.lon), float(row.lat)))]
    assert wrong == []


def test_addresses_are_unique_and_streets_are_many():
    rows = city.addresses()
    entries = Counter((row.street, row.number, row.suffix, row.postcode) for row in rows)
    assert [entry for entry, count in entries.items() if count > 1] == []
    for key in {row.quarter for row in rows}:
        assert 10 <= len({row.street for row in rows if row.quarter == key}) <= 18


def test_even_and_odd_of_one_street_lie_in_different_quarters():
    sides = {(int(row.number) % 2, row.quarter) for row in city.addresses() if row.street == "Färberstraße"}
    assert sides == {(1, "AB-02"), (0, "AB-04")}


def test_a_street_crosses_two_quarters_with_one_numbering():
    crossing = [row for row in city.addresses() if row.street == "Brückenstraße"]
    assert {row.quarter for row in crossing} == {"AB-01", "AB-07"}
    assert max(int(row.number) for row in crossing if row.quarter == "AB-01") < min(
        int(row.number) for row in crossing if row.quarter == "AB-07"
    )


def test_two_streets_of_one_name_are_told_apart_by_the_postcode():
    for name in ("Lindenstraße", "Gartenweg"):
        rows = {(row.postcode, row.quarter) for row in city.addresses() if row.street == name}
        assert len(rows) == 2
        assert len({postcode for postcode, _ in rows}) == 2


def test_suffixes_as_on_the_doors():
    rows = [row for row in city.addresses() if row.street == "Kettfadenstraße"]
    assert {"17", "17a", "17I"} <= {row.number + row.suffix for row in rows}
    assert max(int(row.number) for row in rows) <= 64


def test_a_hundred_and_fifty_different_people():
    everybody = people()
    assert len(everybody) == 150
    assert len({one.key for one in everybody}) == len({one.email for one in everybody}) == 150
    assert len({(one.first_name, one.last_name) for one in everybody}) == 150
    assert all(one.email.isascii() and one.email.endswith("@" + MAIL_DOMAIN) for one in everybody)
    assert all(one.home.quarter == one.quarter for one in everybody)


def test_a_team_in_every_quarter_and_readers_in_most():
    everybody = people()
    assert {one.quarter for one in everybody if one.is_team} == {f"AB-{number:02}" for number in range(1, 13)}
    assert all(one.level == "verified" for one in everybody if one.is_team)
    assert sum(one.reads_digest for one in everybody) >= 80
    assert {one.level for one in everybody} == {"verified", "vouched", "unproven"}
    assert {one.locale for one in everybody} == {"de", "en"}
    assert [one.key for one in everybody if one.is_operator] == ["ursula"]
