"""One history of the schema: it equals the models, and it can be walked up, down and up again."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text

from neighbour.core import schema

# Tables, sequences, views, types and functions of the schema; Alembic keeps its own table.
LEFT = text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic_version%'"
    " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    " UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace"
    "  AND typname NOT IN ('alembic_version', '_alembic_version')"
)
VERSIONS = Path(schema.DIRECTORY) / "versions"


def test_models_equal_migrations_and_the_way_goes_up_down_and_up(empty_database):
    engine = create_engine(empty_database.owner_url)
    try:
        schema.upgrade(engine, empty_database.app_url)
        assert schema.outstanding(engine) == []
        assert schema.drift(engine) == []
        schema.downgrade(engine, empty_database.app_url, "base")
        assert len(schema.outstanding(engine)) == len(list(VERSIONS.glob("0*.py")))
        schema.upgrade(engine, empty_database.app_url)
        assert schema.drift(engine) == []
    finally:
        engine.dispose()


def test_every_migration_can_go_back(empty_database):
    engine = create_engine(empty_database.owner_url)
    try:
        schema.upgrade(engine, empty_database.app_url)
        revisions = [path.name.split("_")[0] for path in sorted(VERSIONS.glob("0*.py"), reverse=True)]
        for before in [*revisions[1:], "base"]:
            schema.downgrade(engine, empty_database.app_url, before)
        with engine.connect() as connection:
            assert connection.execute(LEFT).scalars().all() == []
    finally:
        engine.dispose()
