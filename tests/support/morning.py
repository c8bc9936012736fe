"""A crew for fault tests: the real workers and beat, with leases of seconds instead of minutes.

    python -m tests.support.morning            forks one worker for each line it reads, and prints its process id
    celery -A tests.support.morning:crew beat

Forked from a process that has imported everything already, a worker is there in a moment and fifty can be killed.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta

import celery.bin.celery
from celery.schedules import schedule

import workers
import workers.schedule
from neighbour.app import create_app
from neighbour.core import memory
from neighbour.core.jobs import Job
from neighbour.digests import sending
from neighbour.notices import ledger

assert celery.bin.celery  # imported for their weight
ledger.LEASE, ledger.RENEW, ledger.LINGERING = timedelta(seconds=3), timedelta(seconds=1), timedelta(seconds=1)
ledger.MOST_DEATHS = 12  # fifty kills in a minute hit the same innocent row more often than a year of real ones
sending.BATCH = 25
workers.schedule.SCHEDULE.update({Job.NOTICES_SWEEP: schedule(1), Job.DIGESTS_OPEN: schedule(1)})
crew = workers.celery


def nursery() -> None:
    """Fork a worker for each line of standard input; ends with it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    crew.loader.import_default_modules()
    crew.finalize()
    app = create_app(workers._config())
    workers._flask = lambda _process: app  # made before the fork it has no connection yet, as in the web server
    memory.settle()
    for _line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # not the nursery's own input
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            crew.worker_main(["--quiet", "worker"])
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    nursery()
