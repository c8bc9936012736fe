"""Household rules: who has to be looked at, what nobody learns from it, and how a house is answered for."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from neighbour.accounts import choosing
from neighbour.accounts.models import Person
from neighbour.core.db import atomic, db
from neighbour.core.tokens import to_uid
from neighbour.policy import Level
from neighbour.residency import grading, invitations, letters
from neighbour.residency.cases import crowds, documents
from neighbour.residency.proofs.method import Outcome
from tests.residency.helpers import invited, types
from tests.residency.papers import Desk, photo, text_of
from tests.support import counting

pytestmark = pytest.mark.usefixtures("frozen_clock")
PAGES = (
    "/waiting",
    "/settings/address",
    "/proof/document",
    "/proof/in-person",
    "/proof/decision",
    "/signup/address",
    "/code",
    "/me",
)


def waiting(owner) -> int:
    return owner.execute("SELECT count(*) FROM proof WHERE held_at IS NOT NULL AND ended_at IS NULL").fetchone()[0]


@pytest.mark.parametrize("is_protected", [False, True])
@pytest.mark.parametrize("how", ["a card", "a neighbour's word"])
def test_whoever_gives_somebody_elses_name_and_house_learns_nothing_from_the_answer(
    desk: Desk, owner, how, is_protected
):
    """Not whether they live there, protected or not: with the right house everything is as with the wrong one."""
    vera, wim = desk.verifier("vera"), desk.verifier("wim")
    inviter = desk.proven("anna")
    house, beside = desk.town.address("40"), desk.town.address("42")
    ines = desk.proven("ines", house=house, bell="Ines Wolf", first_name="Ines", last_name="Wolf-Bär")
    if is_protected:
        with desk.town.as_person(ines), atomic():
            choosing.protect(db.session.get_one(Person, ines), alias="Kiesel")
    seen = {}
    for name, where in (("hit", house), ("miss", beside)):
        asker = desk.resident(name, house=where, bell="I. W.", first_name="WOLF-BAER", last_name="Ines")
        if how == "a card":
            desk.prove(asker)
        else:
            assert types(desk.town, asker, invited(desk.town, inviter)) is Outcome.PROVEN
        browser = desk.browser(asker)
        pages = [browser.get(path) for path in PAGES]
        seen[name] = (desk.level(asker), [(page.status_code, page.location, without(page, name)) for page in pages])
    assert seen["hit"] == seen["miss"]
    assert seen["hit"][0] is (Level.VERIFIED if how == "a card" else Level.VOUCHED)
    assert waiting(owner) == 0
    assert owner.execute("SELECT count(*) FROM proof_case").fetchone() == (0,), "not while anybody waits for the answer"
    assert look_quietly(desk) == 1
    (case,) = owner.execute("SELECT id FROM proof_case").fetchall()
    path = f"/desk/proofs/{to_uid(case[0])}"
    opened = [desk.browser(who).post(path) for who in (vera, desk.operator("olga"))]
    assert [page.status_code for page in opened] == [404, 200], "the operators' alone"
    assert "Konto mit demselben Namen" in opened[1].text
    assert ("geschützt" in opened[1].text) is is_protected
    assert path not in desk.browser(wim).get("/desk/proofs").text


def without(page, name):
    """What a page says, but for what differs between two people anyway."""
    words = text_of(page)
    return re.sub(rf"{name}|{name.title()}|\b{name[:2].upper()}\b|\b4[02]\b|\b\w{{4}}-\w{{4}}\b", "…", words)


def look_quietly(desk):
    with desk.town.app.app_context():
        return crowds.look_quietly()


def test_whoever_moves_while_namesakes_are_looked_for_is_left_alone(desk: Desk, owner, monkeypatch):
    for name in ("ines", "ines2"):
        desk.proven(
            name, house=desk.town.address("5") if name == "ines" else _house(owner), first_name="I", last_name="Wolf"
        )
    monkeypatch.setattr(crowds, "_standing", lambda _person, _proof: None)
    assert look_quietly(desk) == 0
    assert owner.execute("SELECT count(*) FROM proof_case").fetchone() == (0,)
    monkeypatch.undo()
    assert look_quietly(desk) == 1


def _house(owner) -> int:
    return owner.execute("SELECT max(id) FROM address").fetchone()[0]


def test_two_who_were_looked_at_once_are_not_looked_at_again(desk: Desk, owner):
    house = desk.town.address("5")
    anna = desk.proven("anna")
    desk.proven("ines", house=house, first_name="Ines", last_name="Wolf")
    again = desk.resident("ines2", house=house, bell="Wolf", first_name="Ines", last_name="Wolf")
    desk.prove(again)
    assert types(desk.town, again, invited(desk.town, anna)) is Outcome.PROVEN
    assert [look_quietly(desk) for _hour in range(2)] == [1, 0]
    case = desk.case_of(again)
    for name in ("olga", "otto"):
        desk.says(desk.operator(name), case)
    desk.prove(again)
    assert look_quietly(desk) == 0
    assert owner.execute("SELECT state FROM proof_case").fetchall() == [("accepted",)]


def test_the_same_name_in_another_house_is_another_person(desk: Desk, owner):
    for number in ("5", "6"):
        desk.proven(f"ines{number}", house=desk.town.address(number), first_name="Ines", last_name="Wolf")
    assert waiting(owner) == 0


def test_a_seventh_account_of_a_household_waits(desk: Desk, owner):
    house = desk.town.address("5")
    for number in range(6):
        desk.proven(f"wolf{number}", house=house, bell="Fam. Wolf", first_name=f"Kind{number}", last_name="Wolf")
    assert waiting(owner) == 0
    seventh = desk.resident("wolf6", house=house, bell="Wolf", first_name="Sieben", last_name="Wolf")
    desk.prove(seventh)
    assert desk.level(seventh) is Level.UNPROVEN and waiting(owner) == 1
    case = desk.case_of(seventh)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), case)
    assert desk.level(seventh) is Level.VERIFIED
    assert desk.browser(seventh).get("/waiting").location == "/board"


def test_a_held_proof_that_is_refused_ends_and_its_person_may_appeal(desk: Desk, jobs, mailbox):
    house = desk.town.address("5")
    desk.looks_at_each(house)
    again = desk.resident("ines2", house=house, bell="Wolf", first_name="Ines", last_name="Wolf")
    desk.prove(again)
    case = desk.case_of(again)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), case, "twice")
    desk.hears()
    browser = desk.browser(again)
    assert desk.level(again) is Level.UNPROVEN
    assert "Etwas daran passte nicht" in text_of(browser.get("/proof/decision"))
    browser.post("/proof/decision", data={"words": "Das ist meine Tochter, sie heißt wie ich."})
    desk.says(desk.operator("olga"), case)
    assert desk.level(again) is Level.VERIFIED
    jobs.run()
    assert "Dein Nachweis gilt" in "".join(mail.text for mail in mailbox.messages())


@pytest.mark.parametrize("is_taken_back", [False, True])
def test_a_word_that_is_taken_back_after_a_refusal_does_not_count_again_by_an_appeal(desk: Desk, owner, is_taken_back):
    house = desk.town.address("5")
    anna = desk.proven("anna")
    desk.looks_at_each(house)
    again = desk.resident("ines2", house=house, bell="Wolf", first_name="Ines", last_name="Wolf")
    assert types(desk.town, again, invited(desk.town, anna)) is Outcome.HELD
    case = desk.case_of(again)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), case, "twice")
    desk.hears()
    desk.browser(again).post("/proof/decision", data={"words": "Das ist meine Tochter, sie heißt wie ich."})
    if is_taken_back:
        ((use,),) = owner.execute("SELECT public_id FROM invitation_use").fetchall()
        with desk.eyes(anna):
            assert invitations.take_back(anna, use)
    desk.says(desk.operator("olga"), case)
    assert desk.level(again) is (Level.UNPROVEN if is_taken_back else Level.VOUCHED)


@pytest.mark.parametrize("how", ["taken back", "run out"])
def test_a_proof_that_is_over_while_it_waits_is_on_nobodys_desk_any_more(desk: Desk, owner, frozen_clock, how):
    """Also where one of two has the case in hand: what they would say is about nothing, and its address stays closed."""
    house = desk.town.address("5")
    anna = desk.proven("anna")
    desk.looks_at_each(house)
    again = desk.resident("ines2", house=house, bell="Wolf", first_name="Ines", last_name="Wolf")
    assert types(desk.town, again, invited(desk.town, anna)) is Outcome.HELD
    case, vera, wim = desk.case_of(again), desk.verifier("vera"), desk.verifier("wim")
    assert desk.browser(vera).post(case).status_code == 200  # in hand
    if how == "taken back":
        ((use,),) = owner.execute("SELECT public_id FROM invitation_use").fetchall()
        with desk.eyes(anna):
            assert invitations.take_back(anna, use)
    else:
        owner.execute("UPDATE proof SET expires_at = now() - interval '1 year' WHERE held_at IS NOT NULL")
        with desk.town.app.app_context():
            grading.end_proofs(again, past_only=True)
    assert owner.execute("SELECT state, decided_at IS NOT NULL FROM proof_case").fetchall() == [("withdrawn", True)]
    assert owner.execute("SELECT count(*) FROM case_half").fetchone() == (0,)
    looks = owner.execute("SELECT count(*) FROM address_access").fetchone()
    assert desk.browser(wim).post(case).status_code != 200
    assert case not in desk.browser(vera).get("/desk/proofs").text
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == looks
    assert desk.level(again) is Level.UNPROVEN


def test_of_twenty_accounts_at_one_address_fourteen_wait_and_the_house_asks_once(desk: Desk, owner):
    house = desk.town.address("5")
    people = [desk.resident(f"p{n}", house=house, bell=f"Name{chr(97 + n)} Klingel{chr(97 + n)}") for n in range(20)]
    for person in people:
        desk.prove(person)
    assert [desk.level(person) is Level.VERIFIED for person in people] == [True] * 6 + [False] * 14
    assert waiting(owner) == 14 and owner.execute("SELECT count(*) FROM proof_case").fetchone() == (0,)
    vera = desk.browser(desk.verifier("vera"))
    page = vera.get("/desk/proofs").text
    links = re.findall(r'href="(/desk/houses/\w+)"', page)
    assert len(links) == 1 and "Kettfadenstraße 5" in page and "Klingel" not in page
    assert "14" in text_of(vera.get(links[0]))
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == (0,), "no home is opened to name a house"
    assert vera.post(links[0], data={"kind": "large", "up_to": ""}).status_code == 422
    assert vera.post(links[0], data={"kind": "large", "up_to": "12"}).status_code == 303
    assert [desk.level(person) is Level.VERIFIED for person in people] == [True] * 12 + [False] * 8
    assert vera.post(links[0], data={"kind": "one"}).status_code == 303
    assert owner.execute("SELECT count(*) FROM proof_case WHERE state = 'open'").fetchone() == (8,)
    assert vera.get(links[0]).status_code == 404
    late = desk.resident("late", house=house, bell="Spät Klingelspät")
    desk.prove(late)
    assert owner.execute("SELECT count(*) FROM proof_case").fetchone() == (9,), "each is looked at from now on"


def test_twenty_at_once_are_counted_one_after_the_other(desk: Desk, owner):
    house = desk.town.address("5")
    people = [desk.resident(f"p{n}", house=house, bell=f"Name{chr(97 + n)} Klingel{chr(97 + n)}") for n in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(desk.prove, people))
    assert sum(desk.level(person) is Level.VERIFIED for person in people) == 6 and waiting(owner) == 6


def test_whoever_lives_in_a_house_is_not_asked_about_it(desk: Desk):
    house = desk.town.address("5")
    inside = desk.verifier("vera", house=house)
    for n in range(8):
        desk.proven(f"p{n}", house=house, bell=f"Name{chr(97 + n)} Klingel{chr(97 + n)}")
    assert "Kettfadenstraße 5" not in desk.browser(inside).get("/desk/proofs").text
    other = desk.browser(desk.verifier("ute", quarter="ufer"))
    assert "Kettfadenstraße 5" not in other.get("/desk/proofs").text


def test_whoever_may_answer_for_a_house_is_told_that_it_waits(desk: Desk, jobs, mailbox, frozen_clock):
    house = desk.town.address("5")
    for n in range(8):
        desk.proven(f"p{n}", house=house, bell=f"Name{chr(97 + n)} Klingel{chr(97 + n)}")
    desk.verifier("vera")
    desk.verifier("ute", quarter="ufer")
    desk.operator("olga")

    def told(hours: float) -> dict[str, str]:
        mailbox.clear()
        frozen_clock.tick(hours * 3600)
        jobs.sent.append(("residency.remind", []))
        jobs.run()
        mails = [mail for mail in mailbox.messages() if "wart" in mail.message["Subject"]]
        return {mail.recipients[0].partition("@")[0]: mail.message["Subject"] for mail in mails}

    assert told(0.5) == {}
    assert told(1) == dict.fromkeys(["vera", "olga"], "2 Nachweise warten auf dich"), (
        "no two verifiers there: operators too"
    )
    desk.verifier("wim")
    desk.verifier("iris", house=house, bell="Iris Imhaus")
    assert set(told(24)) == {"vera", "wim"}, "nobody of the house, and the operators rest"


# -- nobody learns of each other ---------------------------------------------------------------------------------------


# Drawn for each page whatever is true: tokens of forms.
TOKENS = re.compile(r'(name="(?:\w-)?(?:csrf_token|csrf-token|form_key)"[^>]*?(?:value|content)=")[^"]*')


def seen(browser) -> dict[str, tuple[int, str]]:
    """Every page of one's own, and how many statements it takes."""
    pages = {}
    for path in PAGES:
        with counting.statements() as statements:
            html = browser.get(path).text
        pages[path] = len(statements), TOKENS.sub(r"\1", html)
    return pages


@pytest.mark.parametrize("state", ["unproven", "waits", "proven", "document"])
def test_two_accounts_of_one_household_are_to_each_other_as_if_alone(desk: Desk, state, jobs, mailbox):
    """The same pages, the same mails, the same number of statements – whatever the other one is doing."""
    house = desk.town.address("5")
    me = desk.resident("anna", house=house, bell="Anna Kowalczyk")
    browser = desk.browser(me)
    seen(browser)  # what a process asks once is asked
    alone = seen(browser)
    other = desk.resident("jan", house=house, bell="Jan Kowalczyk")
    if state == "proven":
        desk.prove(other)
    elif state == "waits":
        with desk.eyes(other):
            letters.request(other)
    elif state == "document":
        with desk.eyes(other):
            documents.hand_in(other, "bill", [photo()])
    assert seen(browser) == alone
    jobs.run()
    mine = [mail for mail in mailbox.messages() if "anna@example.org" in mail.recipients]
    assert mine == []


def test_a_proof_that_waits_takes_the_same_statements_whatever_it_waits_for(desk: Desk, count_queries):
    """Whoever waits is told so; that each question is asked, of everybody, hides which of them was answered with yes."""
    house = desk.town.address("5")
    desk.proven("ines", house=house, bell="Ines Bach", first_name="Ines", last_name="Wolf")
    waits = desk.town.address("7")
    for number in range(6):
        desk.proven(f"voll{number}", house=waits, bell="Fam. Berg", first_name=f"Voll{number}", last_name="Berg")
    asked, taken = {}, {}
    for name, where, bell, last in (
        ("frei", house, "Wer", "Anders"), ("twice", house, "Wer", "Wolf"), ("seventh", waits, "Berg", "Neu"),
    ):  # fmt: skip
        person = desk.resident(name, house=where, bell=bell, first_name="Ines", last_name=last)
        with count_queries() as queries:
            desk.prove(person)
        asked[name] = sum("needs_look" in str(query) for query in queries)
        taken[name] = len(queries)
        assert desk.level(person) is (Level.UNPROVEN if name == "seventh" else Level.VERIFIED), name
    assert asked == {"frei": 3, "twice": 3, "seventh": 6}, (
        "no answer stops the questions; a case writes all answers down"
    )
    assert taken["frei"] == taken["twice"], (
        "nothing is written about two of one name while somebody waits for the answer"
    )
