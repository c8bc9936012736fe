"""The queue inside PostgreSQL: workers are killed, nothing is lost."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time

import pytest
from celery import Celery

from neighbour.core import broker, roles
from tests.support import ROOT
from tests.support.nursery import environment

pytestmark = pytest.mark.fault

JOBS = 300


@pytest.fixture
def crew(spare_database, settings, tmp_path):
    """Starts workers on a database of their own; kills those that are left."""
    started: list[subprocess.Popen[bytes]] = []
    knowing = environment(spare_database, tmp_path, PROBE_FILE=str(tmp_path / "probe"))

    def start():
        command = [sys.executable, "-m", "celery", "--quiet", "-A", "tests.support.probe", "worker"]
        with (tmp_path / "worker.log").open("ab") as log:
            started.append(subprocess.Popen(command, env=knowing, cwd=ROOT, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def send(spare_database, settings):
    sender = Celery("probe", set_as_current=False)
    sender.conf.update(broker.settings(dataclasses.replace(settings, database_url=spare_database.app_url)))

    def send(number, **options):
        sender.send_task("notices.probe", args=[number], ignore_result=True, queue="notices", **options)

    yield send
    sender.close()


@pytest.mark.parametrize("shares", [(0.45,), pytest.param((0.2, 0.45, 0.7), marks=pytest.mark.thorough)])
def test_kills_lose_no_job(crew, send, tmp_path, shares):
    for number in range(JOBS):
        send(number)
    probe = tmp_path / "probe"

    def done():
        return set(probe.read_text().split()) if probe.exists() else set()

    deadline = time.monotonic() + 150
    for share in shares:
        worker = crew()
        while len(done()) < share * JOBS:
            assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()[-3000:]
            time.sleep(0.02)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    worker = crew()
    while len(done()) < JOBS:
        assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()[-3000:]
        time.sleep(0.05)
    worker.terminate()
    assert worker.wait(15) == 0
    # twice is allowed (the ledger sorts that out), but only what a killed worker held
    assert len(probe.read_text().split()) <= JOBS + len(shares) * 64


@pytest.mark.thorough
def test_a_knock_that_waited_too_long_is_thrown_away_unread(crew, send, spare_database, tmp_path):
    for number in range(20):
        send(number, expires=0.1)
    time.sleep(0.2)
    send(99, expires=60)
    probe, deadline = tmp_path / "probe", time.monotonic() + 60
    crew()
    with roles.connect(spare_database.app_url, autocommit=True) as app:
        while not probe.exists() or app.execute("SELECT count(*) FROM pgmq.q_notices").fetchone() != (0,):
            assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()[-3000:]
            time.sleep(0.05)
    assert probe.read_text().split() == ["99"]
