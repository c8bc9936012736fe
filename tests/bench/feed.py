"""The board of a quarter through the whole stack: gunicorn, session, permission, scope, HTML.

CPU of the web process and of its PostgreSQL backends per request, from their own accounts in /proc; the
client's is not counted. Readers of 100 quarters in rotation, the busiest among them, warm. A tenth of what hangs there is
events, a tenth offers, and the strip of the week stands above it.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from neighbour.core import roles
from tests.bench import measure, yardstick
from tests.bench.data import Size, fill, grow, skew
from tests.bench.web import HEADERS, Running, Server
from tests.support import cluster, counting

FIGURES = (
    "feed_page_cpu_ms",
    "feed_page_db_cpu_ms",
    "feed_page_over_yardstick",
    "feed_queries",
    "feed_growth_2m_over_200k",
    "publish_cpu_ms",
)
RUNS = 7
TURN = 25  # requests between two looks at the yardstick; divides the requests of a run
PUBLISHED = 40  # posts per run
#: cities before and after, requests per run
SIZES = {
    "small": (Size(5_420, 20_000), Size(5_420, 200_000), 300),
    "full": (Size(100_000, 200_000), Size(100_000, 2_000_000), 500),
}


@dataclass(frozen=True)
class Cost:
    """CPU of one page, in ms, and of the yardstick's page just before and after it."""

    web: float
    database: float
    yardstick: float


def run(scale: str) -> Iterator[dict[str, Any]]:
    """All figures of the board, at two sizes of the city; the page's own are those of the larger one."""
    small, large, requests = SIZES[scale]
    cluster_run = cluster.start()
    cluster.remember(cluster_run)
    try:
        databases = cluster_run.copy_template("neighbour_bench")
        fill(databases, small, mixed=True)
        server = Server(databases)
        readers = _readers(server)
        weeks = len(readers) if scale == "full" else 1  # boards with a strip of the week: a small city has few
        before = _pages(server, readers, requests, weeks)
        yield from _figures(before, small)
        grow(databases, large, mixed=True)
        after = _pages(server, readers, requests, weeks)
        yield from _figures(after, large)
        yield measure.figure(
            "feed_queries", [_queries(server, cookie) for cookie in readers[:RUNS]], "queries", str(large)
        )
        # in units of the yardstick: minutes lie between the two, and the machine is not the same
        base = statistics.median((cost.web + cost.database) / cost.yardstick for cost in before)
        growth = [(cost.web + cost.database) / cost.yardstick / base for cost in after]
        compared = f"{large.posts:,} over {small.posts:,} posts, {skew()}"
        yield measure.figure("feed_growth_2m_over_200k", growth, "ratio", compared)
        yield measure.figure("publish_cpu_ms", _publish(server, readers), "ms", str(large))
    finally:
        cluster.stop()


def _figures(costs: list[Cost], size: Size) -> Iterator[dict[str, Any]]:
    yield measure.figure("feed_page_cpu_ms", [cost.web for cost in costs], "ms", str(size))
    yield measure.figure("feed_page_db_cpu_ms", [cost.database for cost in costs], "ms", str(size))
    yield measure.figure("feed_page_over_yardstick", [cost.web / cost.yardstick for cost in costs], "ratio", str(size))


def _readers(server: Server) -> list[str]:
    """Cookies of one signed-in reader in each of 100 quarters, the busiest and the quietest among them."""
    with roles.connect(server.databases.owner_url, autocommit=True) as connection:
        people = connection.execute(
            "SELECT DISTINCT ON (s.rank) p.id FROM bench_share s"
            " JOIN bench_person p USING (quarter_id) WHERE s.rank % 5 = 0 OR s.rank < 8 ORDER BY s.rank, p.id DESC"
        ).fetchall()
    return [server.sign_in(person) for (person,) in people[:100]]


def _pages(server: Server, readers: list[str], requests: int, least: int) -> list[Cost]:
    costs = []
    with server.running() as web, yardstick.running() as stick:
        weeks = 0
        for cookie in readers * 2:  # warm: slips kept, statements prepared
            html = web.get("/board", cookie)
            assert html.count("<article") >= 20, html.count("<article")
            weeks += 'class="week"' in html
        assert weeks > least, f"no strip of the week on most boards: {weeks} of {2 * len(readers)}"
        web.connection.close()  # gunicorn keeps an idle one for 2 seconds
        for _run in range(RUNS):
            costs.append(_cost(web, stick, readers, requests))
    return costs


def _cost(web: Running, stick: yardstick.Yardstick, readers: list[str], requests: int) -> Cost:
    """Pages and the yardstick's in turns, a few at a time: how fast the machine is changes within seconds."""
    spent, around = [0, 0], 0.0
    for first in range(0, requests, TURN):
        around += stick.cpu_ms(TURN)
        known = web.backends()
        before = _account(web, known)
        for number in range(first, first + TURN):
            web.get("/board", readers[number % len(readers)])
        there = web.backends()  # one that came meanwhile counts with its coming
        assert set(known) <= set(there), "what was spent in a connection that is gone was not counted"
        spent = [sum(each) for each in zip(spent, _spent(before, _account(web, there)), strict=True)]
    return Cost(spent[0] / requests / 1e6, spent[1] / requests / 1e6, around * TURN / requests)


def _spent(before: tuple[int, int], after: tuple[int, int]) -> tuple[int, int]:
    return after[0] - before[0], after[1] - before[1]


def _account(web: Running, backends: list[int]) -> tuple[int, int]:
    return measure.cpu_ns(web.worker), measure.cpu_of(backends)


def _queries(server: Server, cookie: str) -> float:
    """Statements of one warm page, counted at the driver in this process."""
    client = server.app.test_client(use_cookies=False)
    with counting.statements() as seen:
        for _time in range(2):  # the second is warm
            seen.clear()
            response = Context().run(client.get, "/board", headers={**HEADERS, "Cookie": cookie})
            assert response.status_code == 200, response.status_code
    return len(seen)


def _publish(server: Server, readers: list[str]) -> list[float]:
    """CPU of web process and backends for one published post with reach "nearby", the redirect included."""
    writers = readers[:PUBLISHED]
    tokens = [server.csrf_token(cookie) for cookie in writers]
    costs = []
    with server.running() as web:
        for number in range(2 * PUBLISHED):  # warm, as the board is
            _post(web, writers[number % PUBLISHED], tokens[number % PUBLISHED], number)
        backends = web.backends()
        for run_number in range(RUNS):
            before = sum(_account(web, backends))
            for number in range(PUBLISHED):
                _post(web, writers[number], tokens[number], (run_number + 2) * PUBLISHED + number)
            costs.append((sum(_account(web, backends)) - before) / PUBLISHED / 1e6)
        posted = web.look.execute("SELECT count(*) FROM contribution WHERE title LIKE 'Bankfrage %'").fetchone()
        assert posted == ((RUNS + 2) * PUBLISHED,), posted
    return costs


def _post(web: Running, cookie: str, token: str, number: int) -> None:
    fields = {
        "csrf_token": token,
        "kind": "post",
        "category": "question",
        "title": f"Bankfrage {number}",
        "hours": "24",
        "body_md": "Wer **weiß** Rat? " * 20,
        "audience": "nearby",
    }
    web.post("/write", cookie, fields)
