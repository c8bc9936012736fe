"""Photos are drawn anew, and their files taken away."""

from __future__ import annotations

from neighbour.contributions import photo_drawing
from neighbour.core.jobs import Job
from workers import task


@task(Job.PHOTOS_DRAW)
def draw() -> None:
    photo_drawing.draw_waiting()


@task(Job.PHOTOS_SWEEP)
def sweep() -> None:
    photo_drawing.sweep()
