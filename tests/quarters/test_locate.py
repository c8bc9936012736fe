"""Which quarter a point lies in."""

from __future__ import annotations

import csv

import pytest
from shapely.geometry import Polygon, box

from neighbour.quarters import geojson
from neighbour.quarters.index import Index, Place


def index_of(**shapes):
    return Index([Place(number, key, key) for number, key in enumerate(shapes)], list(shapes.values()))


def found(index, lon, lat):
    one = index.place(lon, lat)
    many = index.locate_many([lon], [lat])[0]
    assert one == many
    return one.key if one else None


def test_a_common_border_belongs_to_the_first_key_however_the_layer_is_ordered():
    for shapes in (
        {"b": box(13, 52, 13.1, 52.1), "a": box(13.1, 52, 13.2, 52.1)},
        {"a": box(13.1, 52, 13.2, 52.1), "b": box(13, 52, 13.1, 52.1)},
    ):
        index = index_of(**shapes)
        assert found(index, 13.1, 52.05) == "a"
        assert found(index, 13.05, 52.05) == "b"


def test_a_hole_is_outside():
    index = index_of(a=Polygon(box(13, 52, 13.1, 52.1).exterior, [box(13.04, 52.04, 13.06, 52.06).exterior]))
    assert found(index, 13.05, 52.05) is None
    assert found(index, 13.03, 52.05) == "a"
    assert found(index, 13.04, 52.05) == "a"  # the rim of the hole is border


def test_outside_is_outside_however_near():
    index = index_of(a=box(13, 52, 13.1, 52.1))
    assert found(index, 13.1 + 1e-5, 52.05) is None  # 0.7 m
    assert found(index, 13.05, 52.1 + 1e-5) is None
    assert found(index, 0, 0) is None
    assert found(index, -179.9, -89.9) is None


def test_a_point_in_a_sliver_between_quarters_belongs_to_the_nearest():
    ring = box(13, 52, 13.1, 52.1)
    left = Polygon([(13, 52), (13.05, 52), (13.05, 52.02), (13.0499, 52.05), (13.05, 52.08), (13.05, 52.1), (13, 52.1)])
    right = ring.difference(box(13, 52, 13.05, 52.1))
    index = index_of(left=left, right=right)
    assert found(index, 13.04999, 52.05) == "right"
    assert found(index, 13.04991, 52.05) == "left"


@pytest.fixture(scope="module")
def berlin(city_data):
    features = geojson.read_file(city_data / "berlin" / "quarters_plr2021.geojson", "id", "name")
    return Index([Place(number, f.key, f.name) for number, f in enumerate(features)], [f.geometry for f in features])


@pytest.mark.data
def test_every_address_with_a_point_lies_in_the_quarter_the_city_says(berlin, city_data):
    wrong, tried = [], 0
    for name in ("addresses_coords_official.csv", "addresses_coords_osm.csv"):
        with (city_data / "berlin" / name).open() as source:
            rows = [row for row in csv.DictReader(source) if row["plr_id"] == row["plr_at_point"]]
        many = berlin.locate_many([float(row["lon"]) for row in rows], [float(row["lat"]) for row in rows])
        for row, at_once in zip(rows, many, strict=True):
            alone = berlin.place(float(row["lon"]), float(row["lat"]))
            if alone is None or alone.key != row["plr_id"] or at_once != alone:
                wrong.append(row)
        tried += len(rows)
    assert tried > 22_000
    assert wrong == []
