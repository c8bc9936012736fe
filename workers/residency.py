"""Proofs that end or are asked for, and batches of letters."""

from __future__ import annotations

from flask import current_app

from neighbour.core.jobs import Job
from neighbour.residency import print_runs, renewal
from neighbour.residency.cases import concluding, crowds, desk
from workers import task


@task(Job.RESIDENCY_REMIND)
def remind() -> None:
    concluding.answer_refused()
    desk.remind(current_app.extensions["config"].time_zone)


@task(Job.RESIDENCY_PROOFS)
def proofs() -> None:
    renewal.look_through(current_app.extensions["config"].time_zone)


@task(Job.RESIDENCY_NAMESAKES)
def namesakes() -> None:
    crowds.look_quietly()


@task(Job.RESIDENCY_PRINT)
def print_run(run_id: int, operator_id: int) -> None:
    print_runs.perform(run_id, operator_id, current_app.extensions["config"])
