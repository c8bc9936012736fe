"""For operators: what was forgotten in which night."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, render_template

from neighbour.core.desk import Waiting
from neighbour.core.i18n import lazy_gettext as __
from neighbour.mydata import retention
from neighbour.mydata.classes import CLASSES
from neighbour.policy import Permission, requires

views = Blueprint("privacy_desk", __name__, template_folder="templates")


@views.get("/desk/privacy")
@requires(Permission.OPERATE)
def nights() -> str:
    """The last nights, and the table they worked through."""
    lines = {each.title: [rule for rule in retention.RULES if rule.kind == each.key] for each in CLASSES.values()}
    return render_template(
        "mydata/nights.html",
        runs=retention.runs(),
        rules=retention.RULES,
        lines=lines,
        is_late=retention.is_late(),
    )


def _waiting() -> Waiting:
    """One thing waits where a night was missed."""
    return Waiting(count=int(retention.is_late()))


def include(app: Flask) -> None:
    """Put it on the desk."""
    app.register_blueprint(views)
    entry: dict[str, Any] = {
        "order": 80,
        "endpoint": "privacy_desk.nights",
        "label": __("What is deleted when"),
        "hint": __("What last night deleted, and how long what is kept."),
        "permission": Permission.OPERATE,
        "count": _waiting,
    }
    app.extensions["desk"].append(entry)
