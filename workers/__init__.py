"""Celery: workers and beat. A task is an envelope – ids in, one service call.

    python -m celery -A workers worker
    python -m celery -A workers beat

Tasks live in ``workers/<room>.py``, one per Job, made with ``@task(Job.X)``. What must happen stands in the ledger,
the broker is a hint: a message is acknowledged when its task has ended, a lost one is asked for again by a sweep,
and a job that keeps killing its worker is parked by the ledger, which counts. Retries are declared here, once: the
database or a network away for a moment, three times with growing pauses; everything later is the sweep's.
"""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from celery import Celery
from celery import Task as CeleryTask
from celery.exceptions import CPendingDeprecationWarning
from celery.signals import setup_logging, worker_init
from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError

from config import Config
from neighbour.core import broker, clock, i18n, instance, logs, memory, scope
from neighbour.core.jobs import Job
from workers import queues, schedule

log = logging.getLogger("neighbour.jobs")

PLAIN_MODULES = {"queues", "schedule"}


class Task(CeleryTask):
    """The one class of all tasks: application context, nobody's eyes, one log line with the ids."""

    abstract = True
    acks_late = True
    reject_on_worker_lost = True
    ignore_result = True
    time_limit = broker.TIME_LIMIT  # kept by pools of processes; in threads time-outs of database and SMTP stand in
    autoretry_for = (OperationalError, InterfaceError, ConnectionError, TimeoutError)
    max_retries = 3
    retry_backoff = 2  # seconds, doubled each time
    retry_backoff_max = 60  # far below the visibility time-out: a waiting message must not look lost
    retry_jitter = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _within(_flask(os.getpid()), self.name, self.run, args)


def task(job: Job) -> Callable[[Callable[..., Any]], CeleryTask]:
    """Make the function the task of ``job``."""
    return celery.task(name=str(job), base=Task, shared=False)


def perform(app: Flask, name: str, arguments: list[Any]) -> Any:
    """Do the job ``name`` here and now, without a broker: what a worker would do, minus retries."""
    load()
    return _within(app, name, celery.tasks[name].__wrapped__, tuple(arguments))


def load() -> list[str]:
    """Import every module with tasks; gives their names."""
    found = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in PLAIN_MODULES]
    for name in found:
        importlib.import_module(f"{__name__}.{name}")
    return found


def _within(app: Flask, name: str, run: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    started, config = clock.monotonic(), app.extensions["config"]
    with app.app_context():
        i18n.speak(config.language, config.time_zone)  # a mail says moments on the city's clock
        scope.enter(scope.NOBODY)
        try:
            result = run(*args)
        except Exception as error:
            log.warning("%s%s failed: %s: %s", name, args, type(error).__name__, error)
            raise
        finally:
            scope.leave()
    log.info("%s%s %.0f ms", name, args, 1000 * (clock.monotonic() - started))
    return result


@lru_cache(maxsize=1)
def _flask(_process: int) -> Flask:
    """The application of this process (a pool of processes forks: connections must not be shared)."""
    with memory.loading():
        from neighbour.app import create_app

    app = create_app(_config())
    memory.settle()
    return app


def _config() -> Config:
    return instance.located(Config.from_env())


def _settings() -> dict[str, Any]:
    return broker.settings(_config()) | {
        "task_queues": queues.declared(),
        "task_default_queue": "notices",
        "task_create_missing_queues": False,
        "task_routes": (queues.route,),
        "task_default_delivery_mode": "persistent",
        "include": [f"{__name__}.{name}" for name in load()],
        "beat_schedule": schedule.entries(),
        "beat_scheduler": "celery.beat:Scheduler",  # in memory: see schedule.py
        "beat_max_loop_interval": 20,
        "timezone": "UTC",
        "worker_pool": "threads",
        "worker_concurrency": 2,
        "worker_prefetch_multiplier": 16,  # pgmq hands out up to ten at once
        "worker_enable_remote_control": False,  # would poll a queue of its own
        "worker_soft_shutdown_timeout": 5.0,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # a database that is away comes back
    }


@setup_logging.connect
def _logging(**_options: Any) -> None:
    """One line per job into the instance's file, Celery's own and trouble to the console."""
    warnings.simplefilter("ignore", CPendingDeprecationWarning)  # about a setting that _settings() makes on purpose
    logs.set_up(instance.job_log(Config.from_env().instance_dir))


@worker_init.connect
def _after_pages(**_said: Any) -> None:
    """Somebody waits for a page, nobody for a job: where both want a processor, the page has three quarters of it."""
    os.nice(5)


celery = Celery("neighbour", set_as_current=False)
celery.add_defaults(_settings)
