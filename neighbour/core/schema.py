"""The schema's history from the application's side: upgrade, what is outstanding, and drift from the models."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, make_url

DIRECTORY = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(engine: Engine, app_url: str, revision: str = "head") -> None:
    """Bring the schema to ``revision`` on the owner's engine; grants go to the role of ``app_url``."""
    with engine.connect() as connection:
        command.upgrade(_config(connection, app_url), revision)


def downgrade(engine: Engine, app_url: str, revision: str) -> None:
    """Take the schema back to ``revision`` ("base" for nothing at all)."""
    with engine.connect() as connection:
        command.downgrade(_config(connection, app_url), revision)


def outstanding(engine: Engine) -> list[str]:
    """Revisions that the database has not seen yet, oldest first."""
    script = ScriptDirectory.from_config(_config())
    with engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
    steps = [step.revision for step in script.iterate_revisions("heads", here or "base")]
    return steps[::-1]


def drift(engine: Engine) -> list[Any]:
    """Differences between models and database; empty when they agree."""
    from migrations.metadata import metadata

    with engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _thing, name, kind, _reflected, _other: (
                    not (kind == "table" and name == "alembic_version")
                ),
            },
        )
        return compare_metadata(context, metadata)


def _config(connection: Any = None, app_url: str = "") -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(DIRECTORY))
    if connection is not None:
        config.attributes["connection"] = connection
    if app_url:
        config.attributes["app_role"] = make_url(app_url).username or "neighbour_app"
    return config
