"""Somebody who wants to know where people live: reads everything, from wherever they like, and computes.

What is looked for in every page and mail near a target's name: coordinates, cells of the H3 grid, distances in metres (to be
intersected: the attacker knows where they said they live), house numbers, streets, quarters. The register of addresses
is public, so a street or a quarter is worth the middle of its houses. The best kind of evidence wins.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from html import unescape
from math import cos, hypot, radians
from statistics import median

import h3

from tests.privacy.city import House

NEAR, BESIDE = 700, 250  # characters of a page after a name that belong to it; those in which its quarter stands
NAMED = 10  # times more than a quarter that is not named
POINT = re.compile(r"(-?\d{1,3}[.,]\d{3,})\D{1,12}?(-?\d{1,3}[.,]\d{3,})")
METRES = re.compile(r"(\d+(?:[.,]\d+)?)\s?(k?m)\b")
CELL = re.compile(r"\b8[0-9a-f]{14}\b")


@dataclass
class Notes:
    """What was written down about one target."""

    points: list[tuple[float, float]] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    distances: list[tuple[House, float]] = field(default_factory=list)
    houses: list[House] = field(default_factory=list)
    streets: set[str] = field(default_factory=set)
    quarters: Counter[int] = field(default_factory=Counter)


class Attacker:
    """Knows the register and the quarters' names, and whom to look for (the name that is read, by target)."""

    def __init__(self, houses: dict[int, list[House]], quarters: dict[int, str], targets: Collection[str]):
        self.targets = list(targets)
        self.forgets()
        self.houses = [house for there in houses.values() for house in there]
        self.quarters = quarters
        self.by_door = {(house.street, house.number): house for house in self.houses}
        names = sorted({house.street for house in self.houses}, key=len, reverse=True)
        self.doors = re.compile("(" + "|".join(map(re.escape, names)) + r")\b(?: (\d+))?")
        self.names = re.compile("(" + "|".join(map(re.escape, self.targets)) + r")\b")

    def forgets(self) -> None:
        """Begin anew."""
        self.notes = {target: Notes() for target in self.targets}
        self.mentions = 0

    def reads(self, page: str, stands_at: House) -> None:
        """Write down everything in a page or mail that may tell of somebody, read as somebody who lives at this house."""
        words = unescape(page)
        for place in self.names.finditer(words):
            self.mentions += 1
            self._note(self.notes[place[0]], words[place.end() : place.end() + NEAR], stands_at)

    def _note(self, notes: Notes, words: str, stands_at: House) -> None:
        for one, other in POINT.findall(words):
            for lat, lon in ((one, other), (other, one)):
                point = float(lon.replace(",", ".")), float(lat.replace(",", "."))
                if any(hypot(point[0] - house.lon, point[1] - house.lat) < 0.02 for house in self.houses[::50]):
                    notes.points.append(point)
        notes.cells += [cell for cell in CELL.findall(words) if h3.is_valid_cell(cell)]
        for number, unit in METRES.findall(words):
            notes.distances.append((stands_at, float(number.replace(",", ".")) * (1000 if unit == "km" else 1)))
        for street, number in self.doors.findall(words):
            notes.streets.add(street)
            notes.houses += [self.by_door[street, number]] if (street, number) in self.by_door else []
        named = [key for key, name in self.quarters.items() if name in words[:BESIDE]]
        # A card names its quarter where it is not the reader's; a comment names none, so silence is the weaker word.
        notes.quarters.update(dict.fromkeys(named, NAMED) or {stands_at.quarter_id: 1})

    def place_of(self, target: str) -> tuple[float, float]:
        """Where the attacker says that this target lives: lon, lat."""
        notes = self.notes[target]
        if notes.points:
            return _middle(notes.points)
        if notes.houses:
            return _middle([(house.lon, house.lat) for house in notes.houses])
        if len({house.id for house, _metres in notes.distances}) >= 3:
            best = min(self.houses, key=lambda house: _misfit(house, notes.distances))
            return best.lon, best.lat
        if notes.cells:
            return _middle([h3.cell_to_latlng(cell)[::-1] for cell in notes.cells])
        around = [house for house in self.houses if house.street in notes.streets]
        likely = {key for key, _times in notes.quarters.most_common(1)}
        around = around or [house for house in self.houses if house.quarter_id in likely] or self.houses
        return _middle([(house.lon, house.lat) for house in around])


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Between two points (lon, lat), on a plane that fits a city."""
    east = (one[0] - other[0]) * cos(radians(one[1])) * 111_320
    return hypot(east, (one[1] - other[1]) * 110_574)


def _misfit(house: House, distances: list[tuple[House, float]]) -> float:
    """How badly a house fits what was said; half of it is rounding."""
    by_place: dict[tuple[float, float], list[float]] = defaultdict(list)
    for seen_from, said in distances:
        by_place[seen_from.lon, seen_from.lat].append(said)
    return sum(
        min(abs(metres((house.lon, house.lat), place) - said) for said in given) ** 2
        for place, given in by_place.items()
    )


def _middle(points: list[tuple[float, float]]) -> tuple[float, float]:
    return median(lon for lon, _lat in points), median(lat for _lon, lat in points)
