"""The small town of this room's tests."""

from __future__ import annotations

import pytest
from flask import Flask

from neighbour.accounts.models import Person
from neighbour.core.db import as_owner, db
from tests.factories import sign_in
from tests.residency.helpers import Town
from tests.residency.papers import Desk
from tests.residency.racing import Overtaking


@pytest.fixture
def town(app: Flask) -> Town:
    return Town(app)


@pytest.fixture
def anna(town: Town) -> int:
    """Anna, who has said where she lives and proven nothing."""
    person = town.person("anna")
    town.settle(person, town.address("1"))
    return person


@pytest.fixture
def browser(town: Town, visitor):
    """Opens a browser in which this person is signed in."""

    def opened(person: int):
        client = visitor()
        with town.app.app_context():
            with as_owner():
                row = db.session.get_one(Person, person)
            sign_in(client, row)
        return client

    return opened


@pytest.fixture
def desk(town: Town, visitor) -> Desk:
    """The town with people who look at proofs."""
    return Desk(town, visitor)


@pytest.fixture
def overtaken(owner, database) -> Overtaking:
    """Runs something while somebody else is quicker."""
    return Overtaking(owner, database.owner_url)
