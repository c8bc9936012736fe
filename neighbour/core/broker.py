"""The message broker: RabbitMQ or Redis if given, else the database itself through kombu's pgmq transport.

The transport is used with a connection pool of our own. Left to itself it takes an address to pieces and loses
what is not host, port, database, user and password (a socket's folder, ``sslmode``), and where it finds none it
reads ``DATABASE_URL`` behind our back.
"""

from __future__ import annotations

from typing import Any

import psycopg
from kombu import Connection
from kombu.transport import TRANSPORT_ALIASES, pgmq
from pgmq import PGMQueue
from psycopg_pool import ConnectionPool

from config import Config
from neighbour.core import roles
from neighbour.core.postgres import DatabaseTrouble, libpq

TIME_LIMIT = 300  # seconds a task may run at most (workers.Task)
# A message that is not acknowledged comes back after this; more than twice the limit, or a slow task runs twice.
VISIBILITY_SECONDS = 3 * TIME_LIMIT
POOL = 2  # connections to the queue of each process
POLLING_SECONDS = 0.2  # between two looks into empty queues; long polls would wait a second in each queue in turn


class Transport(pgmq.Transport):  # type: ignore[misc]
    """kombu's pgmq transport on a pool that takes any address libpq takes (option ``conninfo``)."""

    def _create_pgmq_client(self) -> PGMQueue:
        client: Any = self.client
        options = client.transport_options
        pool = ConnectionPool(
            options["conninfo"],
            min_size=1,
            max_size=POOL,
            timeout=5.0,
            num_workers=1,
            open=True,
            kwargs={"application_name": "neighbour queue", "connect_timeout": 5},
        )
        return PGMQueue(pool=pool, init_extension=False, vt=options["visibility_timeout"])

    def close_connection(self, connection: Any) -> None:
        pool = self._pgmq_client.pool if self._pgmq_client is not None else None
        super().close_connection(connection)
        if pool is not None:
            pool.close()


TRANSPORT_ALIASES["pgmqpool"] = f"{__name__}:Transport"


def settings(config: Config) -> dict[str, Any]:
    """Celery's settings that everyone who sends or receives jobs shares."""
    shared = {
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "enable_utc": True,
        "broker_pool_limit": POOL,
        "broker_connection_timeout": 5,
    }
    if config.broker_url:
        return {
            "broker_url": config.broker_url,
            "broker_transport_options": {"visibility_timeout": VISIBILITY_SECONDS},
        } | shared
    options = {
        "conninfo": libpq(config.database_url),
        "wait_time_seconds": 0,
        "polling_interval": POLLING_SECONDS,
        "visibility_timeout": VISIBILITY_SECONDS,
    }
    return {"broker_url": "pgmqpool://localhost", "broker_transport_options": options} | shared


def problem(config: Config) -> str | None:
    """Why the broker cannot be reached, in one line; None when it can. Waits 5 seconds at most."""
    if not config.broker_url:
        return _queue_problem(config.database_url)
    wanted = settings(config)
    try:
        with Connection(
            wanted["broker_url"], transport_options=wanted["broker_transport_options"], connect_timeout=5
        ) as connection:
            connection.ensure_connection(max_retries=1, timeout=5)
    except Exception as error:
        return (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return None


def _queue_problem(database_url: str) -> str | None:
    try:
        with roles.connect(database_url) as connection:
            connection.execute("SELECT 1 FROM pgmq.meta LIMIT 1")
    except (DatabaseTrouble, psycopg.Error) as error:
        return str(error).strip().splitlines()[0]
    return None
