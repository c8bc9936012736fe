"""What pages and other rooms ask the gazetteer. Reads only; nothing that was typed is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, cast, func, literal_column, select, tuple_

from neighbour.core.db import db
from neighbour.quarters.models import Quarter
from neighbour.residency.gazetteer import lookup
from neighbour.residency.gazetteer.lookup import Entry, Match, Street
from neighbour.residency.gazetteer.memory import MemoryRegister
from neighbour.residency.gazetteer.models import StreetRow
from neighbour.residency.gazetteer.spelling import readings, street_key
from neighbour.residency.gazetteer.stored import COLUMNS, StoredRegister
from neighbour.residency.models import Address

__all__ = ["Entry", "Match", "Offer", "Part", "StreetQuarters", "point_of", "quarters_of_street", "resolve", "suggest"]


def resolve(street: str, number: str = "", postcode: str = "") -> Match:
    """The register entry that is meant, or what to ask back (``lookup.Match``). Fields as typed, any may be empty."""
    return lookup.resolve(StoredRegister(), street[:200], number[:40], postcode[:20])


def point_of(text: str) -> tuple[float, float] | None:
    """Longitude and latitude of a house that is named as on an envelope; None where the register does not know it, or where.
    For places that their owners make known, such as an event's; never for homes."""
    entry = resolve(text).entry if text else None
    house = db.session.get(Address, entry.id) if entry is not None else None
    return (house.lon, house.lat) if house is not None and house.lon is not None and house.lat is not None else None


@dataclass(frozen=True)
class Offer:
    """A street offered while somebody types. place: where most of its houses are."""

    name: str
    postcode: str
    place: str

    @property
    def where(self) -> str:
        """``04873 Altenbrück``"""
        return f"{self.postcode} {self.place}".strip()


def suggest(street_text: str, postcode: str | None = None, limit: int = 8) -> list[Offer]:
    """Streets that begin with what was typed, then those spelled nearly so; those in ``postcode`` first.

    Two letters at least; a house number behind the name does not matter.
    """
    register = StoredRegister()
    way = readings(street_text[:200], "", postcode or "")[-1]
    key = street_key(way.street)
    if len(key) < 2:
        return []
    found = list(register.by_beginning(_begun(way.street, key), limit * 4))
    if not found:
        found = lookup.near_streets(register, key, limit * 2)
    if way.postcode:
        found.sort(key=lambda one: one.postcode != way.postcode)
    return _offers(found[:limit])


def _begun(typed: str, key: str) -> str:
    """While typing, ``str`` at the end may become Straße, but also Strand: the rest of the word is not sure yet."""
    for short, full in (("str", "strasse"), ("pl", "platz")):
        if key.endswith(full) and typed.casefold().endswith(short):
            return key[: len(short) - len(full)]
    return key


def _offers(streets: Sequence[Street]) -> list[Offer]:
    wanted = [(one.name, one.postcode) for one in streets]
    columns = StreetRow.name, StreetRow.postcode, StreetRow.place
    rows = db.session.execute(select(*columns).where(tuple_(StreetRow.name, StreetRow.postcode).in_(wanted)))
    places = {(row.name, row.postcode): row.place for row in rows}
    return [Offer(name, code, places.get((name, code), "")) for name, code in wanted]


@dataclass(frozen=True)
class Part:
    """The part of a street that lies in one quarter.

    side: "all" of the street within the postcode, all its "even" or "odd" numbers, or "some": "some even", "some odd"
    where that much is true. lowest, highest: the numbers it holds, None where houses have none.
    """

    quarter_id: int | None
    name: str
    slug: str
    side: str
    lowest: int | None
    highest: int | None


@dataclass(frozen=True)
class StreetQuarters:
    """A street within one postcode and the quarters it runs through."""

    street: str
    postcode: str
    place: str
    parts: tuple[Part, ...]


def quarters_of_street(text: str, postcode: str = "", limit: int = 20) -> list[StreetQuarters]:
    """Where a street lies, for people without an account: every postcode it runs through, with its quarters.

    Only spellings that mean the name beyond doubt; empty for an unknown street (``suggest`` offers the nearest).
    """
    register = StoredRegister()
    for way in readings(text[:200], "", postcode[:20]):
        streets, _is_own = lookup.streets_meant(register, way.street)
        here = [one for one in streets if not way.postcode or one.postcode == way.postcode]
        if here:
            return _quarters_of(here[:limit])
    return []


def _quarters_of(streets: Sequence[Street]) -> list[StreetQuarters]:
    wanted = [(one.postcode, street_key(one.name), one.name) for one in streets]
    houses = (
        select(
            Address.street, Address.postcode, Address.quarter_id,
            cast(func.substring(Address.number, r"^\d{1,6}"), Integer).label("number"),
        ).where(tuple_(Address.postcode, Address.street_key, Address.street).in_(wanted)).subquery()
    )  # fmt: skip
    number = houses.c.number
    odd: ColumnElement[int] = literal_column("number % 2")
    query = select(
        houses.c.street, houses.c.postcode, houses.c.quarter_id, odd.label("odd"),
        func.min(number).label("lowest"), func.max(number).label("highest"), func.count().label("houses"),
    ).group_by(houses.c.street, houses.c.postcode, houses.c.quarter_id, odd)  # fmt: skip
    sides: dict[tuple[str, str], list[_Side]] = defaultdict(list)
    for row in db.session.execute(query):
        sides[row.street, row.postcode].append(_Side(row.quarter_id, row.odd, row.lowest, row.highest, row.houses))
    names = _names({side.quarter_id for found in sides.values() for side in found})
    return [
        StreetQuarters(one.name, one.postcode, one.place, _parts(sides[one.name, one.postcode], names))
        for one in _offers(streets)
    ]


@dataclass(frozen=True)
class _Side:
    quarter_id: int | None
    odd: int | None
    lowest: int | None
    highest: int | None
    houses: int


def _names(ids: Iterable[int | None]) -> dict[int, tuple[str, str]]:
    known = [one for one in ids if one is not None]
    rows = db.session.execute(select(Quarter.id, Quarter.name, Quarter.slug).where(Quarter.id.in_(known)))
    return {row.id: (row.name, row.slug) for row in rows}


def _parts(sides: list[_Side], names: dict[int, tuple[str, str]]) -> tuple[Part, ...]:
    """One part a quarter, the one with most houses first."""
    owners: dict[int | None, set[int | None]] = defaultdict(set)  # side of the street → quarters that have some of it
    for side in sides:
        owners[side.odd].add(side.quarter_id)
    parts = []
    for quarter_id in {side.quarter_id for side in sides}:
        mine = [side for side in sides if side.quarter_id == quarter_id]
        numbers = [n for side in mine for n in (side.lowest, side.highest) if n is not None]
        name, slug = names.get(quarter_id, ("", "")) if quarter_id is not None else ("", "")
        part = Part(
            quarter_id, name, slug, _side(mine, owners, sides), min(numbers, default=None), max(numbers, default=None)
        )
        parts.append((sum(side.houses for side in mine), part))
    parts.sort(key=lambda pair: (-pair[0], pair[1].name))
    return tuple(part for _houses, part in parts)


def _side(mine: list[_Side], owners: dict[int | None, set[int | None]], sides: list[_Side]) -> str:
    if len(mine) == len(sides):
        return "all"
    if len(mine) > 1 or mine[0].odd is None:
        return "some"
    name = "odd" if mine[0].odd else "even"
    return name if len(owners[mine[0].odd]) == 1 else f"some {name}"


def whole_register() -> MemoryRegister:
    """The whole register in memory, for very many look-ups: about 250 bytes an entry."""
    rows = db.session.execute(select(*COLUMNS).execution_options(yield_per=20_000))
    return MemoryRegister(tuple(row) for row in rows)  # type: ignore[misc]
