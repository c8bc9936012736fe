"""The ledger: what was promised arrives, whoever dies on the way."""

from __future__ import annotations

import uuid

import pytest

from neighbour.core import clock, scope
from neighbour.core.db import atomic
from neighbour.core.jobs import Job
from neighbour.core.mail import Answer, Outcome, Transport
from neighbour.notices import ledger
from tests.factories import make_person, make_quarter

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")

SENT, LATER, REFUSED = (Answer(outcome, "250 ok") for outcome in (Outcome.SENT, Outcome.LATER, Outcome.REFUSED))


@pytest.fixture(autouse=True)
def nobody(context):
    with scope.use(scope.NOBODY):
        yield


def promise(person=None, **more):
    person = person or make_person()
    with atomic():
        ledger.promise(person.id, more.pop("notice", "accounts.welcome"), payload={}, **more)
    return person


def promise_issues(number, period="2026-05-12"):
    quarter = make_quarter()
    for _each in range(number):
        promise(notice="digests.issue", period=period, quarter_id=quarter.id)
    return quarter


def row(owner):
    return owner.execute("SELECT state, attempts, deaths, due_at, last_error FROM delivery").fetchone()


def lease_only(owner):
    (key,) = owner.execute("SELECT id FROM delivery").fetchone()
    found = ledger.lease(delivery_id=key)
    return found[0] if found else None


def test_promised_twice_is_promised_once(jobs, owner):
    person = promise(subject_key="one")
    promise(person, subject_key="one")
    promise(person, subject_key="two")
    assert owner.execute("SELECT count(*) FROM delivery").fetchone() == (2,)
    assert [name for name, _ids in jobs.sent] == ["notices.deliver"] * 2


def test_a_promise_taken_back_with_its_cause_leaves_nothing(jobs, owner):
    person = make_person()
    with pytest.raises(ZeroDivisionError), atomic():
        ledger.promise(person.id, "accounts.welcome", payload={})
        raise ZeroDivisionError
    assert owner.execute("SELECT count(*) FROM delivery").fetchone() == (0,)
    assert jobs.sent == []


def test_two_workers_never_hold_the_same_row(app, owner):
    quarter = promise_issues(10)
    first = ledger.lease_some("digests.issue", quarter.id, "2026-05-12", 6)
    second = ledger.lease_some("digests.issue", quarter.id, "2026-05-12", 6)
    assert (len(first), len(second)) == (6, 4)
    assert {one.id for one in first}.isdisjoint(other.id for other in second)
    assert ledger.lease_some("digests.issue", quarter.id, "2026-05-13", 6) == []


def test_a_lease_that_ran_out_is_a_death_and_the_row_is_free_again(owner):
    promise()
    assert lease_only(owner) is not None and lease_only(owner) is None
    clock.tick(ledger.LEASE.total_seconds() + 1)
    again = lease_only(owner)
    assert again.attempts == 2 and row(owner)[2] == 1


def test_what_kills_its_worker_three_times_is_parked_and_shown(owner):
    promise()
    for _death in range(3):
        assert lease_only(owner) is not None
        clock.tick(ledger.LEASE.total_seconds() + 1)
    assert lease_only(owner) is None
    ledger.sweep()
    assert row(owner)[0] == "parked" and [one.last_error for one in ledger.given_up()] == [
        "its worker died three times"
    ]


def test_what_was_given_up_on_gets_another_life_under_the_same_message_id(owner):
    for key, state in (("a", "parked"), ("b", "failed"), ("c", "sent")):
        promise(subject_key=key)
        owner.execute("UPDATE delivery SET state = %s, deaths = 2, attempts = 7 WHERE subject_key = %s", [state, key])
    clock.tick(49 * 3600)
    assert ledger.put_back(at=clock.now()) == 1
    assert ledger.put_back(at=clock.now(), with_failed=True) == 1
    assert ledger.given_up() == [] and ledger.counts() == {"pending": 2, "sent": 1}


def test_only_the_culprit_of_a_dead_batch_is_parked(owner):
    quarter = promise_issues(20)
    culprit = ledger.lease_some("digests.issue", quarter.id, "2026-05-12", 100)[7].id
    clock.tick(ledger.LEASE.total_seconds() + 1)  # and the worker was dead
    for _round in range(40):
        rows = ledger.lease_some("digests.issue", quarter.id, "2026-05-12", 100)
        assert len(rows) <= 1  # one by one from now on
        for each in rows:
            if each.id == culprit:
                clock.tick(ledger.LEASE.total_seconds() + 1)
            else:
                ledger.settle(each, SENT, "<1@x>")
    ledger.sweep()
    assert ledger.counts() == {"sent": 19, "parked": 1}


def test_a_late_worker_cannot_take_back_what_another_has_sent(owner):
    promise()
    slow = lease_only(owner)
    clock.tick(ledger.LEASE.total_seconds() + 1)
    ledger.settle(lease_only(owner), SENT, "<1@x>")
    ledger.settle(slow, LATER, "<1@x>")
    ledger.skip(slow)
    assert row(owner)[0] == "sent"


def test_a_mail_that_was_taken_counts_even_if_the_lease_was_lost(owner):
    promise()
    slow = lease_only(owner)
    clock.tick(ledger.LEASE.total_seconds() + 1)
    lease_only(owner)
    ledger.settle(slow, SENT, "<1@x>")
    assert row(owner)[0] == "sent"


def test_a_slow_batch_holds_on_to_what_is_still_its_own(owner):
    quarter = promise_issues(3)
    rows = ledger.lease_some("digests.issue", quarter.id, "2026-05-12", 3)
    ledger.settle(rows[0], SENT, "<1@x>")
    clock.tick(ledger.LEASE.total_seconds() - 1)
    held = ledger.renew(rows)
    assert {one.id for one in held} == {one.id for one in rows[1:]}
    clock.tick(ledger.LEASE.total_seconds() - 1)
    assert ledger.lease_some("digests.issue", quarter.id, "2026-05-12", 3) == []


def test_what_is_put_off_comes_again_and_again_and_ends_after_two_days(owner):
    promise()
    pauses = []
    while (found := lease_only(owner)) is not None:
        state = ledger.settle(found, LATER, "<1@x>")
        if state == "failed":
            break
        pauses.append((row(owner)[3] - clock.now()).total_seconds() / 60)
        clock.tick(pauses[-1] * 60)
    assert row(owner)[0] == "failed"
    assert all(0.8 * 2**step <= pause <= 1.2 * 2**step for step, pause in enumerate(pauses[:8]))
    assert max(pauses) <= 6 * 60 * 1.2 and 46 * 60 < sum(pauses) < 56 * 60


def test_what_was_refused_is_not_tried_again(owner):
    promise()
    assert ledger.settle(lease_only(owner), REFUSED, "<1@x>") == "failed"
    clock.tick(86_400)
    assert lease_only(owner) is None and ledger.sweep() == 0


def test_the_sweep_asks_again_for_what_lingers_and_for_batches_once(jobs, owner):
    quarter = promise_issues(5)
    promise()
    jobs.sent.clear()
    assert ledger.sweep() == 0  # nothing has lingered yet
    clock.tick(31)
    assert ledger.sweep() == 2
    assert sorted(name for name, _ids in jobs.sent) == [str(Job.DIGESTS_SEND), str(Job.NOTICES_DELIVER)]
    assert [str(Job.DIGESTS_SEND), [quarter.id, "2026-05-12"]] in [list(sent) for sent in jobs.sent]


def test_what_ended_is_forgotten_after_thirty_days_and_nothing_else(owner):
    promise()
    ledger.settle(lease_only(owner), SENT, "<1@x>")
    promise()
    clock.tick(31 * 86_400)
    assert ledger.purge(clock.now() - ledger.KEPT) == 1
    assert [state for (state,) in owner.execute("SELECT state FROM delivery")] == ["pending"]


def test_a_server_that_is_away_is_not_waited_for_once_per_mail(monkeypatch):
    tries = []

    def refuse(self):
        tries.append(1)
        raise ConnectionRefusedError

    monkeypatch.setattr(Transport, "_connected", refuse)
    with Transport("smtp://127.0.0.1:1") as transport:
        outcomes = [transport.hand_over("a@x", "b@x", b"Subject: x\n\n").outcome for _mail in range(50)]
    assert set(outcomes) == {Outcome.LATER} and len(tries) == 1


def test_message_ids_are_as_different_as_their_keys(app):
    def made(person, **more):
        values = {"notice": "digests.issue", "subject_key": "", "period": "2026-05-12"} | more
        leased = ledger.Leased(
            uuid.uuid4(),
            person,
            values["notice"],
            values["subject_key"],
            values["period"],
            None,
            {},
            1,
            clock.now(),
            clock.now(),
        )
        return ledger.message_id(leased, "x")

    different = {made(1), made(2), made(1, period="2026-05-13"), made(1, notice="a.b"), made(1, subject_key="c")}
    assert len(different) == 5 and made(1) in different
