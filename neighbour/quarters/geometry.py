"""Is a layer of quarters sound, and the stated rules for mending one that is not.

Sound means: valid rings, no two quarters overlapping by more than 10 m², no gap between quarters. A gap is a
hole in the union of all quarters that vanishes when it is shrunk by 25 m from all sides: too narrow to be a place.
Larger holes are enclaves: they belong to nobody and stay so.

Repair, in this order: (1) an invalid boundary is rebuilt (GEOS "structure" rule: holes stay holes); (2) what two quarters
both claim goes to the one whose id comes first; (3) a gap goes to the quarter it shares the longest border with.
Areas and lengths are measured in a local equal-distance projection around the layer's middle (error below 0.5 % for a city).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, radians

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

TOLERATED_OVERLAP_M2 = 10.0  # rounding of shared borders (Hamburg's layer from OpenStreetMap has one of 7.5 m²)
NOTED_M2 = 1.0  # smaller overlaps and gaps are not worth a line
SLIVER_M = 25.0
METRES_PER_DEGREE = 111_320.0
SHORTEST_BORDER_M = 10.0  # less is a corner
CORNER_TOLERANCE_M = 1.5
MOST_OVERLAPS = 5_000  # pairs; nobody reads a longer report
MOST_CROSSED = 100  # segments that one segment may cross
ASKED = 256  # segments asked, of the longest and of all


@dataclass
class Survey:
    """What is wrong with a layer. Keys are the quarters' ids, areas m²."""

    invalid: list[tuple[str, str]] = field(default_factory=list)
    overlaps: list[tuple[str, str, float]] = field(default_factory=list)
    gaps: list[tuple[float, tuple[str, ...]]] = field(default_factory=list)
    enclaves: int = 0

    @property
    def is_sound(self) -> bool:
        return (
            not self.invalid and not self.gaps and all(area <= TOLERATED_OVERLAP_M2 for *_keys, area in self.overlaps)
        )

    def lines(self) -> list[str]:
        """The report, one finding a line."""
        found = [f"invalid: {key}: {reason}" for key, reason in self.invalid]
        found += [f"overlap: {one} and {other}: {area:.1f} m²" for one, other, area in self.overlaps]
        found += [f"gap: {area:.1f} m² between {', '.join(keys) or 'nobody'}" for area, keys in self.gaps]
        return found

    def summary(self) -> str:
        """One sentence."""
        overlap, gap = sum(area for *_keys, area in self.overlaps), sum(area for area, _keys in self.gaps)
        return (
            f"{len(self.invalid)} invalid boundaries, {len(self.overlaps)} overlaps ({overlap:.1f} m²), "
            f"{len(self.gaps)} gaps ({gap:.1f} m²)"
        )


class Tangled(ValueError):
    """The boundaries are such a muddle that measuring it would take for ever; the message says where, in one sentence."""


class Plane:
    """Degrees to metres and back around the middle of a layer."""

    def __init__(self, shapes: Sequence[BaseGeometry]):
        _west, south, _east, north = shapely.total_bounds(np.array(shapes, dtype=object))
        self.scale = np.array([METRES_PER_DEGREE * cos(radians((south + north) / 2)), METRES_PER_DEGREE])

    def to_metres(self, shape: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shape, lambda points: points * self.scale)

    def to_degrees(self, shape: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shape, lambda points: points / self.scale)


def survey(keys: Sequence[str], shapes: Sequence[BaseGeometry]) -> Survey:
    """Everything wrong with a layer in WGS84. Overlaps and gaps are measured on rebuilt boundaries.

    Raises Tangled at once, before anything expensive, where that would be too much to measure or to read.
    """
    _refuse_tangles(keys, shapes)
    found = Survey()
    for key, shape in zip(keys, shapes, strict=True):
        if not shape.is_valid:
            found.invalid.append((key, shapely.is_valid_reason(shape)))
    plane = Plane(shapes)
    flat = [plane.to_metres(_polygons(shape)) for shape in shapes]
    for one, other, area in _overlaps(keys, flat):
        found.overlaps.append((keys[one], keys[other], area))
    tree = STRtree(flat)
    for hole in _holes(flat):
        if not _is_sliver(hole):
            found.enclaves += 1
        elif hole.area > NOTED_M2:
            beside = sorted(keys[position] for position in tree.query(hole.buffer(0.5), predicate="intersects"))
            found.gaps.append((hole.area, tuple(beside)))
    return found


def repair(keys: Sequence[str], shapes: Sequence[BaseGeometry]) -> tuple[list[BaseGeometry], list[str]]:
    """Mended boundaries in WGS84 and what was changed, a line each. Keys decide ties: the lower one wins.

    Raises Tangled where nothing of a quarter would be left.
    """
    changed = [f"rebuilt the boundary of {key}" for key, shape in zip(keys, shapes, strict=True) if not shape.is_valid]
    plane = Plane(shapes)
    flat = [plane.to_metres(_polygons(shape)) for shape in shapes]
    for one, other, area in _overlaps(keys, flat, least=0.0):
        keeps, gives = sorted((one, other), key=lambda position: keys[position])
        flat[gives] = _only_polygons(flat[gives].difference(flat[keeps]))
        if area > NOTED_M2:
            changed.append(f"gave {area:.1f} m² claimed by {keys[keeps]} and {keys[gives]} to {keys[keeps]}")
        if flat[gives].is_empty:
            raise Tangled(
                f"quarter {keys[gives]} would vanish: {keys[keeps]} claims all of it; mend that at its source"
            )
    for hole in _holes(flat):
        if not _is_sliver(hole):
            continue
        winner = _longest_border(hole, flat, keys)
        if winner is not None:
            flat[winner] = _only_polygons(flat[winner].union(hole))
            if hole.area > NOTED_M2:
                changed.append(f"gave a gap of {hole.area:.1f} m² to {keys[winner]}")
    return [_settled(plane.to_degrees(shape)) for shape in flat], changed


def _settled(shape: BaseGeometry) -> BaseGeometry:
    """On a grid of 1e-8 degrees (a millimetre), where turning metres back into degrees cannot fold a boundary over."""
    return _only_polygons(shapely.set_precision(shape, 1e-8))


def borders(shapes: Sequence[BaseGeometry]) -> list[tuple[int, int, float]]:
    """Pairs of quarters (positions) that share a border of at least 10 m, and its length in metres.

    Borders drawn twice may differ by a little: where the exact common line is too short, what lies within
    1.5 m of the other quarter counts.
    """
    plane = Plane(shapes)
    flat = [plane.to_metres(shape) for shape in shapes]
    tree = STRtree([shape.buffer(CORNER_TOLERANCE_M).envelope for shape in flat])
    found = []
    for one, other in zip(*tree.query([shape.envelope for shape in flat], predicate="intersects"), strict=True):
        if one >= other:
            continue
        length = flat[one].boundary.intersection(flat[other].boundary).length
        if length < SHORTEST_BORDER_M and flat[one].distance(flat[other]) <= CORNER_TOLERANCE_M:
            length = flat[one].boundary.intersection(flat[other].buffer(CORNER_TOLERANCE_M)).length
        if length >= SHORTEST_BORDER_M:
            found.append((int(one), int(other), round(float(length), 1)))
    return found


def outlines(shapes: Sequence[BaseGeometry], tolerance_m: float = 12.0) -> list[BaseGeometry]:
    """The boundaries simplified for drawing; common borders stay common."""
    plane = Plane(shapes)
    flat = np.array([plane.to_metres(shape) for shape in shapes], dtype=object)
    simple = shapely.coverage_simplify(flat, tolerance_m)
    whole = [new if not new.is_empty and new.is_valid else old for new, old in zip(simple, flat, strict=True)]
    return [shapely.set_precision(plane.to_degrees(shape), 1e-6, mode="pointwise") for shape in whole]


def area_m2(shape: BaseGeometry) -> float:
    """The area of one boundary in WGS84."""
    return float(Plane([shape]).to_metres(shape).area)


def slivers(shapes: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Gaps between quarters, in WGS84: holes of the union too narrow to be a place (see above)."""
    plane = Plane(shapes)
    flat = [plane.to_metres(shape) for shape in shapes]
    return [plane.to_degrees(hole) for hole in _holes(flat) if _is_sliver(hole)]


def _overlaps(
    keys: Sequence[str], flat: Sequence[BaseGeometry], least: float = NOTED_M2
) -> list[tuple[int, int, float]]:
    """Pairs that claim the same ground, first position first, and how much (m²)."""
    found: dict[tuple[int, int], float] = {}
    tree, pairs = STRtree(flat), 0
    for one, shape in enumerate(flat):
        # "contains" as well: a quarter within another, or its double, does not "overlap" it
        beside = {int(each) for word in ("overlaps", "contains") for each in tree.query(shape, predicate=word)}
        for other in sorted(beside - {one}):
            pair = (min(one, other), max(one, other))
            if pair in found:
                continue
            pairs += 1
            if pairs > MOST_OVERLAPS:
                raise Tangled(
                    f"the quarters lie on top of each other in more than {MOST_OVERLAPS} places,"
                    f" for example {keys[pair[0]]} and {keys[pair[1]]}"
                )
            area = float(shape.intersection(flat[other]).area)
            if area > least:
                found[pair] = area
    return sorted((one, other, area) for (one, other), area in found.items())


def _refuse_tangles(keys: Sequence[str], shapes: Sequence[BaseGeometry]) -> None:
    """Raise Tangled where boundaries cross so often that rebuilding them would not end.

    The work of every later step grows with the number of crossings, which may be the square of the number of
    points. In a real layer, however badly drawn, a segment crosses a few others at most; what crosses many
    is long beside them. So the longest segments and some of the others are asked how many they cross.
    """
    parts, whole = shapely.get_parts(np.array(shapes, dtype=object), return_index=True)  # rings are of single polygons
    rings, part = shapely.get_rings(parts, return_index=True)
    quarter = whole[part]
    points, ring = shapely.get_coordinates(rings, return_index=True)
    follows = ring[:-1] == ring[1:]
    lines = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1)[follows])
    owner = quarter[ring[:-1][follows]]
    tree = STRtree(lines)
    asked = {*np.argsort(shapely.length(lines))[-ASKED:], *np.linspace(0, len(lines) - 1, ASKED, dtype=int)}
    total = 0
    for number, position in enumerate(sorted(asked), 1):
        crossed = len(tree.query(lines[position], predicate="crosses"))
        total += crossed
        if crossed > MOST_CROSSED or total > 10 * max(number, ASKED):
            where = shapely.get_coordinates(lines[position])[0]
            raise Tangled(
                f"the boundaries cross each other again and again, for example that of {keys[owner[position]]}"
                f" near {where[0]:.5f}, {where[1]:.5f}"
            )


def _holes(flat: Sequence[BaseGeometry]) -> list[Polygon]:
    union = shapely.union_all(np.array(flat, dtype=object))
    parts = union.geoms if isinstance(union, MultiPolygon) else [union]
    return [Polygon(ring) for part in parts if isinstance(part, Polygon) for ring in part.interiors]


def _is_sliver(hole: Polygon) -> bool:
    return bool(hole.buffer(-SLIVER_M).is_empty)


def _longest_border(hole: Polygon, flat: Sequence[BaseGeometry], keys: Sequence[str]) -> int | None:
    lengths = [
        (-hole.boundary.intersection(flat[position].buffer(0.05)).length, keys[position], int(position))
        for position in STRtree(flat).query(hole.buffer(0.5), predicate="intersects")
    ]
    return min(lengths)[2] if lengths else None


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    return (
        shape if shape.is_valid else _only_polygons(shapely.make_valid(shape, method="structure", keep_collapsed=False))
    )


def _only_polygons(shape: BaseGeometry) -> BaseGeometry:
    """Areas only: lines and points that an operation leaves behind are dropped."""
    if isinstance(shape, Polygon | MultiPolygon):
        return shape
    return shapely.union_all([part for part in getattr(shape, "geoms", []) if isinstance(part, Polygon | MultiPolygon)])
