"""Dates of series."""

from __future__ import annotations

from neighbour.core.jobs import Job
from neighbour.events import dates
from workers import task


@task(Job.EVENTS_AHEAD)
def keep_ahead() -> None:
    dates.keep_ahead()
