"""What the operator was asked for and comes due."""

from __future__ import annotations

from flask import current_app

from neighbour.accounts import care, dispute_deciding, disputes
from neighbour.core.jobs import Job
from workers import task


@task(Job.ACCOUNTS_RESETS)
def resets() -> None:
    care.due_resets()


@task(Job.ACCOUNTS_DISPUTES)
def settle() -> None:
    disputes.due()


@task(Job.ACCOUNTS_REMIND)
def remind() -> None:
    dispute_deciding.remind(current_app.extensions["config"].time_zone)
