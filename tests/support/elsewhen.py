"""The real program on another day: its commands, its web server, its workers and its beat, on a clock a test can set.

The file that ``CLOCK_FILE`` names holds the seconds by which this clock runs ahead of the machine's; every process of
an instance reads the same file, so a night passes for all of them when it is rewritten.

    python -m tests.support.elsewhen letters print …        a command
    gunicorn tests.support.elsewhen:web                     the site
    celery -A tests.support.elsewhen:crew worker            the crew; beat knocks every second
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from celery.schedules import schedule

from neighbour.core import clock
from neighbour.core.jobs import Job

FILE = Path(os.environ["CLOCK_FILE"])


def now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=float(FILE.read_text()))


clock.now = now
clock.is_frozen = lambda: True  # keys of rows follow this clock too

import workers  # noqa: E402  after the clock is set
import workers.schedule as table  # noqa: E402

table.SCHEDULE.update({Job.NOTICES_SWEEP: schedule(1), Job.DIGESTS_OPEN: schedule(1)})
crew = workers.celery


def __getattr__(name: str) -> Any:
    """``web``, made when the web server asks for it: the crew does without."""
    if name != "web":
        raise AttributeError(name)
    from config import Config
    from neighbour.app import create_app

    return create_app(Config.from_env())


if __name__ == "__main__":
    from neighbour.cli import main

    main()
