"""Housekeeping of people and sessions."""

from __future__ import annotations

from neighbour.accounts import service
from neighbour.core.jobs import Job
from workers import task


@task(Job.ACCOUNTS_PURGE)
def purge() -> None:
    service.purge()
