"""What the search does by itself."""

from __future__ import annotations

from neighbour.core.db import atomic
from neighbour.core.jobs import Job
from neighbour.search import service
from workers import task


@task(Job.SEARCH_LEARN)
def learn() -> None:
    for _batch in range(50):
        with atomic():
            if not service.learn():
                break
