"""The map as a drawing made on the server: borders, streets, markers that are links to their place in the list.

It needs no script, no tiles and no library; what scripts make of it later shows the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import h3
from flask import url_for
from markupsafe import Markup, escape

from neighbour.core.i18n import gettext as _
from neighbour.core.kept import Shelf
from neighbour.map.grid import Ground, ground_of
from neighbour.map.lines import called
from neighbour.map.service import Place
from neighbour.policy import Permission, may
from neighbour.policy.gate import identity
from neighbour.quarters.drawing import WIDTH, Projection, rings_of
from neighbour.quarters.index import current_index
from neighbour.residency import cells

METRES = 111_320.0  # per degree of latitude
PHONE = 0.68  # of its size, as far as a drawing shrinks on a narrow phone
AROUND = h3.average_hexagon_edge_length(cells.RESOLUTION, "m")  # metres of a circle that stands for a cell
RADIUS, WIDER, REACH = 24, 5, 11  # px of a marker with one digit; for each further one; beyond it, for fingers

_grounds: Shelf[tuple[int, bool], tuple[Ground, str]] = Shelf(400)


def onto(ground: Ground, nearby: bool) -> Projection:
    """From degrees to the drawing's pixels."""
    frame = ground.frames[nearby]
    return Projection([(frame.west, frame.south), (frame.east, frame.north)])


def pixels_per_metre(ground: Ground, nearby: bool) -> float:
    """How large a metre is drawn on a phone."""
    return onto(ground, nearby).scale / METRES * PHONE


def draw(
    ground: Ground, places: Sequence[Place], nearby: bool, says: Callable[[Place], str], label: str, described_by: str
) -> Markup:
    """The drawing. says: what a marker is called; described_by: the id of the text that explains the map."""
    to = onto(ground, nearby)
    head = f'<svg viewBox="0 0 {WIDTH} {to.height}" role="group" aria-label="{escape(label)}" aria-describedby="{described_by}">'
    markers = "".join(_marker(place, to, says(place)) for place in places)
    return Markup(head + _ground(ground, nearby, to) + markers + "</svg>")  # noqa: S704  texts are escaped, the rest is numbers


def _marker(place: Place, to: Projection, said: str) -> str:
    (x, y), count = to(*place.point), len(place.things)
    tones = {thing.layer.tone for thing in place.things}
    tone = tones.pop() if len(tones) == 1 else "many"
    radius = RADIUS + WIDER * (len(str(count)) - 1)
    return (
        f'<a href="#o-{place.cell}" class="pin pin--{tone}" aria-label="{escape(said)}">'
        f'<circle class="pin__reach" cx="{x}" cy="{y}" r="{radius + REACH}"/>'
        f'<circle cx="{x}" cy="{y}" r="{radius}"/><text x="{x}" y="{y + 7}">{count}</text></a>'
    )


def _ground(ground: Ground, nearby: bool, to: Projection) -> str:
    """Borders and streets; the same until borders or register change."""
    key = (ground.own.id, nearby)
    (kept,) = _grounds.find([key])
    if kept is not None and kept[0] is ground:
        return kept[1]
    parts = [_outline(area.outline, "beside" if not nearby else "near", to) for area in ground.beside]
    parts.append(_outline(ground.own.outline, "own", to))
    parts.append(f'<path class="street" d="{"".join(_line(line, to) for line in ground.lines)}"/>')
    made = "".join(parts)
    _grounds.keep(key, (ground, made))
    return made


def _outline(outline: str, name: str, to: Projection) -> str:
    return f'<path class="area area--{name}" d="{"".join(to.path(ring) for ring in rings_of(outline))}"/>'


def _line(line: Sequence[tuple[float, float]], to: Projection) -> str:
    dots = [to(*point) for point in line]
    return f"M{dots[0][0]} {dots[0][1]}L" + " ".join(f"{x} {y}" for x, y in dots[1:])


def one_place(lon: float | None, lat: float | None, is_public: bool = False) -> Markup | None:
    """A small map with the cell of one place, for its own page, with the way to a map app; None without a place, or where it
    lies in no quarter. is_public: its author has set the point itself, and it may be given away; else it may be a home."""
    if lon is None or lat is None or (quarter := current_index().locate(lon, lat)) is None:
        return None
    ground = ground_of(quarter)
    cell = ground.cell_at((lon, lat))
    to = onto(ground, False)
    x, y = to(*ground.centre(cell))
    label = _("Map of %(quarter)s with the place", quarter=ground.own.name)
    drawing = (
        f'<svg viewBox="0 0 {WIDTH} {to.height}" role="img" aria-label="{escape(label)}">{_ground(ground, False, to)}'
        f'<circle class="spot" cx="{x}" cy="{y}" r="{round(AROUND / METRES * to.scale)}"/></svg>'
    )
    words, link = escape(called(ground, (cell,))), ""
    if may(Permission.BOARD_READ) and quarter in (identity().quarters or ()):
        said = escape(_("To the map"))
        link = f' <a href="{url_for("map.show")}#o-{cell}">{said}</a>'
    geo = _geo((lon, lat), 0) if is_public else _geo(ground.centre(cell), AROUND)
    said = escape(_("Open in a map app"))
    app = f' <a href="{geo}">{said}</a>'
    return Markup(f'<figure class="place-map">{drawing}<figcaption>{words}{link}{app}</figcaption></figure>')  # noqa: S704  escaped


def _geo(point: tuple[float, float], metres: float) -> str:
    """A point as a geo: address (RFC 5870), the latitude first; u: how far from it the place may be."""
    lon, lat = point
    return f"geo:{lat:.5f},{lon:.5f}" + (f";u={round(metres)}" if metres else "")
