"""What happens to contributions by itself."""

from __future__ import annotations

from flask import current_app

from neighbour.contributions import unanswered, widening
from neighbour.core.jobs import Job
from workers import task


@task(Job.CONTRIBUTIONS_NUDGE)
def nudge() -> None:
    unanswered.nudge(current_app.extensions["config"].time_zone)


@task(Job.CONTRIBUTIONS_WIDEN)
def widen() -> None:
    widening.widen_due(current_app.extensions["config"].time_zone)
