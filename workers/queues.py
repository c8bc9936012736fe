"""Queues: one per room that has jobs (``queue_of``), so that a morning's digests never stand before a sign-up mail."""

from __future__ import annotations

from typing import Any

from kombu import Exchange, Queue

from neighbour.core.jobs import queue_of

QUEUES = {
    "notices": "mail and letters that somebody waits for",
    "digests": "the morning's editions, many at once",
    "contributions": "alerts, and what nobody has answered",
    "residency": "proofs whose time is over, batches of letters",
    "accounts": "second steps that are taken off",
    "mydata": "exports, erasures, and what is forgotten every night",
    "events": "dates of series, kept a year ahead, places that were offered, reminders",
    "offers": "queues of offers, loans that are due, offers that end",
    "photos": "photos that were sent, one after the other",
    "search": "new words, a few seconds' worth each minute",
    "quarters": "changes of quarters whose day has come, and boards that open",
}


def declared() -> list[Queue]:
    """All queues as Celery declares and consumes them."""
    return [Queue(name, Exchange(name), routing_key=name) for name in QUEUES]


def route(name: str, *_rest: Any, **_options: Any) -> dict[str, str]:
    """Celery's router."""
    return {"queue": queue_of(name)}
