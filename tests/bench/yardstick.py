"""How fast this machine is right now: a page of next to nothing, served the same way as ours.

Flask, one SQLite query joining twenty items with their authors, one Jinja page, gunicorn with the same kind of worker; no
session, no permission, no PostgreSQL. CPU-seconds of one machine move by a factor of two within minutes when its
neighbours are busy; a ratio of two pages measured in turns does not.
"""

from __future__ import annotations

import http.client
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask

from neighbour.core import clock
from tests.bench import measure
from tests.support import ROOT

BAR_MS = 1.25  # what the page took where the bars were set
FILE = "YARDSTICK_FILE"
COMMUNITIES, ITEMS, PEOPLE = 200, 100_000, 10_000
PAGE = """<!doctype html><html lang="en"><title>{{ community }}</title><body><h1>{{ community }}</h1><ul>
{% for title, body, name in items %}<li><h2>{{ title }}</h2><p>{{ body }}</p><p>{{ name }}</p></li>
{% endfor %}</ul></body></html>"""
ASK = (
    "SELECT i.title, i.body, p.name FROM item i JOIN person p ON p.id = i.person_id"
    " WHERE i.community_id = ? ORDER BY i.created DESC, i.id DESC LIMIT 20"
)


def create_app() -> Flask:
    """The smallest page that shows twenty items of a list."""
    app = Flask("yardstick")
    page = app.jinja_env.from_string(PAGE)

    @app.get("/c/<int:community>")
    def show(community: int) -> str:
        with closing(sqlite3.connect(os.environ[FILE])) as connection:
            return page.render(community=community, items=connection.execute(ASK, [community]).fetchall())

    return app


class Yardstick:
    """The running server: its port and the process that answers."""

    def __init__(self, port: int, worker: int):
        self.port, self.worker = port, worker

    def pace(self) -> float:
        """How many times as long as on the machine of the bars the page takes now."""
        return self.cpu_ms(300) / BAR_MS

    def cpu_ms(self, requests: int) -> float:
        """CPU of the web process for one page, over this many."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)  # gunicorn keeps an idle one for 2 seconds
        before = measure.cpu_ns(self.worker)
        for number in range(requests):
            connection.request("GET", f"/c/{number % 100}")
            response = connection.getresponse()
            assert response.status == 200 and len(response.read()) > 5_000
        return (measure.cpu_ns(self.worker) - before) / requests / 1e6


@contextmanager
def running() -> Iterator[Yardstick]:
    """The yardstick, up and warm."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "yardstick.db"
        _fill(path)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable, "-m", "gunicorn", "tests.bench.yardstick:create_app()", "--bind", f"127.0.0.1:{port}",
            "--worker-class", "gthread", "--threads", "4", "--no-control-socket", "--log-level", "error",
        ]  # fmt: skip
        environment = {**os.environ, FILE: str(path), "PYTHONPATH": str(ROOT)}
        server = subprocess.Popen(command, env=environment, cwd=ROOT)
        try:
            stick = _first_answer(server, port)
            stick.cpu_ms(200)
            yield stick
        finally:
            server.terminate()
            server.wait(20)


def _first_answer(server: subprocess.Popen[bytes], port: int) -> Yardstick:
    deadline = clock.monotonic() + 30
    while clock.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0 and (found := measure.children(server.pid)):
                return Yardstick(port, found[0])
        time.sleep(0.1)
    sys.exit("bench: the yardstick does not answer")


def _fill(path: Path) -> None:
    words = ["lorem", "ipsum", "dolor", "sit", "amet", "consetetur", "sadipscing", "elitr", "sed", "diam"]
    dice = random.Random(7)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "PRAGMA journal_mode = wal; CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT);"
            "CREATE TABLE item (id INTEGER PRIMARY KEY, community_id INT, person_id INT, created INT, title TEXT, body TEXT);"
            "CREATE INDEX newest ON item (community_id, created DESC, id DESC)"
        )
        connection.executemany("INSERT INTO person VALUES (?, ?)", ((n, f"Person {n}") for n in range(PEOPLE)))
        texts = ((" ".join(dice.choices(words, k=7)), " ".join(dice.choices(words, k=45))) for _n in range(ITEMS))
        connection.executemany(
            "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?)",
            ((n, n % COMMUNITIES, n % PEOPLE, dice.randrange(10**9), *text) for n, text in enumerate(texts)),
        )
        connection.commit()
