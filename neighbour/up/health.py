"""``/live`` and ``/ready``: for whoever watches an instance, in one word.

``/live`` says that the web server runs, and depends on nothing else: start it again when it does not answer.
``/ready`` says that it can do its work – database, schema, queue, disk: send nobody there while it cannot. The reason
stands in the log, not in the answer: strangers may ask.
"""

from __future__ import annotations

import logging
import threading

from flask import Blueprint, Response, current_app

from config import Config
from neighbour.core import clock, readiness
from neighbour.policy import Permission, requires

views = Blueprint("health", __name__)
log = logging.getLogger("neighbour.health")

FRESH_SECONDS = 1.0  # an answer is good for so long: asking often costs nothing


class Watch:
    """The last answer of this process, and when it was found."""

    def __init__(self, config: Config):
        self.config = config
        self.trouble: str | None = "not asked yet"
        self.asked_at = float("-inf")
        self._one_asks = threading.Lock()

    def is_ready(self) -> bool:
        """Whether the instance can do its work; looks at most once a second and in one thread at a time."""
        if clock.monotonic() - self.asked_at > FRESH_SECONDS and self._one_asks.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._one_asks.release()
        return self.trouble is None

    def _look(self) -> None:
        before, self.trouble = self.trouble, readiness.trouble(self.config)
        self.asked_at = clock.monotonic()
        if self.trouble and self.trouble != before:
            log.warning("not ready: %s", self.trouble)


@views.get("/live")
@requires(Permission.PUBLIC_READ, rate="read", cache="never")
def live() -> Response:
    """200, always."""
    return Response("live\n", mimetype="text/plain")


@views.get("/ready")
@requires(Permission.PUBLIC_READ, rate="read", cache="never")
def ready() -> Response:
    """200, or 503 while something that pages or jobs need is away."""
    if current_app.extensions["watch"].is_ready():
        return Response("ready\n", mimetype="text/plain")
    return Response("unavailable\n", status=503, mimetype="text/plain", headers={"Retry-After": "5"})
