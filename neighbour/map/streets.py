"""Streets as lines, made from the houses of the public register: enough to know one's way on a map without tiles.

The houses of a street are laid along the direction in which they stretch most, and every sixty metres of them become one
point, their mean. A house of its own is at no corner of a line.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

Point = tuple[float, float]  # lon, lat
Line = tuple[Point, ...]
METRES = 111_320.0  # per degree of latitude
STEP, GAP = 60.0, 180.0  # metres: of street in one point; without a house, after which another line begins
FEWEST = 4  # houses of a line


def lines_of(houses: Iterable[tuple[str, Point]]) -> list[Line]:
    """The lines of all streets, by name, to five decimals (a metre)."""
    by_street: dict[str, list[Point]] = defaultdict(list)
    for street, point in houses:
        by_street[street].append(point)
    return [line for street in sorted(by_street) for line in _lines(by_street[street])]


def _lines(points: Sequence[Point]) -> list[Line]:
    if len(points) < FEWEST:
        return []
    degrees = np.array(sorted(points))
    scale = np.array([METRES * math.cos(math.radians(float(degrees[:, 1].mean()))), METRES])
    flat = (degrees - degrees.mean(axis=0)) * scale
    _values, directions = np.linalg.eigh(flat.T @ flat)
    along = flat @ directions[:, -1]
    order = np.argsort(along, kind="stable")
    along, degrees = along[order], degrees[order]
    parts = np.split(np.arange(len(along)), np.flatnonzero(np.diff(along) > GAP) + 1)
    return [line for part in parts if len(part) >= FEWEST and len(line := _line(along[part], degrees[part])) > 1]


def _line(along: np.ndarray, degrees: np.ndarray) -> Line:
    steps = ((along - along[0]) // STEP).astype(int)
    means = (degrees[steps == step].mean(axis=0) for step in np.unique(steps))
    return tuple((round(float(lon), 5), round(float(lat), 5)) for lon, lat in means)
