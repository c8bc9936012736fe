"""Quarters: boundary, adjacency, locate(point), import, and the public map.

Knows nothing of people. Rooms above that hold something in a quarter, or must follow a change of borders, register in
``hooks``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask  # reading a file needs none of it


def include(app: Flask) -> None:
    """Register the public pages and their entry in the navigation."""
    from neighbour.core.i18n import lazy_gettext as __
    from neighbour.policy import Permission
    from neighbour.quarters.desk_views import views, waiting

    app.register_blueprint(views)
    app.extensions["nav"].append(
        {
            "order": 40,
            "endpoint": "quarters.index",
            "label": __("Map"),
            "icon": "map",
            "permission": Permission.PUBLIC_READ,
        }
    )
    app.extensions["desk"].append(
        {
            "order": 80,
            "endpoint": "quarters.planned",
            "label": __("Planned change of quarters"),
            "hint": __("What changes, when, and for how many."),
            "permission": Permission.DESK_READ,
            "count": waiting,
        }
    )
