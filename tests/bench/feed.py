"""The board of a quarter through the whole stack: gunicorn, session, permission, scope, HTML.

CPU of the web process and of its PostgreSQL backends per request, from their own accounts; the client's is not
counted. Readers of 100 quarters in rotation, warm.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from neighbour.core import clock, roles, scope
from tests.bench import measure
from tests.bench.data import Size, fill, grow
from tests.support import ROOT, cluster

RUNS = 5
SIZES = {
    "small": (Size(5_420, 20_000), Size(5_420, 200_000), 120),
    "full": (Size(100_000, 200_000), Size(100_000, 2_000_000), 400),
}


@dataclass
class Reader:
    """Somebody signed in: their cookie."""

    cookie: str


def run(scale: str) -> Iterator[dict[str, Any]]:
    """All figures of the board, at two sizes of the city."""
    small, large, requests = SIZES[scale]
    cluster_run = cluster.start()
    cluster.remember(cluster_run)
    try:
        databases = cluster_run.copy_template("neighbour_bench")
        fill(databases, small)
        readers = _readers(databases)
        before = _pages(databases, readers, requests)
        yield from _figures(before, small)
        yield measure.figure("publish_cpu_ms", _publish(databases, readers), "ms", str(small))
        with roles.connect(databases.owner_url, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")
            grow(connection, large)
        after = _pages(databases, readers, requests)
        for each in _figures(after, large):
            if each["name"] != "feed_queries":
                yield each
        growth = [(web + db) / statistics.median(w + d for w, d in before["cost"]) for web, db in after["cost"]]
        yield measure.figure("feed_growth_2m_over_200k", growth, "ratio", f"{large.posts:,} over {small.posts:,} posts")
    finally:
        cluster.stop()


def _figures(pages: dict[str, Any], size: Size) -> Iterator[dict[str, Any]]:
    yield measure.figure("feed_page_cpu_ms", [web for web, _db in pages["cost"]], "ms", str(size))
    yield measure.figure("feed_page_db_cpu_ms", [db for _web, db in pages["cost"]], "ms", str(size))
    yield measure.figure("feed_queries", pages["queries"], "queries", str(size))


def _readers(databases: cluster.Databases) -> list[Reader]:
    """One signed-in reader in each of 100 quarters, the busiest and the quietest among them."""
    from flask.sessions import SecureCookieSessionInterface

    from neighbour.accounts import sessions
    from neighbour.core.db import atomic

    app = _app(databases)
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    with roles.connect(databases.owner_url, autocommit=True) as connection:
        people = [
            row[0]
            for row in connection.execute(
                "SELECT DISTINCT ON (s.rank) p.id FROM bench_share s JOIN bench_person p USING (quarter_id) WHERE s.rank % 5 = 0 OR s.rank < 8 ORDER BY s.rank"
            ).fetchall()
        ][:100]
    readers = []
    with app.app_context(), scope.use(scope.NOBODY):
        for person in people:
            with atomic():
                token = sessions.open_session(person, is_kept=True, device="bench")
            cookie = signer.dumps({"_user_id": token, "_fresh": True, "csrf_token": "b" * 64})
            readers.append(Reader(f"nachbar={cookie}"))
    return readers


def _app(databases: cluster.Databases) -> Any:
    from config import Config
    from neighbour.app import create_app

    return create_app(Config.from_env(_environment(databases)))


def _environment(databases: cluster.Databases) -> dict[str, str]:
    return {
        **os.environ,
        "ENVIRONMENT": "test",
        "DATABASE_URL": databases.app_url,
        "DATABASE_OWNER_URL": databases.owner_url,
        "SITE_URL": "http://localhost",
        "PYTHONPATH": str(ROOT),
    }


@contextmanager
def _web(databases: cluster.Databases) -> Iterator[tuple[int, int]]:
    """gunicorn with one worker; gives (port, the worker's process id)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "-w",
            "1",
            "-k",
            "gthread",
            "--threads",
            "4",
            "--no-control-socket",
            "--log-level",
            "error",
            "--keep-alive",
            "75",
            "-b",
            f"127.0.0.1:{port}",
            "neighbour.app:create_app()",
        ],
        env=_environment(databases),
        cwd=ROOT,
    )
    try:
        deadline = clock.monotonic() + 30
        while clock.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        time.sleep(1)
        yield port, measure.children(server.pid)[0]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _pages(databases: cluster.Databases, readers: list[Reader], requests: int) -> dict[str, Any]:
    cost, queries = [], []
    with _web(databases) as (port, worker), roles.connect(databases.superuser_url, autocommit=True) as look:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for reader in readers * 2:  # warm: cards kept, statements prepared
            html = _get(connection, reader)
            assert html.count("<article") >= 20, html.count("<article")
        backends = [
            row[0]
            for row in look.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = 'neighbour_app'", [databases.name]
            )
        ]
        for _run in range(RUNS):
            web, db = measure.cpu_ns(worker), measure.cpu_of(backends)
            for number in range(requests):
                _get(connection, readers[number % len(readers)])
            cost.append(
                ((measure.cpu_ns(worker) - web) / requests / 1e6, (measure.cpu_of(backends) - db) / requests / 1e6)
            )
            queries.append(_count_queries(databases, readers[_run]))
    return {"cost": cost, "queries": queries}


def _get(connection: http.client.HTTPConnection, reader: Reader) -> str:
    connection.request("GET", "/board", headers={"Cookie": reader.cookie, "Accept-Language": "de"})
    response = connection.getresponse()
    body = response.read().decode()
    assert response.status == 200, (response.status, response.headers.get("Location"), body[:300])
    return body


_apps: dict[str, Any] = {}


def _count_queries(databases: cluster.Databases, reader: Reader) -> int:
    """Statements of one page, counted at the driver in this process."""
    from contextvars import Context

    from sqlalchemy import Engine, event

    app = _apps.setdefault(databases.name, _app(databases))
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    client = app.test_client(use_cookies=False)
    event.listen(Engine, "before_cursor_execute", note)
    try:
        for _time in range(2):  # the second is warm
            seen.clear()
            Context().run(client.get, "/board", headers={"Cookie": reader.cookie, "Accept-Language": "de"})
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return len(seen)


def _publish(databases: cluster.Databases, readers: list[Reader]) -> list[float]:
    """CPU of web process and backends for one published post with reach "nearby"."""
    from itsdangerous import URLSafeTimedSerializer

    app = _apps.setdefault(databases.name, _app(databases))
    token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps("b" * 64)
    costs, each = [], 40
    with _web(databases) as (port, worker), roles.connect(databases.superuser_url, autocommit=True) as look:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        _post(connection, readers[-1], token, 0)
        backends = [
            row[0]
            for row in look.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = 'neighbour_app'", [databases.name]
            )
        ]
        for run_number in range(RUNS + 1):
            before = measure.cpu_ns(worker) + measure.cpu_of(backends)
            for number in range(each):
                _post(connection, readers[number], token, run_number * each + number)
            costs.append((measure.cpu_ns(worker) + measure.cpu_of(backends) - before) / each / 1e6)
    return costs[1:]  # the first is cold


def _post(connection: http.client.HTTPConnection, reader: Reader, token: str, number: int) -> None:
    from urllib.parse import urlencode

    body = urlencode(
        {
            "csrf_token": token,
            "kind": "post",
            "category": "question",
            "title": f"Bankfrage {number}",
            "hours": "24",
            "body_md": "Wer **weiß** Rat? " * 20,
            "audience": "nearby",
        }
    )
    connection.request(
        "POST", "/write", body, {"Cookie": reader.cookie, "Content-Type": "application/x-www-form-urlencoded"}
    )
    response = connection.getresponse()
    text = response.read().decode()
    assert response.status == 303, (response.status, re.findall(r'class="error"[^>]*>(.*?)</p>', text))
