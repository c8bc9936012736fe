"""What the tests of alerts have in common."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from neighbour.core import clock
from tests.factories import make_listed, sign_in

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
