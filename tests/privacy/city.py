"""A city with a register whose every house has a point, people in it, and somebody who reads all there is to read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from neighbour.accounts.models import Person
from neighbour.contributions.models import Audience, Comment
from neighbour.core import kept
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.tokens import to_uid
from neighbour.policy import Level, Role
from neighbour.quarters.models import Quarter
from neighbour.residency import homes
from neighbour.residency.gazetteer.loading import refresh_streets
from neighbour.residency.gazetteer.spelling import street_key
from neighbour.residency.models import Address, Membership
from tests.digests.helpers import make_reader
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in

STREETS, HOUSES = 12, 24  # a quarter of 12 streets with 24 houses each, 700 m by 1,100 m
TREES = [
    "Ahorn",
    "Birken",
    "Buchen",
    "Eiben",
    "Erlen",
    "Eschen",
    "Fichten",
    "Föhren",
    "Kiefern",
    "Linden",
    "Pappel",
    "Weiden",
]
# Random by design, whoever lives where: CSRF tokens and the numbers of forms.
RANDOM = re.compile(rb'(name="(?:\w-)?(?:csrf_token|csrf-token|form_key)"[^>]*?(?:value|content)=")[^"]*')
UNLIKE = ("Set-Cookie", "Content-Length", "Date")
_numbers = count(1)


@dataclass(frozen=True)
class House:
    """An entry of the register, and where it stands."""

    id: int
    street: str
    number: str
    lon: float
    lat: float
    quarter_id: int


@dataclass
class City:
    """Three quarters: ``here``, one ``beside`` it, and one ``far`` away."""

    app: Flask
    here: Quarter
    beside: Quarter
    far: Quarter
    houses: dict[int, list[House]] = field(default_factory=dict)

    @classmethod
    def built(cls, app: Flask) -> City:
        """The quarters and their houses. Inside an application context."""
        here = make_quarter("Weberviertel")
        city = cls(app, here, make_quarter("Am Ufer", beside=here), make_quarter("Oststadt"))
        with as_owner(), atomic():
            for quarter in (city.here, city.beside, city.far):
                entries = list(_entries(quarter))
                db.session.add_all(entries)
                db.session.flush()
                city.houses[quarter.id] = [
                    House(each.id, each.street, each.number, each.lon, each.lat, quarter.id) for each in entries
                ]
            refresh_streets()
        return city

    def another_house(self, quarter: Quarter, street: str, number: str) -> House:
        """One more entry of the register, beside the first."""
        first = self.houses[quarter.id][0]
        with as_owner(), atomic():
            entry = _entry(street, number, first.lon, first.lat, quarter)
            db.session.add(entry)
            db.session.flush()
        return House(entry.id, street, number, first.lon, first.lat, quarter.id)

    def numbered(self, house: House, number: str) -> House:
        """The house with another number on its door, in the register too."""
        with as_owner(), atomic():
            db.session.get_one(Address, house.id).number = number
        return replace(house, number=number)

    def cell_of(self, house: House) -> str | None:
        with as_owner():
            return homes.public_cell(db.session.get_one(Address, house.id))

    def moves_in(self, person: Person, house: House, name: str = "") -> None:
        """The person's sealed home is this house from now on; quarter and level stay what they are."""
        with as_owner(), atomic():
            home = homes.settle(
                person.id,
                db.session.get_one(Address, house.id),
                house.quarter_id,
                name or person.last_name,
                "",
                "Stadt",
            )
            mine = update(Membership).where(Membership.person_id == person.id)
            household = homes.household_hash(home.address_hash, name or person.last_name)
            db.session.execute(mine.values(household_hash=household))

    def neighbour(self, quarter: Quarter, house: House, level: Level = Level.VERIFIED, **more: Any) -> Person:
        """Somebody who lives there and gets the digest."""
        make = make_reader if level is not Level.UNPROVEN else make_person
        person = make(quarter, **more) if level is Level.VERIFIED else make_person(quarter, level=level, **more)
        self.moves_in(person, house)
        return person


def _entries(quarter: Quarter) -> Iterator[Address]:
    west, south = quarter.lon - 0.0045, quarter.lat - 0.0045
    number = next(_numbers)
    for row, tree in enumerate(TREES[:STREETS]):
        street = f"{tree}gasse {'I' * number}"
        for house in range(HOUSES):
            lon, lat = west + 0.009 * house / HOUSES, south + 0.009 * row / STREETS
            yield _entry(street, str(house + 1), lon, lat, quarter)


def _entry(street: str, number: str, lon: float, lat: float, quarter: Quarter) -> Address:
    where = {"postcode": "04873", "place": "Altenbrück", "lon": lon, "lat": lat, "quarter_id": quarter.id}
    return Address(street=street, street_key=street_key(street), number=number, suffix="", **where)


def writes(person: Person, quarter: Quarter, audiences: Iterable[Audience]) -> list[tuple[Any, Comment]]:
    """One post for each reach, each with an answer of their own under it."""
    posts = [make_post(person, quarter, title="Zettel", audience=each) for each in audiences]
    return [(post, make_comment(person, quarter, post)) for post in posts]


ROLES = ("anonymous", "unproven", "vouched", "verified", "housemate", "beside", "far", "steward", "operator")


def readers(city: City, housemate_of: House) -> dict[str, Person | None]:
    """Everybody else: by role the person who looks (None: nobody signed in)."""
    spare = city.houses[city.here.id][-1]
    here, beside, far = city.here, city.beside, city.far
    return {
        "anonymous": None,
        "unproven": city.neighbour(here, spare, Level.UNPROVEN),
        "vouched": city.neighbour(here, spare, Level.VOUCHED),
        "verified": city.neighbour(here, spare),
        "housemate": city.neighbour(here, housemate_of),
        "beside": city.neighbour(beside, city.houses[beside.id][0]),
        "far": city.neighbour(far, city.houses[far.id][0]),
        "steward": city.neighbour(here, spare, role=Role.STEWARD),
        "operator": city.neighbour(here, spare, is_operator=True),
    }


# Drawn anew each time they are opened: the seed of an app, the challenge of a passkey.
DRAWN_ANEW = {"accounts.new_app", "accounts.again"}


def paths(
    app: Flask, samples: dict[str, list[str]], uids: list[str], within: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """An address for every page (GET) of the URL map and every sample of what stands in it. within: for pages of something that
    belongs to something else, as an answer to its slip, the uids of both; else each of ``uids`` stands for both."""
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint == "static" or rule.endpoint in DRAWN_ANEW:
            continue
        wanted = [rule.rule]
        parts = re.findall(r"<[^>]+>", rule.rule)
        if len(both := [part for part in parts if part.startswith("<uid:")]) == 2:
            pairs = within or [(uid, uid) for uid in uids]
            wanted = [rule.rule.replace(both[0], outer).replace(both[1], inner) for outer, inner in pairs]
            parts = [part for part in parts if part not in both]
        for part in parts:
            kind, _colon, name = part[1:-1].rpartition(":")
            values = samples.get(name) or (uids if kind == "uid" else ["x"])
            wanted = [path.replace(part, value) for path in wanted for value in values]
        found += wanted
    return found


class Browser(FlaskClient):
    """Shares nothing with the test, like ``tests.support.client``, but does not judge every page it fetches."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return Context().run(super().open, *args, **kwargs)


def walk(
    client: Any, addresses: Iterable[str], forms: Iterable[tuple[str, dict[str, str]]] = ()
) -> dict[str, tuple[Any, ...]]:
    """Path → (status, headers, body) of every page, and of what these forms are answered. The session's cookie is signed
    anew with each answer, ``Date`` is the machine's own, and tokens are random by design: they are left out."""
    asked = [*((path, None) for path in addresses), *forms]
    found = {}
    for path, form in asked:
        answer = client.get(path) if form is None else client.post(path, data=form)
        headers = sorted((name, value) for name, value in answer.headers if name not in UNLIKE)
        found[path if form is None else f"{path} {form}"] = (
            answer.status_code,
            headers,
            RANDOM.sub(rb"\1", answer.get_data()),
        )
    return found


def forget_what_was_kept(app: Flask) -> None:
    """Pages are made anew: what was rendered before would hide a difference."""
    app.extensions.pop(kept.EXTENSION, None)


def signed_in(app: Flask, person: Person | None) -> str | None:
    """A session of this person's: its token."""
    return sign_in(app.test_client(), person) if person is not None else None


def browser(app: Flask, token: str | None) -> Browser:
    """A browser that holds this session and nothing else yet."""
    client = Browser(app, use_cookies=True)
    if token is not None:
        with client.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = token, True
    return client


def uid_of(post: Any) -> str:
    return to_uid(post.id)
