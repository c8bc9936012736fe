"""Housekeeping of proofs."""

from __future__ import annotations

from neighbour.core.jobs import Job
from neighbour.residency.cases import documents
from workers import task


@task(Job.RESIDENCY_FORGET)
def forget() -> None:
    documents.forget_overdue()
