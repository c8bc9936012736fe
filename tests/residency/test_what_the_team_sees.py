"""The team of a quarter reads off its desk nothing about who else lives where somebody says they live."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from neighbour.accounts import choosing
from neighbour.accounts.models import Person
from neighbour.core.db import atomic, db
from neighbour.policy import Role
from neighbour.residency import grading
from neighbour.residency.cases import crowds
from neighbour.residency.proofs.method import Outcome
from tests.residency.helpers import invited, types
from tests.residency.papers import Desk, text_of

pytestmark = pytest.mark.usefixtures("frozen_clock")


@pytest.fixture
def houses(desk: Desk) -> dict[str, int]:
    return {"hit": desk.town.address("40"), "mis": desk.town.address("42")}


@pytest.fixture
def ines(desk: Desk, houses) -> int:
    return desk.proven("ines", house=houses["hit"], bell="Ines Wolf", first_name="Ines", last_name="Wolf")


@pytest.mark.parametrize("is_protected", [False, True])
@pytest.mark.parametrize("what", ["two words", "a document", "a card that waits"])
def test_a_steward_with_two_puppets_of_her_name_does_not_read_off_the_desk_where_she_lives(
    desk: Desk, houses, ines, what, is_protected
):
    """One gives her house, one the house beside it: the list, the case and what is read in it are the same."""
    steward, verifier = desk.verifier("ex", role=Role.STEWARD), desk.verifier("wim")
    friends = [desk.proven("friend"), desk.proven("freund")]
    if is_protected:
        with desk.town.as_person(ines), atomic():
            choosing.protect(db.session.get_one(Person, ines), alias="Kiesel")
    shown = {}
    for name, house in houses.items():
        puppet = desk.resident(name, house=house, bell="I. W.", first_name="Ines", last_name="Wolf")
        if what == "two words":
            assert [types(desk.town, puppet, invited(desk.town, who)) for who in friends] == [Outcome.PROVEN] * 2
        elif what == "a document":
            types(desk.town, puppet, invited(desk.town, friends[0]))
            desk.deposit(puppet)
        else:
            desk.looks_at_each(house)
            desk.prove(puppet)
        case = desk.case_of(puppet)
        with desk.town.app.app_context():
            crowds.look_quietly()
        browser = desk.browser(steward)
        listed = browser.get("/desk/proofs").text.count("/desk/proofs/")
        opened = browser.post(case)
        said = re.sub(r"\b4[02]\b", "…", text_of(opened))
        assert desk.says(verifier, case, "words" if what == "two words" else "doubts").status_code == 303
        shown[name] = (opened.status_code, said, listed)
    (hit, mis) = shown.values()
    assert hit[0] == 200
    assert hit[:2] == mis[:2]
    assert "demselben Namen" not in hit[1]
    assert mis[2] == hit[2] + 1, "one case each"


def test_what_is_looked_at_quietly_is_on_no_teams_desk_and_in_no_reminder_of_theirs(
    desk: Desk, houses, ines, jobs, mailbox, frozen_clock
):
    steward = desk.verifier("ex", role=Role.STEWARD)
    desk.operator("olga")
    friend = desk.proven("friend")
    puppet = desk.resident("hit", house=houses["hit"], bell="I. W.", first_name="Ines", last_name="Wolf")
    types(desk.town, puppet, invited(desk.town, friend))
    with desk.town.app.app_context():
        assert crowds.look_quietly() == 1
    case, browser = desk.case_of(puppet), desk.browser(steward)
    assert case not in browser.get("/desk/proofs").text
    assert [browser.get(case).status_code, browser.post(case).status_code] == [404, 404]
    frozen_clock.tick(2 * 3600)
    mailbox.clear()
    jobs.sent.append(("residency.remind", []))
    jobs.run()
    told = {mail.recipients[0] for mail in mailbox.messages() if "wart" in mail.message["Subject"]}
    assert told == {"olga@example.org"}


def test_how_namesakes_proved_it_the_database_says_to_operators_alone(desk: Desk, houses, ines):
    with desk.town.as_person(ines), atomic():
        choosing.protect(db.session.get_one(Person, ines), alias="Kiesel")
    again = desk.proven("ines2", house=houses["hit"], first_name="Ines", last_name="Wolf")
    said = {}
    with desk.eyes(again):
        seat = grading.current_membership(again).id
    for who in (desk.verifier("ex", role=Role.STEWARD), desk.operator("olga")):
        with desk.eyes(who):
            row = db.session.execute(
                text("SELECT has_protected_namesake(:seat), array(SELECT namesake_methods(:seat))"), {"seat": seat}
            ).one()
            said[who] = tuple(row)
    assert list(said.values()) == [(False, []), (True, ["postcard"])]
