"""Imports the quarters and the register of the demo city, as an operator would import a real one."""

from __future__ import annotations

from sqlalchemy import func, select

from config import Config
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.demo import city
from neighbour.quarters import geojson, service
from neighbour.quarters.models import City, Quarter
from neighbour.residency.gazetteer import loading

OPENS_AT = 4  # in so small a town; two quarters have fewer households on board and read with those beside them


def build(config: Config) -> dict[str, int]:
    """Quarters and addresses of Altenbrück; returns quarter key → number. Inside atomic(), as the owner."""
    features = geojson.read_file(city.QUARTERS_FILE, "id", "name", "households")
    service.import_layer(features, city=city.NAME, time_zone=config.time_zone, language=config.language)
    loading.import_file(city.ADDRESSES_FILE)
    db.session.get_one(City, 1).opens_at = OPENS_AT
    return dict(db.session.execute(select(Quarter.key, Quarter.id)).all())


def open_boards() -> None:
    """Give the quarters with enough households on board a board of their own. Inside atomic(), as the owner."""
    for quarter_id in db.session.scalars(select(Quarter.id)).all():
        db.session.scalar(select(func.open_own_board(quarter_id, clock.now())))
