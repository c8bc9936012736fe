"""What the operator was asked for and comes due."""

from __future__ import annotations

from neighbour.accounts import care
from neighbour.core.jobs import Job
from workers import task


@task(Job.ACCOUNTS_RESETS)
def resets() -> None:
    care.due_resets()
