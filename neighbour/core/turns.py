"""Turns: how heavy requests that can wait are spread over time, so that pages that cannot do not meet them.

A process serves pages and takes in pieces of photos in the same threads. A page meets a piece where it is asked for while one is
taken in, and where one comes while it is served: of pages that take p seconds and pieces that take d and come every t seconds,
(p + d) / t meet one. That is kept at ``SHARE``, whatever number of people send photos at once: below 5 % the 95th percentile of
pages does not change.

So each answer to a piece says how long to wait before the next one comes (``photo_views``); whoever sends one photo over a
line of the usual speed never waits, because sending takes longer. Nothing is refused here: that is what rates are for.
"""

from __future__ import annotations

from threading import Lock

SHARE = 1 / 32
PAGE = 0.005  # seconds of a page, as the board takes them (bench ``feed``) on its way to somebody
LONGEST = 60.0  # seconds anybody is asked to wait


class Turns:
    """The turns of one process."""

    def __init__(self, share: float = SHARE):
        self._share = share
        self._lock = Lock()
        self._next = 0.0

    def take(self, cost: float, now: float) -> float:
        """Seconds to wait before the next heavy request may come, after one that took ``cost`` seconds of a processor
        (``clock.busy``) and ended at ``now`` (``clock.monotonic``)."""
        with self._lock:
            turn = max(now, self._next) + (PAGE + max(cost, 0.0)) / self._share
            self._next = min(turn, now + LONGEST)
            return self._next - now
