"""Statements given to the driver directly: what they answer, what they commit, and what becomes of a broken line."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError

from neighbour.core import roles, scope
from neighbour.core.asking import asked
from neighbour.core.db import atomic, db

NOTE = asked("INSERT INTO period (job, key, opened_at, state) VALUES (:job, 'k', now(), 'open')")


@pytest.fixture
def eyes(session):
    with scope.use(scope.PUBLIC):
        yield


def jobs(owner):
    return [job for (job,) in owner.execute("SELECT job FROM period ORDER BY job").fetchall()]


def test_rows_come_as_tuples_and_in_the_sessions_own_transaction(eyes):
    whoever = asked("SELECT current_setting('app.public', true), CAST(:n AS int) + 1")
    assert whoever.rows({"n": 41}) == [("1", 42)]


def test_at_once_is_committed_alone(eyes, owner):
    assert NOTE.at_once({"job": "alone"}) == 1
    assert jobs(owner) == ["alone"]


def test_inside_atomic_it_is_a_part_of_that(eyes, owner):
    with pytest.raises(ZeroDivisionError), atomic():
        NOTE.at_once({"job": "part"})
        raise ZeroDivisionError
    assert jobs(owner) == []


def test_the_pool_gets_its_connection_back_as_it_was(eyes, owner):
    for number in range(20):
        NOTE.at_once({"job": f"job {number}"})
    with pytest.raises(ZeroDivisionError), atomic():
        NOTE.at_once({"job": "undone"})
        raise ZeroDivisionError
    assert "undone" not in jobs(owner) and len(jobs(owner)) == 20
    assert db.engine.pool.checkedout() <= 1


def test_mistakes_are_what_sqlalchemy_raises_and_say_no_value(eyes):
    for wrong in (asked("SELECT :secret FROM nowhere").rows, asked("DELETE FROM nowhere WHERE a = :secret").at_once):
        with pytest.raises(ProgrammingError) as raised:
            wrong({"secret": "Kanarienvogel"})
        assert "Kanarienvogel" not in str(raised.value)
        db.session.rollback()


@pytest.mark.parametrize("how", ["rows", "at_once"])
def test_a_broken_line_is_not_used_again(session, clean_database, how):
    ask = getattr(asked("SELECT pg_backend_pid()"), how)
    lines = [db.engine.raw_connection() for _line in range(3)]
    others = [line.driver_connection for line in lines]
    for line in lines:
        line.close()  # back into the pool
    with scope.use(scope.PUBLIC):
        ask({})
        db.session.rollback()
        with roles.connect(clean_database.superuser_url, autocommit=True) as superuser:
            superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'neighbour_app' AND datname = current_database()"
            )
        with pytest.raises(OperationalError):
            for _connection in range(20):
                ask({})
                db.session.rollback()
        db.session.rollback()
    for _again in range(20):
        with scope.use(scope.PUBLIC):
            ask({})
            db.session.rollback()
    db.engine.dispose()
    assert all(other is not None and other.closed for other in others)  # none is left lying about
