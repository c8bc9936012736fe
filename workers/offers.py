"""Queues of offers, loans that are due, offers that end."""

from __future__ import annotations

from flask import current_app

from neighbour.core.jobs import Job
from neighbour.offers import tending
from workers import task


@task(Job.OFFERS_TEND)
def tend() -> None:
    tending.tend(current_app.extensions["config"].time_zone)
