"""The desk's page of a planned change of quarters: what changes, and how many are concerned. To read, not to change."""

from __future__ import annotations

from flask import render_template

from neighbour.core.desk import Waiting
from neighbour.policy import Permission, requires
from neighbour.quarters import plans
from neighbour.quarters.models import ChangeOf
from neighbour.quarters.numbers import shown
from neighbour.quarters.views import views


@views.get("/desk/quarters")
@requires(Permission.DESK_READ)
def planned() -> str:
    """The change that is planned, quarter by quarter."""
    plan = plans.current()
    rows = plans.quarters_of(plan.id) if plan else []
    links = plans.links_of(plan.id) if plan else []
    names = {row.key: row.name for row in rows}
    heirs = {link.from_key: names.get(link.to_key, link.to_key) for link in links if link.is_main}
    moves = [move for move in (plans.moves_of(plan.id) if plan else []) if move.from_key != move.to_key]
    return render_template(
        "quarters/planned.html",
        plan=plan,
        rows=rows,
        heirs=heirs,
        ChangeOf=ChangeOf,
        moves=[
            (names.get(m.from_key, m.from_key), names.get(m.to_key, m.to_key), m.entries, shown(m.people))
            for m in moves
        ],
        told=shown(plan.told) if plan else None,
    )


def waiting() -> Waiting:
    """For the desk: whether a change is planned."""
    plan = plans.current()
    return Waiting(1, plan.created_at) if plan else Waiting()
