"""Search: one box for slips, answers, neighbours, initiatives and streets; what somebody looks for again and again.

``words`` reads what is typed, ``service`` asks the database, which answers no further than its viewer may read (migration 0080),
``others`` finds people, initiatives and streets, ``marking`` shows where it stands, ``saved`` keeps searches for the digest.
What people look for stands in no address and no log: it is sent by POST and kept in the browser's own cookie.
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register pages, the rate, and what the digest is told."""
    from neighbour.contributions import sections
    from neighbour.core import limits
    from neighbour.search import saved, saved_views
    from neighbour.search.views import RATE

    limits.register("search", RATE)
    sections.register_wishes(saved.wishes)
    app.register_blueprint(saved_views.views)
