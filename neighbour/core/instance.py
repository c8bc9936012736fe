"""An instance's own ground: the addresses that the settings leave open, filled in.

No ``DATABASE_URL``: the embedded server, with roles, database and queue. No ``SMTP_URL`` in development: the
local mailbox, if ``neighbour up`` is running one. Every command and every process of an instance comes through here,
so SQLAlchemy and Alembic are imported only where they are needed: it is half a second of each start.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from config import Config, NotReady
from neighbour.core import postgres, roles

MAILBOX_PORT_FILE = "mailbox.port"
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations" / "versions"


def settle(config: Config, say: Callable[[str], None] = lambda _line: None) -> tuple[Config, postgres.Cluster | None]:
    """The settings with every address filled in, and the embedded server if one is used (started if need be).

    A new embedded database gets its roles, queue and schema at once; raises DatabaseTrouble in one line, NotReady
    where the addresses given make no sense. The server ends with this process.
    """
    refuse_wrong_addresses(config)
    config = with_mailbox(config)
    if config.database_url:
        return config, None
    cluster = postgres.ensure(config.instance_dir, say=say)
    atexit.register(cluster.stop)
    if cluster.process is not None:
        roles.create_database(cluster.superuser_url, cluster.owner_url, cluster.app_url)
        migrate(cluster.owner_url, cluster.app_url)
    return replace(config, database_url=cluster.app_url, owner_url=cluster.owner_url), cluster


def refuse_wrong_addresses(config: Config) -> None:
    """Raises NotReady where the database's addresses are missing or make no sense: another one must not be taken."""
    if wrong := [problem for problem in config.problems() if problem.setting.startswith("DATABASE")]:
        raise NotReady(wrong)


def located(config: Config) -> Config:
    """Like ``settle`` without starting anything: for a process of an instance that is (or will be) running."""
    config = with_mailbox(config)
    if config.database_url:
        return config
    cluster = postgres.address(config.instance_dir)
    return replace(config, database_url=cluster.app_url, owner_url=cluster.owner_url)


def migrate(owner_url: str, app_url: str) -> None:
    """Bring the schema to its newest revision."""
    from sqlalchemy import create_engine

    from neighbour.core import schema
    from neighbour.core.db import OWNER_OPTIONS

    engine = create_engine(owner_url, connect_args={"options": OWNER_OPTIONS})
    try:
        schema.upgrade(engine, app_url)
    finally:
        engine.dispose()


def outstanding(owner_url: str) -> list[str]:
    """Revisions the database has not seen yet."""
    from sqlalchemy import create_engine

    from neighbour.core import schema

    engine = create_engine(owner_url, connect_args={"connect_timeout": roles.CONNECT_SECONDS})
    try:
        return schema.outstanding(engine)
    finally:
        engine.dispose()


def revision(owner_url: str) -> str:
    """The schema's revision, "" where there is none yet; raises DatabaseTrouble."""
    with roles.connect(owner_url, autocommit=True) as connection:
        there = connection.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there and there[0] else None
    return str(row[0]) if row else ""


def newest_revision() -> str:
    """The schema's newest revision, read off the files' names: Alembic itself takes a while to load."""
    return max(path.name[:4] for path in MIGRATIONS.glob("[0-9]*.py"))


def with_mailbox(config: Config) -> Config:
    """In development without SMTP_URL: the running local mailbox."""
    port = mailbox_port(config.instance_dir)
    if config.smtp_url or config.environment != "development" or port is None:
        return config
    return replace(config, smtp_url=f"smtp://127.0.0.1:{port}")


def job_log(instance_dir: Path) -> Path:
    """Where workers write one line per job."""
    return instance_dir / "log" / "jobs.log"


def mailbox_port(instance_dir: Path) -> int | None:
    """The port of this instance's local mailbox, None before its first start."""
    try:
        return int((instance_dir / MAILBOX_PORT_FILE).read_text())
    except (OSError, ValueError):
        return None
