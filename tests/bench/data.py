"""A city for benches: 542 quarters, people, and contributions skewed like a real city.

The skew is the real one where the data folder is there (reported thefts by quarter, Berlin 2022–23), otherwise
a Zipf curve; either way the busiest quarters have more than 20 times the contributions of the median one.
Written set-based as the owner, in the shapes the application itself writes: reach rows, counters, rendered HTML.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from neighbour.core import roles
from tests.support import CITY_DATA
from tests.support.cluster import Databases

QUARTERS = 542
COLUMNS = 24  # the quarters lie in a grid of hexagons: six neighbours each, as a real city has on average
TEXT = (
    "Guten Morgen zusammen, im Hof hinter dem Brunnen liegt seit gestern ein kleiner roter Handschuh. "
    "Er hängt jetzt am Zaun. Wer ihn vermisst, findet ihn dort; sonst nehme ich ihn am Freitag mit und gebe ihn "
    "im Nachbarschaftszentrum ab. Danke auch an alle, die am Samstag beim Laubfegen geholfen haben."
)


@dataclass(frozen=True)
class Size:
    """How large the city is."""

    people: int
    posts: int

    def __str__(self) -> str:
        return f"{QUARTERS} quarters, {self.people:,} people, {self.posts:,} posts"


def _profile() -> Path:
    return CITY_DATA / "berlin" / "activity_by_quarter_hour.csv.gz"


def skew() -> str:
    """Where the skew comes from, in words for a figure's size."""
    return "skewed by a real profile" if _profile().exists() else "drawn skew, no profile there"


def weights() -> list[float]:
    """How busy each quarter is, as shares of one."""
    if _profile().exists():
        with gzip.open(_profile(), "rt") as source:
            counts = Counter(row["plr_id"] for row in csv.DictReader(source))
        busy = sorted(counts.values(), reverse=True)[:QUARTERS]
        busy += [1] * (QUARTERS - len(busy))
    else:
        busy = [1000 / (rank + 1) ** 0.8 for rank in range(QUARTERS)]
    # A few quarters are much livelier than their thefts: the busiest get twenty times the median and more.
    median = sorted(busy)[len(busy) // 2]
    busy = [max(share, 24 * median) if rank < 8 else share for rank, share in enumerate(busy)]
    return [share / sum(busy) for share in busy]


def fill(databases: Databases, size: Size, *, mixed: bool = False) -> None:
    """Fill an empty, migrated database with quarters, people and ``size.posts`` contributions: posts, or (``mixed``) a tenth
    events and a tenth offers among them."""
    with roles.connect(databases.owner_url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        _quarters(connection)
        _people(connection, size.people)
    grow(databases, size, mixed=mixed)


def grow(databases: Databases, size: Size, *, mixed: bool = False) -> None:
    """Add contributions until there are ``size.posts``; those already there stay.

    Rows come in the order of time, as they would in years, so neighbours on the board are strangers on the disk.
    Triggers and foreign keys are left out (their work is done here, set by set), indexes are made afterwards.
    """
    with roles.connect(databases.superuser_url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET work_mem = '256MB'")
        connection.execute("SET session_replication_role = replica")
        there = connection.execute("SELECT count(*) FROM contribution").fetchone()[0]  # type: ignore[index]
        connection.execute("CREATE TABLE bench_new AS SELECT id, kind, published_at FROM contribution WITH NO DATA")
        with _without_indexes(connection, "reach"):
            others = ["event", "offer"] if mixed else ["post", "post"]
            connection.execute(POSTS, {"first": there + 1, "last": size.posts, "text": TEXT, "others": others})
            for rows in DETAILS:
                connection.execute(rows)
            connection.execute("ANALYZE")
            connection.execute(REACH)
        connection.execute("DROP TABLE bench_new")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


@contextmanager
def _without_indexes(connection: psycopg.Connection[Any], table: str) -> Iterator[None]:
    """Drop a table's indexes and make them again at the end, as PostgreSQL itself describes them."""
    rows = connection.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname, pg_get_constraintdef(c.oid)"
        " FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')"
        " WHERE i.indrelid = %s::regclass",
        [table],
    ).fetchall()
    for index, _definition, constraint, _as_constraint in rows:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}" if constraint else f"DROP INDEX {index}")
    yield
    for _index, definition, constraint, as_constraint in rows:
        connection.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {as_constraint}" if constraint else definition
        )


def _quarters(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "INSERT INTO city (id, name, time_zone, language) VALUES (1, 'Bankstadt', 'Europe/Berlin', 'de') ON CONFLICT DO NOTHING"
    )
    connection.execute(
        "INSERT INTO quarter (key, name, slug, households, geometry, outline, area_m2, lon, lat, checksum, created_at, changed_at)"
        " SELECT 'B' || lpad(i::text, 4, '0'), 'Quartier ' || i, 'quartier-' || i, 2000, '', '{}', 1e6, 13 + (i %% %(c)s) * .02,"
        " 52 + (i / %(c)s) * .01, i::text, now(), now() FROM generate_series(0, %(n)s - 1) i",
        {"n": QUARTERS, "c": COLUMNS},
    )
    connection.execute(
        "INSERT INTO adjacency SELECT a.id, b.id, 500 FROM quarter a JOIN quarter b ON a.id <> b.id"
        " AND abs(round((a.lat - b.lat) * 100)) <= 1 AND abs(round((a.lon - b.lon) * 50)) <= 1"
        " AND NOT (round((a.lat - b.lat) * 100) * round((a.lon - b.lon) * 50) > 0)"
    )
    connection.execute("CREATE TABLE bench_share (rank int, quarter_id int, until float8)")
    until = 0.0
    with connection.cursor() as cursor:
        ids = [row[0] for row in cursor.execute("SELECT id FROM quarter ORDER BY md5(key)").fetchall()]
        rows = []
        for rank, share in enumerate(weights()):
            until += share
            rows.append((rank, ids[rank], until))
        cursor.executemany("INSERT INTO bench_share VALUES (%s, %s, %s)", rows)


def _people(connection: psycopg.Connection[Any], people: int) -> None:
    for table in ("membership", "subscription"):
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    connection.execute(
        "INSERT INTO person (public_id, email, email_key, password_hash, first_name, last_name, display_name, name_nearby,"
        " name_city, language, confirmed_at, status, signup_step, is_operator, created_at)"
        " SELECT substr(md5('p' || i), 1, 12), 'p' || i || '@bank.example', 'p' || i || '@bank.example', '!', 'Vorname' || i, 'Nachname',"
        " 'Vorname' || i || ' N.', 'Vorname' || i || ' N.', 'Vorname' || i, 'de', now(), 'active', 'done', false, now() FROM generate_series(1, %(n)s) i",
        {"n": people},
    )
    connection.execute(
        "CREATE TABLE bench_person AS SELECT p.id, (p.n %% %(q)s) AS place, q.id AS quarter_id FROM"
        " (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM person) p JOIN"
        " (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM quarter) q ON q.n = p.n %% %(q)s",
        {"q": QUARTERS},
    )
    connection.execute(
        "INSERT INTO membership (person_id, quarter_id, level, role, created_at, proven_at)"
        " SELECT id, quarter_id, 'verified', 'resident', now(), now() FROM bench_person"
    )
    connection.execute(
        "INSERT INTO subscription (person_id, quarter_id, list, is_on, includes_nearby, token, created_at)"
        " SELECT id, quarter_id, 'digest', true, true, 't' || id, now() FROM bench_person"
    )
    for table in ("membership", "subscription"):
        connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    connection.execute("SELECT refresh_quarter_stat(id) FROM quarter")


# 60 % own quarter, 39.8 % nearby, 0.2 % city; ids are UUIDv7 of moments spread over two years.
POSTS = """
WITH made AS (
INSERT INTO contribution (id, kind, category, quarter_id, author_id, audience, state, title, body_md, body_html, excerpt,
                          published_at, comment_count, thanks_count)
SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(i %% 4096), 3, '0') || '8'
        || substr(md5(i::text), 1, 15))::uuid,
       kind, CASE kind WHEN 'event' THEN (ARRAY['gathering', 'culture', 'active', 'learning', 'festival'])[1 + i %% 5]
                       WHEN 'offer' THEN (ARRAY['give', 'lend', 'sell', 'swap', 'wanted'])[1 + i %% 5]
                       ELSE (ARRAY['question', 'recommendation', 'lost_found', 'help_wanted', 'help_offered', 'notice'])[1 + i %% 6] END,
       quarter_id, people[1 + i %% array_length(people, 1)],
       CASE WHEN i %% 1000 < 600 THEN 'quarter' WHEN i %% 1000 < 998 THEN 'nearby' ELSE 'city' END, 'published',
       'Beitrag ' || i || ' aus dem Quartier', %(text)s, '<p>' || %(text)s || '</p>', left(%(text)s, 270) || '…', moment, i %% 5, i %% 7
FROM (SELECT i, CASE i / 8 %% 10 WHEN 3 THEN (%(others)s::text[])[1] WHEN 7 THEN (%(others)s::text[])[2] ELSE 'post' END AS kind,
             now() - interval '730 days' + interval '730 days' * random() AS moment,
             1 + width_bucket(random(), (SELECT array_agg(until ORDER BY rank) FROM bench_share WHERE rank < 541)) AS place
      FROM generate_series(%(first)s::int, %(last)s::int) i) t
JOIN (SELECT s.rank + 1 AS place, s.quarter_id, array_agg(p.id) AS people
      FROM bench_share s JOIN bench_person p USING (quarter_id) GROUP BY 1, 2) q USING (place)
ORDER BY moment
RETURNING id, kind, published_at)
INSERT INTO bench_new SELECT id, kind, published_at FROM made
"""
# An event is one to ten days after it was pinned up, with one date.
DETAILS = (
    "INSERT INTO post (id) SELECT id FROM bench_new WHERE kind = 'post'",
    "INSERT INTO offer (id, price_cents, price_words, condition, pickup)"
    " SELECT id, 2500, '', 'kaum gebraucht', 'am Brunnen' FROM bench_new WHERE kind = 'offer'",
    "INSERT INTO event (id, zone, begins, ends, place)"
    " SELECT id, 'Europe/Berlin', t, t + interval '2 hours', 'Brunnenplatz 3' FROM bench_new,"
    " date_trunc('hour', (published_at + interval '1 day' + interval '9 days' * random()) AT TIME ZONE 'Europe/Berlin') t WHERE kind = 'event'",
    "INSERT INTO occurrence (id, event_id, slot_on, begins_at, ends_at) SELECT gen_random_uuid(), e.id, e.begins::date,"
    " e.begins AT TIME ZONE e.zone, e.ends AT TIME ZONE e.zone FROM event e JOIN bench_new USING (id)",
)
REACH = """
WITH nearby AS (SELECT q.id AS home, a.audience, r AS quarter_id FROM quarter q, (VALUES ('quarter'), ('nearby'), ('city')) a (audience),
                LATERAL quarters_reached(q.id, a.audience) r)
INSERT INTO reach (quarter_id, contribution_id, is_home, category)
SELECT n.quarter_id, c.id, n.quarter_id = c.quarter_id, c.category
FROM bench_new JOIN contribution c USING (id) JOIN nearby n ON n.home = c.quarter_id AND n.audience = c.audience
ORDER BY c.id
"""
