"""The map of quarters, for everyone."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from sqlalchemy import select

from neighbour.core.db import db
from neighbour.policy import Permission, requires
from neighbour.quarters.models import City, FormerQuarter, Quarter, QuarterStat
from neighbour.quarters.numbers import shown
from neighbour.quarters.service import neighbours_of

views = Blueprint("quarters", __name__, template_folder="templates")


@views.get("/quarters")
@requires(Permission.PUBLIC_READ, cache="public")
def index() -> str:
    """The map and, for everyone who cannot or will not use it, the same as a list."""
    config = current_app.extensions["config"]
    rows = db.session.execute(select(Quarter.name, Quarter.slug, Quarter.households).order_by(Quarter.name)).all()
    quarters = [{"name": row.name, "slug": row.slug, "households": shown(row.households)} for row in rows]
    return render_template(
        "quarters/index.html",
        quarters=quarters,
        city=_city_name(),
        tile_url=config.tile_url,
        attribution=config.tile_attribution,
    )


@views.get("/quarters.geojson")
@requires(Permission.PUBLIC_READ, cache="public")
def layer() -> Response:
    """The outlines for drawing, as GeoJSON; answered with 304 until borders or names change."""
    version = db.session.scalar(select(City.geo_version)) or 0
    response = Response(mimetype="application/geo+json")
    response.set_etag(f"quarters-{version}")
    response.headers["Cache-Control"] = "public, max-age=300"
    response.make_conditional(request)
    if response.status_code != 304:
        response.set_data(_collection())
    return response


@views.get("/quarters/<slug>")
@requires(Permission.PUBLIC_READ, cache="public")
def show(slug: str) -> Any:
    """What everybody may know about a quarter. One that became part of another leads there."""
    quarter = db.session.scalar(select(Quarter).where(Quarter.slug == slug))
    if quarter is None:
        return _now_part_of(slug)
    config = current_app.extensions["config"]
    stat = db.session.get(QuarterStat, quarter.id)
    return render_template(
        "quarters/show.html",
        quarter=quarter,
        beside=neighbours_of(quarter.id),
        city=_city_name(),
        tile_url=config.tile_url,
        attribution=config.tile_attribution,
        households=shown(quarter.households),
        on_board=shown(stat.households_on_board) if stat else None,
    )


def _now_part_of(slug: str) -> Any:
    became = select(Quarter.slug).join(FormerQuarter, FormerQuarter.became_id == Quarter.id)
    now = db.session.scalar(became.where(FormerQuarter.slug == slug))
    if now is None:
        abort(404)
    return redirect(url_for("quarters.show", slug=now), 301)


def _city_name() -> str:
    return db.session.scalar(select(City.name)) or current_app.extensions["config"].city_name


def _collection() -> str:
    """A FeatureCollection put together from the texts that are stored, without reading 40,000 points again."""
    features = [
        '{{"type":"Feature","id":{},"properties":{},"geometry":{}}}'.format(
            json.dumps(row.key),
            json.dumps({"name": row.name, "url": url_for("quarters.show", slug=row.slug)}, ensure_ascii=False),
            row.outline,
        )
        for row in db.session.execute(
            select(Quarter.key, Quarter.name, Quarter.slug, Quarter.outline).order_by(Quarter.key)
        )
    ]
    return '{"type":"FeatureCollection","features":[' + ",".join(features) + "]}"
