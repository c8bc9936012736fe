"""Dates of series, places that were offered, what is tomorrow."""

from __future__ import annotations

from flask import current_app

from neighbour.core.jobs import Job
from neighbour.events import answers, dates, telling
from workers import task


@task(Job.EVENTS_AHEAD)
def keep_ahead() -> None:
    dates.keep_ahead()


@task(Job.EVENTS_OFFERS)
def expire_offers() -> None:
    answers.expire()


@task(Job.EVENTS_REMIND)
def remind() -> None:
    telling.of_tomorrow(current_app.extensions["config"].time_zone)
