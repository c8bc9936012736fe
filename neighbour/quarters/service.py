"""Importing a layer of quarters: all or nothing, again changes nothing, members are never lost.

Runs on the owner's connection inside one transaction.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import delete, func, insert, select

from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.core.text import normal_form
from neighbour.notices.service import forget_quarter
from neighbour.quarters import geometry, hooks
from neighbour.quarters import index as places
from neighbour.quarters.geojson import Feature, LayerError
from neighbour.quarters.models import Adjacency, City, Plan, PlanState, Quarter, QuarterStat

Progress = Callable[[str], None]


@dataclass
class Imported:
    """What an import did or, as a dry run, would do."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    redrawn: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    repairs: list[str] = field(default_factory=list)
    pairs: int = 0
    survey: geometry.Survey = field(default_factory=geometry.Survey)


class NotSound(LayerError):
    """The layer has faults that only ``--repair`` would mend; ``survey`` lists them."""

    def __init__(self, survey: geometry.Survey):
        super().__init__(
            f"the layer is not sound: {survey.summary()}; import it with --repair, or mend it at its source"
        )
        self.survey = survey


class _Undo(Exception):
    """Raised to roll a dry run back."""


def import_layer(
    features: Sequence[Feature],
    *,
    city: str,
    time_zone: str,
    language: str,
    is_repair: bool = False,
    is_dry_run: bool = False,
    progress: Progress = lambda _line: None,
) -> Imported:
    """Make the quarters of this instance those of ``features``; raises NotSound, LayerError.

    A quarter is recognised by its key. One that vanished is removed only if nobody lives there and nothing was
    ever written there; otherwise the import is refused with the reason. So is one that would put somebody's home into
    another quarter, and any while a change is planned: people are told before (``plans``).
    """
    report = Imported()
    shapes = sound_shapes(features, is_repair, report, progress)
    try:
        with atomic():
            _city(city, time_zone, language)
            _store(features, shapes, report, progress)
            if is_dry_run:
                raise _Undo
            audit.note(Event.QUARTERS_IMPORTED)
    except _Undo:
        pass
    places.forget()
    return report


def sound_shapes(
    features: Sequence[Feature], is_repair: bool, report: Imported, progress: Progress
) -> list[BaseGeometry]:
    """The boundaries of a layer, mended if that is asked for; what was found goes into the report. Raises NotSound,
    LayerError."""
    try:
        return _sound(features, is_repair, report, progress)
    except geometry.Tangled as error:
        raise LayerError(str(error)) from error


def _sound(features: Sequence[Feature], is_repair: bool, report: Imported, progress: Progress) -> list[BaseGeometry]:
    keys, shapes = [feature.key for feature in features], [feature.geometry for feature in features]
    progress(f"looking at {len(features)} boundaries")
    report.survey = geometry.survey(keys, shapes)
    if report.survey.is_sound:
        return list(shapes)
    if not is_repair:
        raise NotSound(report.survey)
    progress("repairing")
    mended, report.repairs = geometry.repair(keys, shapes)
    left = geometry.survey(keys, mended)
    if not left.is_sound:
        raise NotSound(left)
    return mended


def _city(name: str, time_zone: str, language: str) -> None:
    city = db.session.get(City, 1)
    if city is None:
        db.session.add(City(id=1, name=name, time_zone=time_zone, language=language))
    else:
        city.name, city.time_zone, city.language = name, time_zone, language
    db.session.flush()


def _store(features: Sequence[Feature], shapes: Sequence[BaseGeometry], report: Imported, progress: Progress) -> None:
    there = {quarter.key: quarter for quarter in db.session.scalars(select(Quarter))}
    _remove_vanished(
        [quarter for key, quarter in there.items() if key not in {feature.key for feature in features}], report
    )
    outlines = geometry.outlines(shapes)
    slugs = Slugs({quarter.slug for quarter in there.values()})
    touched: list[Quarter] = []
    for feature, shape, outline in zip(features, shapes, outlines, strict=True):
        quarter = _put(feature, shape, outline, there.get(feature.key), slugs, report)
        if quarter is not None:
            touched.append(quarter)
    if report.added or report.changed or report.removed:
        _refuse_beside_a_plan()
        db.session.get_one(City, 1).geo_version += 1  # what is drawn and looked up from shows names, too
    db.session.flush()
    if not touched and not report.removed:
        report.pairs = (db.session.scalar(select(func.count()).select_from(Adjacency)) or 0) // 2
        return
    progress("finding out which quarters touch")
    _lay_adjacency(features, shapes, report)
    _tell(features, shapes, touched)


def _refuse_beside_a_plan() -> None:
    day = db.session.scalar(select(Plan.on_day).where(Plan.state == PlanState.PLANNED))
    if day is not None:
        raise LayerError(f"a change of quarters is planned for {day}; cancel it first: neighbour quarters cancel")


def _put(
    feature: Feature, shape: BaseGeometry, outline: BaseGeometry, old: Quarter | None, slugs: Slugs, report: Imported
) -> Quarter | None:
    """Add or change one quarter; returns it if its border is new."""
    columns = drawn(shape, outline)
    if old is None:
        quarter = Quarter(
            key=feature.key,
            name=feature.name,
            slug=slugs.make(feature.name, feature.key),
            households=feature.households,
            changed_at=clock.now(),
            **columns,
        )
        db.session.add(quarter)
        db.session.flush()
        db.session.add(QuarterStat(quarter_id=quarter.id))
        report.added.append(feature.key)
        return quarter
    is_redrawn = old.checksum != columns["checksum"]
    households = old.households if feature.households is None else feature.households  # what is known stays known
    if not is_redrawn and (old.name, old.households) == (feature.name, households):
        report.unchanged += 1
        return None
    old.name, old.households, old.changed_at = feature.name, households, clock.now()
    report.changed.append(feature.key)
    if not is_redrawn:
        return None
    for column, value in columns.items():
        setattr(old, column, value)
    report.redrawn.append(feature.key)
    return old


def drawn(shape: BaseGeometry, outline: BaseGeometry) -> dict[str, Any]:
    """The columns of a quarter that follow from its boundary; outline: the same, simplified for drawing."""
    wkb, middle = shapely.to_wkb(shape), shape.representative_point()
    return {
        "geometry": wkb,
        "outline": shapely.to_geojson(outline),
        "area_m2": geometry.area_m2(shape),
        "lon": middle.x,
        "lat": middle.y,
        "checksum": hashlib.sha256(wkb).hexdigest()[:32],
    }


def _remove_vanished(vanished: Sequence[Quarter], report: Imported) -> None:
    held = [(quarter, hooks.who_holds(quarter.id)) for quarter in vanished]
    reasons = [f"{quarter.key} ({quarter.name}) has {' and '.join(holds)}" for quarter, holds in held if holds]
    if reasons:
        raise LayerError(
            "the new layer lacks quarters that are lived in: "
            + "; ".join(reasons[:8])
            + (f" and {len(reasons) - 8} more" if len(reasons) > 8 else "")
        )
    for quarter in vanished:
        hooks.removed(quarter.id)
        forget_quarter(quarter.id)
        db.session.delete(quarter)
        report.removed.append(quarter.key)
    db.session.flush()


def _lay_adjacency(features: Sequence[Feature], shapes: Sequence[BaseGeometry], report: Imported) -> None:
    numbers = _numbers()
    pairs = geometry.borders(shapes)
    rows = [
        {"quarter_id": numbers[features[one].key], "neighbour_id": numbers[features[other].key], "border_m": length}
        for a, b, length in pairs
        for one, other in ((a, b), (b, a))
    ]
    db.session.execute(delete(Adjacency))
    if rows:
        db.session.execute(insert(Adjacency), rows)
    report.pairs = len(pairs)


def _tell(features: Sequence[Feature], shapes: Sequence[BaseGeometry], touched: Sequence[Quarter]) -> None:
    """Everything that depends on borders follows in the same transaction."""
    numbers = _numbers()
    fresh = places.Index([places.Place(numbers[f.key], f.key, f.name) for f in features], list(shapes))
    homes = hooks.redrawn({quarter.id for quarter in touched}, fresh.locate)
    if homes:
        raise LayerError(
            f"this puts {homes} home{'s' if homes > 1 else ''} into another quarter, and whoever lives there is told"
            " before; plan it for a day: neighbour quarters plan"
        )


def _numbers() -> dict[str, int]:
    """Every quarter's number by its key."""
    return {row.key: row.id for row in db.session.execute(select(Quarter.key, Quarter.id))}


class Slugs:
    """Makes names for addresses of pages: ``Am Mühlgraben`` → ``am-muehlgraben``, with the key behind it where taken."""

    def __init__(self, taken: set[str]):
        self.taken = taken

    def make(self, name: str, key: str) -> str:
        plain = slug(name) or slug(key) or "quartier"
        made = plain if plain not in self.taken else f"{plain}-{slug(key)}"
        self.taken.add(made)
        return made


def names() -> Sequence[str]:
    """What the quarters are called."""
    return db.session.scalars(select(Quarter.name)).all()


def slug(name: str) -> str:
    """Lower-case ASCII with hyphens; umlauts spelled out as in German."""
    for umlaut, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "ae"), ("Ö", "oe"), ("Ü", "ue"), ("ß", "ss")):
        name = name.replace(umlaut, plain)
    ascii_only = normal_form(name, "NFKD").encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")


@dataclass(frozen=True)
class Neighbour:
    """A quarter beside another, and how long their common border is."""

    name: str
    slug: str
    border_m: float


def neighbours_of(quarter_id: int) -> list[Neighbour]:
    """The adjacent quarters, by name."""
    beside = (
        select(Quarter.name, Quarter.slug, Adjacency.border_m)
        .join(Quarter, Quarter.id == Adjacency.neighbour_id)
        .where(Adjacency.quarter_id == quarter_id)
        .order_by(Quarter.name)
    )
    return [Neighbour(*row) for row in db.session.execute(beside)]
