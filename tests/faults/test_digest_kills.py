"""A morning on which everything that can be killed is killed: every reader still gets one issue."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from neighbour.core import clock, roles, scope
from neighbour.core.db import hang_up
from neighbour.digests.when import issue_time
from tests.factories import make_person, make_post, make_quarter
from tests.support import ROOT
from tests.support.nursery import environment, nursery

pytestmark = pytest.mark.fault

QUARTERS, THREADS = 10, 2
MORNINGS = [(4, 40), pytest.param((50, 200), marks=pytest.mark.thorough)]  # kills, readers in each quarter
PATIENCE = 400.0  # a minute and a half on two idle cores; a busy machine gets its time


def zone_of_the_forenoon() -> str:
    """A time zone in which it is between ten and eleven now: an issue is due whenever this test runs."""
    return f"Etc/GMT{(datetime.now(UTC).hour - 10 + 12) % 24 - 12:+d}"


@pytest.fixture
def sink(tmp_path) -> Iterator[tuple[int, Callable[[], list[list[str]]]]]:
    """A mail server: its port, and what it has taken."""
    book = tmp_path / "taken"
    command = [sys.executable, "-m", "tests.support.sink", str(book), "0.002"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        yield port, lambda: [line.split() for line in book.read_text().splitlines()] if book.exists() else []
        server.kill()


@pytest.fixture
def city(spare_database, settings, sink, morning) -> Iterator[set[str]]:
    """So many readers in each of ten quarters, three contributions each; gives the readers' addresses."""
    from neighbour.app import create_app

    config = replace(
        settings,
        database_url=spare_database.app_url,
        owner_url=spare_database.owner_url,
        time_zone=zone_of_the_forenoon(),
    )
    app = create_app(config)
    cut = issue_time(clock.today(config.time_zone), config.time_zone)
    with app.app_context():
        for number in range(QUARTERS):
            quarter = make_quarter()
            author = make_person(quarter)
            for hour in range(3):
                with clock.freeze(cut - timedelta(hours=1 + hour)):
                    make_post(author, quarter, title=f"Zettel {hour} aus {number}")
        with roles.connect(spare_database.owner_url, autocommit=True) as owner:
            owner.execute(SETTLE, {"readers": morning[1]})
            yield {
                row[0]
                for row in owner.execute("SELECT email FROM person JOIN subscription s ON s.person_id = person.id")
            }
        scope.leave()
        hang_up()


SETTLE = """
WITH people AS (
  INSERT INTO person (public_id, email, email_key, password_hash, first_name, last_name, display_name, language, confirmed_at,
                      status, signup_step, is_operator, created_at)
  SELECT substr(md5(q.id || '-' || i), 1, 12), 'r' || i || '@q' || q.id || '.example', 'r' || i || '@q' || q.id || '.example',
         '!', 'Leserin', 'Probe', 'Leserin ' || i, 'de', now(), 'active', 'done', false, now()
  FROM quarter q, generate_series(1, %(readers)s) i RETURNING id, email
), homes AS (
  INSERT INTO membership (person_id, quarter_id, level, role, created_at, proven_at)
  SELECT id, substring(email FROM '@q(\\d+)')::int, 'verified', 'resident', now(), now() FROM people
)
INSERT INTO subscription (person_id, quarter_id, list, is_on, includes_nearby, token, created_at)
SELECT id, substring(email FROM '@q(\\d+)')::int, 'digest', true, true, 'token' || id, now() FROM people
"""


@pytest.fixture
def knowing(spare_database, sink, tmp_path) -> dict[str, str]:
    return environment(
        spare_database, tmp_path, SMTP_URL=f"smtp://127.0.0.1:{sink[0]}", TIME_ZONE=zone_of_the_forenoon()
    )


@pytest.fixture
def hire(knowing, tmp_path) -> Iterator[Callable[[], int]]:
    """Starts a worker; gives its process id."""
    with nursery("tests.support.morning", knowing, tmp_path / "workers.log") as hiring:
        yield hiring


@pytest.fixture
def beats(knowing, tmp_path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two beats, as after a careless scale-out."""
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "tests.support.morning:crew", "beat"]
    with (tmp_path / "beat.log").open("ab") as log:
        started = [subprocess.Popen(command, env=knowing, cwd=tmp_path, stdout=log, stderr=log) for _beat in range(2)]
    yield started
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("morning", MORNINGS)
def test_kills_lose_no_issue_and_make_no_second_one(city, sink, hire, beats, spare_database, tmp_path, morning):
    taken, dice, kills = sink[1], random.Random(), 0
    most, readers = morning[0], QUARTERS * morning[1]
    crew = [hire(), hire()]
    deadline = time.monotonic() + PATIENCE
    while kills < most:
        # the next falls somewhere in the work: at the start of a batch, in the middle, or after the last one
        upto = len(taken()) + dice.randint(1, readers // most)
        while len(taken()) < min(upto, readers - 5):
            assert time.monotonic() < deadline, report(tmp_path, taken(), kills)
            time.sleep(0.02)
        unlucky = crew.pop(dice.randrange(2))
        os.kill(unlucky, signal.SIGKILL)
        kills += 1
        crew.append(hire())
    with roles.connect(spare_database.owner_url, autocommit=True) as owner:
        while owner.execute("SELECT count(*) FROM delivery WHERE state <> 'sent'").fetchone() != (0,):
            assert time.monotonic() < deadline, report(tmp_path, taken(), kills)
            time.sleep(0.1)
        assert owner.execute("SELECT count(*) FROM delivery").fetchone() == (readers,)
        assert owner.execute("SELECT count(*), max(number) FROM edition").fetchone() == (QUARTERS, 1)
        assert owner.execute("SELECT job, state FROM period").fetchall() == [("digest", "done")]
    ids = defaultdict(set)
    for reader, message_id in taken():
        ids[reader].add(message_id)
    assert set(ids) == city and len(city) == readers  # nobody was lost
    assert max(map(len, ids.values())) == 1  # nobody got a second one
    assert len({next(iter(each)) for each in ids.values()}) == len(city)
    # SMTP has no "exactly once": what was on the wire when its worker died went out again, as the same message
    repeats = sum(count - 1 for count in Counter(reader for reader, _id in taken()).values())
    assert repeats <= most * THREADS
    assert [beat.poll() for beat in beats] == [None, None]


def report(folder: Path, taken: list[list[str]], kills: int) -> str:
    """What to look at when it takes too long."""
    logs = [(folder / name).read_text()[-2000:] for name in ("workers.log", "beat.log")]
    return "\n".join([f"{len(taken)} mails, {kills} kills", *logs])
