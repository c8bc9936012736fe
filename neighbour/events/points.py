"""The point of an event on the map: where its author says it is, never worked out from where anybody lives."""

from __future__ import annotations

import re

import shapely

from neighbour.quarters.index import current_index

NEAR = 0.03  # degrees, two to three kilometres: a lake outside the town may be where people meet
_PAIR = re.compile(r"\s*(-?\d{1,2}(?:\.\d{1,12})?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d{1,12})?)\s*")


def read(text: str) -> tuple[float, float] | None:
    """``50.0051, 10.0212`` as longitude and latitude, to about a metre; None for anything else."""
    found = _PAIR.fullmatch(text)
    if found is None:
        return None
    lat, lon = round(float(found[1]), 5), round(float(found[2]), 5)
    return (lon, lat) if abs(lat) <= 90 and abs(lon) <= 180 else None


def written(lon: float, lat: float) -> str:
    """The same as text, the latitude first, as maps show it."""
    return f"{lat:.5f}, {lon:.5f}"


def is_near(lon: float, lat: float) -> bool:
    """Whether it lies in one of this instance's quarters, or close to one."""
    shapes = current_index().shapes
    return bool(len(shapes)) and float(shapely.distance(shapes, shapely.points(lon, lat)).min()) <= NEAR
