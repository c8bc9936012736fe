"""Draws the quarters of Altenbrück from ``data/plan.toml``: shared borders, roughened once, used by both sides.

Everything is in metres east and north of the market until the last step, which turns metres into WGS 84
and rounds. A vertex is rounded once and shared by all who touch it, so the layer has neither gap nor overlap.
"""

from __future__ import annotations

import math
import random
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

from shapely.geometry import MultiPolygon, Polygon

DATA = Path(__file__).parent / "data"
METRES_PER_DEGREE = 111_320.0  # of latitude; close enough for a town of four kilometres

Point = tuple[float, float]

# How far a border wanders from the straight line, as a share of its length, and how fine it gets (metres).
ROUGHNESS = {"lane": (0.05, 35), "street": (0.004, 40), "rail": (0.006, 90), "river": (0.05, 22), "field": (0.08, 55)}


def plan() -> dict[str, Any]:
    """The hand-drawn plan as ``tomllib`` reads it."""
    return tomllib.loads((DATA / "plan.toml").read_text(encoding="utf-8"))


def to_wgs84(origin: Point, point: Point) -> Point:
    """Metres east and north of ``origin`` (lon, lat) → (lon, lat), seven decimals (about a centimetre)."""
    lon = origin[0] + point[0] / (METRES_PER_DEGREE * math.cos(math.radians(origin[1])))
    lat = origin[1] + point[1] / METRES_PER_DEGREE
    return round(lon, 7), round(lat, 7)


def edges(drawn: dict[str, Any]) -> dict[str, list[Point]]:
    """Every border as a line of points in metres (decimetre grid), from its first node to its second."""
    lines = {}
    for name, edge in drawn["edges"].items():
        ends = name.split("-")
        through = [drawn["nodes"][ends[0]], *edge.get("via", []), drawn["nodes"][ends[1]]]
        share, finest = ROUGHNESS[edge["kind"]]
        stops = [(float(x), float(y)) for x, y in through]
        smooth = stops if len(stops) == 2 else _curve(stops)
        lines[name] = _rough(smooth, share, finest, random.Random(f"edge {name}"))  # noqa: S311
    return lines


def polygons(drawn: dict[str, Any]) -> dict[str, Polygon | MultiPolygon]:
    """Quarter id → its shape in metres: rings of shared borders, holes and exclaves included."""
    lines = edges(drawn)
    shapes: dict[str, Polygon | MultiPolygon] = {}
    for quarter in drawn["quarters"]:
        rings = [_ring(ring, lines) for ring in quarter["rings"]]
        home = Polygon(rings[0], rings[1:])
        away = [Polygon(_ring(quarter["exclave"], lines))] if "exclave" in quarter else []
        shapes[quarter["id"]] = MultiPolygon([home, *away]) if away else home
    return shapes


def quarters_geojson(drawn: dict[str, Any]) -> dict[str, Any]:
    """The layer as operators would import it: id, name and households as properties, WGS 84."""
    origin = (drawn["origin"][0], drawn["origin"][1])
    shapes = polygons(drawn)
    features = []
    for quarter in drawn["quarters"]:
        shape = shapes[quarter["id"]]
        parts = list(shape.geoms) if isinstance(shape, MultiPolygon) else [shape]
        rings = [[_ring_to_wgs84(origin, ring) for ring in (part.exterior, *part.interiors)] for part in parts]
        features.append(
            {
                "type": "Feature",
                "properties": {key: quarter[key] for key in ("id", "name", "households")},
                "geometry": {"type": "MultiPolygon", "coordinates": rings}
                if len(rings) > 1
                else {"type": "Polygon", "coordinates": rings[0]},
            }
        )
    return {"type": "FeatureCollection", "name": "Altenbrück", "features": features}


def _ring_to_wgs84(origin: Point, ring: Any) -> list[Point]:
    return [to_wgs84(origin, (x, y)) for x, y in ring.coords]


def _ring(names: list[str], lines: dict[str, list[Point]]) -> list[Point]:
    points: list[Point] = []
    for name in names:
        line = lines[name.removeprefix("-")]
        step = line[::-1] if name.startswith("-") else line
        if points and points[-1] != step[0]:
            raise ValueError(f"border {name} does not begin where the one before it ends")
        points += step if not points else step[1:]
    return points


def _curve(stops: list[Point], steps: int = 6) -> list[Point]:
    """A Catmull-Rom spline through ``stops``: rivers and field borders bend, they have no corners."""
    closed = stops[0] == stops[-1]
    before = stops[-2] if closed else stops[0]
    after = stops[1] if closed else stops[-1]
    padded = [before, *stops, after]
    points = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        points += [_between(p0, p1, p2, p3, step / steps) for step in range(steps)]
    return [*points, stops[-1]]


def _between(p0: Point, p1: Point, p2: Point, p3: Point, t: float) -> Point:
    def one(a: float, b: float, c: float, d: float) -> float:
        return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)

    return one(p0[0], p1[0], p2[0], p3[0]), one(p0[1], p1[1], p2[1], p3[1])


def _rough(points: list[Point], share: float, finest: float, dice: random.Random) -> list[Point]:
    """Midpoint displacement until no piece is longer than ``finest`` metres; the ends stay where they are."""
    rough = [points[0]]
    for a, b in pairwise(points):
        rough += _displaced(a, b, share, finest, dice)[1:]
    return [(round(x, 1), round(y, 1)) for x, y in rough]


def _displaced(a: Point, b: Point, share: float, finest: float, dice: random.Random) -> list[Point]:
    length = math.dist(a, b)
    if length <= finest:
        return [a, b]
    off = dice.uniform(-share, share)
    middle = ((a[0] + b[0]) / 2 - (b[1] - a[1]) * off, (a[1] + b[1]) / 2 + (b[0] - a[0]) * off)
    left = _displaced(a, middle, share, finest, dice)
    return left + _displaced(middle, b, share, finest, dice)[1:]
