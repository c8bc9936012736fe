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
from tests.residency.papers import Desk

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
        choosing.protect(db.session.get_one(Person, person), alias="Lastenrad")


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


def test_the_paper_of_a_protected_person_lies_on_the_operators_desk_alone(desk: Desk, jobs, mailbox, frozen_clock):
    anna = desk.resident("anna", bell="Anna Kowalczyk")
    protect(desk.town, anna)
    desk.deposit(anna)
    case, nowhere = desk.case_of(anna), "/desk/proofs/" + "a" * 26
    verifiers = [desk.verifier("vera"), desk.verifier("wim")]
    for verifier in verifiers:
        browser = desk.browser(verifier)
        for method, path in (("get", ""), ("post", ""), ("get", "/pages/1")):
            answer, nothing = (getattr(browser, method)(page + path) for page in (case, nowhere))
            assert (answer.status_code, answer.data) == (404, nothing.data), path
        assert case not in browser.get("/desk/proofs").text
    operators = [desk.operator("olga"), desk.operator("otto")]
    frozen_clock.tick(2 * 3600)
    mailbox.clear()
    jobs.sent.append(("residency.remind", []))
    jobs.run()
    told = {mail.recipients[0] for mail in mailbox.messages() if "wart" in mail.message["Subject"]}
    assert told == {"olga@example.org", "otto@example.org"}
    assert case in desk.browser(operators[0]).get("/desk/proofs").text
    for operator in operators:
        desk.says(operator, case)
    assert desk.level(anna) == "verified"


def test_no_editor_of_an_initiative_opens_a_protected_home(desk: Desk):
    from tests.initiatives.helpers import Treff

    treff = Treff(desk)
    anna = desk.resident("anna", bell="Anna Kowalczyk")
    phone, editor = desk.browser(anna), desk.browser(treff.editor)
    code = treff.code_of(phone)
    protect(desk.town, anna)
    assert editor.post(f"/i/{treff.slug}/confirm", data={"code": code}).status_code == 422
    phone.post("/proof/in-person")
    assert treff.slug not in phone.get("/waiting").text and "shown-code__code" not in phone.get("/proof/in-person").text
