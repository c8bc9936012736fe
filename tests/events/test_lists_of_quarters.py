"""Lists of events, and the quarters they are sent for: what becomes of them when quarters become one."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from neighbour.core import clock
from neighbour.events import sources
from tests.events.lists import LIST, imported, rows
from tests.factories import make_initiative, make_person
from tests.residency.patchwork import Patchwork, perform

DAY = date(2026, 6, 1)
ROW = {(column, 0): key for column, key in enumerate("aabbc")}
LATER = LIST.replace("30.05.2026", "30.07.2026").replace("2026-06-02", "2026-07-02")


@pytest.fixture
def city(context, frozen_clock):
    return Patchwork(ROW)


def become_one(city):
    """From this day on, b is part of a."""
    city.plan({where: "a" if key == "b" else key for where, key in ROW.items()}, DAY)
    assert perform(DAY)


@pytest.mark.parametrize("whose", ["operator", "initiative"])
def test_a_list_of_a_quarter_that_becomes_part_of_another_one_is_known_there(city, owner, whose):
    operator = make_person(city.quarter("c"), is_operator=True)
    house = make_initiative(city.quarter("b"), make_person(city.quarter("b")))

    def source(key):
        where = city.quarter(key)
        if whose == "operator":
            return sources.of_quarter(where, operator.id).source
        return sources.of_initiative(house, where, operator.id).source

    assert imported(LATER, source("b")).to_do == 2
    become_one(city)
    with clock.freeze(datetime(2026, 6, 2, 8, tzinfo=UTC)):
        assert imported(LATER, source("a")).to_do == 0
        imported(LATER.replace("Saal", "Hof"), source("a"))
    assert rows(owner, "title, place") == [("Chor", "Hof"), ("Repair-Café", "Spulengasse 11")]


def test_a_row_that_both_quarters_lists_call_the_same_means_the_one_that_hung_there_before(city, owner):
    operator = make_person(city.quarter("c"), is_operator=True)
    a, b = (sources.of_quarter(city.quarter(key), operator.id).source for key in "ab")
    imported("uid;title;begins\n1;Fest in a;2026-07-01 18:00\n", a)
    imported("uid;title;begins\n1;Fest in b;2026-07-01 18:00\n2;Chor in b;2026-07-02 18:00\n", b)
    become_one(city)
    known = owner.execute(
        "SELECT list, i.uid, title FROM event_import i JOIN contribution c ON c.id = event_id ORDER BY 3"
    )
    assert known.fetchall() == [("q:a", "2", "Chor in b"), ("q:a", "1", "Fest in a"), ("q:b", "1", "Fest in b")]
    with clock.freeze(datetime(2026, 6, 2, 8, tzinfo=UTC)):
        imported("uid;title;begins\n1;Fest für alle;2026-07-01 18:00\n", a)
    assert rows(owner, "title") == [("Chor in b",), ("Fest für alle",), ("Fest in b",)]
