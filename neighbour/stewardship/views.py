"""The desk: what waits, and since when."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template

from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity
from neighbour.policy.table import allows

views = Blueprint("stewardship", __name__, template_folder="templates")


@views.get("/desk")
@requires(Permission.DESK_READ)
def desk() -> str:
    """The queues this person may work on."""
    who = identity()
    mine = [entry for entry in current_app.extensions["desk"] if allows(who, entry["permission"])]
    return render_template("stewardship/desk.html", queues=[_queue(entry) for entry in sorted(mine, key=_order)])


def _order(entry: dict[str, Any]) -> int:
    return int(entry["order"])


def _queue(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "waiting": entry["count"]()}
