"""A hundred people send a photo at the same moment, over lines of 5 Mbit/s; meanwhile somebody reads the board.

Everything as it is run: web processes behind a proxy (which hands a piece over once it has all of it), a worker that draws. The
figure is how many times as long the 95th percentile of the board's pages takes while photos come in and are drawn as it takes
when nobody sends any; measured on the same machine in the same minute, so it carries no pace.
"""

from __future__ import annotations

import http.client
import io
import multiprocessing
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from PIL import Image

from neighbour.core import roles, scope
from tests.bench import measure
from tests.bench.web import HEADERS, Running, Server
from tests.support import ROOT, cluster

FIGURES = ("board_p95_beside_photos",)
SENDERS, READERS, PIECE, LINE = 100, 60, 512 * 1024, 625_000  # bytes of a piece, bytes a second
PAGES = {"small": 300, "full": 1_000}


def run(scale: str) -> Iterator[dict[str, Any]]:
    """The ratio of the two percentiles."""
    cluster_run = cluster.start()
    cluster.remember(cluster_run)
    try:
        server = Server(cluster_run.copy_template("neighbour_photos"), web_workers=2)
        readers, senders = _people(server)
        with server.running() as running, _worker(server):
            _read(running, readers, 100)
            quiet = _read(running, readers, PAGES[scale])
            crowd = multiprocessing.get_context("fork").Process(target=_send_all, args=(running.port, senders))
            crowd.start()
            busy = _read(running, readers, PAGES[scale])
            while crowd.is_alive():
                busy += _read(running, readers, 20)
            crowd.join()
            assert crowd.exitcode == 0, "not every photo arrived"
            _wait_until_drawn(server)
            running.connection.close()  # the server has long closed its end: it keeps an idle line for two seconds
            quiet += _read(running, readers, PAGES[scale])  # before and after: the machine may have changed meanwhile
        size = f"{SENDERS} photos of 12 megapixels, {len(busy)} pages beside them, 2 web processes, 1 worker"
        yield measure.figure("board_p95_beside_photos", [_p95(busy) / _p95(quiet)], "×", size)
    finally:
        cluster.stop()


def _wait_until_drawn(server: Server) -> None:
    deadline = time.monotonic() + 300
    with roles.connect(server.databases.superuser_url, autocommit=True) as look:
        while look.execute("SELECT count(*) FROM photo WHERE state <> 'ready'").fetchone() != (0,):
            assert time.monotonic() < deadline, "not every photo was drawn"
            time.sleep(0.5)


@contextmanager
def _worker(server: Server) -> Iterator[None]:
    """One worker, as the supervisor starts it."""
    command = [sys.executable, "-m", "celery", "-A", "workers", "worker", "--loglevel=ERROR"]
    worker = subprocess.Popen(command, env=server.environment(), cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(60)


def _people(server: Server) -> tuple[list[str], list[tuple[str, str, bytes]]]:
    """The cookies of those who read; for each sender cookie, token and photo."""
    from tests.factories import make_person, make_post, make_quarter

    with server.app.app_context(), scope.use(scope.NOBODY):
        quarter = make_quarter()
        people = [make_person(quarter) for _person in range(SENDERS + READERS)]
        for number in range(40):
            make_post(people[number], quarter, title=f"Zettel {number}", body="Ein Satz. " * 20)
    cookies = [server.sign_in(person.id) for person in people]
    photo = _photo()
    return cookies[:READERS], [(cookie, server.csrf_token(cookie), photo) for cookie in cookies[READERS:]]


def _photo() -> bytes:
    """Twelve megapixels with as much in them as a photo has: about 3 MB."""
    noise = Image.effect_noise((1_000, 750), 50).resize((4_000, 3_000))
    out = io.BytesIO()
    Image.merge("RGB", (noise, noise, noise)).save(out, "JPEG", quality=85)
    return out.getvalue()


def _read(running: Running, cookies: list[str], times: int) -> list[float]:
    """Seconds of so many pages of the board, one after the other; whoever reads takes turns, as a day has so many pages."""
    waited = []
    for page in range(times):
        begun = time.perf_counter()
        running.get("/board", cookies[page % len(cookies)])
        waited.append(time.perf_counter() - begun)
        time.sleep(0.02)  # people do not read faster; and others get a turn
    return waited


def _p95(waited: list[float]) -> float:
    return sorted(waited)[int(len(waited) * 0.95)]


def _send_all(port: int, senders: list[tuple[str, str, bytes]]) -> None:
    """All of them at once, in a process of their own that takes what the machine has left: phones have processors of their own."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with ThreadPoolExecutor(SENDERS) as pool:
        for sent in [pool.submit(_send, port, *each) for each in senders]:
            sent.result()


def _send(port: int, cookie: str, token: str, photo: bytes) -> None:
    """One photo in pieces, each as long after the last as the line takes for it, or as the server asked for."""
    time.sleep(random.random())
    common = {**HEADERS, "Cookie": cookie, "X-CSRFToken": token, "Sec-Fetch-Site": "same-origin"}
    first = {"Upload-Length": str(len(photo)), "Upload-Key": str(uuid.uuid4())}
    answer = _ask(port, "POST", "/photos", b"", {**common, **first})
    place, pause = answer.headers["Location"], float(answer.headers["Upload-Pause"]) / 1000
    for start in range(0, len(photo), PIECE):
        piece = photo[start : start + PIECE]
        time.sleep(max(pause, len(piece) / LINE))
        answer = _ask(port, "PATCH", str(place), piece, {**common, "Upload-Offset": str(start)})
        pause = float(answer.headers["Upload-Pause"]) / 1000


def _ask(port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status in (200, 201), (answer.status, text[:200])
    connection.close()
    return answer
