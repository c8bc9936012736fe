"""Roles, database and queue on a PostgreSQL server, embedded or not.

Two roles: the *owner* owns the schema (migrations, imports, operator's commands); the *application* is neither
owner nor superuser and cannot pass row-level security. The queue that Celery uses (pgmq, plain SQL without an
extension) lies in a schema of its own that belongs to the application, because it makes its tables itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from neighbour.core.postgres import DatabaseTrouble, libpq

OLDEST_MAJOR = 15
CONNECT_SECONDS = 5
QUEUE_LOCK = 7_216_002  # any number of ours: one installation of the queue at a time
# to_regclass() would need the right to look into the application's schema.
_HAS_QUEUE = (
    "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'pgmq' AND c.relname = 'meta')"
)

# libpq's own words would repeat the address, and a password with it.
_NO_ADDRESS = "this is not the address of a database; write postgresql://role:password@host/database"


@dataclass(frozen=True)
class RoleFacts:
    """What the server says about a connection: who we are there and what that role may do."""

    role: str
    server_major: int
    is_superuser: bool
    bypasses_rls: bool
    owns_tables: int  # in the schema public
    may_create: bool  # in the schema public


def connect(url: str, **options: Any) -> psycopg.Connection[Any]:
    """Connect with psycopg to an address in either spelling; raises DatabaseTrouble in one line, no password in it."""
    try:
        return psycopg.connect(libpq(url), **{"connect_timeout": CONNECT_SECONDS, **options})
    except psycopg.ProgrammingError as error:
        raise DatabaseTrouble(_NO_ADDRESS) from error
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0].rsplit("failed: ", 1)[-1].removeprefix("FATAL:").strip()
        raise DatabaseTrouble(f"cannot connect to {shown(url)}: {reason}") from error


def shown(url: str) -> str:
    """An address as it may be printed: without its password."""
    part = _parts(url)
    place = f"{part.get('host', 'localhost')}:{part.get('port', '5432')}"
    return f"postgresql://{part.get('user', '')}@{place}/{part.get('dbname', '')}"


def _parts(url: str) -> dict[str, str]:
    """user, password, host, port, dbname … of an address; raises DatabaseTrouble when it is none."""
    try:
        return {name: str(value) for name, value in conninfo_to_dict(libpq(url)).items() if value is not None}
    except psycopg.ProgrammingError as error:
        raise DatabaseTrouble(_NO_ADDRESS) from error


def create_database(superuser_url: str, owner_url: str, app_url: str) -> None:
    """Make both roles, the database and the queue, as far as missing. Passwords are those of the two addresses.

    ``superuser_url`` names any database of the server. May be repeated; the roles' rights are set each time.
    """
    owner, app = _parts(owner_url), _parts(app_url)
    if owner.get("user") == app.get("user") or owner.get("dbname") != app.get("dbname"):
        raise DatabaseTrouble("owner and application need different roles and the same database")
    with connect(superuser_url, autocommit=True) as server:
        for part in (owner, app):
            _make_role(server, part["user"], part.get("password"))
        _make_database(server, owner["dbname"], owner["user"], app["user"])
    prepare_queue(owner_url, app_url)


def prepare_queue(owner_url: str, app_url: str) -> bool:
    """Install the queue into the schema ``pgmq`` as the application's role; False if it was there already.

    The right to make a schema is lent to the application for the length of this call.
    """
    part = _parts(app_url)
    role, database = sql.Identifier(part["user"]), sql.Identifier(part["dbname"])
    with connect(owner_url, autocommit=True) as owner:
        owner.execute("SELECT pg_advisory_lock(%s)", [QUEUE_LOCK])
        if _one(owner, _HAS_QUEUE):
            return False
        from pgmq.install import install_pgmq_from_sql  # once in a database's life

        owner.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(database, role))
        try:
            with connect(app_url) as app:
                app.execute("SET client_min_messages = warning")
                app.execute("CREATE SCHEMA IF NOT EXISTS pgmq")
                app.commit()
                install_pgmq_from_sql(conn=app)
        finally:
            owner.execute(sql.SQL("REVOKE CREATE ON DATABASE {} FROM {}").format(database, role))
    return True


def facts(url: str) -> RoleFacts:
    """What the role of ``url`` is and may; raises DatabaseTrouble when it cannot connect."""
    with connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT current_user, current_setting('server_version_num')::int / 10000, rolsuper, rolbypassrls,"
            " (SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            "  AND pg_has_role(current_user, relowner, 'MEMBER')),"
            " has_schema_privilege('public', 'CREATE')"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    return RoleFacts(*row)  # type: ignore[misc]


def _make_role(server: psycopg.Connection[Any], name: str, password: str | None) -> None:
    role = sql.Identifier(name)
    if not _one(server, "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s)", name):
        server.execute(sql.SQL("CREATE ROLE {}").format(role))
    server.execute(sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE").format(role))
    if password:
        server.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))


def _make_database(server: psycopg.Connection[Any], name: str, owner: str, app: str) -> None:
    database = sql.Identifier(name)
    if not _one(server, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = %s)", name):
        server.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
                database, sql.Identifier(owner)
            )
        )
    server.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    server.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, sql.Identifier(app)))


def _one(connection: psycopg.Connection[Any], statement: str, *values: Any) -> Any:
    row = connection.execute(statement, values).fetchone()
    return row[0] if row else None
