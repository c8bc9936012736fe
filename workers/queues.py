"""Queues: one per room that has jobs, so that a morning's digests never stand before a sign-up mail.

A job goes to the queue of its room: the part of its name before the dot.
"""

from __future__ import annotations

from typing import Any

from kombu import Exchange, Queue

QUEUES = {
    "notices": "mail and letters that somebody waits for",
    "digests": "the morning's editions, many at once",
    "accounts": "housekeeping of people and sessions",
}


def queue_of(job: str) -> str:
    """The queue of the job ``room.verb``; raises KeyError for a room without one."""
    room = job.split(".", 1)[0]
    if room not in QUEUES:
        raise KeyError(f"no queue for {job}: add the room to workers/queues.py")
    return room


def declared() -> list[Queue]:
    """All queues as Celery declares and consumes them."""
    return [Queue(name, Exchange(name), routing_key=name) for name in QUEUES]


def route(name: str, *_rest: Any, **_options: Any) -> dict[str, str]:
    """Celery's router."""
    return {"queue": queue_of(name)}
