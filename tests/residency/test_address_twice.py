"""An address sent twice at the same moment: one home, one membership, and no error for whoever pressed twice."""

from __future__ import annotations

import pytest

from neighbour.residency import service
from tests.residency.helpers import Town
from tests.support.meeting import at_once, meet

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def town(app):
    return Town(app)


@pytest.fixture
def choose(app, town):
    """Choosing an address as this person, from a context of its own."""

    def choosing(person_id, address):
        def choose():
            town.settle(person_id, address)
            return "there"

        return choose

    return choosing


def current(owner, person_id):
    home = owner.execute("SELECT count(*) FROM home WHERE person_id = %s", [person_id]).fetchone()[0]
    rows = "SELECT count(*) FILTER (WHERE ended_at IS NULL), count(*) FROM membership WHERE person_id = %s"
    return home, *owner.execute(rows, [person_id]).fetchone()


def test_the_first_address_sent_twice_is_one_home(monkeypatch, owner, town, choose):
    me, house = town.person(), town.address()
    meet(monkeypatch, service, "_town")
    assert at_once(choose(me, house), choose(me, house)) == ["there", "there"]
    assert current(owner, me) == (1, 1, 1)


def test_a_move_sent_twice_is_one_move(monkeypatch, owner, town, choose):
    me, before, house = town.person(), town.address(), town.address("3", quarter="ufer")
    town.settle(me, before)
    meet(monkeypatch, service, "_town")
    assert at_once(choose(me, house), choose(me, house)) == ["there", "there"]
    assert current(owner, me) == (1, 1, 2)
