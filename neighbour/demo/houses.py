"""Lays the streets of Altenbrück and numbers its houses: odd on the left, even on the right, as in the plan."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from shapely import STRtree
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry import Point as ShapelyPoint
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from neighbour.demo.drawing import Point, edges, polygons

SETBACK = 15.0  # metres from the middle of a street to the middle of a house
MARGIN = 24.0  # metres that ordinary streets keep from the border of their quarter
LONGEST = 700.0  # metres of an ordinary street
PLACE = "Altenbrück"


class Street(NamedTuple):
    """A street inside one quarter; a street through two quarters is two of these with one name."""

    name: str
    quarter: str
    line: LineString
    sides: tuple[int, ...]  # (1,) odd only, (0,) even only, (1, 0) both
    shift: int  # how many plots were numbered before it reached this quarter


class House(NamedTuple):
    """One address: number and suffix as on the door, the point in metres."""

    street: str
    number: int
    suffix: str
    postcode: str
    point: Point
    quarter: str


def streets(drawn: dict[str, Any]) -> list[Street]:
    """All streets of the plan: drawn ones as drawn, the others on a bent grid inside their quarter."""
    shapes, borders = polygons(drawn), edges(drawn)
    laid: list[Street] = []
    for quarter in drawn["quarters"]:
        key, shape = quarter["id"], shapes[quarter["id"]]
        drawn_here = list(_by_hand(drawn, quarter, shape, borders))
        grid = [name for name in quarter["streets"] if "@" not in name]
        home, *away = _parts(shape)
        laid += drawn_here
        laid += [
            Street(name, key, line, (1, 0), 0) for name, line in zip(grid, _grid(quarter, home, len(grid)), strict=True)
        ]
        laid += [street for part in away for street in _exclave(quarter, part)]
    return laid


def houses(drawn: dict[str, Any], laid: list[Street]) -> list[House]:
    """Every address: on its street's side, inside its quarter, not standing in another street."""
    shapes = {key: shape.buffer(-4) for key, shape in polygons(drawn).items()}
    lines = STRtree([street.line for street in laid])
    quarters = {quarter["id"]: quarter for quarter in drawn["quarters"]}
    rules = {(rule["street"], rule["quarter"]): rule for rule in drawn["numbers"]}
    built: list[House] = []
    for street in laid:
        quarter = quarters[street.quarter]
        rule = rules.get((street.name, street.quarter), {})
        found = list(_along(street, quarter, shapes[street.quarter], lines, laid, rule.get("last")))
        built += found
        built += _suffixed(found, rule.get("extra", []))
    return built


def _parts(shape: Polygon | MultiPolygon) -> list[Polygon]:
    """The parts of a quarter, largest first."""
    return sorted(shape.geoms, key=lambda part: -part.area) if isinstance(shape, MultiPolygon) else [shape]


def _by_hand(
    drawn: dict[str, Any], quarter: dict[str, Any], shape: BaseGeometry, borders: dict[str, list[Point]]
) -> Iterator[Street]:
    for entry in quarter["streets"]:
        name, _, how = entry.partition("@")
        if how == "square":
            corners = drawn["squares"][name]
            yield Street(name, quarter["id"], LineString([*corners, corners[0]]), (1, 0), 0)
        elif how == "border":  # runs on the border itself: odd on one side, even on the other
            sides = (1,) if quarter["id"] == "AB-02" else (0,)
            yield Street(name, quarter["id"], LineString(borders["a1-m1"]), sides, 0)
        elif how == "through":
            yield _inside(name, quarter, shape, LineString(drawn["through"][name]))


def _inside(name: str, quarter: dict[str, Any], shape: BaseGeometry, whole: LineString) -> Street:
    piece = whole.intersection(shape)
    line = max(getattr(piece, "geoms", [piece]), key=lambda part: part.length)
    before = whole.project(ShapelyPoint(line.coords[0]))
    return Street(name, quarter["id"], line, (1, 0), round(before / 20))


def _exclave(quarter: dict[str, Any], shape: Polygon) -> list[Street]:
    narrow = {**quarter, "spacing": [90, 130], "turn": quarter["turn"] - 100, "id": quarter["id"] + "x"}
    names = quarter["exclave_streets"]
    lines = _grid(narrow, shape, len(names))
    return [Street(name, quarter["id"], line, (1, 0), 0) for name, line in zip(names, lines, strict=True)]


def _grid(quarter: dict[str, Any], shape: Polygon, wanted: int) -> list[LineString]:
    """``wanted`` streets of a bent grid, along and across; closer together where the quarter is small."""
    room = shape.buffer(-MARGIN)
    for squeeze in (1.0, 0.93, 0.86, 0.8, 0.74, 0.68):
        dice = random.Random(f"streets {quarter['id']}")  # noqa: S311
        along = _family(quarter, shape, room, 0, quarter["spacing"][0] * squeeze, dice)
        across = _family(quarter, shape, room, 90, quarter["spacing"][1] * squeeze, dice)
        across = [_between_streets(line, along, dice) for line in across]
        half = min(len(along), math.ceil(wanted * 0.55))
        chosen = _spread(along, half) + _spread(across, wanted - half)
        if len(chosen) == wanted:
            return [_shortened(line) for line in chosen]
    raise ValueError(f"{quarter['id']} is too small for {wanted} streets")


def _shortened(line: LineString) -> LineString:
    """A long street ends in the fields: keep the ``LONGEST`` metres nearest to the market."""
    if line.length <= LONGEST:
        return line
    start = min(max(line.project(ShapelyPoint(0, 0)) - LONGEST / 2, 0), line.length - LONGEST)
    return LineString(substring(line, start, start + LONGEST).coords)


def _spread(lines: list[LineString], count: int) -> list[LineString]:
    longest = sorted(lines, key=lambda line: -line.length)[:count]
    return [line for line in lines if line in longest]


def _family(
    quarter: dict[str, Any], shape: Polygon, room: BaseGeometry, extra: int, spacing: float, dice: random.Random
) -> list[LineString]:
    angle = math.radians(quarter["turn"] + extra)
    cos, sin = math.cos(angle), math.sin(angle)
    middle, reach = shape.centroid, math.sqrt(shape.area) * 1.6
    found = []
    steps = int(reach / spacing) + 1
    for step in range(-steps, steps + 1):
        off = (step + dice.uniform(-0.12, 0.12)) * spacing
        bend = quarter["bend"] * (1 + dice.uniform(-0.25, 0.25))
        points = []
        for tick in range(-24, 25):
            u = tick / 24 * reach
            v = off + bend * reach * math.cos(u / reach * 2.2) + bend * 0.18 * reach * math.sin(u / reach * 7 + step)
            points.append((middle.x + u * cos - v * sin, middle.y + u * sin + v * cos))
        piece = LineString(points).intersection(room)
        parts = [part for part in getattr(piece, "geoms", [piece]) if part.length > 110]
        found += parts
    return found


def _between_streets(line: LineString, along: list[LineString], dice: random.Random) -> LineString:
    """Cut a cross street so that it begins and ends at a junction, as most do."""
    junctions = sorted(line.project(cut.centroid) for other in along if (cut := line.intersection(other)))
    if len(junctions) < 4 or dice.random() < 0.3:
        return line
    first = dice.choice(junctions[: max(1, len(junctions) // 3)])
    last = dice.choice(junctions[-max(1, len(junctions) // 3) :])
    marks = [d for d in range(0, int(line.length), 25) if first < d < last]
    return LineString([line.interpolate(d) for d in (first, *marks, last)])


def _along(
    street: Street, quarter: dict[str, Any], room: BaseGeometry, lines: STRtree, laid: list[Street], last: int | None
) -> Iterator[House]:
    dice = random.Random(f"houses {street.name} {street.quarter}")  # noqa: S311
    plot = quarter["plot"]
    for odd in street.sides:
        number = 2 * street.shift + (1 if odd else 2)
        at = plot * 0.7
        while at < street.line.length - plot * 0.4:
            point = _beside(street.line, at, SETBACK if odd else -SETBACK)
            if room.covers(ShapelyPoint(point)) and not _blocked(point, street, lines, laid):
                yield House(street.name, number, "", quarter["postcode"], point, street.quarter)
                number += 2
            at += plot * dice.uniform(0.85, 1.2)
            if last and number > last:
                break


def _beside(line: LineString, at: float, off: float) -> Point:
    here, ahead = line.interpolate(at), line.interpolate(min(at + 2, line.length))
    behind = line.interpolate(max(at - 2, 0))
    dx, dy = ahead.x - behind.x, ahead.y - behind.y
    length = math.hypot(dx, dy) or 1.0
    return round(here.x - dy / length * off, 1), round(here.y + dx / length * off, 1)


def _blocked(point: Point, street: Street, lines: STRtree, laid: list[Street]) -> bool:
    near = lines.query(ShapelyPoint(point), predicate="dwithin", distance=10.0)
    return any(laid[index].name != street.name for index in near)


def _suffixed(found: list[House], extra: list[list[Any]]) -> Iterator[House]:
    """Houses built later between two others: 17a, 17 I, 5 1/2 – a few metres behind the number they lean on."""
    by_number = {house.number: house for house in found}
    for step, (number, suffix) in enumerate(extra):
        beside = by_number[number]
        x, y = beside.point
        yield beside._replace(suffix=suffix, point=(round(x + 2 + step, 1), round(y + 2.5, 1)))
