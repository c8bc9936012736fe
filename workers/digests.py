"""The morning's issues."""

from __future__ import annotations

from flask import current_app

from neighbour.core.jobs import Job
from neighbour.digests import sending, service
from workers import task


@task(Job.DIGESTS_OPEN)
def open_due() -> None:
    service.open_due(current_app.extensions["config"].time_zone)


@task(Job.DIGESTS_SEND)
def send(quarter_id: int, period: str) -> None:
    sending.send(quarter_id, period, current_app.extensions["config"])
