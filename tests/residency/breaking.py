"""Breaks a flow at each of its flushes and at its commit, one after the other, and looks at what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from neighbour.core.db import Session


class Broken(RuntimeError):
    """What is thrown in the middle."""


@contextmanager
def breaking_at(monkeypatch: pytest.MonkeyPatch, point: int) -> Iterator[None]:
    """Inside the block the flush or commit of this number (from 0) that writes raises Broken, once."""
    left = [point]
    real_flush, real_commit = Session.flush, Session.commit

    def strike() -> None:
        if left[0] == 0:
            left[0] = -1
            raise Broken
        left[0] -= left[0] > 0

    def flush(session: Session, *args: Any, **more: Any) -> Any:
        if session.info.get("depth", 0):
            strike()
        return real_flush(session, *args, **more)

    def commit(session: Session) -> Any:
        if session.info.get("depth", 0):
            strike()
        return real_commit(session)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "flush", flush)
        patch.setattr(Session, "commit", commit)
        yield


def every_row(owner: psycopg.Connection[Any]) -> dict[str, str]:
    """A hash of all rows by table: of every table but the counts of tries, which are to stay."""
    tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'rate_count'")
    rows = " UNION ALL ".join(
        f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{name}\" t"
        for (name,) in tables.fetchall()
    )
    return dict(owner.execute(rows).fetchall())


def breaks_at_each_point(monkeypatch: pytest.MonkeyPatch, flow: Callable[[], Any], state: Callable[[], Any]) -> int:
    """Run ``flow`` again and again, broken at its first, second, … flush or commit that writes; each time ``state()`` has to be
    what it was before. At last it runs through. Gives how many points there were."""
    before, point = state(), 0
    while True:
        try:
            with breaking_at(monkeypatch, point):
                flow()
            assert state() != before, "the flow does nothing"
            return point
        except Broken:
            assert state() == before, f"half a state after point {point}"
        point += 1
