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
        for _revision in VERSIONS.glob("0*.py"):
            schema.downgrade(engine, empty_database.app_url, "-1")
        with engine.connect() as connection:
            assert connection.execute(LEFT).scalars().all() == []
    finally:
        engine.dispose()


NAMES = (  # first, last, what was read so far → another name, what nearby and the city read
    ("Hannelore", "von Wieczorek", "Hannelore W.", "", "Hannelore W.", "Hannelore"),
    ("Inci", "işik", "Inci I.", "", "Inci I.", "Inci"),
    ("Bo", "", "Bo", "", "Bo", "Bo"),
    ("Anna", "Kowalczyk", "Die mit dem Lastenrad", *("Die mit dem Lastenrad",) * 3),
    ("", "", "", "", "", ""),
)


def test_whoever_was_called_something_stays_called_so_when_rings_come(empty_database):
    engine = create_engine(empty_database.owner_url)
    try:
        schema.upgrade(engine, empty_database.app_url)
        schema.downgrade(engine, empty_database.app_url, "0019-1")
        with engine.begin() as connection:
            for number, (first, last, read, *_new) in enumerate(NAMES):
                row = {"key": f"p{number}", "first": first, "last": last, "read": read}
                connection.execute(
                    text(
                        "INSERT INTO person (public_id, email, email_key, password_hash, first_name, last_name, display_name,"
                        " language, status, signup_step, is_operator)"
                        " VALUES (:key, :key, :key, '', :first, :last, :read, 'de', 'active', 'done', false)"
                    ),
                    row,
                )
        schema.upgrade(engine, empty_database.app_url)
        with engine.connect() as connection:
            found = connection.execute(
                text("SELECT alias, name_nearby, name_city FROM person ORDER BY public_id")
            ).all()
        assert [tuple(row) for row in found] == [each[3:] for each in NAMES]
    finally:
        engine.dispose()


def test_a_fresh_instance_has_no_account_no_role_and_no_secret(spare_database):
    """Nothing to sign in with is delivered along (ASVS 5.0 V6.3.2); the first operator is made by a command."""
    engine = create_engine(spare_database.owner_url)
    try:
        with engine.connect() as connection:
            for table in (
                "person",
                "membership",
                "login_session",
                "one_time_token",
                "passkey",
                "authenticator",
                "flyer",
            ):
                assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0, table
    finally:
        engine.dispose()
