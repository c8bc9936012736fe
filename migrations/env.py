"""Runs migrations on the connection it is given, or on the owner's address from the settings.

Nobody waits on a lock for long: a migration that cannot have its lock within two seconds fails and is run
again, instead of stopping the board behind it.
"""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine, text

from migrations.metadata import metadata
from neighbour.core.db import OWNER_OPTIONS

LOCK_KEY = 7_216_001  # any number of ours: one migration run at a time


def is_ours(_thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """The queue's tables live in a schema of their own and are not ours to compare."""
    return not (kind == "table" and name == "alembic_version")


def run(connection: Connection) -> None:
    connection.execute(text("SET lock_timeout = '2s'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
    connection.commit()
    try:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_object=is_ours,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
        connection.commit()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = create_engine(
        context.config.get_main_option("sqlalchemy.url", ""), connect_args={"options": OWNER_OPTIONS}
    )
    with engine.connect() as own:
        run(own)
    engine.dispose()
