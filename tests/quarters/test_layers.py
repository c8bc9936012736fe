"""Layers of quarters: what is refused, what is reported, what is mended."""

from __future__ import annotations

import json
import time

import pytest
import shapely

from neighbour.quarters import geojson, geometry
from neighbour.quarters.geojson import LayerError

SQUARE = [[13.0, 52.0], [13.01, 52.0], [13.01, 52.01], [13.0, 52.01], [13.0, 52.0]]


def layer(*rings, **extra):
    features = [
        {
            "type": "Feature",
            "properties": {"id": f"Q{n}", "name": f"Quartier {n}"},
            "geometry": {"type": "Polygon", "coordinates": ring},
        }
        for n, ring in enumerate(rings)
    ]
    return {"type": "FeatureCollection", "features": features, **extra}


def read(thing):
    data = thing if isinstance(thing, bytes) else json.dumps(thing).encode()
    return geojson.read(data, "id", "name")


def with_geometry(text):
    whole = json.dumps(layer([SQUARE]))
    return whole.replace(json.dumps([SQUARE]), text).encode()


HOSTILE = {
    "nested 200,000 deep": b"[" * 200_000,
    "5 MB of brackets": b"[]" * 2_600_000,
    "6 MB": b" " * 6_000_000,
    "a number that is infinite": with_geometry("[[[1e999, 52], [13.1, 52], [13.1, 52.1], [1e999, 52]]]"),
    "NaN": with_geometry("[[[NaN, 52], [13.1, 52], [13.1, 52.1], [NaN, 52]]]"),
    "Infinity": with_geometry("[[[Infinity, 52], [13.1, 52], [13.1, 52.1], [Infinity, 52]]]"),
    "a million digits": with_geometry("[[[" + "1" * 1_000_000 + ", 52], [13.1, 52], [13.1, 52.1], [13, 52]]]"),
    "not JSON": b"<kml>hello</kml>",
    "not UTF-8": b"\xff\xfe\x00",
    "empty": b"",
    "another JSON": b'{"hello": 1}',
    "no features": json.dumps({"type": "FeatureCollection", "features": []}).encode(),
    "metres instead of degrees": json.dumps(
        layer([[[389000.0, 5819000.0], [389100.0, 5819000.0], [389100.0, 5819100.0], [389000.0, 5819000.0]]])
    ).encode(),
    "another coordinate system": json.dumps(
        layer([SQUARE], crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25833"}})
    ).encode(),
    "across the antimeridian": json.dumps(layer([[[179.0, 1.0], [-179.0, 1.0], [-179.0, 2.0], [179.0, 1.0]]])).encode(),
    "ring not closed": json.dumps(layer([[*SQUARE[:-1], [13.0, 52.001]]])).encode(),
    "three points": json.dumps(layer([SQUARE[:3]])).encode(),
    "points of one number": with_geometry("[[[13], [13], [13], [13]]]"),
    "a point that is true": with_geometry("[[[true, 52], [13.1, 52], [13.1, 52.1], [true, 52]]]"),
    "a name that cannot be written": json.dumps(layer([SQUARE])).replace("Quartier 0", "Quartier \\u0000").encode(),
    "half a letter for a name": json.dumps(layer([SQUARE])).replace("Quartier 0", "Quartier \\ud800").encode(),
    "points of text": with_geometry('[[["13", "a"], ["13", "b"], ["13", "c"], ["13", "a"]]]'),
    "ragged points": with_geometry("[[[13, 52], [13], [13, 52, 1], [13, 52]]]"),
    "a point instead of an area": json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"id": "a", "name": "a"},
                    "geometry": {"type": "Point", "coordinates": [13, 52]},
                }
            ],
        }
    ).encode(),
    "no geometry": json.dumps(
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": {"id": "a", "name": "a"}, "geometry": None}],
        }
    ).encode(),
    "the same id twice": json.dumps(
        {"type": "FeatureCollection", "features": layer([SQUARE])["features"] * 2}
    ).encode(),
    "no id": json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"name": "a"},
                    "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
                }
            ],
        }
    ).encode(),
    "features that are numbers": json.dumps({"type": "FeatureCollection", "features": [1, 2]}).encode(),
    "properties that are a list": json.dumps(
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": [], "geometry": {}}]}
    ).encode(),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_gets_one_clear_sentence_soon(what):
    began = time.process_time()
    with pytest.raises(LayerError) as refused:
        read(HOSTILE[what])
    assert time.process_time() - began < 0.5
    assert str(refused.value)
    assert len(str(refused.value)) < 200
    assert "\n" not in str(refused.value)


def test_too_many_points_are_refused():
    ring = [[13 + n / 1e7, 52.0] for n in range(geojson.MOST_POINTS // 2)]
    with pytest.raises(LayerError, match="400000 points"):
        geojson._Points().add(len(ring) * 3)


def test_a_self_crossing_ring_an_overlap_and_a_gap_are_named():
    bow = [[13.02, 52.0], [13.03, 52.01], [13.03, 52.0], [13.02, 52.01], [13.02, 52.0]]
    over = [[13.0099, 52.0], [13.015, 52.0], [13.015, 52.01], [13.0099, 52.01], [13.0099, 52.0]]
    features = read(layer([SQUARE], [over], [bow]))
    survey = geometry.survey([f.key for f in features], [f.geometry for f in features])
    assert [key for key, _why in survey.invalid] == ["Q2"]
    assert [(one, other) for one, other, _area in survey.overlaps] == [("Q0", "Q1")]
    assert 7000 < survey.overlaps[0][2] < 8000  # 6.86 m × 1,113 m
    assert not survey.is_sound


def test_a_narrow_hole_is_a_gap_and_a_wide_one_an_enclave():
    narrow = [[13.003, 52.003], [13.0032, 52.003], [13.0032, 52.006], [13.003, 52.006], [13.003, 52.003]]  # 14 m wide
    wide = [[13.006, 52.003], [13.008, 52.003], [13.008, 52.006], [13.006, 52.006], [13.006, 52.003]]
    features = read(layer([SQUARE, narrow, wide]))
    survey = geometry.survey(["a"], [features[0].geometry])
    assert (len(survey.gaps), survey.enclaves) == (1, 1)
    mended, changed = geometry.repair(["a"], [features[0].geometry])
    assert len(mended[0].interiors) == 1
    assert len(changed) == 1


def test_a_layer_in_which_every_quarter_has_several_parts_is_looked_at_like_any_other():
    parts = [shapely.box(13 + west, 52, 13.01 + west, 52.01) for west in (0, 0.01, 0.02, 0.03)]
    shapes = [shapely.MultiPolygon(parts[::2]), shapely.MultiPolygon(parts[1::2])]
    assert geometry.survey(["a", "b"], shapes).is_sound
    assert [(one, other) for one, other, _m in geometry.borders(shapes)] == [(0, 1)]


def test_quarters_that_touch_in_a_corner_are_not_adjacent():
    right = [[13.01, 52.0], [13.02, 52.0], [13.02, 52.01], [13.01, 52.01], [13.01, 52.0]]
    corner = [[13.01, 52.01], [13.02, 52.01], [13.02, 52.02], [13.01, 52.02], [13.01, 52.01]]
    features = read(layer([SQUARE], [right], [corner]))
    pairs = {(one, other) for one, other, _m in geometry.borders([f.geometry for f in features])}
    assert pairs == {(0, 1), (1, 2)}


@pytest.mark.data
@pytest.mark.parametrize(("city", "count"), [("hamburg", 103), ("amsterdam", 97)])
def test_hamburg_and_amsterdam_are_sound_as_they_are(city_data, city, count):
    features = geojson.read_file(city_data / "cities" / f"{city}.geojson", "id", "name")
    survey = geometry.survey([f.key for f in features], [f.geometry for f in features])
    assert len(features) == count
    assert survey.is_sound, survey.summary()


@pytest.mark.data
@pytest.mark.thorough
def test_zurich_is_refused_with_every_fault_named_and_mended_by_the_rules(city_data):
    features = geojson.read_file(city_data / "cities" / "zuerich.geojson", "id", "name")
    keys, shapes = [f.key for f in features], [f.geometry for f in features]
    survey = geometry.survey(keys, shapes)
    known = next(
        city for city in json.loads((city_data / "cities" / "MANIFEST.json").read_text()) if city["city"] == "zuerich"
    )
    assert len(survey.invalid) == known["invalid"]
    assert len(survey.overlaps) == known["overlap_pairs_gt1m2"]
    assert sum(area for *_keys, area in survey.overlaps) == pytest.approx(known["overlap_m2"], abs=1)
    assert abs(len(survey.gaps) - known["gaps_gt1m2"]) <= 2
    mended, changed = geometry.repair(keys, shapes)
    assert geometry.survey(keys, mended).is_sound
    assert len(changed) >= known["invalid"] + known["overlap_pairs_gt1m2"]
    before, after = sum(map(geometry.area_m2, shapes)), sum(map(geometry.area_m2, mended))
    assert abs(after - before) < 2000  # of 91.8 km²
