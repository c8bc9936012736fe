"""Up: what makes an instance run.

``supervisor`` starts database, web, worker, beat and the local mailbox as one program and ends them again;
``mailbox`` is the local mail server, ``views`` shows its mails in development; ``checks`` is behind
``neighbour check``; ``health`` answers whoever watches; ``wsgi`` is the application for a server of one's own. May
import everything below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask  # the supervisor lives in this room too and does without


def include(app: Flask) -> None:
    """Register ``/live`` and ``/ready``, and ``/dev/mailbox`` in development: in production it does not exist."""
    from neighbour.up import health

    app.extensions["watch"] = health.Watch(app.extensions["config"])
    app.register_blueprint(health.views)
    if app.extensions["config"].environment != "development":
        return
    from neighbour.up.views import views

    app.register_blueprint(views)
