"""What stands on the map for one reader, and where: spots of all layers, put onto the grid, gathered into places.

Two cells that are one marker at a coarser level are told apart at a finer one; where a marker stands depends on the cells
with something in them and on nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import h3

from neighbour.contributions.placing import Layer, Spot
from neighbour.map.grid import LEVELS, Frame, Ground, Point

HEX_TO_HEX = 3**0.5  # between the centres of two hexagons, in edges
APART = 44  # px between two markers, so that a finger meets one of them


class Thing(NamedTuple):
    """A spot of a layer; cell: where it stands, None for nowhere on this map."""

    layer: Layer
    spot: Spot
    cell: str | None


@dataclass(frozen=True)
class Place:
    """A marker: the cell it is named by, all its cells, where it stands, what stands there."""

    cell: str
    cells: tuple[str, ...]
    point: Point
    things: tuple[Thing, ...]


@dataclass(frozen=True)
class Found:
    """Everything for one reader, by where it stands. homeless: of the quarter asked for, without a place; away: of others,
    without one; beyond: at a place outside the frame."""

    things: tuple[Thing, ...]
    homeless: tuple[Thing, ...]
    away: tuple[Thing, ...]
    beyond: tuple[Thing, ...]

    @property
    def everything(self) -> tuple[Thing, ...]:
        """All of it."""
        return self.things + self.homeless + self.away + self.beyond


Spotted = tuple[tuple[Layer, tuple[Spot, ...]], ...]


def find(quarter_id: int, layers: Sequence[Layer], *, nearby: bool) -> Spotted:
    """What these layers hold for the viewer of the session: of their quarter, or also what reaches it from beside."""
    return tuple((layer, tuple(layer.find(quarter_id, not nearby))) for layer in layers)


def place(ground: Ground, spotted: Spotted, *, nearby: bool) -> Found:
    """The same by where it stands on this map."""
    frame = ground.frames[nearby]
    sides: dict[str, list[Thing]] = defaultdict(list)
    for layer, spots in spotted:
        for spot in spots:
            side, cell = _where(ground, frame, spot)
            sides[side].append(Thing(layer, spot, cell))
    on, homeless, away, beyond = (tuple(sides[side]) for side in ("on", "homeless", "away", "beyond"))
    return Found(on, homeless, away, beyond)


def _where(ground: Ground, frame: Frame, spot: Spot) -> tuple[str, str | None]:
    """Which part of the list a spot belongs to, and its cell if it is on the map."""
    cell = None
    if spot.lon is not None and spot.lat is not None:
        cell = ground.cell_at((spot.lon, spot.lat))
    elif spot.cell is not None:
        cell = ground.public(spot.cell, spot.cell_of)
    if cell is None:
        return ("homeless" if spot.is_home else "away"), None
    return ("on", cell) if frame.holds(ground.centre(cell)) else ("beyond", None)


def level_for(pixels_per_metre: float) -> int:
    """The finest level at which markers stand far enough apart on a drawing of this scale."""
    for level in LEVELS:
        if h3.average_hexagon_edge_length(level, "m") * HEX_TO_HEX * pixels_per_metre >= APART:
            return level
    return LEVELS[-1]


def gather(ground: Ground, things: Iterable[Thing], level: int) -> list[Place]:
    """Places at this level, from north to south. A place keeps the order of its things."""
    groups: dict[str, list[Thing]] = defaultdict(list)
    for thing in things:
        if thing.cell is not None:
            groups[thing.cell if level == LEVELS[0] else h3.cell_to_parent(thing.cell, level)].append(thing)
    places = [_place(ground, tuple(there)) for there in groups.values()]
    return sorted(places, key=lambda place: (-place.point[1], place.point[0], place.cell))


def _place(ground: Ground, things: tuple[Thing, ...]) -> Place:
    inside = tuple(sorted({thing.cell for thing in things if thing.cell is not None}))
    return Place(inside[0], inside, _middle([ground.centre(cell) for cell in inside]), things)


def _middle(points: Collection[Point]) -> Point:
    """The middle of these cells' centres."""
    lon, lat = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
    return round(lon, 5), round(lat, 5)
