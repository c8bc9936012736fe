"""Importing a layer into an instance."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import delete, func, select, update

from neighbour.contributions.models import Audience, Reach
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.notices.models import Delivery
from neighbour.quarters import geojson, hooks, service
from neighbour.quarters.geojson import LayerError
from neighbour.quarters.index import current_index
from neighbour.quarters.models import Adjacency, City, Quarter
from neighbour.residency.models import Address, Membership
from neighbour.residency.notices import Welcome
from tests.factories import make_person, make_post, viewer_of


def square(column, row=0, width=1.0):
    west, south = 13 + column * 0.01, 52 + row * 0.01
    return [
        [
            [west, south],
            [west + 0.01 * width, south],
            [west + 0.01 * width, south + 0.01],
            [west, south + 0.01],
            [west, south],
        ]
    ]


def features(**rings):
    return geojson.read(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"id": key, "name": f"Quartier {key}", "n": 900},
                        "geometry": {"type": "Polygon", "coordinates": ring},
                    }
                    for key, ring in rings.items()
                ],
            }
        ).encode(),
        "id",
        "name",
        "n",
    )


def run(layer, **options):
    with as_owner():
        return service.import_layer(layer, city="Altenbrück", time_zone="Europe/Berlin", language="de", **options)


def keys():
    with as_owner():
        return sorted(db.session.scalars(select(Quarter.key)))


def test_the_second_run_changes_nothing(context):
    layer = features(a=square(0), b=square(1))
    first = run(layer)
    second = run(layer)
    assert (len(first.added), first.pairs) == (2, 1)
    assert (second.added, second.changed, second.unchanged, second.pairs) == ([], [], 2, 1)


def test_a_dry_run_says_what_would_happen_and_changes_nothing(context):
    assert len(run(features(a=square(0)), is_dry_run=True).added) == 1
    assert keys() == []


def test_a_changed_border_tells_everybody_inside_the_same_transaction(context):
    run(features(a=square(0), b=square(1)))
    with as_owner():
        before = db.session.scalar(select(City.geo_version))
    told = []
    listener = lambda ids, locate: told.append((sorted(ids), locate(13.0101, 52.005)))  # noqa: E731
    hooks.on_redraw(listener)
    try:
        wider = [[[13.0, 52.0], [13.012, 52.0], [13.012, 52.01], [13.0, 52.01], [13.0, 52.0]]]
        narrower = [[[13.012, 52.0], [13.02, 52.0], [13.02, 52.01], [13.012, 52.01], [13.012, 52.0]]]
        report = run(features(a=wider, b=narrower))
    finally:
        hooks._listeners.remove(listener)
    assert sorted(report.redrawn) == ["a", "b"]
    with as_owner():
        a, b = db.session.scalars(select(Quarter.id).order_by(Quarter.key)).all()
        assert db.session.scalar(select(City.geo_version)) == before + 1
    assert told == [(sorted([a, b]), a)]
    with scope.use(scope.PUBLIC):
        assert current_index().locate(13.011, 52.005) == a


def test_a_listener_that_fails_undoes_the_import(context):
    run(features(a=square(0)))

    def fail(_ids, _locate):
        raise RuntimeError("no")

    hooks.on_redraw(fail)
    try:
        with pytest.raises(RuntimeError):
            run(features(a=square(0), b=square(1)))
    finally:
        hooks._listeners.remove(fail)
    assert keys() == ["a"]


def quarter_of(key):
    with as_owner():
        return db.session.scalars(select(Quarter).where(Quarter.key == key)).one()


def test_a_vanished_quarter_goes_if_nobody_lives_there_and_is_refused_otherwise(context):
    run(features(a=square(0), b=square(1)))
    assert run(features(a=square(0))).removed == ["b"]
    make_person(quarter_of("a"))
    with pytest.raises(LayerError, match=r"a \(Quartier a\) has 1 member$"):
        run(features(b=square(1)))
    assert keys() == ["a"]


def test_a_quarter_in_which_something_was_written_is_not_removed(context):
    run(features(a=square(0), b=square(1)))
    b = quarter_of("b")
    author = make_person(b)
    make_post(author, b)
    with as_owner(), atomic():
        db.session.execute(delete(Membership))
    with pytest.raises(LayerError, match=r"b \(Quartier b\) has 1 contribution$"):
        run(features(a=square(0)))


def test_a_quarter_everybody_has_moved_away_from_goes_with_what_pointed_at_it(context):
    run(features(a=square(0), b=square(1)))
    a, b = quarter_of("a"), quarter_of("b")
    make_post(make_person(a), a, audience=Audience.NEARBY)  # shown in b, too
    moved = make_person(b)
    with as_owner(), atomic():
        db.session.execute(update(Membership).where(Membership.person_id == moved.id).values(ended_at=clock.now()))
        db.session.add(Address(street="Weg", street_key="weg", number="1", postcode="04873", quarter_id=b.id))
        Welcome.send(moved.id, payload={"quarter_id": b.id}, quarter_id=b.id)
    assert run(features(a=square(0))).removed == ["b"]
    with as_owner():
        assert db.session.execute(select(Delivery.quarter_id, Delivery.state)).all() == [(None, "skipped")]
        assert db.session.scalars(select(Address.quarter_id)).all() == [None]
        assert db.session.scalars(select(Reach.quarter_id)).all() == [a.id]


def test_a_quarter_that_is_only_renamed_has_its_new_name_everywhere_at_once(context, client):
    layer = features(a=square(0), b=square(1))
    run(layer)
    etag = client.get("/quarters.geojson").headers["ETag"]
    assert "Quartier b" in client.get("/").get_data(as_text=True)
    told = []
    listener = lambda ids, locate: told.append(ids)  # noqa: E731
    hooks.on_redraw(listener)
    try:
        report = run([layer[0], replace(layer[1], name="Uferviertel")])
    finally:
        hooks._listeners.remove(listener)
    assert (report.changed, report.redrawn, report.pairs, told) == (["b"], [], 1, [])
    drawn = client.get("/quarters.geojson", headers={"If-None-Match": etag})
    assert (drawn.status_code, "Uferviertel" in drawn.get_data(as_text=True)) == (200, True)
    assert "Uferviertel</text>" in client.get("/").get_data(as_text=True)
    with scope.use(scope.PUBLIC):
        assert current_index().place(13.015, 52.005).name == "Uferviertel"


def test_a_layer_without_households_keeps_the_numbers_that_are_known(context):
    layer = features(a=square(0), b=square(1))
    run(layer)
    report = run([replace(each, households=None) for each in layer])
    assert (report.unchanged, report.changed) == (2, [])
    with as_owner():
        assert db.session.scalars(select(Quarter.households)).all() == [900, 900]


def test_a_new_neighbour_reads_what_was_pinned_up_nearby_before(context):
    run(features(a=square(0)))
    with as_owner():
        quarter = db.session.scalar(select(Quarter).where(Quarter.key == "a"))
    author = make_person(quarter)
    post = make_post(author, quarter, audience=Audience.NEARBY)
    run(features(a=square(0), b=square(1)))
    with as_owner():
        assert db.session.scalar(select(func.count()).select_from(Reach).where(Reach.contribution_id == post.id)) == 2
    with scope.use(viewer_of(author, quarter)):
        assert db.session.scalar(select(func.count()).select_from(Reach)) == 1


def test_adjacency_is_stored_in_both_directions(context):
    run(features(a=square(0), b=square(1), c=square(1, 1)))
    with as_owner():
        pairs = [tuple(row) for row in db.session.execute(select(Adjacency.quarter_id, Adjacency.neighbour_id))]
    assert len(pairs) == 4
    assert {(other, one) for one, other in pairs} == set(pairs)


def test_an_unsound_layer_is_refused_whole(context):
    over = [[[13.005, 52.0], [13.02, 52.0], [13.02, 52.01], [13.005, 52.01], [13.005, 52.0]]]
    with pytest.raises(service.NotSound) as refused:
        run(features(a=square(0), b=over))
    assert refused.value.survey.overlaps[0][:2] == ("a", "b")
    assert keys() == []
    assert run(features(a=square(0), b=over), is_repair=True).repairs


def test_two_quarters_of_one_name_have_pages_of_their_own(context, client):
    run(
        geojson.read(
            json.dumps(
                {
                    "type": "FeatureCollection",
                    "features": [
                        {
                            "type": "Feature",
                            "properties": {"id": key, "name": "Schloßstraße"},
                            "geometry": {"type": "Polygon", "coordinates": square(number)},
                        }
                        for number, key in enumerate(("04300414", "06100102"))
                    ],
                }
            ).encode(),
            "id",
            "name",
        )
    )
    with as_owner():
        slugs = sorted(db.session.scalars(select(Quarter.slug)))
    assert slugs == ["schlossstrasse", "schlossstrasse-06100102"]
    for slug in slugs:
        assert client.get(f"/quarters/{slug}").status_code == 200
    assert client.get("/quarters").get_data(as_text=True).count("Schloßstraße</a>") == 2
    assert len(client.get("/quarters.geojson").get_json()["features"]) == 2
    etag = client.get("/quarters.geojson").headers["ETag"]
    assert client.get("/quarters.geojson", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.data
@pytest.mark.thorough  # the first journey imports them as well
def test_berlin_is_imported_with_its_542_quarters(context, city_data):
    layer = geojson.read_file(city_data / "berlin" / "quarters_plr2021.geojson", "id", "name")
    report = run(layer)
    assert (len(report.added), report.pairs > 1400) == (542, True)
    assert run(layer).unchanged == 542
