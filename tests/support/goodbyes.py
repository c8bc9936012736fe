"""Workers that erase people, for fault tests: ``python -m tests.support.goodbyes`` forks one for each line it reads, and
prints its process id. A worker does what the sweep asks for – the real jobs, without a broker – until nothing waits.

Forked from a process that has imported everything already, a worker is there in a moment and fifty can be killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time

import workers
from neighbour.app import create_app

QUIET_SECONDS = 0.05


def work(app) -> None:
    """Sweep, and do what it asks for, for ever."""
    asked: list[tuple[str, list[str]]] = []
    app.extensions["send_job"] = lambda name, args: asked.append((name, list(args)))
    while True:
        asked.clear()
        workers.perform(app, "mydata.sweep", [])
        for name, arguments in list(asked):
            workers.perform(app, name, arguments)
        if not asked:
            time.sleep(QUIET_SECONDS)


def nursery() -> None:
    """Fork a worker for each line of standard input; ends with it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    workers.load()
    app = create_app(workers._config())
    for _line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            os.environ["PGAPPNAME"] = f"goodbyes {os.getpid()}"  # the server knows whose connection is whose
            work(app)
        print(pid, flush=True)


if __name__ == "__main__":
    nursery()
