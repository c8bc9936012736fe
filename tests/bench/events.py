"""What is on in a quarter with 500 series, through the whole stack: CPU of the web process and of its PostgreSQL backends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.bench import measure, pages

FIGURES = ("events_page_cpu_ms",)
SERIES = 500

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
    with pages.full_quarter(scale, _series) as quarter:
        costs = quarter.costs("/events", lambda answer: answer.count('class="agenda__title"'), 30)
        yield measure.figure("events_page_cpu_ms", costs, "ms", f"{SERIES} series, {quarter.size}")


def _series(connection: Any, values: dict[str, Any]) -> None:
    connection.execute(EVENTS, {**values, "series": SERIES})
    connection.execute(DATES)
