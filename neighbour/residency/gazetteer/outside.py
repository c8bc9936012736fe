"""The likely quarter of an address the register does not know, from the geocoder of the settings."""

from __future__ import annotations

from config import Config
from neighbour.core import geo
from neighbour.core.db import db, finish_reading
from neighbour.core.kept import Shelf
from neighbour.quarters.index import current_index
from neighbour.quarters.models import Quarter

_services: Shelf[tuple[str, str, str], geo.Geocoder | None] = Shelf(4)


def likely_quarter(config: Config, address: str) -> Quarter | None:
    """Ask the operator's geocoder; None for no geocoder, no answer, no house, or a point outside every quarter.

    address: in one line; the city's name is added. Only a house counts: the middle of a long street says nothing.
    """
    point = locate(config, address)
    if point is None or not point.is_house:
        return None
    quarter_id = current_index().locate(point.lon, point.lat)
    return db.session.get(Quarter, quarter_id) if quarter_id is not None else None


def locate(config: Config, address: str) -> geo.Point | None:
    """The geocoder's point for an address of this city, None where it has none or cannot be asked."""
    which = config.geocoder, config.geocoder_url, config.geocoder_agent
    service = _services.of(which, lambda: geo.geocoder(config))
    if service is None:
        return None
    finish_reading()  # no connection is held while waiting for somebody else's server
    try:
        return service.find(f"{address}, {config.city_name}")
    except geo.Unavailable:
        return None
