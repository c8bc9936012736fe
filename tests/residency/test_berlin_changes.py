"""Berlin's own quarters: one divided, two others merged, with three hundred homes in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely

from neighbour.contributions.models import Audience
from neighbour.core.db import as_owner
from neighbour.quarters import geojson, plans, service
from neighbour.residency import homes
from tests.factories import make_post
from tests.residency.patchwork import perform, readable

DAY = date(2026, 6, 1)
HOMES = 300


@pytest.mark.data
@pytest.mark.parametrize("part", ["08", pytest.param("", marks=pytest.mark.thorough)], ids=["Neukölln", "Berlin"])
def test_a_quarter_of_berlin_is_divided_and_two_are_merged(context, city_data, owner, frozen_clock, part):
    whole = geojson.read_file(city_data / "berlin" / "quarters_plr2021.geojson", "id", "name")
    layer = [each for each in whole if each.key.startswith(part)]
    with as_owner():
        service.import_layer(layer, city="Berlin", time_zone="Europe/Berlin", language="de")
        owner.execute("UPDATE quarter SET opened_at = now()")
        keys = dict(owner.execute("SELECT key, id FROM quarter").fetchall())
    divided, kept, gone = pick(owner)
    by_key = {each.key: each for each in layer}
    people = settle(owner, keys, by_key, (divided, kept, gone))
    authors = [person for person, _key in people[:: HOMES // 12]]
    for number, person in enumerate(authors):
        quarter = owner.execute("SELECT quarter_id FROM membership WHERE person_id = %s", [person]).fetchone()[0]
        post(person, quarter, (Audience.QUARTER, Audience.NEARBY, Audience.CITY)[number % 3])
    before = {person: reads(owner, person) for person, _key in people[::15]}
    after = changed(layer, by_key, divided, kept, gone)
    with as_owner():
        made = plans.make(after, on_day=DAY)
    assert made.changes == {divided: "redrawn", divided + "b": "new", kept: "redrawn", gone: "gone"}
    assert made.told == HOMES
    assert perform(DAY)
    now = dict(
        owner.execute(
            "SELECT m.person_id, q.key FROM membership m JOIN quarter q ON q.id = m.quarter_id WHERE ended_at IS NULL"
        ).fetchall()
    )
    assert len(now) == HOMES and owner.execute("SELECT count(*) FROM quarter").fetchone() == (len(layer),)
    shapes = {each.key: each.geometry for each in after}
    points = dict(
        owner.execute(
            "SELECT h.person_id, ARRAY[a.lon, a.lat] FROM home h JOIN address a ON a.number = h.person_id::text"
        ).fetchall()
    )
    assert all(shapely.intersects_xy(shapes[key], *points[person]) for person, key in now.items())
    assert all(could <= reads(owner, person) for person, could in before.items())
    assert owner.execute(
        "SELECT count(*) FROM home h JOIN membership m USING (person_id, quarter_id) JOIN subscription s USING (person_id, quarter_id)"
    ).fetchone() == (HOMES,)


def pick(owner):
    """The quarter that is divided, and two neighbours elsewhere that are merged."""
    (one,) = owner.execute("SELECT key FROM quarter ORDER BY area_m2 DESC OFFSET 10 LIMIT 1").fetchone()
    kept, gone = owner.execute(
        "SELECT a.key, b.key FROM adjacency x JOIN quarter a ON a.id = x.quarter_id JOIN quarter b ON b.id = x.neighbour_id"
        " WHERE %s NOT IN (a.key, b.key) AND a.area_m2 > b.area_m2 AND NOT EXISTS (SELECT 1 FROM adjacency y"
        " JOIN quarter q ON q.id = y.neighbour_id WHERE q.key = %s AND y.quarter_id IN (a.id, b.id)) ORDER BY x.border_m DESC LIMIT 1",
        [one, one],
    ).fetchone()
    return one, kept, gone


def settle(owner, keys, by_key, places):
    """People with homes, a third in each of these quarters; (person, key)."""
    dice, people = np.random.default_rng(7), []
    for number in range(HOMES):
        key = places[number % 3]
        west, south, east, north = by_key[key].geometry.bounds
        while True:
            lon, lat = dice.uniform(west, east), dice.uniform(south, north)
            if shapely.contains_xy(by_key[key].geometry, lon, lat):
                break
        person = owner.execute(
            "INSERT INTO person (public_id, email, email_key, password_hash, first_name, last_name, display_name, language, confirmed_at, signup_step, status, is_operator)"
            " SELECT 'b' || n, 'b' || n || '@example.org', 'b' || n || '@example.org', '!', 'B.', 'P.', 'B. P.', 'de', now(), 'done', 'active', false"
            " FROM (SELECT %s::int AS n) x RETURNING id", [number]).fetchone()[0]  # fmt: skip
        entry = ("weg", "Weg", str(person), "", "10115")
        owner.execute(
            "INSERT INTO address (street_key, street, number, suffix, postcode, place, lon, lat, quarter_id) VALUES (%s, %s, %s, %s, %s, '', %s, %s, %s)",
            [*entry, lon, lat, keys[key]],
        )
        owner.execute(
            "INSERT INTO home (person_id, quarter_id, sealed, address_hash, family_hashes, word_hashes) VALUES (%s, %s, '-', %s, '{}', '{}')",
            [person, keys[key], homes.entry_hash(*entry)],
        )
        owner.execute(
            "INSERT INTO membership (person_id, quarter_id, level, role, proven_at) VALUES (%s, %s, 'verified', 'resident', now())",
            [person, keys[key]],
        )
        owner.execute(
            "INSERT INTO subscription (person_id, quarter_id, token) VALUES (%s, %s, %s)",
            [person, keys[key], str(person)],
        )
        people.append((person, key))
    return people


def post(person, quarter, audience):
    owner_of = type("P", (), {"id": person})
    place = type("Q", (), {"id": quarter})
    make_post(owner_of, place, audience=audience)


def reads(owner, person):
    return readable(owner, type("P", (), {"id": person}))


def changed(layer, by_key, divided, kept, gone):
    """The layer with one quarter cut in two at its middle and two made one."""
    shape = by_key[divided].geometry
    west, south, east, north = shape.bounds
    middle = shape.centroid.x
    left, right = (
        shapely.intersection(shape, shapely.box(a, south - 1, b, north + 1))
        for a, b in ((west - 1, middle), (middle, east + 1))
    )
    merged = shapely.union(by_key[kept].geometry, by_key[gone].geometry)
    new = {divided: left, kept: merged}
    found = [replace(each, geometry=new.get(each.key, each.geometry)) for each in layer if each.key != gone]
    return [*found, replace(by_key[divided], key=divided + "b", name=by_key[divided].name + " Ost", geometry=right)]
