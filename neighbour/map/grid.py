"""The ground of the map: a quarter, those beside it, their cells and what the cells are called.

All of it is made from borders and the public register of addresses; who lives where is not asked. A cell is named after the
streets with most houses in it, because nobody knows a hexagon by its number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import h3
from sqlalchemy import or_, select

from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.kept import Shelf
from neighbour.map.streets import Line, lines_of
from neighbour.quarters.drawing import rings_of
from neighbour.quarters.index import Index, current_index
from neighbour.quarters.models import Adjacency, Quarter
from neighbour.residency import cells
from neighbour.residency.models import Address

KEPT_SECONDS = 300  # a new import of the register is on the map after five minutes; a new border at once
FEWEST_HOUSES = 5  # of a street in a cell that is named after it
NAMES = 2  # streets in a name
PADDING = 0.08  # of a drawing round what it shows, on each side
LEVELS = (9, 8, 7)  # resolutions of H3 at which things are gathered, the finest first; the first is the grid's own

Point = tuple[float, float]  # lon, lat


@dataclass(frozen=True)
class Area:
    """A quarter on the map. outline: GeoJSON geometry as text; cells: hexagon → public cell; streets: cell → what it is called
    after."""

    id: int
    name: str
    outline: str
    middle: Point
    cells: Mapping[str, str] = field(default_factory=dict)
    streets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Frame:
    """A rectangle, in degrees."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def round(cls, areas: Iterable[Area]) -> Frame:
        """Round these quarters, with some room on each side; round their middles, where nothing else is known of them."""
        known = list(areas)
        points = [point for area in known for ring in rings_of(area.outline) for point in ring]
        points = points or [
            (area.middle[0] + aside, area.middle[1] + aside) for area in known for aside in (-0.01, 0.01)
        ]
        lons, lats = [point[0] for point in points], [point[1] for point in points]
        wide, high = (max(lons) - min(lons)) * PADDING, (max(lats) - min(lats)) * PADDING
        return cls(min(lons) - wide, min(lats) - high, max(lons) + wide, max(lats) + high)

    def holds(self, point: Point) -> bool:
        """Whether a point lies within."""
        return self.west <= point[0] <= self.east and self.south <= point[1] <= self.north


class Ground:
    """The quarter ``own`` and those ``beside`` it; lines: the streets of its own."""

    def __init__(self, own: Area, beside: Collection[Area], index: Index, lines: Sequence[Line] = ()):
        self.own, self.beside, self.lines = own, tuple(beside), tuple(lines)
        self._areas = {area.id: area for area in (own, *beside)}
        self._index = index
        self._cells: dict[Point, str] = {}
        self.centres: dict[str, Point] = {}
        self.frames = {
            False: Frame.round([own]),
            True: Frame.round([own, *beside]),
        }

    def cell_at(self, point: Point) -> str:
        """The cell a place stands in. A hexagon in which houses stand belongs to its quarter's public cells; one without houses
        tells of nobody and stays what it is."""
        cell = self._cells.get(point)
        if cell is None:
            area = self._areas.get(self._index.locate(*point) or 0)
            hexagon = cells.hexagon(point)
            cell = self._cells[point] = area.cells.get(hexagon, hexagon) if area else hexagon
        return cell

    def public(self, cell: str, quarter_id: int | None) -> str | None:
        """The public cell that a home's cell is part of by now; None where its quarter holds too few households for any."""
        area = self._areas.get(quarter_id or 0)
        return area.cells.get(cell) if area else None

    def centre(self, cell: str) -> Point:
        """The middle of a cell, to five decimals (a metre)."""
        found = self.centres.get(cell)
        if found is None:
            lat, lon = h3.cell_to_latlng(cell)
            found = self.centres[cell] = (round(lon, 5), round(lat, 5))
        return found

    def streets(self, cell: str) -> tuple[str, ...]:
        """The streets a cell is called after; empty where it has none."""
        return next((area.streets[cell] for area in self._areas.values() if cell in area.streets), ())

    def nearest_streets(self, cell: str) -> tuple[str, ...]:
        """Those of the nearest cell that has any."""
        named = {each for area in self._areas.values() for each in area.streets}
        here = h3.cell_to_latlng(cell)
        apart = {each: h3.great_circle_distance(here, h3.cell_to_latlng(each), "m") for each in named}
        return self.streets(min(named, key=lambda each: (round(apart[each]), each))) if named else ()


_kept: Shelf[tuple[int, Index], tuple[float, Ground]] = Shelf(200)


def ground_of(quarter_id: int) -> Ground:
    """The ground of a quarter's map, made anew when borders change and every few minutes."""
    index, moment = current_index(), clock.monotonic()
    (kept,) = _kept.find([(quarter_id, index)])
    if kept is not None and moment - kept[0] < KEPT_SECONDS and not clock.is_frozen():
        return kept[1]
    made = _load(quarter_id, index)
    _kept.keep((quarter_id, index), (moment, made))
    return made


def _load(quarter_id: int, index: Index) -> Ground:
    near = select(Adjacency.neighbour_id).where(Adjacency.quarter_id == quarter_id)
    rows = db.session.execute(
        select(Quarter.id, Quarter.name, Quarter.outline, Quarter.lon, Quarter.lat)
        .where(or_(Quarter.id == quarter_id, Quarter.id.in_(near)))
        .order_by(Quarter.id)
    ).all()
    houses: dict[int, list[tuple[str, Point]]] = defaultdict(list)
    known = Address.quarter_id.in_([row.id for row in rows]), Address.lon.is_not(None), Address.lat.is_not(None)
    for quarter, street, lon, lat in db.session.execute(
        # In one order: the lines of streets are drawn through their houses, whatever way the database reads them.
        select(Address.quarter_id, Address.street, Address.lon, Address.lat).where(*known).order_by(Address.id)
    ):
        if quarter is not None and lon is not None and lat is not None:
            houses[quarter].append((street, (lon, lat)))
    areas = {row.id: _area(Area(row.id, row.name, row.outline, (row.lon, row.lat)), houses[row.id]) for row in rows}
    return Ground(areas.pop(quarter_id), areas.values(), index, lines_of(houses[quarter_id]))


def _area(bare: Area, houses: Sequence[tuple[str, Point]]) -> Area:
    public = cells.divide(point for _street, point in houses)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for street, point in houses:
        hexagon = cells.hexagon(point)
        if hexagon in public:
            counts[public[hexagon]][street] += 1
    return replace(bare, cells=public, streets=_named(counts))


def _named(counts: Mapping[str, Counter[str]]) -> dict[str, tuple[str, ...]]:
    """The two streets that each cell is called after: those with most houses, and rather such as no other is called after."""
    found: dict[str, tuple[str, ...]] = {}
    used: set[str] = set()
    for cell in sorted(counts):
        enough = [(street, count) for street, count in counts[cell].items() if count >= FEWEST_HOUSES]
        best = sorted(enough, key=lambda one: (one[0] in used, -one[1], one[0]))
        found[cell] = tuple(street for street, _count in best[:NAMES])
        used.update(found[cell])
    return {cell: streets for cell, streets in found.items() if streets}
