"""Imports the quarters and the register of the demo city."""

from __future__ import annotations

import math

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import insert

from config import Config
from neighbour.core.db import db
from neighbour.demo import city
from neighbour.demo.drawing import METRES_PER_DEGREE
from neighbour.quarters.models import Adjacency, City, Quarter
from neighbour.residency.models import Address


def build(config: Config) -> dict[str, int]:
    """Quarters and addresses of Altenbrück; returns quarter key → number. Inside atomic(), as the owner."""
    db.session.add(City(id=1, name=city.NAME, time_zone=config.time_zone, language=config.language, geo_version=1))
    features = city.quarters()
    shapes = {feature["properties"]["id"]: shape(feature["geometry"]) for feature in features}
    quarters = [_quarter(feature["properties"], shapes[feature["properties"]["id"]]) for feature in features]
    db.session.add_all(quarters)
    db.session.flush()
    numbers = {quarter.key: quarter.id for quarter in quarters}
    _adjacent(shapes, numbers)
    rows = [
        {
            **{column: getattr(row, column) for column in ("street", "number", "suffix", "postcode", "place")},
            "street_key": row.street.casefold(),
            "lon": float(row.lon),
            "lat": float(row.lat),
            "quarter_id": numbers[row.quarter],
        }
        for row in city.addresses()
    ]
    db.session.execute(insert(Address), rows)
    return numbers


def _quarter(properties: dict[str, str], area: BaseGeometry) -> Quarter:
    return Quarter(
        key=properties["id"],
        name=properties["name"],
        slug=properties["id"].lower(),
        households=properties["households"],
        geometry=shapely.to_wkb(area),
        outline=shapely.to_geojson(area),
        area_m2=_metric(area).area,
        lon=area.representative_point().x,
        lat=area.representative_point().y,
        checksum="",
    )


def _metric(area: BaseGeometry) -> BaseGeometry:
    east = METRES_PER_DEGREE * math.cos(math.radians(area.centroid.y))
    return shapely.transform(area, lambda points: points * [east, METRES_PER_DEGREE])


def _adjacent(shapes: dict[str, BaseGeometry], numbers: dict[str, int]) -> None:
    for one, area in shapes.items():
        for other, beside in shapes.items():
            border = _metric(area.intersection(beside)).length if one != other and area.touches(beside) else 0.0
            if border > 1:
                db.session.add(Adjacency(quarter_id=numbers[one], neighbour_id=numbers[other], border_m=border))
    db.session.flush()
