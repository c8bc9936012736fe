"""The home of a protected person: no public cell whatever lays cells anew, and no address for anybody but the operator."""

from __future__ import annotations

import pytest

from neighbour.accounts import choosing
from neighbour.accounts.models import Person
from neighbour.core import scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.residency import borders, homes
from neighbour.residency.models import Address
from tests.residency.helpers import Town

CELL = "SELECT person_id, cell IS NULL FROM home ORDER BY person_id"


def at_point(number: int) -> dict:
    return {"lon": 13.5 + number / 100_000, "lat": 52.5}


@pytest.fixture
def people(town: Town) -> tuple[int, int]:
    """Anna and Bela, neighbours in a street of forty houses with points; Anna becomes protected."""
    houses = [town.address(str(number), **at_point(number)) for number in range(1, 41)]
    anna, bela = town.person("anna"), town.person("bela")
    town.settle(anna, houses[0])
    town.settle(bela, houses[1])
    return anna, bela


def protect(town: Town, person: int) -> None:
    with town.as_person(person), atomic():
        choosing.protect(db.session.get_one(Person, person), alias="Lastenrad", is_listed=False)


def test_protection_takes_the_cell_away_and_nobody_elses(town: Town, people, owner):
    anna, bela = people
    assert owner.execute(CELL).fetchall() == [(anna, False), (bela, False)]
    protect(town, anna)
    assert owner.execute(CELL).fetchall() == [(anna, True), (bela, False)]


def test_no_laying_anew_brings_the_cell_back(town: Town, people, owner):
    anna, bela = people
    protect(town, anna)
    away = [(anna, True), (bela, False)]
    ufer = town.quarters["ufer"]
    with town.app.app_context(), as_owner():
        assert borders.re_resolve([town.quarters["weber"], ufer], lambda _lon, _lat: ufer).homes == 2
    assert owner.execute(CELL).fetchall() == away
    with town.app.app_context(), as_owner(), atomic():
        home = homes.settle(anna, db.session.scalars(db.select(Address)).first(), ufer, "Anna", "", "Ort")
        assert home.cell is None
        db.session.execute(db.text("UPDATE home SET cell = '891f1d48177ffff'"))  # whatever somebody writes one day
    assert owner.execute(CELL).fetchall() == away


def test_the_address_of_a_protected_person_is_opened_by_themselves_and_the_operator_only(town: Town, people, owner):
    """By whichever function opens homes: it stands in the one they share."""
    anna, bela = people
    steward, operator = town.person("steward"), town.person("operator", is_operator=True)
    protect(town, anna)

    def opened(person: int, by: int | None) -> bool:
        with town.app.app_context(), as_owner(), atomic():
            return homes._open(person, purpose="test", by=by) is not None

    assert opened(bela, steward) and opened(anna, anna) and opened(anna, operator) and opened(anna, None)
    before = owner.execute("SELECT count(*) FROM address_access").fetchone()
    with pytest.raises(homes.StaffOnly):
        opened(anna, steward)
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == before
    with town.app.app_context(), scope.use(scope.Viewer(steward)):
        assert (homes.is_staff_only(anna), homes.is_staff_only(bela)) == (True, False)


def test_ending_the_protection_shows_no_more_than_before_until_the_next_laying(town: Town, people, owner):
    anna, bela = people
    protect(town, anna)
    with town.as_person(anna), atomic():
        choosing.unprotect(db.session.get_one(Person, anna))
    assert owner.execute(CELL).fetchall() == [(anna, True), (bela, False)]
    ufer = town.quarters["ufer"]
    with town.app.app_context(), as_owner():
        borders.re_resolve([town.quarters["weber"], ufer], lambda _lon, _lat: ufer)
    assert owner.execute(CELL).fetchall() == [(anna, False), (bela, False)]
