"""Delivering what the ledger holds."""

from __future__ import annotations

import uuid

from flask import current_app

from neighbour.core.jobs import Job
from neighbour.notices import ledger, service
from workers import task


@task(Job.NOTICES_DELIVER)
def deliver(delivery_id: str) -> None:
    service.deliver(uuid.UUID(delivery_id), current_app.extensions["config"])


@task(Job.NOTICES_SWEEP)
def sweep() -> None:
    ledger.sweep()
