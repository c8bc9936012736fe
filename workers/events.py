"""Dates of series, and places that were offered."""

from __future__ import annotations

from neighbour.core.jobs import Job
from neighbour.events import answers, dates
from workers import task


@task(Job.EVENTS_AHEAD)
def keep_ahead() -> None:
    dates.keep_ahead()


@task(Job.EVENTS_OFFERS)
def expire_offers() -> None:
    answers.expire()
