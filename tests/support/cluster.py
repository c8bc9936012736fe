"""A throw-away PostgreSQL for one test run, a migrated template in it, and one copy of that per xdist worker.

Tests commit for real. Wrapping each in a savepoint was tried and given up: the viewer's settings are local to
the *real* transaction, so inside one big transaction the eyes of one request would still be open in the next and
the wall would look weaker – or stronger – than it is; and worker, browser and second connections would see nothing.
Instead every table that has rows after a test is emptied (about 2 ms), and what migrations put in is put back.

The whole suite on another server, for example Debian's PostgreSQL 15 (the guards run there in any case where it is
installed, see tests/runtime/test_oldest_server.py):

    initdb -D /tmp/pg15/data -U postgres -A trust    # as a user of its own; the programs are in /usr/lib/postgresql/15/bin
    postgres -D /tmp/pg15/data -c unix_socket_directories=/tmp/pg15 -c listen_addresses= -c fsync=off
    NEIGHBOUR_TEST_SOCKET=/tmp/pg15 make test ARGS='-m "not browser"'
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from neighbour.core import instance, postgres, roles

MIGRATED = "neighbour_migrated"  # what an operator has
TEMPLATE = "neighbour_template"  # and what the broom needs
SERVER = "NEIGHBOUR_TEST_SOCKET"  # folder of another server's socket (trusting, superuser postgres): test against that
PLACE = "NEIGHBOUR_TEST_CLUSTER"  # environment variable: tells xdist's workers where the run's cluster is


@dataclass
class Run:
    """The cluster of this test run. ``started`` only in the process that has to stop it."""

    cluster: postgres.Cluster
    folder: Path | None = None

    def url(self, role: str, database: str) -> str:
        return self.cluster.url(role, database)

    def copy_template(self, name: str, template: str = TEMPLATE) -> Databases:
        """A new database ``name`` with schema and queue; an old one of that name is dropped."""
        self.drop(name)
        self._as_superuser(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.Identifier(postgres.OWNER)
            )
        )
        return self.databases(name)

    def empty(self, name: str) -> Databases:
        """A new database ``name`` with roles and queue, without a schema."""
        self.drop(name)
        found = self.databases(name)
        roles.create_database(self.cluster.superuser_url, found.owner_url, found.app_url)
        return found

    def databases(self, name: str) -> Databases:
        return Databases(
            name,
            app_url=self.url(postgres.APP, name),
            owner_url=self.url(postgres.OWNER, name),
            superuser_url=self.url(postgres.SUPERUSER, name),
        )

    def drop(self, name: str) -> None:
        self._as_superuser(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        if self.folder is not None:
            self.cluster.stop()
            shutil.rmtree(self.folder, ignore_errors=True)
            os.environ.pop(PLACE, None)

    def _as_superuser(self, statement: sql.Composed) -> None:
        with roles.connect(self.cluster.superuser_url, autocommit=True) as connection:
            connection.execute(statement)


@dataclass(frozen=True)
class Databases:
    """One database, by the addresses of its three roles."""

    name: str
    app_url: str
    owner_url: str
    superuser_url: str


_run: list[Run] = []


def current() -> Run:
    """This run's cluster: the one the controller started, or our own, started now."""
    if not _run:
        if SERVER in os.environ and "PYTEST_XDIST_WORKER" in os.environ:
            _run.append(Run(postgres.Cluster(Path(), Path(os.environ[SERVER]))))
            return _run[0]
        place = os.environ.get(PLACE)
        _run.append(Run(postgres.address(Path(place))) if place else start())
    return _run[0]


def start() -> Run:
    """Start a cluster in a temporary folder and build the template in it."""
    if SERVER in os.environ:
        run = Run(postgres.Cluster(Path(), Path(os.environ[SERVER])))
    else:
        folder = Path(tempfile.mkdtemp(prefix="neighbour-tests-"))
        folder.chmod(0o755)  # the database's user must get in; its own folder is closed
        run = Run(postgres.ensure(folder, throw_away=True), folder)
        os.environ[PLACE] = str(folder)
    _build_templates(run)
    return run


def _build_templates(run: Run) -> None:
    migrated = run.empty(MIGRATED)
    instance.migrate(migrated.owner_url, migrated.app_url)
    template = run.copy_template(TEMPLATE, MIGRATED)
    with roles.connect(template.superuser_url, autocommit=True) as connection:
        _keep_first_rows(connection)
        _count_versions_on(connection)


def stop() -> None:
    """Stop the cluster if this process started it."""
    while _run:
        _run.pop().stop()


def remember(run: Run) -> None:
    """Make ``run`` the current one."""
    _run.append(run)


def _keep_first_rows(connection: psycopg.Connection[Any]) -> None:
    """Copy what the migrations inserted, so that it can be put back after each test."""
    connection.execute("CREATE SCHEMA pristine")
    for table in _tables(connection):
        name = sql.Identifier(table)
        if connection.execute(sql.SQL("SELECT 1 FROM public.{} LIMIT 1").format(name)).fetchone():
            connection.execute(sql.SQL("CREATE TABLE pristine.{0} AS TABLE public.{0}").format(name))


def _count_versions_on(connection: psycopg.Connection[Any]) -> None:
    """Let no ``geo_version`` come twice in a run: a process keeps its index of quarters as long as it stays."""
    connection.execute("CREATE SEQUENCE pristine.geo")
    connection.execute(
        "CREATE FUNCTION pristine.count_on() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN NEW.geo_version := NEW.geo_version + 1000 * nextval('pristine.geo'); RETURN NEW; END $$"
    )
    connection.execute(
        "CREATE TRIGGER count_on BEFORE INSERT ON public.city FOR EACH ROW EXECUTE FUNCTION pristine.count_on()"
    )
    connection.execute("ALTER TABLE public.city ENABLE ALWAYS TRIGGER count_on")


def _tables(connection: psycopg.Connection[Any], schema: str = "public") -> list[str]:
    found = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename <> 'alembic_version' ORDER BY 1", [schema]
    )
    return [name for (name,) in found]


@dataclass
class Broom:
    """Sweeps a database clean after a test."""

    databases: Databases
    connection: psycopg.Connection[Any] = field(init=False)
    tables: list[str] = field(init=False)
    first: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.connection = roles.connect(self.databases.superuser_url, autocommit=True)
        # Foreign keys are triggers; without them the order of deleting does not matter.
        self.connection.execute("SET session_replication_role = replica")
        self.first = _tables(self.connection, "pristine")
        self.tables = [name for name in _tables(self.connection) if name not in self.first]

    def sweep(self) -> None:
        """Empty every table that has rows, the queues too; put back what the migrations inserted."""
        queues = [name for name in _tables(self.connection, "pgmq") if name[:2] in ("q_", "a_")]
        places = [sql.Identifier("public", name) for name in self.tables]
        places += [sql.Identifier("pgmq", name) for name in queues]
        has_rows = sql.SQL(", ").join(sql.SQL("EXISTS (SELECT 1 FROM {})").format(place) for place in places)
        (answers,) = self.connection.execute(sql.SQL("SELECT ARRAY[{}]").format(has_rows)).fetchone() or ([],)
        dirty = [place for place, is_dirty in zip(places, answers, strict=True) if is_dirty]
        with self.connection.transaction():
            for place in dirty:
                self.connection.execute(sql.SQL("DELETE FROM {}").format(place))
            for name in self.first:
                self._put_back(sql.Identifier(name))

    def _put_back(self, table: sql.Identifier) -> None:
        self.connection.execute(sql.SQL("DELETE FROM public.{}").format(table))
        self.connection.execute(
            sql.SQL("INSERT INTO public.{0} OVERRIDING SYSTEM VALUE SELECT * FROM pristine.{0}").format(table)
        )

    def close(self) -> None:
        self.connection.close()
