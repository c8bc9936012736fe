"""What the start page says about the city: figures read each time, the drawing made once per change of borders."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import func, select

from neighbour.core import i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.kept import Shelf
from neighbour.quarters.drawing import Outline, draw
from neighbour.quarters.models import City, Quarter, QuarterStat
from neighbour.quarters.numbers import total

_drawings: Shelf[tuple[int, str, str], Markup | None] = Shelf(8)


@dataclass(frozen=True)
class Figures:
    """The city in numbers. ``households`` and ``readers`` are 0 where no quarter shows any."""

    city: str
    quarters: int
    households: int
    readers: int


def figures(city_name: str) -> Figures:
    """How many quarters, households with a member, and digest readers there are. ``city_name`` is used before an import."""
    city = db.session.get(City, 1)
    rows = db.session.execute(select(QuarterStat.households_on_board, QuarterStat.readers)).all()
    households, readers = total(row.households_on_board for row in rows), total(row.readers for row in rows)
    quarters = db.session.scalar(select(func.count()).select_from(Quarter)) or 0
    return Figures(city.name if city else city_name, quarters, households or 0, readers or 0)


def drawing(city_name: str) -> Markup | None:
    """The city's quarters as SVG in the language spoken now; None before any were imported. Kept until borders or
    names change."""
    city = db.session.get(City, 1)
    name = city.name if city else city_name
    key = (city.geo_version if city else 0, name, i18n.language())
    return _drawings.of(key, lambda: _draw(name))


def _draw(city_name: str) -> Markup | None:
    rows = db.session.execute(
        select(Quarter.name, Quarter.lon, Quarter.lat, Quarter.outline).order_by(Quarter.id)
    ).all()
    label = _("Map of %(city)s with its quarters: %(number)s", city=city_name, number=len(rows))
    return draw([Outline(*row) for row in rows], label)
