"""Reads a layer of quarters from GeoJSON (RFC 7946), bounded and suspicious.

Everything that could hurt is refused before anything expensive happens: size, then nesting, then the numbers. Shapes
are made last, of files that are whole; NumPy and shapely are loaded only for them. Every refusal is one
``LayerError`` with one sentence.

Limits: a real city at full resolution (Berlin: 542 quarters, 198,087 vertices, 4.9 MB) fits in twice over where points
are counted. Nothing in a collection of multipolygons lies deeper than eight brackets.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon

MOST_BYTES = 5 * 1024 * 1024
MOST_DEPTH = 8
MOST_POINTS = 400_000
MOST_BRACKETS = 1_000_000
MOST_QUARTERS = 20_000
LONGEST_TEXT = 120

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_WGS84 = re.compile(r"(CRS84|EPSG:{1,2}4326)$", re.IGNORECASE)


Ring = list[tuple[float, float]]  # corners (lon, lat), the last one is the first
Outline = list[list[Ring]]  # polygons, each its outer ring and its holes


class LayerError(ValueError):
    """The file cannot be a layer of quarters; the message says why, in one sentence."""


@dataclass(frozen=True)
class Feature:
    """One quarter of the file: key and name as text, households or None, boundary in WGS84 (lon, lat)."""

    key: str
    name: str
    households: int | None
    geometry: Polygon | MultiPolygon


def read_file(
    path: Path, id_property: str, name_property: str, households_property: str | None = None
) -> list[Feature]:
    """The features of a GeoJSON file; raises LayerError."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise LayerError(f"{path.name} has {size / 1048576:.1f} MB; {MOST_BYTES // 1048576} MB are the most")
        data = path.read_bytes()
    except OSError as error:
        raise LayerError(f"{path} cannot be read: {error.strerror}") from error
    return read(data, id_property, name_property, households_property)


def read(data: bytes, id_property: str, name_property: str, households_property: str | None = None) -> list[Feature]:
    """The features of GeoJSON bytes; raises LayerError."""
    _check_nesting(data)
    layer = _parse(data)
    if (
        not isinstance(layer, dict)
        or layer.get("type") != "FeatureCollection"
        or not isinstance(layer.get("features"), list)
    ):
        raise LayerError("this is JSON, but not a GeoJSON FeatureCollection")
    _check_crs(layer.get("crs"))
    features = layer["features"]
    if not features:
        raise LayerError("the layer holds no quarter")
    if len(features) > MOST_QUARTERS:
        raise LayerError(f"the layer holds {len(features)} features; {MOST_QUARTERS} are the most")
    points = _Points()
    names = id_property, name_property, households_property
    found = [_feature(each, number, points, names) for number, each in enumerate(features, 1)]
    _check_unique([key for key, *_rest in found])
    return [Feature(key, name, households, _shape(outline)) for key, name, households, outline in found]


def _check_nesting(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise LayerError(f"the layer has more than {MOST_BYTES // 1048576} MB")
    brackets = _STRINGS.sub(b"", data).translate(None, _NOT_BRACKETS)
    if len(brackets) > MOST_BRACKETS:
        raise LayerError("the layer holds more lists than any city has corners")
    depth = 0
    for each in brackets:
        depth += 1 if each in b"[{" else -1
        if depth > MOST_DEPTH:
            raise LayerError(f"the layer is nested more than {MOST_DEPTH} deep")


def _parse(data: bytes) -> Any:
    def refuse(word: str) -> NoReturn:
        raise LayerError(f"{word} is not a number GeoJSON knows")

    def whole(digits: str) -> int:
        if len(digits) > 20:
            raise LayerError(f"a number with {len(digits)} digits is not a coordinate")
        return int(digits)

    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=refuse, parse_int=whole)
    except UnicodeDecodeError as error:
        raise LayerError("the file is not text in UTF-8") from error
    except json.JSONDecodeError as error:
        raise LayerError(f"this is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise LayerError("the layer is nested too deep") from error


def _check_crs(crs: Any) -> None:
    """RFC 7946 knows WGS84 only; the older member is accepted where it says the same."""
    if crs is None:
        return
    name = (
        crs.get("properties", {}).get("name", "")
        if isinstance(crs, dict) and isinstance(crs.get("properties"), dict)
        else ""
    )
    if not isinstance(name, str) or not _WGS84.search(name):
        raise LayerError(
            f"the layer is in {str(name)[:60] or 'another coordinate system'}; convert it to WGS84 (EPSG:4326) first"
        )


class _Points:
    """Counts points over the whole layer."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, more: int) -> None:
        self.count += more
        if self.count > MOST_POINTS:
            raise LayerError(f"the layer has more than {MOST_POINTS} points; simplify it first")


def _feature(
    raw: Any, number: int, points: _Points, names: tuple[str, str, str | None]
) -> tuple[str, str, int | None, Outline]:
    """key, name, households and boundary of a feature."""
    if not isinstance(raw, dict) or raw.get("type") != "Feature" or not isinstance(raw.get("properties"), dict):
        raise LayerError(f"feature {number} is not a GeoJSON Feature with properties")
    properties, (id_property, name_property, households_property) = raw["properties"], names
    key = _text(properties, id_property, number)
    name = _text(properties, name_property, number)
    households = _count(properties, households_property, key) if households_property else None
    geometry = raw.get("geometry")
    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise LayerError(f"quarter {key} has no Polygon or MultiPolygon")
    coordinates = geometry.get("coordinates")
    parts = [coordinates] if geometry["type"] == "Polygon" else coordinates
    if not isinstance(parts, list) or not parts:
        raise LayerError(f"quarter {key} has an empty geometry")
    outline = [_polygon(part, key, points) for part in parts]
    lons = [lon for rings in outline for lon, _lat in rings[0]]
    if max(lons) - min(lons) > 180:
        raise LayerError(f"quarter {key} crosses the antimeridian; such layers are not supported")
    return key, name, households, outline


def _shape(outline: Outline) -> Polygon | MultiPolygon:
    from shapely.geometry import MultiPolygon, Polygon

    polygons = [Polygon(shell, holes) for shell, *holes in outline]
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def _text(properties: dict[str, Any], name: str, number: int) -> str:
    value = properties.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        there = ", ".join(sorted(map(str, properties))[:12])
        raise LayerError(f"feature {number} has no property {name!r}; it has {there or 'none'}")
    if len(value) > LONGEST_TEXT:
        raise LayerError(f"feature {number}: {name!r} is longer than {LONGEST_TEXT} characters")
    value = " ".join(value.split())
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value):
        raise LayerError(f"feature {number}: {name!r} holds characters that cannot be written")
    return value


def _count(properties: dict[str, Any], name: str, key: str) -> int | None:
    value = properties.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10_000_000:
        raise LayerError(f"quarter {key}: {name!r} is not a number of households")
    return int(value)


def _polygon(rings: Any, key: str, points: _Points) -> list[Ring]:
    if not isinstance(rings, list) or not rings:
        raise LayerError(f"quarter {key} has a polygon without a ring")
    return [_ring(ring, key, points) for ring in rings]


def _ring(ring: Any, key: str, points: _Points) -> Ring:
    if not isinstance(ring, list) or len(ring) < 4:
        raise LayerError(f"quarter {key} has a ring of fewer than four points")
    points.add(len(ring))
    for point in ring:
        if not isinstance(point, list) or len(point) not in (2, 3) or not all(map(_is_number, point)):
            raise LayerError(f"quarter {key} has a point that is not a pair of numbers")
    corners = [(float(point[0]), float(point[1])) for point in ring]  # a height says nothing here
    if not all(isfinite(lon) and isfinite(lat) for lon, lat in corners):
        raise LayerError(f"quarter {key} has a coordinate that is not finite")
    if not all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in corners):
        raise LayerError(
            f"quarter {key} has coordinates beyond 180/90 degrees; convert the layer to WGS84 (lon, lat) first"
        )
    if corners[0] != corners[-1]:
        raise LayerError(f"quarter {key} has a ring that is not closed")
    return corners


def _is_number(value: Any) -> bool:
    return type(value) in (float, int)  # a bool is no number here


def _check_unique(keys: list[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise LayerError(f"two quarters have the id {key!r}")
        seen.add(key)
