"""The public grid: the only place of a home that anybody but its owner may ever learn.

A quarter is laid out in H3 hexagons of resolution 9 (https://h3geo.org; about 350 m from side to side). A hexagon that
holds fewer than 30 households of the quarter is merged with the nearest one, until each has 30. So the cells
are a partition: no home can be narrowed down by subtracting the cells around it. Every address of the register
counts as one household: there may be more behind it, never fewer to hide among.

Where the whole quarter holds too few, or the register has no coordinates, there is no cell: the public place is
the quarter. Distances are taken between hexagons, never from a home.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import h3

RESOLUTION = 9
FEWEST_HOUSEHOLDS = 30

Point = tuple[float, float]


def divide(points: Iterable[Point]) -> dict[str, str]:
    """Hexagon → public cell for one quarter, from the points (lon, lat) of all its addresses. A cell is named after
    the hexagon in it that holds most; empty when the quarter has fewer than 30 addresses with a point."""
    counts = Counter(hexagon(point) for point in points)
    if counts.total() < FEWEST_HOUSEHOLDS:
        return {}
    groups = [[one] for one in sorted(counts)]
    while True:
        smallest = min(groups, key=lambda group: (_weight(group, counts), group))
        if _weight(smallest, counts) >= FEWEST_HOUSEHOLDS:
            break
        groups.remove(smallest)
        nearest = min(groups, key=lambda group: (_apart(smallest, group), _weight(group, counts), group))
        nearest += smallest
    return {one: max(group, key=lambda each: (counts[each], each)) for group in groups for one in group}


def hexagon(point: Point) -> str:
    """The hexagon that holds a point (lon, lat)."""
    lon, lat = point
    return h3.latlng_to_cell(lat, lon, RESOLUTION)


def _weight(group: list[str], counts: Counter[str]) -> int:
    return sum(counts[one] for one in group)


def _apart(one: list[str], other: list[str]) -> int:
    """Metres between the nearest two hexagon centres of two groups, rounded so that ties are ties."""
    return round(
        min(h3.great_circle_distance(h3.cell_to_latlng(a), h3.cell_to_latlng(b), "m") for a in one for b in other) / 50
    )
