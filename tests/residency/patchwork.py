"""A small city of square patches, put together to quarters and put together anew: for changes of borders.

A patch is 0.004° wide and high (about 275 × 445 m) and has three houses: in its middle, and 20 m from its eastern and its
northern edge. Who lives there has a home, a membership and a subscription; addresses are in the register.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import shapely
from shapely.geometry import box

from neighbour.accounts.models import Person
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.notices.models import Subscription
from neighbour.policy import Level, Role
from neighbour.quarters import geojson, plans, service
from neighbour.quarters.models import Quarter
from neighbour.residency import homes, planning
from neighbour.residency.gazetteer.spelling import street_key
from neighbour.residency.models import Address, Home, Membership
from tests.factories import make_person

SIDE = 0.004
WEST, SOUTH = 13.0, 52.0
HOUSES = {"middle": (0.5, 0.5), "east": (0.93, 0.5), "north": (0.5, 0.96)}
Patches = Mapping[tuple[int, int], str]  # (column, row) → key of the quarter


def patch(column: int, row: int) -> Any:
    west, south = round(WEST + column * SIDE, 6), round(SOUTH + row * SIDE, 6)
    return box(west, south, round(west + SIDE, 6), round(south + SIDE, 6))


def street(column: int, row: int) -> str:
    """A name without digits: ``Baweg`` for column 1, row 0."""
    return "".join("abcdefghij"[int(digit)] for digit in f"{column}{row}").title() + "weg"


def layer(patches: Patches) -> list[geojson.Feature]:
    """The quarters of these patches, as a file would bring them."""
    return geojson.read(file(patches), "id", "name", "n")


def file(patches: Patches, names: Mapping[str, str] | None = None) -> bytes:
    """The file."""
    features = []
    for key in sorted(set(patches.values())):
        shape = shapely.union_all([patch(*where) for where, whose in patches.items() if whose == key])
        properties = {"id": key, "name": (names or {}).get(key, f"Quartier {key}"), "n": 900}
        shape = json.loads(shapely.to_geojson(shapely.normalize(shape)))
        features.append({"type": "Feature", "properties": properties, "geometry": shape})
    found = {"type": "FeatureCollection", "features": features}
    return json.dumps(found).encode()


class Patchwork:
    """The city. Call inside an application context."""

    def __init__(self, patches: Patches, *, names: Mapping[str, str] | None = None):
        self.patches = dict(patches)
        self.addresses: dict[tuple[int, int, str], Address] = {}
        with as_owner(), atomic():
            quarters = geojson.read(file(patches, names), "id", "name", "n")
            service.import_layer(quarters, city="Altenbrück", time_zone="Europe/Berlin", language="de")
            for quarter in db.session.query(Quarter):
                quarter.opened_at = clock.now()
        self._register()

    def _register(self) -> None:
        numbers = self.numbers()
        with as_owner(), atomic():
            for column, row in self.patches:
                for number, (name, (east, north)) in enumerate(HOUSES.items(), 1):
                    self.addresses[column, row, name] = Address(
                        street=street(column, row),
                        street_key=street_key(street(column, row)),
                        number=str(number),
                        postcode="04873",
                        lon=WEST + (column + east) * SIDE,
                        lat=SOUTH + (row + north) * SIDE,
                        quarter_id=numbers[self.patches[column, row]],
                    )
            db.session.add_all(self.addresses.values())

    def build(self, column: int, row: int, street: str = "Neubau", **place: Any) -> None:
        """A further house in the register, ``new`` on this patch and where the others there belong unless told otherwise; and
        what follows for a planned change."""
        with as_owner(), atomic():
            beside = db.session.get_one(Address, self.addresses[column, row, "middle"].id)
            place.setdefault("quarter_id", beside.quarter_id)
            new = Address(street=street, street_key=street_key(street), number="1", postcode="04873", **place)
            db.session.add(new)
            db.session.flush()
            planning.refresh()
        self.addresses[column, row, "new"] = new

    def numbers(self) -> dict[str, int]:
        """Key → number of the quarters there are now."""
        with as_owner():
            return {quarter.key: quarter.id for quarter in db.session.query(Quarter)}

    def quarter(self, key: str) -> Quarter:
        """The quarter of this key now."""
        with as_owner():
            return db.session.query(Quarter).filter_by(key=key).one()

    def resident(
        self,
        column: int,
        row: int,
        house: str = "middle",
        *,
        level: Level = Level.VERIFIED,
        role: Role = Role.RESIDENT,
        **person: Any,
    ) -> Person:
        """Somebody who lives there, with a home, a proof and a digest."""
        made, address = make_person(**person), self.addresses[column, row, house]
        with as_owner(), atomic():
            where = db.session.get_one(Address, address.id).quarter_id
            digest = homes.address_hash(address)
            home = Home(person_id=made.id, quarter_id=where, sealed=b"-", address_hash=digest)
            home.family_hashes = home.word_hashes = []
            seat = Membership(person_id=made.id, quarter_id=where, level=level, role=role)
            seat.household_hash, seat.proven_at = digest + bytes(str(made.id), "ascii"), clock.now()
            reads = Subscription(person_id=made.id, quarter_id=where)
            db.session.add_all([home, seat, reads])
        return made

    def plan(self, patches: Patches, day: date, **options: Any) -> plans.Planned:
        """Plan that the quarters become those of these patches."""
        with as_owner():
            made = plans.make(layer(patches), on_day=day, **options)
        self.patches = dict(patches)
        return made

    def quarter_of(self, person: Person) -> str:
        """The key of the quarter a person is in; home, membership and lists have to agree."""
        with as_owner():
            rows = db.session.execute(
                db.text(
                    "SELECT q.key FROM membership m JOIN quarter q ON q.id = m.quarter_id"
                    " WHERE m.person_id = :p AND m.ended_at IS NULL"
                    " UNION ALL SELECT q.key FROM home h JOIN quarter q ON q.id = h.quarter_id WHERE h.person_id = :p"
                    " UNION ALL SELECT q.key FROM subscription s JOIN quarter q ON q.id = s.quarter_id WHERE s.person_id = :p"
                ),
                {"p": person.id},
            ).scalars()
            found = list(rows)
        assert len(found) == 3 and len(set(found)) == 1, found
        return str(found[0])


def readable(connection: psycopg.Connection[Any], person: Person) -> set[str]:
    """What a person can read now, through the wall: ids of contributions."""
    quarters = connection.execute(
        "SELECT coalesce(array_agg(quarter_id), '{}') FROM membership WHERE person_id = %s AND ended_at IS NULL"
        " AND level <> 'unproven'",
        [person.id],
    ).fetchone()
    with scope.use(scope.Viewer(person.id, tuple(quarters[0] if quarters else ()))):
        return {str(key) for (key,) in db.session.execute(db.text("SELECT id FROM contribution"))}


def on(day: date) -> datetime:
    """A little after midnight of a day, in Berlin."""
    return datetime(day.year, day.month, day.day, 0, 7, tzinfo=ZoneInfo("Europe/Berlin"))


def perform(day: date) -> bool:
    """What the worker does then."""
    with clock.freeze(on(day)):
        return plans.perform_due()
