"""Housekeeping of proofs."""

from __future__ import annotations

from flask import current_app

from neighbour.core.jobs import Job
from neighbour.residency.cases import desk, documents
from workers import task


@task(Job.RESIDENCY_FORGET)
def forget() -> None:
    documents.forget_overdue()


@task(Job.RESIDENCY_REMIND)
def remind() -> None:
    desk.remind(current_app.extensions["config"].time_zone)
