"""A morning in the city: digests composed, handed to a mail server, and what that does to the worker's memory.

CPU is that of the sending process alone; the mail server is a process of its own. Every reader was told up to a week
ago, so an issue holds from a handful of contributions to the full 25, as in a real city.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import current_app

from config import Config
from neighbour.core import clock, kept, roles, scope
from neighbour.core.columns import id_at
from neighbour.core.mail import Transport
from tests.bench import measure
from tests.bench.data import Size, fill
from tests.support import ROOT, cluster

RUNS = 5
FIGURES = ("digest_composed_per_cpu_second", "digest_handed_over_per_cpu_second", "digest_memory_growth")
SIZES = {"small": Size(10_840, 20_000), "full": Size(100_000, 200_000)}
# A tenth of the readers look for two things again and again: one that is in every slip, one that is in none.
SAVED = """
INSERT INTO saved_search (id, person_id, words, filters, ways)
SELECT gen_random_uuid(), p.id, word, '{}', jsonb_build_object('tags', '[]'::jsonb, 'words', jsonb_build_array(jsonb_build_array(
         jsonb_build_array(word, 'exact', 1.0), jsonb_build_array(word, 'begins', 0.8), jsonb_build_array(word, 'ends', 0.8))),
         'guessed', '[[]]'::jsonb, 'spelled', jsonb_build_array(word))
FROM bench_person p, unnest(ARRAY['handschuh', 'ziehharmonika']) word WHERE p.id % 10 = 0
"""
WARM = 0.1  # of the digests: what the process keeps (rendered pieces, prepared statements) is there by then


def run(scale: str) -> Iterator[dict[str, Any]]:
    """The three figures of a morning."""
    size = SIZES[scale]
    run_of = cluster.start()
    cluster.remember(run_of)
    try:
        databases = run_of.copy_template("neighbour_bench_digest")
        fill(databases, size)
        with roles.connect(databases.owner_url, autocommit=True) as connection:
            week = id_at(clock.now() - timedelta(days=7))
            connection.execute("UPDATE subscription SET told_up_to = %s", [week])
            connection.execute(SAVED)
            connection.execute("VACUUM ANALYZE subscription")
        with _sink() as port:
            yield from _morning(_config(databases, port), size)
    finally:
        cluster.stop()


def _morning(config: Config, size: Size) -> Iterator[dict[str, Any]]:
    from neighbour.app import create_app
    from neighbour.digests import service

    app = create_app(config)
    day = clock.today(config.time_zone)
    with app.app_context():
        app.extensions["send_job"] = lambda name, arguments: None  # this process is the worker
        service.open_period(day, config.time_zone, at=clock.now())
        with scope.use(scope.NOBODY):
            quarters = _quarters(str(day))
            yield measure.figure(
                "digest_composed_per_cpu_second", _composed(quarters, str(day), config), "1/s", str(size)
            )
            rates, memory, sent = _handed_over(quarters, str(day), config)
    yield measure.figure("digest_handed_over_per_cpu_second", rates, "1/s", f"{size}, {sent:,} digests")
    growth = memory[-1] / memory[0]
    yield {**measure.figure("digest_memory_growth", [growth], "ratio", f"{sent:,} digests"), "runs": len(memory)}


def _composed(quarters: list[int], day: str, config: Config) -> list[float]:
    """Digests per CPU-second, from leased rows and the contributions of the edition to the bytes of the mail."""
    from neighbour.digests import sending
    from neighbour.digests.service import NOTICE
    from neighbour.notices import ledger

    rates, common = [], sending.common_for(config)
    for share in _shares(quarters, RUNS):
        spent, made = 0.0, 0
        for quarter in share:
            rows = ledger.lease_some(NOTICE, quarter, day, 10_000)
            with scope.use(scope.Viewer(None, (quarter,))):
                readers = sending.readers_of(rows, quarter)
                started = time.process_time()
                portions = sending.portions_for(quarter, rows)
                for row in rows:
                    mail = sending.write(
                        portions, row, readers[row.person_id], common, ledger.message_id(row, common.host)
                    )
                    assert mail is not None
                    made += len(mail) > 5_000
                spent += time.process_time() - started
            _give_back(quarter)
        rates.append(made / spent)
    return rates


def _handed_over(quarters: list[int], day: str, config: Config) -> tuple[list[float], list[int], int]:
    """(digests per CPU-second, resident bytes after each share, how many): lease, compose, hand over, settle."""
    from neighbour.digests import sending

    current_app.extensions.pop(kept.EXTENSION, None)
    rates, memory, sent = [], [], 0
    warm, *rest = [quarters[: round(len(quarters) * WARM)], *_shares(quarters[round(len(quarters) * WARM) :], RUNS)]
    with Transport(config.smtp_url) as transport:
        for number, share in enumerate([warm, *rest]):
            started, taken = time.process_time(), 0
            for quarter in share:
                taken += sending.send(quarter, day, config, transport)
            if number:
                rates.append(taken / (time.process_time() - started))
            memory.append(_resident())
            sent += taken
    return rates, memory, sent


def _shares(quarters: list[int], number: int) -> list[list[int]]:
    return [quarters[start::number] for start in range(number)]


def _quarters(day: str) -> list[int]:
    from sqlalchemy import select

    from neighbour.core.db import db
    from neighbour.digests.models import Edition

    return list(db.session.scalars(select(Edition.quarter_id).where(Edition.period == day, Edition.readers > 0)))


def _give_back(quarter: int) -> None:
    """Free the rows that were only composed."""
    from sqlalchemy import update

    from neighbour.core.db import atomic, db
    from neighbour.notices.models import Delivery

    with atomic():
        db.session.execute(
            update(Delivery).where(Delivery.quarter_id == quarter).values(state="pending", lease_until=None, attempts=0)
        )


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _config(databases: cluster.Databases, port: int) -> Config:
    return Config.from_env({
        "ENVIRONMENT": "test",
        "SITE_URL": "https://nachbar.bank.example",
        "DATABASE_URL": databases.app_url,
        "DATABASE_OWNER_URL": databases.owner_url,
        "SMTP_URL": f"smtp://127.0.0.1:{port}",
        "INSTANCE_DIR": tempfile.mkdtemp(prefix="neighbour-bench-"),
    })  # fmt: skip


@contextmanager
def _sink() -> Iterator[int]:
    command = [sys.executable, "-m", "tests.support.sink", os.devnull]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()
