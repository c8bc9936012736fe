"""Is the ground fit to stand on? What only a look at database and broker can tell.

Production refuses to start with any of these; ``neighbour check`` prints them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import psycopg

from config import Config, Problem
from neighbour.core import broker, instance, roles
from neighbour.core.postgres import DatabaseTrouble

LEAST_FREE_BYTES = 50_000_000
_QUICK = {"connect_timeout": 2, "options": "-c statement_timeout=2000", "autocommit": True}
_SEPARATE = "create a role of its own for the application: neighbour db create --help"


def trouble(config: Config) -> str | None:
    """Why the instance cannot work at this moment, in one line; None when it can. One short connection."""
    try:
        with roles.connect(config.database_url, **_QUICK) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if not config.broker_url:
                connection.execute("SELECT 1 FROM pgmq.meta LIMIT 1")
    except (DatabaseTrouble, psycopg.Error) as error:
        return str(error).strip().partition("\n")[0]
    newest = instance.newest_revision()
    if row is None or row[0] != newest:
        return f"the schema is at {row[0] if row else 'nothing'}, the code needs {newest}"
    if config.broker_url and (reason := broker.problem(config)):
        return f"the queue cannot be used: {reason}"
    if config.instance_dir.exists() and shutil.disk_usage(config.instance_dir).free < LEAST_FREE_BYTES:
        return f"no disk space in {config.instance_dir}"
    return None


def database_problems(config: Config) -> list[Problem]:
    """What is wrong with database and roles; touches nothing, waits at most a few seconds per address."""
    try:
        application = roles.facts(config.database_url)
    except DatabaseTrouble as trouble:
        mend = "start the server or correct the address; to make role and database: neighbour db create --help"
        return [Problem("DATABASE_URL", str(trouble), mend)]
    found = list(_role_problems(application))
    if not config.owner_url:
        return found
    try:
        waiting = instance.outstanding(config.owner_url)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        found.append(Problem("DATABASE_OWNER_URL", f"cannot be used: {reason}", "correct the address"))
    else:
        if waiting:
            found.append(Problem("database", f"{len(waiting)} migrations are outstanding", "run: neighbour db upgrade"))
    return found


def parked(config: Config) -> int:
    """How many mails were given up on because they kept killing their worker."""
    with roles.connect(config.database_url, **_QUICK) as connection:
        row = connection.execute("SELECT count(*) FROM delivery WHERE state = 'parked'").fetchone()
    return int(row[0]) if row else 0


def retention_is_late(config: Config) -> bool:
    """Whether the night in which old data is deleted (``mydata.retention``) was missed: 26 hours ago or never."""
    last = "SELECT coalesce((SELECT max(finished_at) FROM retention_run), (SELECT min(created_at) FROM person))"
    with roles.connect(config.database_url, **_QUICK) as connection:
        row = connection.execute(f"SELECT ({last}) < now() - interval '26 hours'").fetchone()
    return bool(row and row[0])


def broker_problems(config: Config) -> list[Problem]:
    """Whether jobs can be sent."""
    reason = broker.problem(config)
    setting = "BROKER_URL" if config.broker_url else "database"
    mend = "start the broker or correct the address" if config.broker_url else "install the queue: neighbour db upgrade"
    return [Problem(setting, f"the queue cannot be used: {reason}", mend)] if reason else []


def _role_problems(application: roles.RoleFacts) -> Iterator[Problem]:
    role = f"the role {application.role}"
    if application.server_major < roles.OLDEST_MAJOR:
        yield Problem(
            "DATABASE_URL", f"is PostgreSQL {application.server_major}", f"use version {roles.OLDEST_MAJOR} or newer"
        )
    if application.is_superuser:
        yield Problem("DATABASE_URL", f"{role} is a superuser and would see through the wall", _SEPARATE)
    if application.bypasses_rls:
        yield Problem("DATABASE_URL", f"{role} bypasses row-level security", _SEPARATE)
    if application.owns_tables or application.may_create:
        yield Problem("DATABASE_URL", f"{role} owns the schema or may change it", _SEPARATE)
