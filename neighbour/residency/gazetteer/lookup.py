"""From what somebody wrote to one entry of the register – or to a question.

``exact``      the register's own spelling
``corrected``  one entry is meant beyond doubt; something was spelled differently (abbreviation, umlaut, range, storey)
``ambiguous``  several entries fit; ``suggestions`` holds them
``unknown``    the register does not have it; ``suggestions`` holds what is nearest, ``reason`` says what is missing

A word cut short or an umlaut left out is understood only where the postcode speaks for the street, too.
Misspelled names are offered, never taken: the register may simply lack the street, and its neighbour in spelling
lies in another part of town. The same for a number that does not exist, for a suffix, and for a postcode that says
otherwise than the street.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from neighbour.residency.gazetteer import nearness
from neighbour.residency.gazetteer.spelling import (
    House,
    Reading,
    abbreviation,
    loose_key,
    read_house,
    readings,
    same_name,
    street_key,
    street_words,
    tidy,
)

MOST = 6  # suggestions


class Status(StrEnum):
    EXACT = "exact"
    CORRECTED = "corrected"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why nothing was taken."""

    STREET = "street"  # no such street
    POSTCODE = "postcode"  # the street is there, but not in this postcode
    NUMBER = "number"  # the street has no such number
    SUFFIX = "suffix"  # the number is there, the suffix is not
    NO_NUMBER = "no number"  # no number was given
    UNREADABLE = "unreadable"  # the number field cannot be read
    SEVERAL = "several"  # more than one entry fits


@dataclass(frozen=True, slots=True)
class Street:
    """A street within one postcode."""

    name: str
    postcode: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the register as it is written there. quarter_id: None where the register does not say."""

    id: int
    street: str
    number: str
    suffix: str
    postcode: str
    place: str
    quarter_id: int | None

    @property
    def house(self) -> str:
        """``17 a``, as on an envelope."""
        return f"{self.number} {self.suffix}".strip()

    @property
    def line(self) -> str:
        """``Kettfadenstraße 17 a, 04873 Altenbrück``"""
        parts = f"{self.street} {self.house}".strip(), f"{self.postcode} {self.place}".strip()
        return ", ".join(part for part in parts if part)


Houses = Mapping[tuple[str, str], Entry]  # (number, suffix in capitals) → entry


class Register(Protocol):
    """What a look-up asks."""

    def by_key(self, key: str) -> Sequence[Street]: ...
    def by_loose_key(self, loose: str) -> Sequence[Street]: ...
    def by_pattern(self, pattern: str) -> Sequence[Street]: ...
    def houses(self, street: Street) -> Houses: ...
    def near(self, key: str) -> Sequence[Street]: ...


@dataclass(frozen=True)
class Match:
    """The answer. street and highest: the street meant and its highest number, where that much was understood."""

    status: Status
    entry: Entry | None = None
    suggestions: tuple[Entry, ...] = ()
    streets: tuple[Street, ...] = ()
    reason: Reason | None = None
    street: str = ""
    highest: str = ""

    @property
    def is_found(self) -> bool:
        return self.entry is not None


# How much of an unknown address was understood: the best reading's answer is given.
_UNDERSTOOD = {
    None: 9, Reason.SEVERAL: 8, Reason.SUFFIX: 7, Reason.NUMBER: 6, Reason.POSTCODE: 5, Reason.UNREADABLE: 4,
    Reason.NO_NUMBER: 3, Reason.STREET: 0,
}  # fmt: skip


def resolve(register: Register, street: str, number: str = "", postcode: str = "", *, suggest: bool = True) -> Match:
    """Find the entry that is meant.

    street, number, postcode: as typed; number may stand in the street field, postcode may be empty (then the whole city
    is searched). suggest: False leaves out the nearest spellings of unknown streets, the only slow part.
    """
    best = Match(Status.UNKNOWN, reason=Reason.STREET)
    ways = readings(street, number, postcode)
    for way in ways:
        answer = _resolve(register, way)
        if answer.is_found:
            return answer if way is ways[0] else replace(answer, status=_joined(answer, ways[0]))
        if _UNDERSTOOD[answer.reason] + bool(answer.suggestions) > _UNDERSTOOD[best.reason] + bool(best.suggestions):
            best = answer
    if suggest and best.reason is Reason.STREET and not best.suggestions:
        return _nearest(register, ways)
    return best


def _joined(answer: Match, typed: Reading) -> Status:
    """Street and number in one field is no mistake as long as both are the register's spelling."""
    return answer.status if not typed.number else Status.CORRECTED


def _resolve(register: Register, way: Reading) -> Match:
    streets, is_own_key = streets_meant(register, way.street)
    if not streets:
        return Match(Status.UNKNOWN, reason=Reason.STREET)
    here = [one for one in streets if not way.postcode or one.postcode == way.postcode]
    if not here:
        return _elsewhere(register, streets, way)
    houses = [(one, register.houses(one)) for one in _nearest_words(here, way.street)]
    if not way.number:
        return _without_number(houses, way)
    house = read_house(way.number)
    if house is None:
        return _literal(houses, way) or Match(Status.UNKNOWN, reason=Reason.UNREADABLE, street=houses[0][0].name)
    found = [entry for _street, known in houses for entry in _take(known, house)]
    if found and not is_own_key and not way.postcode:
        return Match(Status.UNKNOWN, suggestions=tuple(found[:MOST]), reason=Reason.STREET)
    if len(found) == 1:
        return _taken(found[0], house, way, is_own_key)
    if found:
        return Match(Status.AMBIGUOUS, suggestions=tuple(found), reason=Reason.SEVERAL, street=found[0].street)
    return _literal(houses, way) or _not_there(houses, house)


def streets_meant(register: Register, typed: str) -> tuple[Sequence[Street], bool]:
    """Streets that are meant by ``typed``, surest rule first; whether by the key itself."""
    key = street_key(typed)
    if not key:
        return (), False
    if found := register.by_key(key):
        return found, True
    without_extra = tidy(typed.split("(")[0].split(",")[0])
    if without_extra != tidy(typed) and (found := register.by_key(street_key(without_extra))):
        return found, True
    if (pattern := abbreviation(typed)) and (found := register.by_pattern(pattern)):
        return found, False
    return register.by_loose_key(loose_key(typed)), False


def _nearest_words(streets: Sequence[Street], typed: str) -> Sequence[Street]:
    """Two names with one key (Marienwerder Weg, Marienwerderweg): the one with the same words, if any has."""
    words = street_words(typed)
    same = [one for one in streets if street_words(one.name) == words]
    return same or streets


def _take(known: Houses, house: House) -> list[Entry]:
    """The entries that a readable number means: none, one, or those of a range that crosses a border."""
    first = known.get((house.number, house.suffix))
    if first is None and house.maybe_floor and not any(n == house.number and _is_roman(s) for n, s in known):
        first = known.get((house.number, ""))
    if first is None:
        return []
    others = [known[other] for other in house.others if other in known]
    if any(other.quarter_id != first.quarter_id for other in others):
        return [first, *(other for other in others if other != first)]
    return [first]


def _is_roman(suffix: str) -> bool:
    return bool(suffix) and not suffix.strip("IVX")


def _taken(entry: Entry, house: House, way: Reading, is_own_key: bool) -> Match:
    is_exact = is_own_key and house.is_plain and same_name(way.street, entry.street)
    is_exact = is_exact and (house.number, house.suffix) == (entry.number, entry.suffix.upper())
    status = Status.EXACT if is_exact else Status.CORRECTED
    return Match(status, entry, street=entry.street)


def _without_number(houses: Sequence[tuple[Street, Houses]], way: Reading) -> Match:
    """Squares and islands stand in the register without a number."""
    found = [known[("", "")] for _street, known in houses if ("", "") in known]
    if len(found) == 1:
        status = Status.EXACT if same_name(way.street, found[0].street) else Status.CORRECTED
        return Match(status, found[0], street=found[0].street)
    if found:
        return Match(Status.AMBIGUOUS, suggestions=tuple(found), reason=Reason.SEVERAL, street=found[0].street)
    return Match(Status.UNKNOWN, reason=Reason.NO_NUMBER, street=houses[0][0].name)


def _literal(houses: Sequence[tuple[Street, Houses]], way: Reading) -> Match | None:
    """Registers that hold ``12-14`` as one number: the same text counts."""
    wanted = "".join(way.number.upper().split())
    found = [
        entry for _street, known in houses for entry in known.values()
        if not entry.number.isdigit() and "".join(entry.house.upper().split()) == wanted
    ]  # fmt: skip
    if len(found) != 1:
        return None
    is_exact = same_name(way.street, found[0].street) and way.number == found[0].house
    return Match(Status.EXACT if is_exact else Status.CORRECTED, found[0], street=found[0].street)


def _not_there(houses: Sequence[tuple[Street, Houses]], house: House) -> Match:
    """The street has no such house: say how far it goes, and offer – never take – what is near."""
    entries = [entry for _street, known in houses for entry in known.values() if entry.number.isdigit()]
    if not entries:
        return Match(Status.UNKNOWN, reason=Reason.NUMBER, street=houses[0][0].name)
    same = sorted((one for one in entries if one.number == house.number), key=lambda one: one.suffix)
    highest = max(entries, key=lambda one: int(one.number)).number
    if same:
        several = not house.suffix and len(same) > 1
        return Match(
            Status.AMBIGUOUS if several else Status.UNKNOWN,
            suggestions=tuple(same[:MOST]),
            reason=Reason.SEVERAL if several else Reason.SUFFIX,
            street=same[0].street,
            highest=highest,
        )
    near = sorted(entries, key=lambda one: _far(one, house))[:MOST]
    return Match(Status.UNKNOWN, suggestions=tuple(near), reason=Reason.NUMBER, street=near[0].street, highest=highest)


def _far(entry: Entry, house: House) -> tuple[int, int, str]:
    """Houses of the range first, then by number, the same side of the street before the other."""
    if (entry.number, entry.suffix.upper()) in house.others:
        return 0, 0, entry.suffix
    away = abs(int(entry.number) - int(house.number))
    return 1, away * 2 + (3 if away % 2 else 0), entry.suffix


def _elsewhere(register: Register, streets: Sequence[Street], way: Reading) -> Match:
    """The postcode says otherwise: the same house in other postcodes is offered."""
    house = read_house(way.number) if way.number else House("")
    found = [entry for one in streets[:40] for entry in _take(register.houses(one), house)] if house else []
    return Match(
        Status.UNKNOWN,
        suggestions=tuple(found[:MOST]),
        streets=tuple(streets[:MOST]),
        reason=Reason.POSTCODE,
        street=streets[0].name,
    )


def _nearest(register: Register, ways: Iterable[Reading]) -> Match:
    """Nearest spellings of every reading's street, those with the house in question first."""
    ranked: list[tuple[tuple[bool, int, bool, str], Street, Entry | None]] = []
    for way in ways:
        key, house = street_key(way.street), read_house(way.number) if way.number else House("")
        for one in near_streets(register, key):
            entry = next(iter(_take(register.houses(one), house)), None) if house else None
            is_here = one.postcode == way.postcode
            edits = _edits(key, one.name, nearness.allowed(key))
            ranked.append(((entry is None, edits - is_here, not is_here, one.name), one, entry))
    ranked.sort(key=lambda item: item[0])
    return Match(
        Status.UNKNOWN,
        suggestions=tuple(dict.fromkeys(entry for _rank, _street, entry in ranked if entry))[:MOST],
        streets=tuple(dict.fromkeys(one for _rank, one, _entry in ranked))[:MOST],
        reason=Reason.STREET,
    )


_LEADING = set("am an im in zum zur unter auf hinter vor bei beim der den dem die das alte alter neue neuer".split())  # noqa: SIM905


def _edits(key: str, name: str, limit: int) -> int:
    """How far what was typed is from a street's name. Small words it begins with may be missing: that counts as one edit, so
    that the street which is called just that comes first."""
    words = street_words(name).split()
    best = nearness.distance(key, street_key(name), limit)
    while len(words) > 1 and words[0] in _LEADING:
        words = words[1:]
        best = min(best, max(nearness.distance(key, "".join(words), limit), 1))
    return best


def near_streets(register: Register, key: str, most: int = 24) -> list[Street]:
    """Streets whose key is within ``nearness.allowed`` edits of ``key``, nearest first."""
    if len(key) < 3:
        return []
    limit = nearness.allowed(key)
    scored = ((_edits(key, one.name, limit), one) for one in register.near(key))
    near = sorted(((edits, one) for edits, one in scored if edits <= limit), key=lambda pair: (pair[0], pair[1].name))
    return [one for _edits, one in near[:most]]
