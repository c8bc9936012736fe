"""The map of a quarter with 500 events and offers, through the whole stack: CPU of the web process and of its PostgreSQL backends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from shapely import to_geojson, to_wkb
from shapely.geometry import box

from neighbour.core import roles
from tests.bench import measure
from tests.bench.data import Size, fill
from tests.bench.events import DATES, EVENTS
from tests.bench.web import Server
from tests.support import cluster

FIGURES = ("map_page_cpu_ms", "map_geojson_cpu_ms")
RUNS = 7
THINGS = 500
#: the city around it, requests per run
SIZES = {"small": (Size(5_420, 20_000), 100), "full": (Size(100_000, 200_000), 300)}

# In the quarter of the reader, like the series of the events' bench; those stand at places spread over it.
OFFERS = """
WITH made AS (
  INSERT INTO contribution (id, kind, category, quarter_id, author_id, audience, state, title, body_md, body_html, excerpt, published_at)
  SELECT gen_random_uuid(), 'offer', (ARRAY['give', 'lend', 'sell', 'swap', 'wanted'])[1 + i %% 5], %(quarter)s, %(author)s,
         'quarter', 'published', 'Ding ' || i || ' aus dem Quartier', '', '', '', now() FROM generate_series(1, %(things)s) i RETURNING id)
INSERT INTO offer (id, price_words, condition, pickup) SELECT id, 'für einen Kaffee', '', '' FROM made
"""
PLACES = """
UPDATE event e SET lon = q.lon + (n %% 20 - 10) * 0.0006, lat = q.lat + (n / 20 - 6) * 0.0004
FROM quarter q, (SELECT id, row_number() OVER (ORDER BY begins) AS n FROM event) m WHERE m.id = e.id AND q.id = %(quarter)s
"""
# 288 houses in each of the quarters.
HOUSES = """
INSERT INTO address (street, street_key, number, suffix, postcode, place, lon, lat, quarter_id)
SELECT 'Straße ' || q.id || s, 'str ' || q.id || '.' || s, n, '', '04873', 'Bankstadt', q.lon - 0.009 + 0.0007 * n, q.lat - 0.0045 + 0.0007 * s, q.id
FROM quarter q, generate_series(1, 12) s, generate_series(1, 24) n
"""


def run(scale: str) -> Iterator[dict[str, Any]]:
    """``map_page_cpu_ms``: the page of one's own quarter, drawing and list, warm; ``map_geojson_cpu_ms``: its markers."""
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
            values = {"quarter": quarter, "author": author, "series": THINGS // 2, "things": THINGS // 2}
            _draw_borders(connection)
            for statement in (EVENTS, OFFERS, PLACES):
                connection.execute(statement, values)
            connection.execute(DATES)
            connection.execute("ANALYZE")
        server = Server(databases)
        cookie = server.sign_in(reader)
        said = f"{THINGS} things, {size}"
        yield measure.figure("map_page_cpu_ms", _costs(server, cookie, requests, "/map"), "ms", said)
        yield measure.figure("map_geojson_cpu_ms", _costs(server, cookie, requests, "/map.geojson"), "ms", said)
    finally:
        cluster.stop()


def _draw_borders(connection: Any) -> None:
    """Every quarter a rectangle round its middle, with the houses of twelve streets in it."""
    for number, lon, lat in connection.execute("SELECT id, lon, lat FROM quarter").fetchall():
        area = box(lon - 0.01, lat - 0.005, lon + 0.01, lat + 0.005)
        values = {"id": number, "wkb": to_wkb(area), "outline": to_geojson(area)}
        connection.execute("UPDATE quarter SET geometry = %(wkb)s, outline = %(outline)s WHERE id = %(id)s", values)
    connection.execute(HOUSES)


def _costs(server: Server, cookie: str, requests: int, path: str) -> list[float]:
    """CPU of a request for this path in each run, in ms."""
    costs = []
    with server.running() as web:
        for _warm in range(20):
            answer = web.get(path, cookie)
            assert _things(path, answer) == THINGS, _things(path, answer)
        for _run in range(RUNS):
            before = measure.cpu_ns(web.worker) + measure.cpu_of(web.backends())
            for _request in range(requests):
                web.get(path, cookie)
            after = measure.cpu_ns(web.worker) + measure.cpu_of(web.backends())
            costs.append((after - before) / requests / 1e6)
    return costs


def _things(path: str, answer: str) -> int:
    """How many things a page lists, or stand at markers and nowhere: offers of this bench have no place."""
    if path == "/map":
        return answer.count('class="place-line"')
    counts = [each["properties"].get("count", 0) for each in json.loads(answer)["features"]]
    return sum(counts) + THINGS // 2
