"""The only place that knows what time it is.

Everything else asks ``now()``; tests and the demo move the clock with ``freeze`` and ``tick`` without
patching anything. Times are aware and in UTC; local days are worked out in the city's time zone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_frozen: datetime | None = None


def now() -> datetime:
    """The current time, aware, in UTC."""
    return _frozen or datetime.now(UTC)


def today(zone: str) -> date:
    """The current local day in ``zone`` (a name such as Europe/Berlin)."""
    return now().astimezone(ZoneInfo(zone)).date()


def is_frozen() -> bool:
    """Whether a test has stopped the clock."""
    return _frozen is not None


def monotonic() -> float:
    """Seconds of a clock that never jumps, for measuring and for waiting."""
    return time.monotonic()


def busy() -> float:
    """Seconds of a processor this thread has used so far: what others in its process had to wait for it."""
    return time.thread_time()


@contextmanager
def freeze(at: datetime) -> Iterator[None]:
    """Stop the clock at ``at`` (aware) for the duration of the block."""
    global _frozen
    if at.tzinfo is None:
        raise ValueError("freeze() wants an aware time")
    before, _frozen = _frozen, at.astimezone(UTC)
    try:
        yield
    finally:
        _frozen = before


def tick(seconds: float) -> None:
    """Move a frozen clock on by ``seconds``; raises RuntimeError when it is running by itself."""
    global _frozen
    if _frozen is None:
        raise RuntimeError("the clock is not frozen")
    _frozen += timedelta(seconds=seconds)
