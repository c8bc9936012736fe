"""Feed: the board of a quarter, newest first, across all kinds.

Reads ``reach`` for ids and the register of kinds for looks; writes nothing but the reader's marks.
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register the board and its entry in the navigation."""
    from neighbour.core.i18n import lazy_gettext as __
    from neighbour.feed.answers_views import views
    from neighbour.policy import Permission

    app.register_blueprint(views)
    app.extensions["nav"] += [
        {
            "order": 10,
            "endpoint": "feed.board",
            "label": __("Quarter"),
            "icon": "house",
            "permission": Permission.BOARD_READ,
        },
    ]
