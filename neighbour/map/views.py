"""The map, and its markers as GeoJSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, current_app, render_template, request, url_for
from markupsafe import Markup

from neighbour.contributions.placing import MOST, Layer, all_layers
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import ngettext
from neighbour.map import drawing, lines, service
from neighbour.map.grid import LEVELS, Ground, ground_of
from neighbour.map.lines import Line, Sheet
from neighbour.map.service import Place, Spotted, Thing
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity

views = Blueprint("map", __name__, template_folder="templates")
MOST_TOLD = 6  # things that a marker names; all of them are in the list


@views.get("/map")
@requires(Permission.BOARD_READ)
def show() -> str:
    """The map and the list: ``?show=`` names a layer and may be repeated, ``?nearby=1`` shows what is beside, too."""
    ground, chosen, nearby = _asked()
    spotted = service.find(ground.own.id, chosen, nearby=nearby)
    sheet = lines.sheet(ground, spotted, nearby, lambda: _sheet(ground, spotted, nearby))
    return render_template(
        "map/show.html",
        title=_title(ground),
        sheet=sheet,
        count=sum(len(spots) for _layer, spots in spotted),
        cut=lines.shown(layer for layer, spots in spotted if len(spots) >= MOST),
        layers=[(layer, layer in chosen, _address(_toggled(layer, chosen), nearby)) for layer in all_layers()],
        nearby=nearby,
        other_side=_address(chosen, not nearby),
        markers=_address(chosen, nearby, "map.markers"),
        config=current_app.extensions["config"],
    )


def _title(ground: Ground) -> str:
    return _("Map of %(quarter)s", quarter=ground.own.name)


def _sheet(ground: Ground, spotted: Spotted, nearby: bool) -> tuple[Sheet, bool]:
    """The drawing and the list, and whether nothing has gone meanwhile."""
    found = service.place(ground, spotted, nearby=nearby)
    places = service.gather(ground, found.things, _level(ground, nearby))
    told = lines.told(found.everything)
    svg = drawing.draw(ground, places, nearby, lambda place: _said(ground, place), _title(ground), "map-says")
    listed = render_template("map/_list.html", groups=lines.groups(ground, found, places, told))
    return Sheet(len(places), svg, Markup(listed)), len(told) == len(found.everything)  # noqa: S704  our own template


@views.get("/map.geojson")
@requires(Permission.BOARD_READ, cache="private")
def markers() -> Response:
    """The borders, streets and markers of the same map (RFC 7946), gathered at ``?grid=``, a resolution of H3; answered with 304
    until something of it changes."""
    ground, chosen, nearby = _asked()
    listed = _level(ground, nearby)
    level = request.args.get("grid", listed, type=int)
    if level not in LEVELS:
        abort(404)
    spotted = service.find(ground.own.id, chosen, nearby=nearby)
    found = service.place(ground, spotted, nearby=nearby)
    told = lines.told(found.things)
    anchors = {cell: place.cell for place in service.gather(ground, found.things, listed) for cell in place.cells}
    places = service.gather(ground, found.things, level)
    features = [*_ground(ground), *(_marker(ground, place, told, anchors[place.cell]) for place in places)]
    body = f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'
    response = Response(body, mimetype="application/geo+json")
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:32])
    return response.make_conditional(request)  # type: ignore[return-value]


def _asked() -> tuple[Ground, list[Layer], bool]:
    """The ground of the reader's quarter, the layers that are wanted (all, where none is named), and whether nearby, too."""
    who = identity()
    if not who.quarters:
        abort(404)
    known = {layer.name: layer for layer in all_layers()}
    names = set(request.args.getlist("show"))
    if not names <= known.keys():
        abort(404)
    wanted = [layer for name, layer in known.items() if not names or name in names]
    return ground_of(who.quarters[0]), wanted, request.args.get("nearby") == "1"


def _level(ground: Ground, nearby: bool) -> int:
    return service.level_for(drawing.pixels_per_metre(ground, nearby))


def _toggled(layer: Layer, chosen: Sequence[Layer]) -> list[Layer]:
    """The layers with this one on or off; without any it is all of them."""
    wanted = [each for each in all_layers() if (each in chosen) != (each is layer)]
    return wanted or all_layers()


def _address(layers: Sequence[Layer], nearby: bool, endpoint: str = "map.show") -> str:
    names = [] if len(layers) == len(all_layers()) else [layer.name for layer in layers]
    return url_for(endpoint, show=names, nearby=1 if nearby else None)


def _said(ground: Ground, place: Place) -> str:
    """What a marker is called: its place, and how many things stand there."""
    many = ngettext("%(num)s thing", "%(num)s things", len(place.things))
    return f"{lines.called(ground, place.cells)}: {many}"


def _ground(ground: Ground) -> list[str]:
    """The borders, from the texts that are stored, and the streets in one feature."""
    areas = [(ground.own, True), *((area, False) for area in ground.beside)]
    found = [_feature(area.outline or "null", what="quarter", name=area.name, own=is_own) for area, is_own in areas]
    if ground.lines:
        found.append(_feature(_json({"type": "MultiLineString", "coordinates": ground.lines}), what="streets"))
    return found


def _marker(ground: Ground, place: Place, told: dict[Thing, Line], anchor: str) -> str:
    there = [told[thing] for thing in place.things if thing in told]
    tones = {thing.layer.tone for thing in place.things}
    return _feature(
        _json({"type": "Point", "coordinates": place.point}),
        what="place",
        name=lines.called(ground, place.cells),
        label=_said(ground, place),
        count=len(place.things),
        tone=tones.pop() if len(tones) == 1 else "many",
        url=f"#o-{anchor}",
        things=[{"title": line.title, "url": line.url} for line in there[:MOST_TOLD]],
    )


def _feature(geometry: str, **properties: Any) -> str:
    return f'{{"type":"Feature","properties":{_json(properties)},"geometry":{geometry}}}'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
