"""Is the ground fit to stand on? What only a look at database and broker can tell.

Production refuses to start with any of these; ``neighbour check`` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator

from config import Config, Problem
from neighbour.core import broker, instance, roles
from neighbour.core.postgres import DatabaseTrouble

_SEPARATE = "create a role of its own for the application: neighbour db create --help"


def database_problems(config: Config) -> list[Problem]:
    """What is wrong with database and roles; touches nothing, waits at most a few seconds per address."""
    try:
        application = roles.facts(config.database_url)
    except DatabaseTrouble as trouble:
        return [Problem("DATABASE_URL", str(trouble), "start the server or correct the address")]
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
