"""What happens to contributions by itself."""

from __future__ import annotations

from flask import current_app

from neighbour.contributions import unanswered
from neighbour.core.jobs import Job
from workers import task


@task(Job.CONTRIBUTIONS_NUDGE)
def nudge() -> None:
    unanswered.nudge(current_app.extensions["config"].time_zone)
