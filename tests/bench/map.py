"""The map of a quarter with 500 events and offers, through the whole stack: CPU of the web process and of its PostgreSQL backends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from shapely import to_geojson, to_wkb
from shapely.geometry import box

from tests.bench import measure, pages
from tests.bench.events import DATES, EVENTS

FIGURES = ("map_page_cpu_ms", "map_geojson_cpu_ms")
THINGS = 500

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
    with pages.full_quarter(scale, _things) as quarter:
        said = f"{THINGS} things, {quarter.size}"
        page = quarter.costs("/map", lambda answer: answer.count('class="place-line"'), THINGS)
        yield measure.figure("map_page_cpu_ms", page, "ms", said)
        markers = quarter.costs("/map.geojson", _at_markers, THINGS // 2)  # the offers of this bench have no place
        yield measure.figure("map_geojson_cpu_ms", markers, "ms", said)


def _at_markers(answer: str) -> int:
    return sum(each["properties"].get("count", 0) for each in json.loads(answer)["features"])


def _things(connection: Any, values: dict[str, Any]) -> None:
    values |= {"series": THINGS // 2, "things": THINGS // 2}
    _draw_borders(connection)
    for statement in (EVENTS, OFFERS, PLACES):
        connection.execute(statement, values)
    connection.execute(DATES)


def _draw_borders(connection: Any) -> None:
    """Every quarter a rectangle round its middle, with the houses of twelve streets in it."""
    for number, lon, lat in connection.execute("SELECT id, lon, lat FROM quarter").fetchall():
        area = box(lon - 0.01, lat - 0.005, lon + 0.01, lat + 0.005)
        values = {"id": number, "wkb": to_wkb(area), "outline": to_geojson(area)}
        connection.execute("UPDATE quarter SET geometry = %(wkb)s, outline = %(outline)s WHERE id = %(id)s", values)
    connection.execute(HOUSES)
