"""What has changed between two clicks, or between a promise and its mail: said on the page, or not said at all."""

from __future__ import annotations

import uuid

import pytest

from neighbour.core import clock, limits, scope
from neighbour.core.db import atomic
from neighbour.notices.base import Skip
from neighbour.policy import Level
from neighbour.residency import changing_notices, flyers, grading, homes, letters, notices, renewal
from neighbour.residency.cases import crowds, deciding, visits
from neighbour.residency.cases import notices as case_notices
from neighbour.residency.cli import letters as letters_command
from neighbour.residency.flyers_cli import flyers as flyers_command
from tests.initiatives.helpers import Treff
from tests.residency.helpers import Town, crowd, invited, level_of, newcomer, proven, types
from tests.residency.papers import YEAR, Desk, photo

pytestmark = pytest.mark.usefixtures("frozen_clock")
NOBODY = 999_999


@pytest.mark.parametrize(
    ("notice", "payload"),
    [
        (notices.Welcome, {"quarter_id": NOBODY}),
        (notices.LevelFell, {"quarter_id": None, "level": "unproven", "is_over_time": True}),
        (notices.InvitationUsed, {"person_id": NOBODY}),
        (case_notices.CaseRefused, {"case_id": str(uuid.UUID(int=1))}),
        (changing_notices.QuarterStays, {"plan": NOBODY}),
        (changing_notices.QuarterCorrected, {"quarter_id": NOBODY}),
        (changing_notices.QuarterOpened, {"quarter_id": NOBODY, "is_mine": True}),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_a_mail_about_what_is_gone_is_not_written(town: Town, notice, payload):
    person = town.person("anna")
    with town.as_person(person), pytest.raises(Skip):
        notice().context(person, payload)


def test_an_address_that_was_not_found_is_said_in_the_subject(town: Town):
    with town.as_person(town.person("anna")):
        subject = case_notices.MissingAnswered().subject
        assert subject({"is_added": True}) != subject({"is_added": False}) == "Wir haben deine Adresse nicht gefunden"


def test_where_nobody_has_said_where_they_live_nothing_is_done(town: Town):
    person = town.person("anna")
    with town.as_person(person), atomic():
        assert grading.end_proofs(person) is None
        assert deciding.told(person) == deciding.Told(False, None)
        assert homes.open_for_verifier(person, "missing address", by=None) is None


def test_what_never_ends_keeps_the_level(town: Town, owner):
    person = proven(town, "anna", "1")
    with town.as_person(person):
        grading.grant(person, "postcard", Level.VERIFIED, None)
        membership = grading.current_membership(person)
        assert renewal.falls_at(membership, grading.standing(membership.id, clock.now())) is None


def test_a_yes_leaves_what_never_ends_as_it_is(town: Town, owner, frozen_clock):
    person = proven(town, "anna", "1")
    with town.as_person(person):
        grading.grant(person, "flyer", Level.VOUCHED, None)
    frozen_clock.tick(366 * 86_400)
    with town.as_person(person):
        assert renewal.say_yes(person)
    ends = owner.execute("SELECT method, expires_at IS NULL FROM proof ORDER BY id").fetchall()
    assert ends == [("postcard", False), ("flyer", True)]


def test_an_hour_looks_through_so_many_and_no_more(town: Town, monkeypatch, frozen_clock):
    for number in range(3):
        proven(town, f"p{number}", str(number))
    monkeypatch.setattr(renewal, "PER_KNOCK", 1)
    frozen_clock.tick(366 * 86_400)
    with town.app.app_context(), scope.use(scope.NOBODY):
        assert renewal.look_through("Europe/Berlin") == 1


def test_a_button_that_is_pressed_too_late_leads_back(town: Town, browser, owner):
    anna = proven(town, "anna", "1")
    client = browser(anna)
    for path, leads_to in (
        ("/settings/address/still-here", "/settings/address"),
        ("/settings/quarter", "/settings/quarter"),
        ("/waiting/letter", "/waiting"),
        ("/signup/address", "/settings/address/move"),
    ):
        answer = client.post(path)
        assert (answer.status_code, answer.location) == (303, leads_to), path


def test_who_has_moved_or_lives_outside_is_told_so_at_the_street(town: Town, browser, owner, frozen_clock):
    anna = proven(town, "anna", "1")
    town.street("5", name="Neue Gasse")
    town.address("6", "Weite Flur", quarter=None)
    town.settle(anna, town.address("7"))
    with town.as_person(anna):
        grading.grant(anna, "postcard", Level.VERIFIED, YEAR)
    town.street("8", name="Neue Gasse")
    client, form = browser(anna), {"postcode": "04873", "recipient": "Anna Kowalczyk", "leaving": "stay"}
    page = client.post("/settings/address/move", data={**form, "street": "Neue Gasse", "number": "5"})
    assert page.status_code == 422 and "180 Tage her" in page.text
    ben = browser(newcomer(town, "ben", "9"))
    page = ben.post("/signup/address", data={**form, "street": "Weite Flur", "number": "6"})
    assert page.status_code == 422 and "außerhalb" in page.text
    assert ben.post("/signup/address/missing", data={"street": ""}).status_code == 422


def test_who_is_still_signing_up_does_that_first(town: Town, browser):
    half = town.person("anna", signup_step="appearance", is_confirmed=False)
    client = browser(half)
    assert client.get("/waiting").location == "/signup/next"
    assert client.get("/code/ABCD-EFGH").status_code in (303, 403)


def test_a_right_code_that_has_to_wait_is_said_to_be_right(town: Town, browser, monkeypatch, owner):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    code = invited(town, anna)
    monkeypatch.setattr(grading, "_looks", [lambda membership, proof: True])
    client = browser(carla)
    answer = client.post("/code", data={"code": code})
    assert answer.location == "/waiting" and level_of(town, carla) is Level.UNPROVEN
    assert "Der Code stimmt." in client.get("/waiting").text


def test_a_flyer_for_too_many_streets_is_told_at_the_field(town: Town, browser, owner):
    team = proven(town, "stefan", "40")
    owner.execute("UPDATE membership SET role = 'steward' WHERE person_id = %s", [team])
    lines = "\n".join(f"Kettfadenstraße {number}" for number in range(21))
    data = {"quarter": str(town.quarters["weber"]), "streets": lines, "most_uses": "5", "days": "9"}
    page = browser(team).post("/desk/flyers", data=data)
    assert page.status_code == 422 and "zwanzig Straßen" in page.text
    with town.as_person(team), pytest.raises(ValueError, match="streets"):
        flyers.make(flyers.Wish(town.quarters["weber"], lines, 5, 9), by=None)


def test_who_has_guessed_too_often_gets_no_answer_to_a_flyer(town: Town, monkeypatch):
    carla = newcomer(town, "carla", "3")
    for _try in range(12):
        outcome = types(town, carla, "F234567890A")
    assert outcome.value == "locked"


def test_a_flyer_that_is_over_is_not_printed(operate, town: Town, tmp_path):
    done = operate(flyers_command, "print", "there-is-none", "--out", tmp_path / "x.pdf")
    assert done.exit_code == 1 and "no flyer there-is-none that works" in done.output


def test_the_operator_hears_what_waits_and_where_many_wait(town: Town, operate, tmp_path, monkeypatch):
    from dataclasses import replace

    house = town.address("7")
    for person in crowd(town, 14, "8", opens=True)[:12]:
        with town.as_person(person):
            letters.request(person)
    town.resident("anna", house)
    town.resident("bert", town.address("9"))
    config = replace(town.app.extensions["config"], letters_per_day=1)
    monkeypatch.setitem(town.app.extensions, "config", config)
    printed = operate(letters_command, "print", "--out", tmp_path / "a.pdf").output
    assert "more are waiting for another day" in printed and "Houses with more than" in printed
    assert "crowded house 1: " in operate(letters_command, "list").output


@pytest.fixture
def desk(town: Town, visitor) -> Desk:
    return Desk(town, visitor)


def test_without_an_address_the_pages_of_proofs_lead_to_it(town: Town, desk: Desk):
    client = desk.browser(town.person("anna"))
    for path in ("/proof/document", "/proof/in-person"):
        assert client.get(path).location == "/signup/address", path
    piece = client.get("/proof/in-person", headers={"HX-Request": "true"})
    assert (piece.status_code, piece.headers["HX-Redirect"]) == (204, "/signup/address")
    assert client.post("/proof/decision", data={"words": "Bitte noch einmal."}).status_code == 404
    assert client.get("/proof/decision").location == "/waiting"


def test_of_five_pages_four_are_taken_and_that_is_said(desk: Desk):
    anna = desk.resident("anna")
    client = desk.browser(anna)
    assert desk.hand_in(client, *(photo(f"Seite {number}") for number in range(5))).status_code == 303
    assert "die ersten 4 Seiten" in client.get("/proof/document").text


def test_who_decides_without_having_opened_it_is_too_late(desk: Desk):
    anna, vera = desk.resident("anna"), desk.verifier("vera")
    desk.deposit(anna)
    case = desk.case_of(anna)
    answer = desk.browser(vera).post(case + "/decide", data={"verdict": ""})
    assert (answer.status_code, answer.location) == (303, case)


def test_who_has_moved_appeals_against_nothing(desk: Desk, town: Town, frozen_clock):
    anna = desk.resident("anna")
    desk.deposit(anna)
    case = desk.case_of(anna)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), case, "paper")
    desk.hears()
    with town.as_person(anna):
        refused = deciding.told(anna).refused
        assert refused is not None
        number = refused.id
    town.settle(anna, town.address("77"))
    with town.as_person(anna):
        assert not deciding.appeal(anna, number, "Doch.")


def test_a_word_of_the_operator_stands_beside_a_rejected_appeal(desk: Desk, frozen_clock):
    anna = desk.resident("anna")
    desk.deposit(anna)
    case = desk.case_of(anna)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), case, "paper")
    desk.hears()
    client = desk.browser(anna)
    client.post("/proof/decision", data={"words": "Es ist doch ein Mietvertrag."})
    assert (
        desk.says(desk.operator("olga"), case, "paper", "Ein Vertrag zeigt nicht, wer dort wohnt.").status_code == 303
    )
    desk.hears()
    assert "Ein Vertrag zeigt nicht, wer dort wohnt." in client.get("/proof/decision").text


def test_a_proof_of_a_home_that_was_left_is_not_let_go(desk: Desk, town: Town, owner, monkeypatch):
    anna = desk.resident("anna")
    monkeypatch.setattr(grading, "_looks", [lambda membership, proof: True])
    desk.prove(anna)
    ((number,),) = owner.execute("SELECT id FROM proof").fetchall()
    town.settle(anna, town.address("77"))
    with town.as_person(anna), atomic():
        assert crowds.release(anna, number) == 0
    assert desk.level(anna) is Level.UNPROVEN


def test_what_cannot_be_a_code_shows_an_editor_nobody_and_costs_a_try(desk: Desk):
    treff = Treff(desk)
    with desk.eyes(treff.editor):
        for _try in range(visits.TRIES.times):
            assert visits.take(treff.editor, treff.place, "Guten Tag") is None
        with pytest.raises(limits.TooMany):
            visits.take(treff.editor, treff.place, "Guten Tag")
        assert not visits.confirm(treff.editor, treff.place, "Guten Tag")


def test_a_third_invitation_leads_back_to_the_two(town: Town, browser):
    client = browser(proven(town, "anna", "1"))
    answers = [client.post("/me/invitations", data={}).location for _ in range(3)]
    assert answers[2] == "/me/invitations" != answers[1]


def test_what_is_not_there_cannot_be_ended_or_printed_at_the_desk(town: Town, browser, owner):
    team = proven(town, "stefan", "40")
    owner.execute("UPDATE membership SET role = 'steward' WHERE person_id = %s", [team])
    assert browser(team).post(f"/desk/alarms/invitations/{'x' * 12}/end").status_code == 404
    client = browser(town.person("olga", is_operator=True))
    assert client.post("/desk/letters", data={"paper": "papyrus"}).status_code == 422
    assert client.get("/desk/letters", headers={"HX-Request": "true"}).status_code == 200
