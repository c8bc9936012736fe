"""Look-ups of points in quarters, one by one, on the city's own addresses where they are, else on the demo town's."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neighbour.quarters import geojson
from neighbour.quarters.index import Index, Place
from tests.bench import measure
from tests.support import CITY_DATA, ROOT

FIGURES = ("locate_per_cpu_second",)
RUNS = 5


def run(scale: str) -> Iterator[dict[str, Any]]:
    """``locate_per_cpu_second``: real points, one call each, the grid of answers warm after the first pass."""
    folder = CITY_DATA / "berlin"
    if folder.is_dir():
        layer, points = folder / "quarters_plr2021.geojson", _points(folder / "addresses_coords_official.csv")
    else:
        data = ROOT / "neighbour" / "demo" / "data"
        layer, points = data / "quarters.geojson", _points(data / "addresses.csv")
    features = geojson.read_file(layer, "id", "name")
    index = Index([Place(n, f.key, f.name) for n, f in enumerate(features)], [f.geometry for f in features])
    if scale == "small":
        points = points[:5000]
    rates = []
    for _run in range(RUNS + 1):
        began = time.process_time()
        for lon, lat in points:
            index.locate(lon, lat)
        rates.append(len(points) / (time.process_time() - began))
    yield measure.figure("locate_per_cpu_second", rates[1:], "1/s", f"{len(features)} quarters, {len(points):,} points")


def _points(path: Path) -> list[tuple[float, float]]:
    with path.open() as source:
        return [(float(row["lon"]), float(row["lat"])) for row in csv.DictReader(source)]
