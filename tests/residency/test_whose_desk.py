"""Who may look at this case is counted: nobody reads off a case where those live who may not, and none waits for ever."""

from __future__ import annotations

import re

import pytest

from neighbour.accounts import choosing
from neighbour.accounts.models import Person
from neighbour.core import advice, clock
from neighbour.core.db import atomic, db, finish_reading
from neighbour.policy import Level
from neighbour.residency import homes
from neighbour.residency.cases import concluding, crowds, deciding, documents, queues
from neighbour.residency.cases.cli import cases
from neighbour.residency.proofs.method import Outcome
from tests.residency.helpers import invited, types
from tests.residency.papers import Desk, text_of
from tests.residency.test_quiet_archive import archived

pytestmark = pytest.mark.usefixtures("frozen_clock")
HOUR, DAY = 3_600, 86_400
REFUSED = "konnten deinen Nachweis nicht annehmen"


def lies_on(desk: Desk, person: int, *, is_operator: bool) -> list[str]:
    """Whose cases wait for this person."""
    with desk.eyes(person):
        cases = queues.queue(queues.eyes_of(person, is_operator=is_operator)).mine
    with desk.eyes(person):
        return [str(case.id) for case in cases]


def reminded(desk: Desk, jobs, mailbox) -> dict[str, str]:
    """Who is told by the next hour's job that proofs wait, and the mail."""
    mailbox.clear()
    jobs.sent.append(("residency.remind", []))
    jobs.run()
    mails = [mail for mail in mailbox.messages() if "wart" in mail.message["Subject"]]
    return {mail.recipients[0].partition("@")[0]: mail.text for mail in mails}


def protected(desk: Desk, name: str) -> int:
    """Somebody protected who has handed a document in."""
    person = desk.resident(name)
    with desk.town.as_person(person), atomic():
        choosing.protect(db.session.get_one(Person, person), alias="Kiesel")
    desk.deposit(person)
    return person


# -- a steward's own household ------------------------------------------------------------------------------------------


def test_what_becomes_of_rubbish_is_the_same_at_a_stewards_house_as_anywhere(desk: Desk, jobs, mailbox, owner):
    """A team of two and an operator; puppets with a steward's family name at her house and at the one beside it."""
    home, other = desk.town.address("40"), desk.town.address("42")
    vera, wim = desk.verifier("vera", house=home, bell="Vera Vogt"), desk.verifier("wim")
    olga = desk.operator("olga")
    puppets = {}
    for name, house in (("hit", home), ("mis", other)):
        puppets[name] = desk.resident(name, house=house, bell="V. Vogt", first_name="P.")
        desk.deposit(puppets[name])
    cases = {name: desk.case_of(person) for name, person in puppets.items()}

    def heard(name: str) -> tuple:
        jobs.run()
        browser = desk.browser(puppets[name])
        pages = [text_of(browser.get(path)) for path in ("/waiting", "/proof/document")]
        mails = [
            mail.message["Subject"] for mail in mailbox.messages() if list(mail.recipients) == [f"{name}@example.org"]
        ]
        return [re.sub(r"\b(Hit|Mis|HI|MI|4[02])\b", "…", page) for page in pages], mails

    desk.says(vera, cases["mis"], "doubts")
    desk.says(wim, cases["mis"], "doubts")
    assert owner.execute("SELECT count(*) FROM proof_case WHERE refused_at IS NOT NULL").fetchone() == (1,)
    assert desk.browser(wim).get(cases["mis"]).status_code == 404, "nothing is left to say"
    assert desk.browser(olga).get(cases["mis"]).status_code == 404
    assert heard("hit") == heard("mis"), "before the other is decided"
    assert desk.browser(vera).get(cases["hit"]).status_code == 404
    clock.tick(2 * HOUR)
    assert set(reminded(desk, jobs, mailbox)) == {"wim", "olga"}, "hers is the operators' as well"
    desk.says(wim, cases["hit"], "doubts")
    clock.tick(DAY)
    assert len(lies_on(desk, olga, is_operator=True)) == 1
    desk.says(olga, cases["hit"], "doubts")
    assert heard("hit") == heard("mis") and REFUSED not in heard("hit")[0][0]
    desk.hears()
    assert heard("hit") == heard("mis")
    assert REFUSED in heard("hit")[0][0] and len(heard("hit")[1]) == 1
    days = owner.execute("SELECT DISTINCT decided_at FROM proof_case").fetchall()
    assert len(days) == 1, "the page says when it was decided"


def test_a_yes_counts_at_once_and_a_late_no_is_told_at_once(desk: Desk):
    vera, wim = desk.verifier("vera"), desk.verifier("wim")
    good, late = desk.resident("good"), desk.resident("late")
    for person in (good, late):
        desk.deposit(person)
    for steward in (vera, wim):
        desk.says(steward, desk.case_of(good))
    assert desk.level(good) is Level.VERIFIED
    clock.tick(4 * DAY)
    for steward in (vera, wim):
        desk.says(steward, desk.case_of(late), "old")
    assert REFUSED in text_of(desk.browser(late).get("/waiting"))


def test_what_was_refused_and_not_told_may_be_withdrawn_and_is_told_no_more(desk: Desk, owner):
    anna = desk.resident("anna")
    desk.deposit(anna)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), desk.case_of(anna), "old")
    browser = desk.browser(anna)
    assert browser.post("/proof/document/withdraw").status_code == 303
    desk.hears()
    assert REFUSED not in text_of(browser.get("/waiting"))
    assert owner.execute("SELECT state, reason FROM proof_case").fetchall() == [("withdrawn", None)]


def test_who_withdraws_in_the_moment_it_was_to_be_told_is_told_no_more(desk: Desk, owner, monkeypatch):
    anna = desk.resident("anna")
    desk.deposit(anna)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), desk.case_of(anna), "old")

    def quicker() -> None:
        finish_reading()
        with desk.eyes(anna):
            documents.withdraw(anna)

    monkeypatch.setattr(concluding, "finish_reading", quicker)
    desk.hears()
    assert owner.execute("SELECT state, reason FROM proof_case").fetchall() == [("withdrawn", None)]


def test_whoever_moves_before_a_no_is_told_hears_nothing(desk: Desk, owner):
    anna = desk.resident("anna")
    desk.deposit(anna)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), desk.case_of(anna), "old")
    owner.execute("UPDATE membership SET ended_at = now() WHERE person_id = %s", [anna])
    owner.execute("UPDATE proof_case SET state = 'open'")  # as between the look and the lock
    desk.hears()
    assert owner.execute("SELECT state FROM proof_case").fetchall() == [("open",)]


def test_what_waits_two_days_for_its_other_half_is_the_operators_as_well(desk: Desk, jobs, mailbox):
    anna, olga = desk.resident("anna"), desk.operator("olga")
    vera = desk.verifier("vera")
    desk.verifier("wim")
    desk.deposit(anna)
    desk.says(vera, desk.case_of(anna))
    clock.tick(2 * DAY - 60)
    assert lies_on(desk, olga, is_operator=True) == [] and set(reminded(desk, jobs, mailbox)) == {"wim"}
    clock.tick(DAY)
    assert len(lies_on(desk, olga, is_operator=True)) == 1 and set(reminded(desk, jobs, mailbox)) == {"wim", "olga"}
    desk.says(olga, desk.case_of(anna))
    assert desk.level(anna) is Level.VERIFIED


# -- appeals ------------------------------------------------------------------------------------------------------------


def refused(desk: Desk, person: int, *by: int) -> str:
    """Papers are handed in, looked at by these and refused, its person is told and appeals; gives the case."""
    desk.deposit(person)
    case = desk.case_of(person)
    for one in by:
        desk.says(one, case, "doubts")
    desk.hears()
    appealed(desk, person)
    return case


def appealed(desk: Desk, person: int) -> None:
    assert desk.browser(person).post("/proof/decision", data={"words": "Doch."}).status_code == 303


def heard_of(mailbox, name: str) -> list[str]:
    """What somebody's mails are called."""
    return [mail.message["Subject"] for mail in mailbox.messages() if mail.recipients == (f"{name}@example.org",)]


@pytest.mark.parametrize("verdict", ["doubts", "matches"])
def test_an_appeal_is_answered_alike_at_a_stewards_house_and_elsewhere(desk: Desk, jobs, mailbox, owner, verdict):
    """At her house the operator had a part and looks twice, a day apart; elsewhere she looks once."""
    home, other = desk.town.address("40"), desk.town.address("42")
    vera, wim = desk.verifier("vera", house=home, bell="Vera Vogt"), desk.verifier("wim")
    olga, puppets, cases = desk.operator("olga"), {}, {}
    for name, house in (("hit", home), ("mis", other)):
        puppets[name] = desk.resident(name, house=house, bell="V. Vogt", first_name="P.")
        desk.deposit(puppets[name])
        cases[name] = desk.case_of(puppets[name])
        for one in (wim, olga if name == "hit" else vera):
            desk.says(one, cases[name], "doubts")
    desk.hears()
    for person in puppets.values():
        appealed(desk, person)

    def heard(name: str) -> tuple:
        jobs.run()
        page = desk.browser(puppets[name]).get("/proof/decision")
        return page.status_code, re.sub(r"\b(Hit|Mis|HI|MI|4[02])\b", "…", text_of(page)), heard_of(mailbox, name)

    for name in puppets:
        desk.says(olga, cases[name], verdict)
    assert heard("hit") == heard("mis") and "gebeten" in heard("hit")[1]
    assert desk.browser(olga).get(cases["mis"]).status_code == 404, "nothing is left to say"
    clock.tick(DAY)
    desk.says(olga, cases["hit"], verdict)
    assert heard("hit") == heard("mis") and len(heard("hit")[2]) == 1
    desk.hears()
    assert heard("hit") == heard("mis") and len(heard("hit")[2]) == 2
    days = owner.execute("SELECT DISTINCT appeal, appeal_decided_at FROM proof_case").fetchall()
    assert [appeal for appeal, _day in days] == ["granted" if verdict == "matches" else "rejected"]


def test_an_appeal_that_is_decided_late_is_told_at_once(desk: Desk, jobs, mailbox):
    anna = desk.resident("anna")
    case = refused(desk, anna, desk.verifier("vera"), desk.verifier("wim"))
    clock.tick(3 * DAY)
    desk.says(desk.operator("olga"), case, "doubts")
    jobs.run()
    assert len(heard_of(mailbox, "anna")) == 2


def test_until_it_is_told_the_archive_says_nothing_of_an_appeal(desk: Desk):
    team, olga, cases = (desk.verifier("vera"), desk.verifier("wim")), desk.operator("olga"), {}
    people = {
        name: desk.resident(name, house=desk.town.address(no)) for name, no in (("treffer", "40"), ("niete", "42"))
    }
    for person in people.values():
        desk.deposit(person)
        cases[person] = desk.case_of(person)
        for one in team:
            desk.says(one, cases[person], "doubts")
    desk.hears()
    for person in people.values():
        appealed(desk, person)
    desk.says(olga, cases[people["treffer"]], "paper", "Ein Mietvertrag reicht nicht.")
    assert archived(desk, people["treffer"], "treffer") == archived(desk, people["niete"], "niete")
    desk.hears()
    assert any("Ein Mietvertrag reicht nicht." in line for line in archived(desk, people["treffer"], "treffer"))


def test_whoever_moves_before_an_appeal_is_told_hears_nothing(desk: Desk, owner, jobs, mailbox):
    anna = desk.resident("anna")
    case = refused(desk, anna, desk.verifier("vera"), desk.verifier("wim"))
    desk.says(desk.operator("olga"), case, "doubts")
    owner.execute("UPDATE membership SET ended_at = now() WHERE person_id = %s", [anna])
    desk.hears()
    jobs.run()
    assert len(heard_of(mailbox, "anna")) == 1


# -- nobody at a desk ---------------------------------------------------------------------------------------------------


def tie(desk: Desk, name: str, house: int | None, vera: int, wim: int) -> str:
    """Papers of whoever lives there, about which the two do not agree; gives the case."""
    person = desk.resident(name, house=house, bell="O. Ohm", first_name="P.")
    desk.deposit(person)
    desk.says(vera, desk.case_of(person), "doubts")
    desk.says(wim, desk.case_of(person))
    return desk.case_of(person)


@pytest.fixture
def team(desk: Desk) -> tuple[int, int, int, int]:
    """Vera and Wim look at proofs, Olga operates alone, at her house."""
    vera, wim, olga, house = desk.verifier("vera"), desk.verifier("wim"), desk.operator("olga"), desk.town.address("40")
    desk.town.settle(olga, house, "Olga Ohm")
    return vera, wim, olga, house


def listed(operate) -> list[str]:
    """The names of the cases at the terminal."""
    return [
        "/desk/proofs/" + line.split("\t")[0] for line in operate(cases, "list").output.splitlines() if "\t" in line
    ]


@pytest.mark.parametrize(("verdict", "told"), [("matches", None), ("doubts", REFUSED)])
def test_a_tie_at_the_only_operators_house_is_decided_at_the_terminal(desk: Desk, team, operate, verdict, told, owner):
    vera, wim, olga, home = team
    hit, mis = (tie(desk, name, house, vera, wim) for name, house in (("hit", home), ("mis", None)))
    assert [desk.browser(olga).get(case).status_code for case in (hit, mis)] == [404, 200]
    assert listed(operate) == [hit]
    assert operate(cases, "decide", mis[-26:], "--verdict", verdict).exit_code == 1, "somebody's desk has it"
    done = operate(cases, "decide", hit[-26:], "--verdict", verdict)
    assert (done.exit_code, done.output) == (0, "hit@example.org: decided; they are told\n")
    desk.says(olga, mis, verdict)
    people = [row[0] for row in owner.execute("SELECT person_id FROM proof_case ORDER BY person_id")]
    assert {desk.level(person) for person in people} == {Level.UNPROVEN if told else Level.VERIFIED}
    assert listed(operate) == [] and "nothing waits" in operate(cases, "list").output
    desk.hears()
    pages = [text_of(desk.browser(person).get("/proof/decision")) for person in people]
    assert re.sub("Hit|HI", "…", pages[0]) == re.sub("Mis|MI", "…", pages[1]) and (told or "") in pages[0]
    looks = owner.execute(
        "SELECT object, result, actor_id FROM security_event WHERE object LIKE '%terminal%'"
    ).fetchall()
    assert looks == [(f"document final terminal {verdict}", "no" if told else "yes", None)]


def test_an_appeal_at_the_only_operators_house_is_decided_at_the_terminal(desk: Desk, team, operate, owner):
    vera, wim, _olga, home = team
    anna = desk.resident("anna", house=home, bell="O. Ohm")
    case = refused(desk, anna, vera, wim)
    assert listed(operate) == [case]
    assert operate(cases, "decide", case[-26:], "--verdict", "doubts").exit_code == 0
    assert listed(operate) == [] and owner.execute("SELECT appeal FROM proof_case").fetchone() == ("open",)
    desk.hears()
    assert owner.execute("SELECT appeal FROM proof_case").fetchone() == ("rejected",)


def test_a_proof_at_the_only_operators_house_without_a_team_is_decided_at_the_terminal(desk: Desk, operate):
    olga, home = desk.operator("olga"), desk.town.address("40")
    desk.town.settle(olga, home, "Olga Ohm")
    anna = desk.resident("anna", house=home, bell="O. Ohm")
    desk.deposit(anna)
    assert listed(operate) == [desk.case_of(anna)]
    wim = desk.verifier("wim")
    assert listed(operate) == [desk.case_of(anna)], "one pair of eyes is not enough"
    desk.says(wim, desk.case_of(anna))
    assert listed(operate) == [desk.case_of(anna)]
    desk.verifier("vera")
    assert listed(operate) == []


def test_a_tie_between_the_only_two_operators_is_decided_at_the_terminal(desk: Desk, operate):
    ines = protected(desk, "ines")
    for name, verdict in (("olga", "doubts"), ("otto", "matches")):
        desk.says(desk.operator(name), desk.case_of(ines), verdict)
    assert listed(operate) == [desk.case_of(ines)]


def test_that_somebody_protected_lives_with_the_only_operator_is_told_to_nobody(desk: Desk, team, operate):
    """A second operator of another household finds them on their desk."""
    ines = desk.resident("ines", house=team[3], bell="O. Ohm")
    with desk.town.as_person(ines), atomic():
        choosing.protect(db.session.get_one(Person, ines), alias="Kiesel")
    desk.deposit(ines)
    assert listed(operate) == []
    assert advice.warnings(desk.town.app.extensions["config"])[0].text.startswith("are of one household")
    otto = desk.operator("otto")
    for _look in range(2):
        desk.says(otto, desk.case_of(ines))
        clock.tick(DAY)
    assert desk.level(ines) is Level.VERIFIED


def test_the_terminal_takes_no_verdict_without_words_and_no_case_that_is_none(desk: Desk, team, operate):
    vera, wim, _olga, home = team
    case = tie(desk, "hit", home, vera, wim)[-26:]
    for words, complaint in (
        ([case, "--verdict", "other"], "say what it is"),
        ([case, "--verdict", "doubts", "--note", "x" * 501], "500 characters"),
        (["nonsense", "--verdict", "doubts"], "no case nonsense"),
    ):
        done = operate(cases, "decide", *words)
        assert done.exit_code == 1 and complaint in done.output
    assert operate(cases, "decide", case, "--verdict", "other", "--note", "Zieht erst ein.").exit_code == 0


# -- words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["hers", "of her household"])
def test_two_words_of_which_one_is_a_stewards_are_not_on_her_desk_and_are_decided(desk: Desk, jobs, mailbox, whose):
    house = desk.town.address("40")
    vera, wim, olga = desk.verifier("vera", house=house, bell="Vogt"), desk.verifier("wim"), desk.operator("olga")
    giver = vera if whose == "hers" else desk.proven("anton", house=house, bell="Vogt")
    ines = desk.resident("ines")
    for inviter in (giver, desk.proven("anna")):
        assert types(desk.town, ines, invited(desk.town, inviter)) is Outcome.PROVEN
    case = desk.case_of(ines)
    assert desk.browser(vera).post(case).status_code == 404 and lies_on(desk, vera, is_operator=False) == []
    clock.tick(2 * HOUR)
    assert set(reminded(desk, jobs, mailbox)) == {"wim", "olga"}
    for one in (wim, olga):
        desk.says(one, case)
    assert desk.level(ines) is Level.VERIFIED


# -- one operator -------------------------------------------------------------------------------------------------------


def test_the_only_operator_decides_about_protected_people_by_looking_twice(desk: Desk, jobs, mailbox, owner):
    olga = desk.operator("olga")
    desk.verifier("vera"), desk.verifier("wim")
    ines = protected(desk, "ines")
    case, browser = desk.case_of(ines), desk.browser(olga)
    listed = text_of(browser.get("/desk/proofs"))
    assert "Niemand außer dir" in listed and "Niemand sonst darf" in text_of(browser.get(case))
    desk.says(olga, case)
    clock.tick(23 * HOUR)
    browser = desk.browser(olga)
    assert [browser.get(case).status_code, browser.post(case).status_code] == [404, 404], "a day has to be between"
    listed = browser.get("/desk/proofs").text
    assert "Dein zweiter Blick" in listed and case not in listed
    assert reminded(desk, jobs, mailbox) == {}
    clock.tick(HOUR)
    browser = desk.browser(olga)
    assert "deinen zweiten Blick" in reminded(desk, jobs, mailbox)["olga"]
    assert "dein zweiter Blick" in text_of(browser.get(case))
    desk.says(olga, case)
    assert desk.level(ines) is Level.VERIFIED
    events = "SELECT object, result, actor_id FROM security_event WHERE kind = 'proof.looked_at' ORDER BY id"
    looks = [("document half alone matches", "yes", olga), ("document half again matches", "yes", olga)]
    assert owner.execute(events).fetchall() == looks
    assert "zweimal" not in text_of(desk.browser(ines).get("/settings/address"))
    clock.tick(homes.TOLD_AFTER.total_seconds())
    assert "eine Person zweimal" in text_of(desk.browser(ines).get("/settings/address"))


def test_whoever_says_otherwise_the_second_time_looks_a_third_time(desk: Desk, owner):
    olga = desk.operator("olga")
    ines = protected(desk, "ines")
    case = desk.case_of(ines)
    desk.says(olga, case)
    clock.tick(DAY)
    desk.says(olga, case, "old")
    assert desk.level(ines) is Level.UNPROVEN and desk.browser(olga).post(case).status_code == 404
    clock.tick(DAY)
    desk.says(olga, case, "old")
    assert owner.execute("SELECT state, refused_at IS NOT NULL FROM proof_case").fetchall() == [("open", True)]
    desk.hears()
    page = text_of(desk.browser(ines).get("/proof/decision"))
    assert "älter als sechs Monate" in page and "Eine Person hat zweimal" in page


def test_a_refusal_by_the_only_operator_is_appealed_and_looked_at_twice(desk: Desk):
    olga, ines = desk.operator("olga"), protected(desk, "ines")
    case = desk.case_of(ines)
    for _look in range(2):
        desk.says(olga, case, "paper")
        clock.tick(DAY)
    desk.hears()
    browser = desk.browser(ines)
    assert browser.post("/proof/decision", data={"words": "Es ist doch ein Mietvertrag."}).status_code == 303
    desk.says(olga, case)
    assert "gibt es niemanden" not in text_of(browser.get("/proof/decision"))
    clock.tick(DAY)
    desk.says(olga, case)
    assert "gebeten" in text_of(browser.get("/proof/decision"))
    desk.hears()
    assert desk.browser(ines).get("/proof/decision").status_code == 303, "granted: another document may be sent"


def test_what_is_looked_at_quietly_the_only_operator_looks_at_twice_and_nobody_hears(desk: Desk, owner):
    olga, house = desk.operator("olga"), desk.town.address("40")
    desk.proven("ines", house=house, bell="Ines Wolf", first_name="Ines", last_name="Wolf")
    puppet = desk.resident("hit", house=house, bell="I. W.", first_name="Ines", last_name="Wolf")
    types(desk.town, puppet, invited(desk.town, desk.proven("friend")))
    with desk.town.app.app_context():
        assert crowds.look_quietly() == 1
    case = desk.case_of(puppet)
    for _look in range(2):
        desk.says(olga, case, "doubts")
        clock.tick(DAY)
    assert owner.execute("SELECT state FROM proof_case").fetchall() == [("refused",)]
    clock.tick(homes.TOLD_AFTER.total_seconds())
    with desk.eyes(puppet):
        assert list(deciding.looked_twice(puppet)) == []


def test_a_second_operator_gives_the_other_half_and_nobody_looks_twice(desk: Desk, owner):
    olga, ines = desk.operator("olga"), protected(desk, "ines")
    case = desk.case_of(ines)
    desk.says(olga, case)
    otto = desk.operator("otto")
    clock.tick(2 * DAY)
    assert desk.browser(olga).get(case).status_code == 404
    assert "Niemand außer dir" not in text_of(desk.browser(otto).get("/desk/proofs"))
    desk.says(otto, case)
    assert desk.level(ines) is Level.VERIFIED
    assert owner.execute("SELECT bool_or(looked_twice) FROM proof_case").fetchone() == (False,)


def test_two_operators_of_one_household_are_one(desk: Desk):
    house = desk.town.address("77")
    olga, otto = desk.operator("olga"), desk.operator("otto")
    for person in (olga, otto):
        desk.town.settle(person, house, "Familie Bach")
    ines = protected(desk, "ines")
    with desk.eyes(olga):
        assert queues.operators_apart() == 1
    for one in (olga, otto):
        desk.says(one, desk.case_of(ines))
    assert desk.level(ines) is Level.UNPROVEN
    clock.tick(DAY)
    desk.says(otto, desk.case_of(ines))
    assert desk.level(ines) is Level.VERIFIED


def test_that_one_looked_twice_because_of_who_lives_there_is_told_to_nobody(desk: Desk, owner):
    """A steward and an operator: at her house the operator looks twice, beside it the two of them look."""
    home, olga = desk.town.address("40"), desk.operator("olga")
    desk.verifier("vera", house=home, bell="Vera Vogt")
    puppet = desk.resident("hit", house=home, bell="V. Vogt")
    desk.deposit(puppet)
    for _look in range(2):
        desk.says(olga, desk.case_of(puppet), "doubts")
        clock.tick(DAY)
    desk.hears()
    assert "zweimal" not in text_of(desk.browser(puppet).get("/proof/decision"))
    assert owner.execute("SELECT looked_twice FROM proof_case").fetchall() == [(False,)]
