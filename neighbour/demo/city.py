"""The town as data: draws the files once (``write``), reads them for the seed and the tests."""

from __future__ import annotations

import csv
import json
from typing import Any, NamedTuple

from neighbour.demo.drawing import DATA, plan, quarters_geojson, to_wgs84
from neighbour.demo.houses import PLACE, houses, streets

NAME = PLACE
QUARTERS_FILE = DATA / "quarters.geojson"
ADDRESSES_FILE = DATA / "addresses.csv"
COLUMNS = ("street", "number", "suffix", "postcode", "place", "lon", "lat", "quarter")


class DemoAddress(NamedTuple):
    """One row of the gazetteer, numbers as text exactly as in the file."""

    street: str
    number: str
    suffix: str
    postcode: str
    place: str
    lon: str
    lat: str
    quarter: str


def write() -> dict[str, int]:
    """Draw the town again from the plan and write its two files; returns how much of what."""
    drawn = plan()
    origin = (drawn["origin"][0], drawn["origin"][1])
    laid = streets(drawn)
    built = houses(drawn, laid)
    _write_features(QUARTERS_FILE, quarters_geojson(drawn))
    with ADDRESSES_FILE.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(COLUMNS)
        for house in built:
            lon, lat = to_wgs84(origin, house.point)
            row = (house.street, house.number, house.suffix, house.postcode, PLACE, f"{lon:.6f}", f"{lat:.6f}")
            sheet.writerow((*row, house.quarter))
    return {"quarters": len(drawn["quarters"]), "streets": len(laid), "addresses": len(built)}


def quarters() -> list[dict[str, Any]]:
    """The GeoJSON features of the twelve quarters."""
    return list(json.loads(QUARTERS_FILE.read_text(encoding="utf-8"))["features"])


def addresses() -> list[DemoAddress]:
    """Every row of the gazetteer, in street order."""
    with ADDRESSES_FILE.open(encoding="utf-8", newline="") as file:
        return [DemoAddress(**row) for row in csv.DictReader(file)]


def _write_features(path: Any, collection: dict[str, Any]) -> None:
    """One feature a line, so that a change of the plan reads well in a diff."""
    head = json.dumps({key: value for key, value in collection.items() if key != "features"}, ensure_ascii=False)
    rows = [json.dumps(feature, ensure_ascii=False, separators=(",", ":")) for feature in collection["features"]]
    path.write_text(head[:-1] + ', "features": [\n' + ",\n".join(rows) + "\n]}\n", encoding="utf-8")
