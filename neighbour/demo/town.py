"""Imports the quarters and the register of the demo city, as an operator would import a real one."""

from __future__ import annotations

from sqlalchemy import select

from config import Config
from neighbour.core.db import db
from neighbour.demo import city
from neighbour.quarters import geojson, service
from neighbour.quarters.models import Quarter
from neighbour.residency.gazetteer import loading


def build(config: Config) -> dict[str, int]:
    """Quarters and addresses of Altenbrück; returns quarter key → number. Inside atomic(), as the owner."""
    features = geojson.read_file(city.QUARTERS_FILE, "id", "name", "households")
    service.import_layer(features, city=city.NAME, time_zone=config.time_zone, language=config.language)
    loading.import_file(city.ADDRESSES_FILE)
    return dict(db.session.execute(select(Quarter.key, Quarter.id)).all())
