"""Two requests at the same moment: how far each has come when the other one comes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

PATIENCE = 0.7  # seconds; longer than it takes the other one to come, where nothing keeps it waiting


def at_once(*does: Callable[[], Any]) -> list[Any]:
    """What each gives, or the error it ends in, in this order; all of them started at the same moment."""
    results: list[Any] = [None] * len(does)

    def run(number: int) -> None:
        try:
            results[number] = does[number]()
        except Exception as error:  # told to whoever looks at the results
            results[number] = error

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(does))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return results


def meet(monkeypatch: pytest.MonkeyPatch, where: Any, name: str) -> None:
    """Both stop before they call ``where.name`` until the other one is there too. Where the other one has been made to wait
    before that, as it should, the first goes on by itself after a moment."""
    barrier, real = threading.Barrier(2), getattr(where, name)

    def stop(*args: Any, **more: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(PATIENCE)
        return real(*args, **more)

    monkeypatch.setattr(where, name, stop)


def meanwhile(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, do: Callable[[], Any]) -> list[threading.Thread]:
    """When ``where.name`` has been called for the first time, something else happens before its caller goes on – or begins
    to, if it has to wait for that. Gives the threads it happens in, to be joined."""
    real, threads = getattr(where, name), list[threading.Thread]()

    def interrupted(*args: Any, **more: Any) -> Any:
        found = real(*args, **more)
        if not threads:
            threads.append(threading.Thread(target=do))
            threads[0].start()
            threads[0].join(PATIENCE)
        return found

    monkeypatch.setattr(where, name, interrupted)
    return threads
