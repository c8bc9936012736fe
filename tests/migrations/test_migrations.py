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


LISTED = """
INSERT INTO city (id, name, time_zone, language) VALUES (1, 'Altenbrück', 'Europe/Berlin', 'de');
INSERT INTO quarter (key, name, slug, geometry, outline, area_m2, lon, lat, checksum, changed_at)
  VALUES ('q', 'Q', 'q', '', '', 1, 0, 0, '', now());
INSERT INTO person (id, public_id, email, email_key, password_hash, first_name, last_name, display_name, language, status, signup_step, is_operator, confirmed_at)
  SELECT n, 'p' || n, 'p' || n, 'p' || n, '', 'P', 'P', 'P', 'de', CASE n WHEN 3 THEN 'erased' ELSE 'active' END, 'done', n = 4, now()
  FROM generate_series(1, 4) n;
INSERT INTO initiative (id, public_id, slug, name, about, address_line, hours, may_confirm) VALUES (7, 'i7', 'haus', 'Haus', '', '', '', false);
INSERT INTO initiative_editor (initiative_id, person_id, role, since) VALUES (7, 1, 'editor', '2026-02-01'), (7, 2, 'editor', '2026-01-01');
INSERT INTO erasure (id, person_id, reason, keeps_texts, asked_at, due_at, mark, state, stash) VALUES
  (gen_random_uuid(), 3, 'own', false, now(), now(), 'x', 'hidden', jsonb_build_object('hidden', jsonb_build_object('contribution', jsonb_build_array('00000000-0000-7000-8000-000000000004'))));
INSERT INTO contribution (id, kind, category, quarter_id, author_id, audience, state, title, body_md, body_html, excerpt, published_at, is_left, goes_along)
  SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'event', 'culture', (SELECT min(id) FROM quarter), a, 'quarter', s, t, '', '', '', now(), l, g
  FROM (VALUES (1, 1, 'published', 'moved', true, false), (2, 1, 'withdrawn', 'taken along', true, true), (3, 3, 'published', 'left', false, false),
    (4, 3, 'withdrawn', 'hidden', false, false), (5, 1, 'withdrawn', 'taken down', false, false), (6, 1, 'published', 'own', true, false),
    (7, 3, 'published', 'the city''s', false, false)) v (n, a, s, t, l, g);
INSERT INTO event (id, zone, begins, ends{column})
  SELECT id, 'Europe/Berlin', '2026-06-01 10:00', '2026-06-01 12:00'{value} FROM contribution;
INSERT INTO event_import (list, uid, event_id, digest, imported_at) SELECT CASE title WHEN 'left' THEN 'i:i7' ELSE 'q:x' END, title, id, 'x', now()
  FROM contribution WHERE title IN ('the city''s', 'left');
"""
KEPT = text("SELECT title, author_id, state, is_left, initiative_id FROM contribution WHERE is_office ORDER BY id")
NAMED = ", CASE WHEN title NOT IN ('own', 'the city''s') THEN 7 END"


def test_what_came_with_lists_before_is_kept_for_the_initiative_and_stays_so_down_and_up(empty_database):
    """Also what somebody has taken along to another quarter, or is about to take along for good."""
    engine = create_engine(empty_database.owner_url)
    try:
        schema.upgrade(engine, empty_database.app_url)
        schema.downgrade(engine, empty_database.app_url, "0093-1")
        with engine.begin() as connection:
            connection.exec_driver_sql(LISTED.format(column=", initiative_id", value=NAMED))
        kept = [
            ("moved", 1, "published", False, 7), ("taken along", 1, "published", False, 7), ("left", 2, "published", False, 7),
            ("hidden", 2, "published", False, 7), ("taken down", 1, "withdrawn", False, 7), ("the city's", 4, "published", False, None),
        ]  # fmt: skip
        for _time in range(2):
            schema.upgrade(engine, empty_database.app_url)
            with engine.connect() as connection:
                assert [tuple(row) for row in connection.execute(KEPT)] == kept
                own = text("SELECT author_id, is_left FROM contribution WHERE NOT is_office")
                assert connection.execute(own).all() == [(1, True)]
                lists = text(
                    "SELECT replace(list, ' ' || (SELECT id FROM quarter), ' Q') FROM event_import ORDER BY list"
                )
                assert connection.execute(lists).scalars().all() == ["i:i7 Q", "q:x"]
            schema.downgrade(engine, empty_database.app_url, "0093-1")
            with engine.connect() as connection:
                invites = text("SELECT count(*) FROM event WHERE initiative_id = 7")
                assert connection.execute(invites).scalar_one() == 5
                lists = text("SELECT list FROM event_import ORDER BY list")
                assert connection.execute(lists).scalars().all() == ["i:i7", "q:x"]
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


MOVED = """
INSERT INTO city (id, name, time_zone, language) VALUES (1, 'Altenbrück', 'Europe/Berlin', 'de');
INSERT INTO quarter (key, name, slug, geometry, outline, area_m2, lon, lat, checksum, changed_at)
  VALUES ('q', 'Q', 'q', '', '', 1, 0, 0, '', now());
INSERT INTO person (id, public_id, email, email_key, password_hash, first_name, last_name, display_name, language, status, signup_step, is_operator)
  VALUES (1, 'p', 'p', 'p', '', 'P', 'P', 'P', 'de', 'active', 'done', false);
INSERT INTO contribution (id, kind, category, quarter_id, author_id, audience, state, title, body_md, body_html, excerpt, published_at)
  SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'event', 'culture', q.id, 1, 'quarter', 'published', n::text, '', '', '', now()
  FROM quarter q, generate_series(1, 3) n;
INSERT INTO event (id, zone, begins, ends, rule, place)
  SELECT id, 'Europe/Berlin', '2026-06-01 10:00', '2026-06-01 12:00', CASE title WHEN '3' THEN 'FREQ=WEEKLY' ELSE '' END, 'Hof'
  FROM contribution;
INSERT INTO occurrence (id, event_id, slot_on, begins_at, ends_at) SELECT gen_random_uuid(), id, '2026-06-01', now(), now() FROM event;
INSERT INTO event_exception (event_id, slot_on, begins, ends, place, changed_at)
  SELECT id, '2026-06-01', CASE title WHEN '2' THEN NULL ELSE timestamp '2026-06-04 15:00' END,
    CASE title WHEN '2' THEN NULL ELSE timestamp '2026-06-04 16:00' END, CASE title WHEN '2' THEN 'Saal' END, now() FROM contribution;
"""


def test_what_happens_once_and_was_moved_beside_its_date_is_moved_as_a_whole(empty_database):
    """Since 0122 there is one place that says when it is; a series keeps what is different on one of its dates."""
    engine = create_engine(empty_database.owner_url)
    try:
        schema.upgrade(engine, empty_database.app_url)
        schema.downgrade(engine, empty_database.app_url, "0121")
        with engine.begin() as connection:
            connection.exec_driver_sql(MOVED)
        schema.upgrade(engine, empty_database.app_url)
        with engine.connect() as connection:
            stands = text(
                "SELECT to_char(begins, 'DD HH24') || to_char(ends, '-HH24'), place, slot_on::text, sequence,"
                " (SELECT count(*) FROM event_exception WHERE event_id = e.id)"
                " FROM event e JOIN occurrence o ON o.event_id = e.id ORDER BY e.id"
            )
            assert [tuple(row) for row in connection.execute(stands)] == [
                ("04 15-16", "Hof", "2026-06-04", 1, 0),
                ("01 10-12", "Saal", "2026-06-01", 1, 0),
                ("01 10-12", "Hof", "2026-06-01", 0, 1),
            ]
    finally:
        engine.dispose()
