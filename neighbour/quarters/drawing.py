"""The city as a small drawing: every quarter's outline in one SVG, made on the server, without a map library."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

WIDTH = 460  # of the drawing; its height follows the city, within limits
LOWEST, HIGHEST = 260, 420
MARGIN = 12
MANY = 24  # quarters, from which on names are left out
LETTER = 7.4  # px a letter takes at 13 px
LINE = 17  # px a line of text takes

Point = tuple[float, float]
Ring = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Outline:
    """A quarter to draw: name, centre (lon, lat) and its boundary, GeoJSON Polygon or MultiPolygon as text."""

    name: str
    lon: float
    lat: float
    geometry: str


def draw(outlines: Sequence[Outline], label: str) -> Markup | None:
    """An SVG of these quarters in equal-distance projection, or None where there is nothing to draw.

    Points that fall on the same pixel as the one before are left out, so 542 quarters take about 60 KB
    before compression, 20 KB after. ``label`` is what the picture says to those who do not see it.
    """
    shapes = [(outline, list(rings_of(outline.geometry))) for outline in outlines]
    points = [point for _, rings in shapes for ring in rings for point in ring]
    if not points:
        return None
    onto = Projection(points)
    parts = [
        f'<path class="quarter quarter--{"abc"[number % 3]}" d="{"".join(onto.path(ring) for ring in rings)}"/>'
        for number, (_, rings) in enumerate(shapes)
    ]
    if len(shapes) <= MANY:
        parts += _names(shapes, onto)
    many = ' class="is-many"' if len(shapes) > MANY else ""
    head = f'<svg{many} viewBox="0 0 {WIDTH} {onto.height}" role="img" aria-label="{escape(label)}">'
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704  names are escaped in _names, the rest is numbers


def rings_of(geometry: str) -> Iterator[Ring]:
    """The rings of a GeoJSON Polygon or MultiPolygon, holes among them."""
    shape = json.loads(geometry or "{}")
    kind, coordinates = shape.get("type"), shape.get("coordinates", [])
    polygons: Iterable[Sequence[Ring]] = (
        [coordinates] if kind == "Polygon" else coordinates if kind == "MultiPolygon" else []
    )
    for polygon in polygons:
        yield from polygon


class Projection:
    """Degrees to pixels, north up; a degree of longitude is shorter by the cosine of the latitude."""

    def __init__(self, points: Sequence[Sequence[float]]):
        lons, lats = [point[0] for point in points], [point[1] for point in points]
        self.squeeze = math.cos(math.radians((min(lats) + max(lats)) / 2))
        width = max((max(lons) - min(lons)) * self.squeeze, 1e-9)
        height = max(max(lats) - min(lats), 1e-9)
        self.height = round(min(max(WIDTH * height / width, LOWEST), HIGHEST))
        self.scale = min((WIDTH - 2 * MARGIN) / width, (self.height - 2 * MARGIN) / height)
        self.left, self.top = min(lons), max(lats)
        self.shift_x = (WIDTH - width * self.scale) / 2
        self.shift_y = (self.height - height * self.scale) / 2

    def __call__(self, lon: float, lat: float) -> tuple[int, int]:
        x = (lon - self.left) * self.squeeze * self.scale + self.shift_x
        return round(x), round((self.top - lat) * self.scale + self.shift_y)

    def path(self, ring: Ring) -> str:
        """A closed path; empty for what is smaller than a triangle of pixels."""
        dots = [self(point[0], point[1]) for point in ring]
        kept = [dot for number, dot in enumerate(dots) if not number or dot != dots[number - 1]]
        if len(kept) < 3:
            return ""
        steps = (f"{x - before_x} {y - before_y}" for (before_x, before_y), (x, y) in pairwise(kept))
        return f"M{kept[0][0]} {kept[0][1]}l{' '.join(steps)}z"


def _names(shapes: Sequence[tuple[Outline, list[Ring]]], onto: Projection) -> list[str]:
    """Each quarter's name near its centre, where the shape is wide enough and no other name stands already."""
    texts: list[str] = []
    taken: list[tuple[int, int, float]] = []
    for outline, rings in shapes:
        xs = [onto(point[0], point[1])[0] for point in rings[0]] if rings else [0]
        width = len(outline.name) * LETTER
        if max(xs) - min(xs) < width * 0.8:
            continue
        x, middle = onto(outline.lon, outline.lat)
        for y in (middle, middle + LINE, middle - LINE):
            if all(
                abs(x - other_x) > (width + other_width) / 2 or abs(y - other_y) >= LINE
                for other_x, other_y, other_width in taken
            ):
                taken.append((x, y, width))
                texts.append(f'<text x="{x}" y="{y + 4}" text-anchor="middle">{escape(outline.name)}</text>')
                break
    return texts
