"""What happens to contributions by itself."""

from __future__ import annotations

from flask import current_app

from neighbour.contributions import unanswered, widening
from neighbour.contributions.alert_notices import Alert, AllClear
from neighbour.core.jobs import Job
from neighbour.notices import service as notices
from workers import task


@task(Job.CONTRIBUTIONS_NUDGE)
def nudge() -> None:
    unanswered.nudge(current_app.extensions["config"].time_zone)


@task(Job.CONTRIBUTIONS_WIDEN)
def widen() -> None:
    widening.widen_due(current_app.extensions["config"].time_zone)


@task(Job.CONTRIBUTIONS_ALERT)
def alert(quarter_id: int, period: str) -> None:
    notices.deliver_batch(Alert.key, quarter_id, period, current_app.extensions["config"])


@task(Job.CONTRIBUTIONS_ALL_CLEAR)
def all_clear(quarter_id: int, period: str) -> None:
    notices.deliver_batch(AllClear.key, quarter_id, period, current_app.extensions["config"])
