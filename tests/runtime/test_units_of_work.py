"""Reading ends with COMMIT, writing with the end of ``atomic()``, and neither ends the other's work."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from neighbour.core import jobs, scope
from neighbour.core.db import as_owner, atomic, db, finish_reading


def test_a_read_ends_and_gives_its_connection_back(session):
    with scope.use(scope.NOBODY):
        db.session.execute(text("SELECT 1"))
        finish_reading()
        assert not session().in_transaction()


@pytest.mark.parametrize("end", [finish_reading, lambda: as_owner().__enter__()])
def test_inside_a_unit_of_work_nothing_else_may_end_the_transaction(session, owner, end):
    with scope.use(scope.NOBODY), atomic():
        jobs.once("sweep", "today")
        with pytest.raises(RuntimeError):
            end()
    assert owner.execute("SELECT job, key FROM period").fetchall() == [("sweep", "today")]


def test_what_a_torn_down_context_had_not_finished_is_gone(app, owner):
    with app.app_context():
        scope.enter(scope.NOBODY)
        unit = atomic()
        unit.__enter__()
        jobs.once("sweep", "today")
        scope.leave()
    assert owner.execute("SELECT count(*) FROM period").fetchone() == (0,)
