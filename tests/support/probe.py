"""The workers' Celery application with one more task, for fault tests: ``celery -A tests.support.probe worker``.

The task writes down that it ran. Messages come back after seconds instead of minutes.
"""

from __future__ import annotations

import os
import time

import workers

celery = workers.celery
celery.conf.broker_transport_options = {**celery.conf.broker_transport_options, "visibility_timeout": 3}


@celery.task(name="notices.probe", base=workers.Task, shared=False)
def probe(number: int) -> None:
    """Take a moment, then append the number to the file."""
    time.sleep(0.005)
    with open(os.environ["PROBE_FILE"], "a") as stream:
        stream.write(f"{number}\n")
