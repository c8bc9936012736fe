"""Which quarter a point lies in, in this process, without asking the database.

An STRtree over the boundaries with a grid of answers before it, built once per change of borders or names: every
process compares the city's ``geo_version`` at most every five seconds and swaps a new index in when it has changed.

Rules. A point on the common border of quarters belongs to the one whose key comes first. Holes are outside. A point
in a sliver between quarters – a gap in the layer too narrow to be a place (geometry.slivers) – belongs to the nearest
quarter within 25 m. Everything else is outside: beyond the outer border nobody is pulled in, however near.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select

from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.kept import Shelf
from neighbour.quarters import geometry
from neighbour.quarters.models import City, Quarter

LOOK_EVERY_SECONDS = 5.0
# Cells of about 140 m: most lie within one quarter, so most look-ups are one in a dictionary. Filled as they are asked
# for; a city of 900 km² has 45,000 of them (6 MB). EDGE covers the rounding of the cell's own borders.
CELL_LON, CELL_LAT, EDGE = 0.002, 0.00125, 1e-9


@dataclass(frozen=True)
class Place:
    """A quarter in the index: its number, the operator's key, its name."""

    id: int
    key: str
    name: str


class Index:
    """An immutable index of quarters."""

    def __init__(self, places: Sequence[Place], shapes: Sequence[BaseGeometry]):
        order = sorted(range(len(places)), key=lambda position: places[position].key)
        self.places = [places[position] for position in order]
        self.shapes = np.array([shapes[position] for position in order], dtype=object)
        shapely.prepare(self.shapes)
        self._query = STRtree(self.shapes).query
        self._cells: dict[tuple[int, int], int | tuple[int, ...]] = {}
        self._ids = [place.id for place in self.places]
        self._slivers: STRtree | None = None

    def locate(self, lon: float, lat: float) -> int | None:
        """The number of the quarter that holds the point (WGS84), None outside every quarter."""
        position = self.position(lon, lat)
        return None if position is None else self._ids[position]

    def place(self, lon: float, lat: float) -> Place | None:
        """Like ``locate``, with key and name."""
        position = self.position(lon, lat)
        return None if position is None else self.places[position]

    def position(self, lon: float, lat: float) -> int | None:
        """The position of the quarter among ``places``."""
        cell = (int(lon // CELL_LON), int(lat // CELL_LAT))
        known = self._cells.get(cell)
        if known is None:
            known = self._cells[cell] = self._look_at(cell)
        if isinstance(known, int):
            return known
        for position in known:  # in the order of keys: the first that holds the point has it
            if shapely.intersects_xy(self.shapes[position], lon, lat):
                return position
        return self._in_sliver(lon, lat) if known else None

    def _look_at(self, cell: tuple[int, int]) -> int | tuple[int, ...]:
        """What a cell of the grid holds: the one quarter that covers it all, or those to be asked."""
        west, south = cell[0] * CELL_LON, cell[1] * CELL_LAT
        square = shapely.box(west - EDGE, south - EDGE, west + CELL_LON + EDGE, south + CELL_LAT + EDGE)
        touching = sorted(int(position) for position in self._query(square, predicate="intersects"))
        if len(touching) == 1 and shapely.contains_properly(self.shapes[touching[0]], square):
            return touching[0]
        return tuple(touching)

    def locate_many(self, lons: Sequence[float], lats: Sequence[float]) -> list[Place | None]:
        """The quarters of many points, in the order given."""
        points = shapely.points(np.column_stack([np.asarray(lons, float), np.asarray(lats, float)]))
        which, where = STRtree(self.shapes).query(points, predicate="intersects")
        best = np.full(len(lons), len(self.places))
        np.minimum.at(best, which, where)
        found: list[Place | None] = [
            self.places[position] if position < len(self.places) else None for position in best
        ]
        for number, place in enumerate(found):
            if place is None:
                position = self._in_sliver(float(lons[number]), float(lats[number]))
                found[number] = None if position is None else self.places[position]
        return found

    def _in_sliver(self, lon: float, lat: float) -> int | None:
        if self._slivers is None:
            self._slivers = STRtree(geometry.slivers(list(self.shapes)) if len(self.shapes) else [])
        point = shapely.points(lon, lat)
        if not len(self._slivers.query(point, predicate="intersects")):
            return None
        nearest = self._query(point.buffer(geometry.SLIVER_M / geometry.METRES_PER_DEGREE * 2))
        return min(
            nearest, key=lambda position: (shapely.distance(self.shapes[position], point), position), default=None
        )


class _Current:
    """The index an application looks into, of which version it is, and when the database was asked for that."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.version, self.index, self.looked_at = -1, Index([], []), 0.0


_current: Shelf[str, _Current] = Shelf(1)


def current_index() -> Index:
    """The index of this instance's quarters, at most five seconds behind the database."""
    current = _current.of("index", _Current)
    moment = clock.monotonic()
    if moment - current.looked_at < LOOK_EVERY_SECONDS and current.version >= 0 and not clock.is_frozen():
        return current.index
    version = db.session.scalar(select(City.geo_version)) or 0
    with current.lock:
        if version != current.version:
            current.version, current.index = version, _load()
        current.looked_at = moment
    return current.index


def forget() -> None:
    """Look at the database again at the next call (after an import in this process)."""
    _current.keep("index", _Current())


def _load() -> Index:
    # In one order: on a border it is the first that has a point, whatever way the database reads them.
    rows = db.session.execute(
        select(Quarter.id, Quarter.key, Quarter.name, Quarter.geometry).order_by(Quarter.id)
    ).all()
    shapes = [shapely.from_wkb(row.geometry) for row in rows]
    return Index([Place(row.id, row.key, row.name) for row in rows], shapes)
