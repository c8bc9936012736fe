"""What the operator was asked for and comes due."""

from __future__ import annotations

from neighbour.accounts import care, disputes
from neighbour.core.jobs import Job
from workers import task


@task(Job.ACCOUNTS_RESETS)
def resets() -> None:
    care.due_resets()


@task(Job.ACCOUNTS_DISPUTES)
def settle() -> None:
    disputes.due()
