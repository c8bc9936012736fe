"""Many people leave while whoever erases them is killed again and again: all are gone, none by half, nobody else is hurt."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from neighbour.core import clock, postgres, roles, scope
from neighbour.core.db import hang_up
from neighbour.mydata import erasing, marks
from tests.factories import make_comment, make_event, make_initiative, make_person, make_post, make_quarter
from tests.support.nursery import environment, nursery

pytestmark = pytest.mark.fault

NEXT_YEAR = clock.now().replace(tzinfo=None, microsecond=0) + timedelta(days=300)
PEOPLE, PATIENCE = 16, 300.0  # ten seconds on two idle cores
WORD = "KANARIENVOGEL"


@pytest.fixture
def leaving(spare_database, settings, tmp_path) -> Iterator[list[int]]:
    """People with canaries whose day has come, half of whom take their texts along; a neighbour has answered each. All of them
    have pinned up for two initiatives, for one of which nobody speaks any more now."""
    from neighbour.app import create_app

    app = create_app(
        replace(
            settings, database_url=spare_database.app_url, owner_url=spare_database.owner_url, instance_dir=tmp_path
        )
    )
    app.extensions["send_job"] = lambda name, args: None
    with app.app_context(), roles.connect(spare_database.owner_url, autocommit=True) as owner:
        quarter = make_quarter()
        ben, found = make_person(quarter, name="Ben"), []
        others = make_post(ben, quarter, title="Bens Zettel")
        going = [make_leaver(quarter, number) for number in range(PEOPLE)]
        kept, orphaned = make_initiative(quarter, *going, ben), make_initiative(quarter, *going, slug="waise")
        for number, person in enumerate(going):
            name = _name(number)
            post = make_post(
                person, quarter, title=name if number % 2 else "Zettel", body=name if number % 2 else "Text"
            )
            make_post(person, quarter, title="Allein")
            for house in (kept, orphaned):
                event = make_event(person, quarter, NEXT_YEAR, title=f"Im {house.slug}", initiative_id=house.id)
                make_comment(ben, quarter, event, "Ben kommt")
            make_comment(ben, quarter, post, "Bens Antwort")
            make_comment(person, quarter, others, name if number % 2 else "Text")
            owner.execute(ROWS, {"me": person.id, "quarter": quarter.id, "word": name, "bytes": name.encode()})
        for number, person in enumerate(going):
            erasing.begin(person.id, keeps_texts=not number % 2, grace=timedelta())
            found.append(person.id)
        scope.leave()
        yield found
        with scope.use(scope.NOBODY):
            marks.reconcile()
            assert [line.state for line in marks.latest(marks.read()).values()] == ["done"] * PEOPLE
        scope.leave()
        hang_up()


def make_leaver(quarter, number):
    address = f"{_name(number)}@x.example"
    return make_person(quarter, name=_name(number), email=address, email_key=address.lower())


def _name(number):
    return f"{WORD}-{number}-"


ROWS = """
WITH a AS (INSERT INTO home (person_id, quarter_id, sealed, address_hash, family_hashes, word_hashes)
           VALUES (%(me)s, %(quarter)s, %(bytes)s, %(bytes)s, ARRAY[%(bytes)s], ARRAY[%(bytes)s])),
     b AS (INSERT INTO delivery (id, person_id, notice, subject_key, period, channel, due_at, state, payload)
           VALUES (gen_random_uuid(), %(me)s, %(word)s, '', '', 'mail', now(), 'sent', '{}')),
     c AS (INSERT INTO subscription (person_id, quarter_id, list, token) VALUES (%(me)s, %(quarter)s, 'digest', %(word)s)),
     d AS (INSERT INTO address_access (person_id, purpose, at) VALUES (%(me)s, %(word)s, now()))
INSERT INTO login_session (token_hash, person_id, created_at, seen_at, expires_at, ends_at, is_kept, device)
VALUES (%(bytes)s, %(me)s, now(), now(), now(), now(), false, %(word)s)
"""
IN_THE_MIDDLE = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND xact_start IS NOT NULL"
PROGRESS = "SELECT coalesce(sum(cardinality(steps_done)), 0), count(*) FROM erasure"


@pytest.fixture
def hire(spare_database, tmp_path) -> Iterator[Callable[[], int]]:
    """Starts a worker; gives its process id."""
    with nursery("tests.support.goodbyes", environment(spare_database, tmp_path), tmp_path / "workers.txt") as hiring:
        yield hiring


@pytest.mark.parametrize("most", [6, pytest.param(50, marks=pytest.mark.thorough)])
def test_kills_leave_nobody_half_erased(leaving, hire, spare_database, tmp_path, most):
    seed = int(os.environ.get("DICE", random.SystemRandom().randrange(2**32)))
    print(f"DICE={seed} throws the same again")  # shown where the test fails
    dice, kills, at_work = random.Random(seed), 0, 0
    deadline = time.monotonic() + PATIENCE
    each = len(erasing.steps())
    with (
        roles.connect(spare_database.owner_url, autocommit=True) as owner,
        roles.connect(spare_database.superuser_url, autocommit=True) as superuser,
    ):

        def done() -> int:
            steps, left = owner.execute(PROGRESS).fetchone()
            return steps + (PEOPLE - left) * each

        crew = [hire(), hire()]
        while kills < most:
            upto = min(done() + dice.randint(0, PEOPLE * each // most), PEOPLE * each - 3)
            while done() < upto:
                assert time.monotonic() < deadline, (tmp_path / "workers.txt").read_text()[-3000:]
                time.sleep(0.002)
            time.sleep(dice.random() / 100)
            victim = crew.pop(dice.randrange(2))
            at_work += stands_still_at_work(victim, superuser)
            os.kill(victim, signal.SIGKILL)
            kills += 1
            crew.append(hire())
        while owner.execute("SELECT count(*) FROM erasure").fetchone() != (0,):
            assert time.monotonic() < deadline, (tmp_path / "workers.txt").read_text()[-3000:]
            time.sleep(0.05)
        assert at_work >= most // 2, f"only {at_work} of {kills} kills hit a worker in the middle of a transaction"
        # where Ben has answered, a row without a name stays
        assert owner.execute(HALF).fetchall() == [(PEOPLE, "erased", "")]
        assert owner.execute("SELECT count(*) FROM comment WHERE body_md = 'Bens Antwort'").fetchone() == (PEOPLE,)
        assert owner.execute("SELECT count(*) FROM contribution WHERE title = 'Allein'").fetchone() == (PEOPLE // 2,)
        # what was kept for an initiative stands, and nobody speaks for it who is gone
        found = owner.execute(OF_INITIATIVES).fetchall()
        assert found == [("Im haus", "Ben", PEOPLE, PEOPLE), ("Im waise", "", PEOPLE, PEOPLE)]
        assert owner.execute("SELECT count(*) FROM initiative_editor").fetchone() == (1,)
    dump = subprocess.run(
        [str(postgres.binary("pg_dump")), "--data-only", "--dbname", postgres.libpq(spare_database.superuser_url)],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert [line for line in dump.splitlines() if WORD in line or WORD.encode().hex() in line] == []


def stands_still_at_work(worker: int, superuser) -> bool:
    """Stop a worker, if possible between the beginning and the end of a transaction of its; whether it is."""
    for _try in range(60):
        os.kill(worker, signal.SIGSTOP)
        if superuser.execute(IN_THE_MIDDLE, [f"goodbyes {worker}"]).fetchone()[0]:
            return True
        os.kill(worker, signal.SIGCONT)
        time.sleep(0.003)
    return False


OF_INITIATIVES = """
SELECT c.title, p.first_name, count(DISTINCT c.id), count(o.id) FROM contribution c JOIN person p ON p.id = c.author_id
JOIN occurrence o ON o.event_id = c.id WHERE c.is_office AND c.state = 'published' AND c.comment_count = 1 AND c.initiative_id IS NOT NULL
GROUP BY 1, 2 ORDER BY 1
"""
HALF = "SELECT count(*), status, email FROM person WHERE first_name <> 'Ben' GROUP BY status, email"
