"""Stewardship: the desk of those who help to run a quarter or the instance.

The desk lists what waits. Rooms put their queues on it by appending to ``app.extensions["desk"]``, as they do with the
navigation; this room knows none of them. An entry: ``order``, ``endpoint``, ``label`` and ``hint`` (lazy), ``permission``,
``count`` – called without arguments inside the request, gives a ``Waiting``.
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register the desk and its entry in the navigation."""
    from neighbour.core.i18n import lazy_gettext as __
    from neighbour.policy import Permission
    from neighbour.stewardship.views import views

    app.register_blueprint(views)
    app.extensions["nav"].append(
        {
            "order": 40,
            "endpoint": "stewardship.desk",
            "label": __("Desk"),
            "icon": "inbox",
            "permission": Permission.DESK_READ,
        }
    )
