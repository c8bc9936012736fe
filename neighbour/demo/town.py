"""Imports the quarters and the register of the demo city, as an operator would import a real one."""

from __future__ import annotations

from sqlalchemy import insert, select

from config import Config
from neighbour.core.db import db
from neighbour.demo import city
from neighbour.quarters import geojson, service
from neighbour.quarters.models import Quarter
from neighbour.residency.gazetteer.spelling import street_key
from neighbour.residency.models import Address


def build(config: Config) -> dict[str, int]:
    """Quarters and addresses of Altenbrück; returns quarter key → number. Inside atomic(), as the owner."""
    features = geojson.read_file(city.QUARTERS_FILE, "id", "name", "households")
    service.import_layer(features, city=city.NAME, time_zone=config.time_zone, language=config.language)
    numbers = {key: number for key, number in db.session.execute(select(Quarter.key, Quarter.id))}
    rows = [
        {
            **{column: getattr(row, column) for column in ("street", "number", "suffix", "postcode", "place")},
            "street_key": street_key(row.street),
            "lon": float(row.lon),
            "lat": float(row.lat),
            "quarter_id": numbers[row.quarter],
        }
        for row in city.addresses()
    ]
    db.session.execute(insert(Address), rows)
    return numbers
