"""Posts: question, recommendation, lost and found, help wanted or offered, notice, urgent.

A kind: its table, its rule about what is urgent, its fields in the composer. Everything else – reach, card,
thread, thanks, revisions – is the base's (``neighbour.contributions``).
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register the kind and its templates."""
    from neighbour.contributions import kinds
    from neighbour.posts.kind import KIND
    from neighbour.posts.views import views

    kinds.register(KIND)
    app.register_blueprint(views)
