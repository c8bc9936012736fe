"""What is on in a quarter with 500 series, through the whole stack: CPU of the web process and of its PostgreSQL backends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neighbour.core import roles
from tests.bench import measure
from tests.bench.data import Size, fill
from tests.bench.web import Server
from tests.support import cluster

FIGURES = ("events_page_cpu_ms",)
RUNS = 7
SERIES = 500
#: the city around it, requests per run
SIZES = {"small": (Size(5_420, 20_000), 100), "full": (Size(100_000, 200_000), 300)}

# In the quarter of the reader, each at another minute of the week, with a year of dates; written as the application writes.
EVENTS = """
WITH made AS (
  INSERT INTO contribution (id, kind, category, quarter_id, author_id, audience, state, title, body_md, body_html, excerpt, published_at)
  SELECT gen_random_uuid(), 'event', (ARRAY['gathering', 'culture', 'active', 'learning', 'festival'])[1 + i %% 5], %(quarter)s, %(author)s,
         'quarter', 'published', 'Termin ' || i || ' aus dem Quartier', '', '', '', now() FROM generate_series(1, %(series)s) i RETURNING id)
INSERT INTO event (id, zone, begins, ends, rule, place)
SELECT id, 'Europe/Berlin', date_trunc('day', now())::timestamp + n * interval '20 minutes', date_trunc('day', now())::timestamp + n * interval '20 minutes' + interval '2 hours',
       'FREQ=WEEKLY', 'Brunnenplatz' FROM (SELECT id, row_number() OVER () AS n FROM made) m
"""
DATES = """
INSERT INTO occurrence (id, event_id, slot_on, begins_at, ends_at)
SELECT gen_random_uuid(), e.id, (e.begins + w * interval '7 days')::date, (e.begins + w * interval '7 days') AT TIME ZONE e.zone,
       (e.ends + w * interval '7 days') AT TIME ZONE e.zone FROM event e, generate_series(0, 56) w
"""


def run(scale: str) -> Iterator[dict[str, Any]]:
    """``events_page_cpu_ms``: a page of the list, warm."""
    size, requests = SIZES[scale]
    run_of = cluster.start()
    cluster.remember(run_of)
    try:
        databases = run_of.copy_template("neighbour_bench")
        fill(databases, size)
        with roles.connect(databases.owner_url, autocommit=True) as connection:
            reader, author, quarter = connection.execute(
                "SELECT max(id), min(id), quarter_id FROM bench_person GROUP BY quarter_id ORDER BY quarter_id LIMIT 1"
            ).fetchone()  # type: ignore[misc]
            connection.execute(EVENTS, {"quarter": quarter, "author": author, "series": SERIES})
            connection.execute(DATES)
            connection.execute("ANALYZE")
        server = Server(databases)
        cookie = server.sign_in(reader)
        yield measure.figure("events_page_cpu_ms", _pages(server, cookie, requests), "ms", f"{SERIES} series, {size}")
    finally:
        cluster.stop()


def _pages(server: Server, cookie: str, requests: int) -> list[float]:
    costs = []
    with server.running() as web:
        for _warm in range(20):
            html = web.get("/events", cookie)
            assert html.count('class="agenda__title"') == 30, html.count('class="agenda__title"')
        for _run in range(RUNS):
            backends = web.backends()
            before = measure.cpu_ns(web.worker) + measure.cpu_of(backends)
            for _request in range(requests):
                web.get("/events", cookie)
            after = measure.cpu_ns(web.worker) + measure.cpu_of(web.backends())
            costs.append((after - before) / requests / 1e6)
    return costs
