"""Digests: the e-mail newspaper of a quarter.

A daily issue at 07:00 on the city's clock, from what ``reach`` says is shown in the quarter: own posts left out, nothing
twice, nothing new → no mail. ``when`` knows the hour, ``service`` opens and sends, ``edition`` chooses, ``compose`` makes bytes.
"""

from __future__ import annotations

from flask import Flask


def include(app: Flask) -> None:
    """Register pages, the notice, its sender, and the moment of the next issue for the composer."""
    from neighbour.digests import notices, service  # noqa: F401  the notice registers itself
    from neighbour.digests.views import views, when
    from neighbour.notices.service import register_sender

    app.register_blueprint(views)
    app.extensions["next_issue"] = when
    config = app.extensions["config"]
    register_sender(service.NOTICE, lambda row: service.send_one(row, config))
