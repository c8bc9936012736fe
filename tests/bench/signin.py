"""Fifty people sign in at the same moment, at the true cost of a password, each from an address of their own.

Over the wall clock, from the moment all of them press the button to each one's answer. What they wait for is argon2: the
seconds carry the machine's pace like CPU time does, because they are CPU time shared among the cores.
"""

from __future__ import annotations

import http.client
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from neighbour.accounts import passwords
from neighbour.core import scope
from tests.bench import measure
from tests.bench.web import HEADERS, Running, Server
from tests.support import cluster

FIGURES = ("signin_p95_seconds", "signin_cpu_ms")
PEOPLE = 50
PASSWORD = "drei bunte Regenschirme"
RUNS = {"small": 3, "full": 7}


def run(scale: str) -> Iterator[dict[str, Any]]:
    """The 95th percentile of their waiting times, and the CPU of the web processes for one of them."""
    cluster_run = cluster.start()
    cluster.remember(cluster_run)
    try:
        server = Server(cluster_run.copy_template("neighbour_signin"), web_workers=2)
        emails = _people(server)
        waits, costs = [], []
        with server.running() as running:
            _all_at_once(running, emails[:4], 90)  # every process has served somebody
            for turn in range(RUNS[scale]):
                before = _cpu_s(running)
                waited = sorted(_all_at_once(running, emails, turn))
                costs.append((_cpu_s(running) - before) / PEOPLE * 1000)
                waits.append(waited[int(PEOPLE * 0.95)])
            processes = len(_workers(running))
        cost = server.app.extensions["config"].argon2_memory_kib
        size = f"{PEOPLE} at once, {processes} processes, argon2id t=3 {cost} KiB"
        yield measure.figure("signin_p95_seconds", waits, "s", size)
        yield measure.figure("signin_cpu_ms", costs, "ms", size)
    finally:
        cluster.stop()


def _workers(running: Running) -> list[int]:
    """The web processes as they are now: not all of them are there when the first answers."""
    parent = int(Path(f"/proc/{running.worker}/stat").read_text().rpartition(")")[2].split()[1])
    return measure.children(parent)


def _cpu_s(running: Running) -> float:
    """CPU of the web processes, threads that have ended included: argon2 begins its own for every password."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in _workers(running)]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def _people(server: Server) -> list[str]:
    from tests.factories import make_person, make_quarter

    with server.app.app_context(), scope.use(scope.NOBODY):
        quarter = make_quarter()
        hashed = passwords.hash_password(PASSWORD, server.app.extensions["config"].argon2_memory_kib)
        return [make_person(quarter, password_hash=hashed).email for _person in range(PEOPLE)]


def _all_at_once(running: Running, emails: list[str], turn: int) -> list[float]:
    """How long each waited, in s. Everybody must be let in."""
    forms = [_form(running, f"198.51.{turn}.{number}") for number in range(len(emails))]
    gate = threading.Barrier(len(emails))
    waited: list[float] = []

    def enter(email: str, form: tuple[dict[str, str], str]) -> None:
        headers, token = form
        body = urlencode({"email": email, "password": PASSWORD, "csrf_token": token})
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=120)
        gate.wait()
        begun = time.perf_counter()
        connection.request("POST", "/signin", body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status == 303:
            waited.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=enter, args=each) for each in zip(emails, forms, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waited) == len(emails), f"{len(emails) - len(waited)} were not let in"
    return waited


def _form(running: Running, address: str) -> tuple[dict[str, str], str]:
    """The sign-in page as somebody at this address gets it: the headers to go on with, and its token."""
    asked = {**HEADERS, "X-Forwarded-For": address, "Accept-Encoding": "identity"}
    connection = http.client.HTTPConnection("127.0.0.1", running.port)
    connection.request("GET", "/signin", headers=asked)
    answer = connection.getresponse()
    text, cookie = answer.read().decode(), str(answer.headers["Set-Cookie"]).partition(";")[0]
    connection.close()
    (token, *_more) = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', text)
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie, "Connection": "close"}
    return {**asked, **sent}, token
