"""Breaks a flow at each of its flushes and at its commit, one after the other, and looks at what is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from neighbour.core.db import Session


class Broken(RuntimeError):
    """What is thrown in the middle."""


def breaks_at_each_point(monkeypatch: pytest.MonkeyPatch, flow: Callable[[], Any], state: Callable[[], Any]) -> int:
    """Run ``flow`` again and again, broken at its first, second, … flush or commit that writes; each time ``state()`` has to be
    what it was before. At last it runs through. Gives how many points there were."""
    before, point = state(), 0
    real_flush, real_commit = Session.flush, Session.commit
    while True:
        left = [point]

        def strike(left: list[int] = left) -> None:
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
            try:
                flow()
                return point
            except Broken:
                assert state() == before, f"half a state after point {point}"
        point += 1
