"""Reads a layer of quarters from GeoJSON (RFC 7946), bounded and suspicious.

Everything that could hurt is refused before anything expensive happens: size, then nesting, then the numbers,
then the shapes. Every refusal is one ``LayerError`` with one sentence.

Limits: trust.md a6 allows 5 MB, depth 8 and 50,000 points for uploads. A layer is a file the operator chooses, and
a real city at full resolution has more points (Berlin: 542 quarters, 198,087 vertices, 4.9 MB), so the limit of points
is 400,000 here; size and depth are those of the table.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
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
    found = [
        _feature(each, number, points, (id_property, name_property, households_property))
        for number, each in enumerate(features, 1)
    ]
    _check_unique(found)
    return found


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


def _feature(raw: Any, number: int, points: _Points, names: tuple[str, str, str | None]) -> Feature:
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
    polygons = [_polygon(part, key, points) for part in parts]
    whole = polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)
    west, _south, east, _north = whole.bounds
    if east - west > 180:
        raise LayerError(f"quarter {key} crosses the antimeridian; such layers are not supported")
    return Feature(key, name, households, whole)


def _text(properties: dict[str, Any], name: str, number: int) -> str:
    value = properties.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        there = ", ".join(sorted(map(str, properties))[:12])
        raise LayerError(f"feature {number} has no property {name!r}; it has {there or 'none'}")
    if len(value) > LONGEST_TEXT:
        raise LayerError(f"feature {number}: {name!r} is longer than {LONGEST_TEXT} characters")
    return " ".join(value.split())


def _count(properties: dict[str, Any], name: str, key: str) -> int | None:
    value = properties.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10_000_000:
        raise LayerError(f"quarter {key}: {name!r} is not a number of households")
    return int(value)


def _polygon(rings: Any, key: str, points: _Points) -> Polygon:
    if not isinstance(rings, list) or not rings:
        raise LayerError(f"quarter {key} has a polygon without a ring")
    shell, *holes = [_ring(ring, key, points) for ring in rings]
    return Polygon(shell, holes)


def _ring(ring: Any, key: str, points: _Points) -> np.ndarray:
    if not isinstance(ring, list) or len(ring) < 4:
        raise LayerError(f"quarter {key} has a ring of fewer than four points")
    points.add(len(ring))
    try:
        corners = np.array(ring, dtype=float)
    except (ValueError, TypeError, OverflowError) as error:
        raise LayerError(f"quarter {key} has a point that is not a pair of numbers") from error
    if corners.ndim != 2 or corners.shape[1] not in (2, 3):
        raise LayerError(f"quarter {key} has a point that is not a pair of numbers")
    corners = corners[:, :2]
    if not np.isfinite(corners).all():
        raise LayerError(f"quarter {key} has a coordinate that is not finite")
    if (np.abs(corners[:, 0]) > 180).any() or (np.abs(corners[:, 1]) > 90).any():
        raise LayerError(
            f"quarter {key} has coordinates beyond 180/90 degrees; convert the layer to WGS84 (lon, lat) first"
        )
    if (corners[0] != corners[-1]).any():
        raise LayerError(f"quarter {key} has a ring that is not closed")
    return corners


def _check_unique(found: list[Feature]) -> None:
    seen: set[str] = set()
    for feature in found:
        if feature.key in seen:
            raise LayerError(f"two quarters have the id {feature.key!r}")
        seen.add(feature.key)
