"""Quarters that change on their day, and those that get a board of their own."""

from __future__ import annotations

from neighbour.core.jobs import Job
from neighbour.quarters import plans
from neighbour.residency import opening
from workers import task


@task(Job.QUARTERS_CHANGE)
def change() -> None:
    plans.perform_due()


@task(Job.QUARTERS_OPEN)
def open_boards() -> None:
    opening.open_due()
