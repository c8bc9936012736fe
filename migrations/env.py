"""Runs migrations on the connection it is given: the owner's, see ``neighbour/core/schema.py``.

Nobody waits on a lock for long: a migration that cannot have its lock within two seconds fails and is run
again, instead of stopping the board behind it.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

from migrations.metadata import metadata

LOCK_KEY = 7_216_001  # any number of ours: one migration run at a time


def run(connection: Connection) -> None:
    connection.execute(text("SET lock_timeout = '2s'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
    connection.commit()
    try:
        context.configure(
            connection=connection,
            target_metadata=metadata,  # for the names of constraints
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
        connection.commit()


run(context.config.attributes["connection"])
