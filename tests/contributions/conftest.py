"""What the tests of alerts, and of what goes further, have in common."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from neighbour.core import clock
from neighbour.core.jobs import Job
from tests.factories import make_listed, make_person, make_quarter, sign_in

NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)


@pytest.fixture
def moments_pass(monkeypatch):
    """A stopped clock says the same however often it is asked; a real one never does."""
    still, asked = clock.now, itertools.count()
    monkeypatch.setattr(clock, "now", lambda: still() + timedelta(microseconds=next(asked)))


@pytest.fixture
def author(here, client):
    person = make_listed(here, name="Ayşe")
    with clock.freeze(NOW):
        sign_in(client, person)
    return person


@pytest.fixture
def mails(jobs, mailbox):
    """Does what is asked for; gives the new mails by reader."""

    def coming(at=NOW):
        mailbox.clear()
        with clock.freeze(at):
            jobs.run()
        return {mail.recipients[0]: mail for mail in mailbox.messages()}

    return coming


@pytest.fixture
def asker(here, client):
    """Whose slips go further; nothing comes to them by mail."""
    with clock.freeze(NOW):
        person = make_person(here)
        sign_in(client, person)
    return person


@pytest.fixture
def beside(here):
    return make_quarter("Mühlgraben", beside=here)


@pytest.fixture
def beat(jobs, mailbox):
    """Beat asks for this job at this moment; gives the mails that come of it."""

    def beating(at, job):
        mailbox.clear()
        with clock.freeze(at):
            jobs.sent[:] = [(str(job), [])]
            jobs.run()
        return mailbox.messages()

    return beating


@pytest.fixture
def knock(beat):
    """The same, for what is widened unless told otherwise; gives the mails by reader."""
    return lambda at, job=Job.CONTRIBUTIONS_WIDEN: {mail.recipients[0]: mail.text for mail in beat(at, job)}
