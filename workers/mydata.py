"""Archives, goodbyes, and what is forgotten every night."""

from __future__ import annotations

import uuid

from flask import current_app

from neighbour.core.jobs import Job
from neighbour.mydata import erasing, exports, retention
from workers import task


@task(Job.MYDATA_EXPORT)
def export(export_id: str) -> None:
    exports.build(uuid.UUID(export_id))


@task(Job.MYDATA_ERASE)
def erase(erasure_id: str) -> None:
    erasing.run(uuid.UUID(erasure_id))


@task(Job.MYDATA_SWEEP)
def sweep() -> None:
    exports.sweep()
    retention.warn_if_late()


@task(Job.MYDATA_RETAIN)
def retain() -> None:
    retention.retain(current_app.extensions["config"])
