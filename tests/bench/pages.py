"""A quarter full of something, and what a page of it costs through the whole stack: CPU of the web process and of its
PostgreSQL backends, warm. The benches of events and of the map say what is in the quarter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from neighbour.core import roles
from tests.bench import measure
from tests.bench.data import Size, fill
from tests.bench.web import Server
from tests.support import cluster

RUNS = 7
WARM = 20  # requests before anything is measured
#: the city around the quarter, requests per run
SIZES = {"small": (Size(5_420, 20_000), 100), "full": (Size(100_000, 200_000), 300)}
#: the rows that fill the quarter: takes the owner's connection, and ``quarter`` and ``author`` for its statements
Rows = Callable[[Any, dict[str, Any]], None]


@dataclass(frozen=True)
class FullQuarter:
    """The application, and somebody who reads that quarter."""

    server: Server
    cookie: str
    size: Size
    requests: int

    def costs(self, path: str, count: Callable[[str], int], times: int) -> list[float]:
        """What each request of ``path`` costs in ms, once a run; an answer in which ``count`` finds another number is none."""
        found = []
        with self.server.running() as web:
            for _warm in range(WARM):
                said = count(web.get(path, self.cookie))
                assert said == times, said
            for _run in range(RUNS):
                before = measure.cpu_ns(web.worker) + measure.cpu_of(web.backends())
                for _request in range(self.requests):
                    web.get(path, self.cookie)
                after = measure.cpu_ns(web.worker) + measure.cpu_of(web.backends())
                found.append((after - before) / self.requests / 1e6)
        return found


@contextmanager
def full_quarter(scale: str, rows: Rows) -> Iterator[FullQuarter]:
    """A city of this scale, one quarter of it filled by ``rows``; its newest member reads, its oldest has written."""
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
            rows(connection, {"quarter": quarter, "author": author})
            connection.execute("ANALYZE")
        server = Server(databases)
        yield FullQuarter(server, server.sign_in(reader), size, requests)
    finally:
        cluster.stop()
