"""What a planned change of quarters (``quarters.plans``) means for houses and those who live in them.

When the change is planned, every register entry in quarters that change is placed anew and, as a keyed hash, kept as a
house: where it will belong, and what its people may choose instead where the new border runs close by. No address is
opened for it, now or on the day. Runs on the owner's connection.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import shapely
from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import undefer

from neighbour.core.db import atomic, db
from neighbour.quarters.hooks import Counted
from neighbour.quarters.layout import Layout
from neighbour.quarters.models import ChangeOf, Plan, PlanQuarter, PlanState, Quarter
from neighbour.residency import cells, homes
from neighbour.residency.models import Address, PlanEntry, PlanHouse

AT_ONCE = 5000  # rows of one statement

# Who goes where, counted from the homes: a person moves where their house or, chosen before, they themselves belong.
_PEOPLE = text("""
    SELECT q.key AS was, plan_target(:plan, p.to_key, p.other_key, h.chosen_key) AS now,
           count(*) AS people, count(DISTINCT coalesce(encode(m.household_hash, 'hex'), m.person_id::text)) AS households,
           count(p.other_key) AS choosers
    FROM plan_house p JOIN home h USING (address_hash) JOIN membership m ON m.person_id = h.person_id
    JOIN quarter q ON q.id = m.quarter_id
    WHERE p.plan_id = :plan AND m.ended_at IS NULL GROUP BY 1, 2
""")


def lay_houses(layout: Layout) -> dict[tuple[str, str], Counted]:
    """Keep for a plan where entries and houses will belong; (from, to) → how many entries, households and people go, and
    how many people may choose. Where both are the same quarter, those who stay."""
    rows = _entries(layout)
    _keep_entries(layout.plan_id, rows)
    _keep_houses(layout, rows)
    found: dict[tuple[str, str], Counted] = {}
    entries = Counter((row["was"], row["now"]) for row in rows)
    people = {(row.was, row.now): row for row in db.session.execute(_PEOPLE, {"plan": layout.plan_id})}
    for was, now in entries.keys() | people.keys():
        if was is None or now is None:
            continue
        who = people.get((was, now))
        counts = (who.households, who.people, who.choosers) if who else (0, 0, 0)
        found[was, now] = Counted(entries[was, now], *counts)
    return found


def refresh() -> None:
    """After the register was imported anew: houses of the planned change follow it. Inside or outside atomic()."""
    with atomic():
        plan = db.session.scalar(select(Plan).where(Plan.state == PlanState.PLANNED))
        if plan is None:
            return
        for table in (PlanHouse, PlanEntry):
            db.session.execute(delete(table).where(table.plan_id == plan.id))
        lay_houses(stored_layout(plan.id))


def stored_layout(plan_id: int) -> Layout:
    """The layout of a plan that is kept already."""
    there = db.session.scalars(select(Quarter).options(undefer(Quarter.geometry))).all()
    before = {quarter.key: shapely.from_wkb(quarter.geometry) for quarter in there}
    after = dict(before)
    mine = select(PlanQuarter).where(PlanQuarter.plan_id == plan_id).options(undefer(PlanQuarter.geometry))
    for row in db.session.scalars(mine):
        if row.change == ChangeOf.GONE:
            del after[row.key]
        else:
            after[row.key] = shapely.from_wkb(row.geometry)
    return Layout(plan_id, before, after, {quarter.key: quarter.id for quarter in there})


def _entries(layout: Layout) -> list[dict[str, Any]]:
    """Register entries of the quarters that change, and those in none, with where they are and will be. Without a point an
    entry stays where its register says, or follows its quarter's heir."""
    keys = {number: key for key, number in layout.numbers.items()}
    numbers = [layout.numbers[key] for key in layout.touched if key in layout.numbers]
    names = Address.street_key, Address.street, Address.number, Address.suffix, Address.postcode
    wanted = select(Address.id, *names, Address.lon, Address.lat, Address.quarter_id)
    loose = Address.quarter_id.is_(None) & Address.lon.is_not(None)
    found = []
    for number, *entry, lon, lat, quarter_id in db.session.execute(
        wanted.where(Address.quarter_id.in_(numbers) | loose).execution_options(yield_per=AT_ONCE)
    ):
        was = keys.get(quarter_id) if quarter_id is not None else None
        point = (lon, lat) if lon is not None and lat is not None else None
        now = layout.key_at(*point) if point else layout.heirs.get(was or "", was)
        if was is None and now not in layout.touched:
            continue
        found.append({"id": number, "entry": entry, "was": was, "now": now, "point": point})
    return found


def _keep_entries(plan_id: int, rows: Iterable[dict[str, Any]]) -> None:
    moved = [
        {"plan_id": plan_id, "address_id": row["id"], "to_key": row["now"]} for row in rows if row["was"] != row["now"]
    ]
    _insert(PlanEntry, moved)


def _keep_houses(layout: Layout, rows: Sequence[dict[str, Any]]) -> None:
    points = defaultdict(list)
    for row in rows:
        if row["point"] and row["now"]:
            points[row["now"]].append(row["point"])
    grids = {key: cells.divide(found) for key, found in points.items()}
    houses = {}
    for row in rows:
        now = row["now"] or layout.heirs.get(row["was"] or "")
        if now is None:
            continue  # in no quarter any more; its people stay where they are
        point, grid = row["point"], grids.get(now, {})
        house = homes.entry_hash(*row["entry"])
        houses[house] = {
            "plan_id": layout.plan_id,
            "address_hash": house,
            "from_key": row["was"],
            "to_key": now,
            "other_key": layout.beside(point, row["was"], now) if point else None,
            "cell": grid.get(cells.hexagon(point)) if point else None,
        }
    _insert(PlanHouse, list(houses.values()))


def _insert(table: type[PlanEntry] | type[PlanHouse], rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), AT_ONCE):
        db.session.execute(insert(table), rows[start : start + AT_ONCE])
