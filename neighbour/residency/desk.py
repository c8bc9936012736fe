"""What residency puts on the desk (``app.extensions["desk"]``, see ``neighbour.stewardship``)."""

from __future__ import annotations

from typing import Any

from flask import Flask

from neighbour.core.desk import Waiting
from neighbour.core.i18n import lazy_gettext as __
from neighbour.policy import Permission
from neighbour.residency import alarms, print_runs


def entries(app: Flask) -> list[dict[str, Any]]:
    """The queues of this room: alarms, flyers, cards."""
    return [
        {
            "order": 30,
            "endpoint": "residency.alarms_desk",
            "label": __("Codes that need a look"),
            "hint": __("Invitations and flyers that are used strangely often."),
            "permission": Permission.FLYER_MAKE,
            "count": alarms.waiting,
        },
        {
            "order": 60,
            "endpoint": "residency.letters_desk",
            "label": __("Cards to print"),
            "hint": __("What is due today, batches, and what keeps the rest."),
            "permission": Permission.OPERATE,
            "count": lambda: print_runs.waiting(app.extensions["config"]),
        },
        {
            "order": 70,
            "endpoint": "residency.flyers_desk",
            "label": __("Flyers"),
            "hint": __("Codes for the staircases of some streets."),
            "permission": Permission.FLYER_MAKE,
            "count": Waiting,
        },
    ]
