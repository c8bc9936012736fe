"""People who try to get in where they do not live, or to be more people than they are: each way from their side."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from neighbour.core import roles
from neighbour.policy import Level
from neighbour.residency import flyers
from neighbour.residency.proofs.method import Outcome
from tests.residency.helpers import Town, invited, level_of, newcomer, proven, types

pytestmark = pytest.mark.usefixtures("frozen_clock")


@pytest.mark.parametrize("kind", ["invitation", "flyer"])
def test_a_code_of_one_quarter_proves_nothing_in_another_for_who_moves_while_it_is_read(
    town: Town, clean_database, kind: str
):
    """The code is right for the quarter one says one lives in; an address in another one is taken before it is written down."""
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    elsewhere = town.address("9", quarter="ufer")
    code = invited(town, anna) if kind == "invitation" else flyer_for(town, "Kettfadenstraße 3")
    with (
        roles.connect(clean_database.superuser_url, autocommit=True) as watcher,
        roles.connect(clean_database.owner_url) as slow,
        ThreadPoolExecutor(2) as pool,
    ):
        slow.execute(f"SELECT id FROM {kind} FOR UPDATE")  # as somebody who uses another code of hers at this moment
        read = pool.submit(types, town, carla, code)
        wait_for_a_lock(watcher, 1, read)
        moved = pool.submit(town.settle, carla, elsewhere, "Carla Neumann")
        wait_for_a_lock(watcher, 2, moved)
        slow.commit()
        assert read.result(10) in (Outcome.PROVEN, Outcome.WRONG)
        moved.result(10)
    seat = town.seat(carla)
    assert seat is not None
    assert (seat.quarter_id, seat.level) == (town.quarters["ufer"], Level.UNPROVEN)


def wait_for_a_lock(watcher, waiting: int, task: Future) -> None:
    """Until so many of this database's connections wait for what another holds, or the task needs none and is done."""
    held = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + 10
    while watcher.execute(held).fetchone()[0] < waiting and not task.done():
        assert time.monotonic() < deadline, "nothing waits and nothing ends"
        time.sleep(0.01)


def flyer_for(town: Town, streets: str) -> str:
    from neighbour.core.db import as_owner

    with town.app.app_context(), as_owner():
        made = flyers.make(flyers.Wish(town.quarters["weber"], streets), by=None)
        return flyers.code_of(made.public_id)


def test_a_neighbour_who_writes_another_name_on_the_letterbox_is_no_second_neighbour(town: Town):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    assert types(town, carla, invited(town, anna)) is Outcome.PROVEN
    town.settle(anna, address_of(town, anna), "Anna Ganz-Anders")
    assert level_of(town, anna) is Level.VERIFIED, "a name put right keeps the proof"
    assert types(town, carla, invited(town, anna)) is Outcome.PROVEN
    assert level_of(town, carla) is Level.VOUCHED


def test_a_couple_that_takes_turns_in_other_names_is_one_household(town: Town):
    """Both have proven the same letterbox; whoever writes another name on it afterwards is of the same household still."""
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    bert = town.person("bert")
    town.settle(bert, address_of(town, anna), "Bert Kowalczyk-anna")
    prove(town, bert)
    town.settle(bert, address_of(town, anna), "Bert Ganz-Anders")
    for neighbour in (anna, bert):
        assert types(town, carla, invited(town, neighbour)) is Outcome.PROVEN
    assert level_of(town, carla) is Level.VOUCHED


def test_a_name_put_right_before_the_proof_counts_with_the_proof(town: Town, owner):
    carla = newcomer(town, "carla", "3")
    before = household(owner, carla)
    town.settle(carla, address_of(town, carla), "Carla Richtig")
    assert household(owner, carla) != before


def household(owner, person: int) -> bytes:
    found = owner.execute("SELECT household_hash FROM membership WHERE person_id = %s", [person]).fetchone()
    return bytes(found[0])


def prove(town: Town, person: int) -> None:
    from neighbour.residency import grading
    from neighbour.residency.proofs.postcard import POSTCARD

    with town.as_person(person):
        grading.grant(person, POSTCARD.key, Level.VERIFIED, POSTCARD.lasts)


def address_of(town: Town, person: int) -> int:
    """The register's entry of the house somebody lives in."""
    from sqlalchemy import select

    from neighbour.core.db import as_owner, db
    from neighbour.residency import homes
    from neighbour.residency.models import Address, Home

    with town.app.app_context(), as_owner():
        house = bytes(db.session.scalar(select(Home.address_hash).where(Home.person_id == person)))
        return next(row.id for row in db.session.scalars(select(Address)) if homes.address_hash(row) == house)


def test_a_card_proves_the_house_it_went_to_and_no_other(town: Town, tmp_path, owner):
    """Moving withdraws a card; should one ever be left behind, its code is not for the next house."""
    anna = town.resident("anna", town.address("1"))
    code, _refusal = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    town.settle(anna, town.address("9", quarter="ufer"), "Anna Kowalczyk")
    owner.execute("UPDATE letter SET state = 'printed'")
    assert types(town, anna, code) is Outcome.NO_LETTER
    assert level_of(town, anna) is Level.UNPROVEN


def test_a_neighbour_who_moves_round_the_corner_is_no_second_neighbour(town: Town):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    assert types(town, carla, invited(town, anna)) is Outcome.PROVEN
    town.settle(anna, town.address("2"), "Anna Kowalczyk-anna")
    prove(town, anna)
    assert types(town, carla, invited(town, anna)) is Outcome.PROVEN
    assert level_of(town, carla) is Level.VOUCHED
