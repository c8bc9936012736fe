"""The list of the map: a line for each thing, under the name of its place.

A line names nobody and is the same for everybody who may see the thing, so it is rendered once by all that changes it and kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from flask import current_app
from markupsafe import Markup

from neighbour.contributions.placing import Layer
from neighbour.core import clock, i18n
from neighbour.core.i18n import gettext as _
from neighbour.core.kept import Shelf
from neighbour.map.grid import Ground
from neighbour.map.service import Found, Place, Spotted, Thing


class Line(NamedTuple):
    """A thing in the list, rendered, and what a marker says of it."""

    html: str
    title: str
    url: str


class Group(NamedTuple):
    """A part of the list. anchor: its id on the page."""

    anchor: str
    title: str
    lines: tuple[Markup, ...]


_kept: Shelf[tuple[Any, ...], Line] = Shelf(20_000)  # about 15 MB


class Sheet(NamedTuple):
    """What a page shows of everything found: its places, the drawing, the list."""

    places: int
    svg: Markup
    listed: Markup


_sheets: Shelf[tuple[Any, ...], Sheet] = Shelf(150)  # about 15 MB


def sheet(ground: Ground, spotted: Spotted, nearby: bool, make: Callable[[], tuple[Sheet, bool]]) -> Sheet:
    """The drawing and the list of what was found, made once by all that they show; the same for everybody who finds the same.
    ``make`` also says whether it is whole: what has gone between the two statements may come back."""
    key = (ground, nearby, i18n.language(), clock.today(i18n.zone()), spotted)
    (kept,) = _sheets.find([key])
    if kept is None:
        kept, is_whole = make()
        if is_whole:
            _sheets.keep(key, kept)
    return kept


def told(things: Sequence[Thing]) -> dict[Thing, Line]:
    """The line of each; what has gone between the two statements has none."""
    language, today = i18n.language(), clock.today(i18n.zone())
    keys = [(layer.name, spot.key, spot.version, spot.is_home, language, today) for layer, spot, _cell in things]
    found = _kept.find(keys)
    missing: dict[str, list[int]] = defaultdict(list)
    for at, line in enumerate(found):
        if line is None:
            missing[things[at].layer.name].append(at)
    module = current_app.jinja_env.get_template("map/_line.html").module if missing else None
    for places in missing.values():
        words = things[places[0]].layer.tell([things[at].spot.key for at in places])
        for at in places:
            if (said := words.get(things[at].spot.key)) is not None:
                quarter = "" if things[at].spot.is_home else said.quarter
                line = Line(str(module.line(said, quarter)), said.title, said.url)  # type: ignore[union-attr]
                _kept.keep(keys[at], line)
                found[at] = line
    return {thing: line for thing, line in zip(things, found, strict=True) if line is not None}


def called(ground: Ground, cells: Sequence[str]) -> str:
    """What a place of these cells is called."""
    streets = [street for cell in cells for street in ground.streets(cell)]
    if len(cells) > 1:  # one street of each
        streets = [names[0] for cell in cells if (names := ground.streets(cell))]
    if streets:
        return _("Around %(streets)s", streets=i18n.listing(list(dict.fromkeys(streets))[:3]))
    near = ground.nearest_streets(cells[0])
    return (
        _("Near %(streets)s", streets=i18n.listing(list(near)))
        if near
        else _("In %(quarter)s", quarter=ground.own.name)
    )


def groups(ground: Ground, found: Found, places: Iterable[Place], lines: dict[Thing, Line]) -> list[Group]:
    """The whole list: what stands at a place from north to south, what is elsewhere, what is at no point."""
    made = [(f"o-{place.cell}", called(ground, place.cells), place.things) for place in places]
    made.append(("o-beyond", _("Further away"), found.beyond))
    made.append(("o-quarter", _("In %(quarter)s, at no point", quarter=ground.own.name), found.homeless))
    made.append(("o-nearby", _("Nearby, at no point"), found.away))
    return [
        group
        for anchor, title, things in made
        if (group := Group(anchor, title, tuple(Markup(lines[one].html) for one in things if one in lines))).lines  # noqa: S704  our own template
    ]


def shown(layers: Iterable[Layer]) -> str:
    """The names of these layers in a row."""
    return i18n.listing([str(layer.label) for layer in layers])
