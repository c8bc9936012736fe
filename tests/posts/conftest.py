"""Whoever writes and reads posts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from neighbour.core import clock
from neighbour.policy import Level
from tests.factories import make_person, sign_in

NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)  # a Tuesday


@pytest.fixture
def reads(visitor, here):
    """A browser of somebody who lives here so well proven."""

    def reading(level=Level.VERIFIED, home=None, **more):
        browser = visitor()
        with clock.freeze(NOW):
            browser.person = make_person(home or here, level=level, **more)
            sign_in(browser, browser.person)
        return browser

    return reading


@pytest.fixture
def author(reads):
    return reads()
