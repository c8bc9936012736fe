"""Changes of quarters that are told before: planned, kept, performed on their day, or cancelled.

A plan is made from a layer like an import, on the owner's connection. Everything that takes geometry is worked out then,
so that on the day one function of the database (``perform_quarter_plan``, migration 0020) performs it in one
transaction, as a worker with no rights over anybody's home. One change is planned at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import insert, select, text
from sqlalchemy.orm import undefer

from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.quarters import geometry, hooks
from neighbour.quarters import index as places
from neighbour.quarters.geojson import Feature, LayerError
from neighbour.quarters.hooks import Counted
from neighbour.quarters.layout import Layout
from neighbour.quarters.models import (
    ChangeOf,
    City,
    Plan,
    PlanBorder,
    PlanLink,
    PlanMove,
    PlanQuarter,
    PlanState,
    Quarter,
)
from neighbour.quarters.service import Imported, Progress, Slugs, drawn, sound_shapes

NOTICE = timedelta(days=14)  # people are told at least so long before


class TooSoon(LayerError):
    """The day is less than two weeks ahead."""


@dataclass
class Planned:
    """A plan: its number and day, what becomes of quarters (key → change), who goes from where to where, and how many
    people are told."""

    id: int
    on_day: date
    changes: dict[str, str]
    heirs: Mapping[str, str]
    moves: dict[tuple[str, str], Counted]
    told: int = 0
    repairs: list[str] = field(default_factory=list)


def make(
    features: Sequence[Feature],
    *,
    on_day: date,
    is_repair: bool = False,
    is_soon: bool = False,
    is_dry_run: bool = False,
    progress: Progress = lambda _line: None,
) -> Planned:
    """Plan that the quarters become those of ``features`` on a day, and promise everyone affected a mail.

    is_soon: a day less than two weeks ahead is meant. Raises TooSoon, NotSound, LayerError: for a quarter that goes
    although somebody lives there and nothing takes its place, a second plan beside one, a layer that changes nothing.
    """
    _check_day(on_day, is_soon)
    report = Imported()
    shapes = sound_shapes(features, is_repair, report, progress)
    try:
        with atomic():
            if (other := current()) is not None:
                raise LayerError(f"plan {other.id} for {other.on_day} is there already; cancel it first")
            plan = Plan(on_day=on_day)
            db.session.add(plan)
            db.session.flush()
            made = _store(plan, features, shapes, progress)
            made.repairs = report.repairs
            if is_dry_run:
                raise _Undo
            made.told = plan.told = hooks.tell_of("planned", plan.id)
            audit.note(Event.QUARTERS_PLANNED, about=f"plan {plan.id}")
    except _Undo:
        pass
    return made


class _Undo(Exception):
    """Raised to roll a dry run back."""


def _check_day(on_day: date, is_soon: bool) -> None:
    zone = db.session.scalar(select(City.time_zone))
    if zone is None:
        raise LayerError("there are no quarters to change yet; import a layer first: neighbour quarters import")
    first = clock.today(zone) + (timedelta(0) if is_soon else NOTICE)
    if on_day < first:
        raise TooSoon(f"people are told {NOTICE.days} days before: {first} is the first day that can be planned")


def _store(plan: Plan, features: Sequence[Feature], shapes: Sequence[BaseGeometry], progress: Progress) -> Planned:
    there = {each.key: each for each in db.session.scalars(select(Quarter).options(undefer(Quarter.geometry)))}
    layout = Layout(
        plan_id=plan.id,
        before={key: shapely.from_wkb(each.geometry) for key, each in there.items()},
        after={each.key: shape for each, shape in zip(features, shapes, strict=True)},
        numbers={key: each.id for key, each in there.items()},
    )
    changes = _changes(there, features, layout)
    if not changes:
        raise LayerError("the layer is what there is already: nothing to plan")
    progress("finding out whose ground becomes whose")
    _refuse_lost(there, layout)
    _keep_quarters(plan.id, changes, there, features, shapes)
    _keep_links(plan.id, layout)
    _keep_borders(plan.id, features, shapes)
    progress("looking up the houses")
    moves = hooks.planned(layout)
    for (was, now), counted in moves.items():
        db.session.add(PlanMove(plan_id=plan.id, from_key=was, to_key=now, **asdict(counted)))
    return Planned(plan.id, plan.on_day, {key: str(change) for key, change in changes.items()}, layout.heirs, moves)


def _changes(there: Mapping[str, Quarter], features: Sequence[Feature], layout: Layout) -> dict[str, ChangeOf]:
    changes = dict.fromkeys(sorted(there.keys() - layout.after.keys()), ChangeOf.GONE)
    for feature in features:
        old = there.get(feature.key)
        if old is None:
            changes[feature.key] = ChangeOf.NEW
        elif feature.key in layout.touched:
            changes[feature.key] = ChangeOf.REDRAWN
        elif (old.name, old.households) != (feature.name, _households(feature, old)):
            changes[feature.key] = ChangeOf.RENAMED
    return changes


def _households(feature: Feature, old: Quarter | None) -> int | None:
    """What is known stays known."""
    return old.households if feature.households is None and old is not None else feature.households


def _refuse_lost(there: Mapping[str, Quarter], layout: Layout) -> None:
    lost = there.keys() - layout.after.keys() - layout.heirs.keys()
    held = [(there[key], holds) for key in sorted(lost) if (holds := hooks.who_holds(there[key].id))]
    if held:
        reasons = "; ".join(f"{quarter.key} ({quarter.name}) has {' and '.join(holds)}" for quarter, holds in held[:8])
        raise LayerError("nothing takes the place of quarters that are lived in: " + reasons)


def _keep_quarters(
    plan_id: int,
    changes: Mapping[str, ChangeOf],
    there: Mapping[str, Quarter],
    features: Sequence[Feature],
    shapes: Sequence[BaseGeometry],
) -> None:
    slugs = Slugs({quarter.slug for quarter in there.values()})
    outlines = geometry.outlines(shapes)
    for feature, shape, outline in zip(features, shapes, outlines, strict=True):
        old = there.get(feature.key)
        if feature.key not in changes:
            continue
        row = {
            "plan_id": plan_id,
            "key": feature.key,
            "change": changes[feature.key],
            "name": feature.name,
            "slug": old.slug if old else slugs.make(feature.name, feature.key),
            "households": _households(feature, old),
        }
        db.session.add(PlanQuarter(**row, **drawn(shape, outline)))
    same = ("key", "name", "slug", "households", "geometry", "outline", "area_m2", "lon", "lat", "checksum")
    for key in (key for key, change in changes.items() if change == ChangeOf.GONE):
        last = {column: getattr(there[key], column) for column in same}
        db.session.add(PlanQuarter(plan_id=plan_id, change=ChangeOf.GONE, **last))
    db.session.flush()


def _keep_links(plan_id: int, layout: Layout) -> None:
    for link in layout.links:
        is_main = layout.heirs.get(link.was) == link.now
        row = PlanLink(plan_id=plan_id, from_key=link.was, to_key=link.now, area_m2=link.area_m2, is_main=is_main)
        db.session.add(row)
    db.session.flush()


def _keep_borders(plan_id: int, features: Sequence[Feature], shapes: Sequence[BaseGeometry]) -> None:
    rows = []
    for a, b, length in geometry.borders(shapes):
        one, other = sorted((features[a].key, features[b].key))
        rows.append({"plan_id": plan_id, "one": one, "other": other, "border_m": length})
    if rows:
        db.session.execute(insert(PlanBorder), rows)


def current() -> Plan | None:
    """The change that is planned now."""
    return db.session.scalar(select(Plan).where(Plan.state == PlanState.PLANNED))


def all_plans() -> Sequence[Plan]:
    """Every plan there was, newest first."""
    return db.session.scalars(select(Plan).order_by(Plan.id.desc())).all()


def quarters_of(plan_id: int, *, with_outlines: bool = False) -> Sequence[PlanQuarter]:
    """What a plan does to which quarter, by key; with the outlines for drawing them where these are wanted."""
    mine = select(PlanQuarter).where(PlanQuarter.plan_id == plan_id).order_by(PlanQuarter.key)
    return db.session.scalars(mine.options(undefer(PlanQuarter.outline)) if with_outlines else mine).all()


def links_of(plan_id: int) -> Sequence[PlanLink]:
    """Whose ground becomes whose, the largest piece first."""
    mine = select(PlanLink).where(PlanLink.plan_id == plan_id)
    return db.session.scalars(mine.order_by(PlanLink.area_m2.desc(), PlanLink.from_key)).all()


def moves_of(plan_id: int) -> Sequence[PlanMove]:
    """Who goes where, as counted when it was planned."""
    mine = select(PlanMove).where(PlanMove.plan_id == plan_id)
    return db.session.scalars(mine.order_by(PlanMove.from_key, PlanMove.to_key)).all()


def cancel() -> tuple[Plan, int] | None:
    """Give the planned change up and tell those who were told of it; the plan and how many they are, None without one. On
    the owner's connection."""
    with atomic():
        plan = current()
        if plan is None:
            return None
        plan.state, plan.ended_at = PlanState.CANCELLED, clock.now()
        db.session.flush()
        audit.note(Event.QUARTERS_CANCELLED, about=f"plan {plan.id}")
        return plan, hooks.tell_of("cancelled", plan.id)


def perform(plan_id: int) -> bool:
    """Put a planned change into force if its day has come; again does nothing. Everything or nothing."""
    with atomic():
        db.session.execute(text("SET LOCAL statement_timeout = 0"))  # a large city takes longer than a page may
        wanted = text("SELECT perform_quarter_plan(:plan, :at)").bindparams(plan=plan_id, at=clock.now())
        is_done = bool(db.session.scalar(wanted))
    if is_done:
        places.forget()
    return is_done


def perform_due() -> bool:
    """Put the planned change into force if its day has come, in the city's own time."""
    with scope.use(scope.NOBODY):
        plan = current()
        return plan is not None and perform(plan.id)
