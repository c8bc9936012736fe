"""Two at the same rows in the same moment: one holds them, the other waits, and goes on when the first has changed them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
import pytest

from neighbour.core import roles

T = TypeVar("T")
OF_PERSON = "SELECT 1 FROM membership WHERE person_id = %s FOR UPDATE"
MOVES = "UPDATE membership SET ended_at = now() WHERE person_id = %s AND ended_at IS NULL"


def until_somebody_waits(owner: Any, holder: psycopg.Connection[Any]) -> None:
    """Returns when somebody waits for what ``holder`` has locked."""
    waits = (
        f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {holder.info.backend_pid} = ANY(pg_blocking_pids(pid))"
    )
    for _moment in range(200):
        if owner.execute(waits).fetchone()[0]:
            return
        time.sleep(0.02)
    pytest.fail("nobody waits")


class Overtaking:
    """Somebody who is quicker: holds the rows, and changes them while others wait for them."""

    def __init__(self, owner: Any, url: str):
        self.owner, self.url = owner, url

    def __call__(self, act: Callable[[], T], of: object, change: str, holds: str = OF_PERSON) -> T:
        """What ``act`` comes to, begun before and ended after ``change`` (a statement about ``of``, as ``holds`` is). Raises
        what it raises; a deadlock is an error of one of the two."""
        with roles.connect(self.url) as holder, ThreadPoolExecutor(1) as pool:
            holder.execute(holds, [of])
            done = pool.submit(act)
            until_somebody_waits(self.owner, holder)
            holder.execute(change, [of])
            holder.commit()
            return done.result(10)
