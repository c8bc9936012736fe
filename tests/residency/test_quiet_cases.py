"""What is looked at afterwards: nothing of it ever reaches the person it is about, whatever is decided."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, text

from neighbour.accounts import choosing
from neighbour.accounts.appearance import Chosen
from neighbour.accounts.models import Person
from neighbour.core.db import as_owner, atomic, db
from neighbour.initiatives.models import Initiative
from neighbour.policy import Level
from neighbour.residency import grading, invitations, renewal
from neighbour.residency.cases import crowds, visits
from neighbour.residency.personal import UNTIL
from neighbour.residency.proofs.method import Outcome
from tests.initiatives.helpers import Treff
from tests.residency.helpers import invited, types
from tests.residency.papers import Desk, text_of
from tests.residency.test_crowds import PAGES

pytestmark = pytest.mark.usefixtures("frozen_clock")
DAY = 86_400


def looks_quietly(desk: Desk) -> int:
    with desk.town.app.app_context():
        return crowds.look_quietly()


def without(words: str, name: str) -> str:
    """What is said, but for what differs between two people anyway."""
    return re.sub(
        rf"{name}|{name.title()}|\b{name[:2].upper()}\b|\b4[02]\b|\b\w{{4}}-\w{{4}}\b|\d+ Haushalte|\d+ Geräte?\b",
        "…",
        words,
    )


@pytest.mark.parametrize("is_protected", [False, True])
@pytest.mark.parametrize("verdict", ["matches", "twice"])
def test_whoever_bears_a_neighbours_name_hears_in_sixty_days_what_somebody_elsewhere_hears(
    desk: Desk, owner, jobs, mailbox, frozen_clock, verdict, is_protected
):
    """Looks at the address, mails and pages, for both decisions: as with the same name in the wrong house."""
    inviter = desk.proven("anna")
    eyes = [desk.operator(name) for name in ("vera", "wim")]
    house, beside = desk.town.address("40"), desk.town.address("42")
    ines = desk.proven("ines", house=house, bell="Ines Wolf", first_name="Ines", last_name="Wolf")
    if is_protected:
        with desk.town.as_person(ines), atomic():
            choosing.protect(db.session.get_one(Person, ines), alias="Kiesel")
    askers = {}
    for name, where in (("hit", house), ("mis", beside)):
        askers[name] = desk.resident(name, house=where, bell="I. W.", first_name="Ines", last_name="Wolf")
        assert types(desk.town, askers[name], invited(desk.town, inviter)) is Outcome.PROVEN
    assert looks_quietly(desk) == 1
    frozen_clock.tick(3600)
    for one in eyes:
        desk.says(one, desk.case_of(askers["hit"]), verdict)
    frozen_clock.tick(60 * DAY)
    looks_quietly(desk)
    jobs.run()
    heard = {}
    for name, person in askers.items():
        browser = desk.browser(person)
        pages = [browser.get(path) for path in PAGES]
        mails = [mail for mail in mailbox.messages() if list(mail.recipients) == [f"{name}@example.org"]]
        heard[name] = (
            desk.level(person),
            [(page.status_code, page.location, without(text_of(page), name)) for page in pages],
            [(mail.message["Subject"], without(mail.text, name)) for mail in mails],
        )
    assert "angesehen" not in heard["hit"][1][1][2]
    assert heard["hit"] == heard["mis"]
    assert owner.execute("SELECT count(*) FROM address_access WHERE purpose = 'quiet'").fetchone() == (2,), (
        "written down"
    )


def test_what_the_desk_opened_for_a_proof_that_waits_is_told_in_the_same_words_whoever_looked(desk: Desk, frozen_clock):
    vera, olga = desk.verifier("vera"), desk.operator("olga")
    house = desk.town.address("5")
    desk.looks_at_each(house)
    asker = desk.resident("ines", house=house)
    desk.prove(asker)
    case = desk.case_of(asker)
    desk.says(vera, case)
    desk.browser(olga).post(case)
    frozen_clock.tick(31 * DAY)
    page = text_of(desk.browser(asker).get("/settings/address"))
    assert page.count("hat deinen Nachweis angesehen") == 2
    assert page.count("Quartiersteam oder der Betreiber") == 2


@pytest.mark.parametrize("kind", ["quiet", "held"])
def test_the_desk_reads_what_the_person_is_told(desk: Desk, kind):
    house = desk.town.address("5")
    looks = desk.browser(desk.verifier("vera") if kind == "held" else desk.operator("olga"))
    if kind == "held":
        desk.looks_at_each(house)
    else:
        desk.proven("ines", house=house, first_name="Ines", last_name="Wolf")
    again = desk.resident("ines2", house=house, first_name="Ines", last_name="Wolf")
    desk.prove(again)
    looks_quietly(desk)
    case = desk.case_of(again)
    said = text_of(looks.get(case)) + text_of(looks.post(case))
    assert ("nach 30 Tagen" in said) is (kind == "held")
    assert ("erfährt davon nie" in said) is (kind == "quiet")


def test_a_no_to_what_is_looked_at_quietly_ends_nothing_now_and_renews_nothing_later(desk: Desk, owner, frozen_clock):
    house = desk.town.address("5")
    desk.proven("ines", house=house, first_name="Ines", last_name="Wolf")
    again, other = (
        desk.resident(name, house=where, first_name="Ines", last_name="Wolf")
        for name, where in (("ines2", house), ("ines3", desk.town.address("6")))
    )
    for person in (again, other):
        desk.prove(person)
    looks_quietly(desk)
    for name in ("vera", "wim"):
        desk.says(desk.operator(name), desk.case_of(again), "twice")
    assert [looks_quietly(desk) for _hour in range(2)] == [0, 0], "not asked again about the same proof"
    assert desk.level(again) is Level.VERIFIED
    assert desk.browser(again).get("/proof/decision").location == "/waiting"
    frozen_clock.tick(340 * DAY)
    for person in (again, other):
        with desk.town.as_person(person):
            assert renewal.say_yes(person)
    frozen_clock.tick(30 * DAY)
    for person in (again, other):
        with desk.town.app.app_context():
            grading.end_proofs(person, past_only=True)
    assert (desk.level(again), desk.level(other)) == (Level.UNPROVEN, Level.VERIFIED)
    desk.prove(again)
    assert looks_quietly(desk) == 1, "a newer proof is looked at anew"


def test_a_yes_after_a_quiet_no_is_answered_like_any_other(desk: Desk, frozen_clock):
    """The question is gone, its words, the pages and the archive are the same: none says that somebody of the name lives there."""
    house, beside = desk.town.address("40"), desk.town.address("42")
    inviter = desk.proven("anna")
    desk.proven("ines", house=house, bell="Ines Wolf", first_name="Ines", last_name="Wolf")
    askers = {}
    for name, where in (("hit", house), ("mis", beside)):
        askers[name] = desk.resident(name, house=where, bell="I. W.", first_name="Ines", last_name="Wolf")
        types(desk.town, askers[name], invited(desk.town, inviter))
    looks_quietly(desk)
    for name in ("olga", "otto"):
        desk.says(desk.operator(name), desk.case_of(askers["hit"]), "twice")
    frozen_clock.tick(340 * DAY)
    heard = {}
    for name, person in askers.items():
        browser = desk.browser(person)
        with desk.town.as_person(person):
            link = "/still-here/" + renewal.token(person, renewal.question_of(person))  # type: ignore[arg-type]
        answer = browser.post(link)
        pages = [browser.get(path) for path in (link, *PAGES)]
        with desk.town.as_person(person):
            told = db.session.scalar(text(f"SELECT {UNTIL} FROM proof WHERE person_id = :who"), {"who": person})
            heard[name] = (renewal.question_of(person), told, without(text_of(answer), name))
        heard[name] += ([without(text_of(page), name) for page in pages],)
    assert heard["hit"] == heard["mis"]
    assert heard["hit"][0] is None and "weiteres Jahr" not in heard["hit"][2]


@pytest.mark.parametrize("method", ["postcard", "document", "in_person"])
def test_whoever_has_proven_more_strongly_since_is_doubted_no_more(desk: Desk, frozen_clock, method):
    house, inviter = desk.town.address("5"), desk.proven("anna")
    desk.proven("ines", house=house, first_name="Ines", last_name="Wolf")
    again = desk.resident("ines2", house=house, first_name="Ines", last_name="Wolf")
    types(desk.town, again, invited(desk.town, inviter))
    looks_quietly(desk)
    for name in ("olga", "otto"):
        desk.says(desk.operator(name), desk.case_of(again), "twice")
    frozen_clock.tick(10 * DAY)
    desk.prove(again, method)
    for _year in range(3):
        frozen_clock.tick(364 * DAY)
        with desk.town.as_person(again):
            renewal.say_yes(again)
        with desk.town.app.app_context():
            grading.end_proofs(again, past_only=True)
    assert desk.level(again) is Level.VERIFIED


def test_of_two_of_one_name_the_weaker_proof_is_looked_at_and_then_the_later(desk: Desk, owner):
    """Whoever squatted on a name with a neighbour's word makes no case of her who comes with a card."""
    olga, inviter, house = desk.operator("olga"), desk.proven("anna"), desk.town.address("5")
    squatter, true = (
        desk.resident(name, house=house, first_name="Clara", last_name="Echt") for name in ("squat", "clara")
    )
    for person in (squatter, true):
        assert types(desk.town, person, invited(desk.town, inviter)) is Outcome.PROVEN
    whose = "SELECT person_id FROM proof_case WHERE state = 'open' ORDER BY created_at"
    assert looks_quietly(desk) == 1
    assert owner.execute(whose).fetchall() == [(true,)], "two alike: the later"
    desk.prove(true)
    assert looks_quietly(desk) == 1
    assert owner.execute(whose).fetchall() == [(squatter,)], "and she is nobody's suspect any more"
    page = text_of(desk.browser(olga).post(desk.case_of(squatter)))
    assert "Dieses Konto: die Einladung" in page and "Das andere: eine " in page
    assert "Clara" not in page.partition("Das andere:")[2].partition(".")[0]


# -- many at one house -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_one", ["house", pytest.param("household", marks=pytest.mark.thorough)])
def test_six_puppets_at_a_house_read_nothing_of_who_lives_there(desk: Desk, owner, at_one):
    """With none to six true neighbours: the same answers, the same pages; and the next true resident waits for nobody."""
    bell = "Wolf" if at_one == "household" else "{}"
    houses = {true: desk.town.address(str(60 + true)) for true in (0, 1, 5, 6)}
    for true, house in houses.items():
        for n in range(true):
            desk.proven(f"wahr{true}{n}", house=house, bell=bell.format(f"Name{chr(97 + n)}"))
    inviters = [desk.proven(f"anna{n}") for n in range(28)]
    heard: dict[int, list[object]] = {}
    for true, house in houses.items():
        heard[true] = []
        for n in range(7):
            puppet = desk.resident(f"pupp{true}{n}", house=house, bell=bell.format(f"Puppe{chr(97 + n)}"))
            code = invited(desk.town, inviters.pop())
            outcome = types(desk.town, puppet, code, network=f"192.0.{true}.{n}")
            browser = desk.browser(puppet)
            own = r"\d+ Haushalte|pupp\d\d|Pupp\d\d|\bPU\b|\b6\d\b|\b\w{4}-\w{4}\b"
            said = [re.sub(own, "…", text_of(browser.get(path))) for path in PAGES]
            heard[true].append((outcome, desk.level(puppet), said))
        assert looks_quietly(desk) == 1, "the seventh is looked at afterwards"
        late = desk.resident(f"late{true}", house=house, bell=bell.format("Spaet"))
        desk.prove(late)
        waits = true == 6  # for the six true ones
        assert desk.level(late) is (Level.UNPROVEN if waits else Level.VERIFIED), "six puppets keep no card waiting"
    assert heard[0] == heard[1] == heard[5] == heard[6]
    assert {outcome for outcome, _level, _said in heard[0]} == {Outcome.PROVEN}
    assert owner.execute("SELECT count(*) FROM proof_case WHERE kind = 'quiet'").fetchone() == (4,)
    assert looks_quietly(desk) == 0, "and once"


# -- two words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", ["matches", "words"])
def test_two_words_for_ones_own_household_are_answered_as_for_any_other(desk: Desk, owner, jobs, mailbox, verdict):
    """Whoever has a code of somebody and one other reads off no answer, page or mail where that somebody lives."""
    home = desk.town.address("40")
    inviters = [desk.proven("anna", house=home, bell="Anna Wolf"), desk.proven("bert")]
    eyes = [desk.verifier(name) for name in ("vera", "wim")]
    askers = {
        "own": desk.resident("own", house=home, bell="O. Wolf"),
        "els": desk.resident("els", house=desk.town.address("42"), bell="O. Wolf"),
    }
    codes = [invited(desk.town, inviter) for inviter in inviters]

    def heard(asker: str) -> object:
        jobs.run()
        browser = desk.browser(askers[asker])
        pages = [browser.get(path) for path in PAGES]
        mails = [mail for mail in mailbox.messages() if list(mail.recipients) == [f"{asker}@example.org"]]
        return (
            desk.level(askers[asker]),
            [(page.status_code, page.location, without(text_of(page), asker)) for page in pages],
            [(mail.message["Subject"], without(mail.text, asker)) for mail in mails],
        )

    for asker in askers:
        assert [types(desk.town, askers[asker], code) for code in codes] == [Outcome.PROVEN] * 2
    assert heard("own") == heard("els")
    assert desk.level(askers["own"]) is Level.VOUCHED
    assert "Wir sehen uns deinen Nachweis an" in heard("own")[1][0][2]  # type: ignore[index]
    opened: dict[str, str] = {}
    for asker in askers:
        case = desk.case_of(askers[asker])
        opened[asker] = without(text_of(desk.browser(eyes[0]).post(case)), asker)
        for one in eyes:
            assert desk.says(one, case, verdict, note="Anna wohnt selbst dort").status_code == 303
    assert opened["own"] == opened["els"], "nor does the desk, whose verdict would say it"
    assert heard("own") == heard("els"), "nor while a no waits for its day"
    desk.hears()
    assert heard("own") == heard("els")
    assert desk.level(askers["own"]) is (Level.VERIFIED if verdict == "matches" else Level.VOUCHED)
    if verdict == "words":
        told = text_of(desk.browser(askers["own"]).get("/proof/decision"))
        assert "Postkarte an deinen Briefkasten" in told and "Anna" not in told


def test_nobody_decides_about_their_own_word(desk: Desk):
    vera, bert = desk.verifier("vera"), desk.proven("bert")
    asker = desk.resident("ines")
    for inviter in (vera, bert):
        assert types(desk.town, asker, invited(desk.town, inviter)) is Outcome.PROVEN
    browser = desk.browser(vera)
    assert browser.post(desk.case_of(asker)).status_code == 404
    assert desk.case_of(asker) not in browser.get("/desk/proofs").text
    assert desk.browser(desk.verifier("wim")).post(desk.case_of(asker)).status_code == 200


def test_a_word_taken_back_ends_the_question_and_a_further_one_asks_it_anew(desk: Desk, owner):
    anna, bert, carl = (desk.proven(name) for name in ("anna", "bert", "carl"))
    asker = desk.resident("ines")
    for inviter in (anna, bert):
        types(desk.town, asker, invited(desk.town, inviter))
    with desk.eyes(bert):
        assert invitations.take_back(bert, invitations.of_person(bert)[0].uses[0].public_id)
    states = "SELECT state FROM proof_case ORDER BY created_at, proof_id"
    assert owner.execute(states).fetchall() == [("withdrawn",)]
    assert desk.level(asker) is Level.VOUCHED
    types(desk.town, asker, invited(desk.town, carl))
    assert owner.execute(states).fetchall() == [("withdrawn",), ("open",)]


# -- another name on the letterbox meanwhile ---------------------------------------------------------------------------


def test_a_name_that_changes_between_the_two_looks_is_looked_at_twice_anew(desk: Desk, owner):
    """Two people have to have seen the same name: the first look is void, and what is in hand has to be opened again."""
    vera, wim, xenia = (desk.verifier(name) for name in ("vera", "wim", "xenia"))
    house = desk.town.address("5")
    asker = desk.resident("ines", house=house, bell="Ines Wolf")
    desk.deposit(asker)
    case = desk.case_of(asker)
    desk.says(vera, case)
    half_way = desk.browser(wim)
    assert half_way.post(case).status_code == 200
    desk.town.settle(asker, house, "Anna Kowalczyk")
    assert half_way.post(case + "/decide", data={"verdict": "matches"}).location == case
    assert desk.level(asker) is Level.UNPROVEN
    for one in (wim, xenia):
        assert "Anna Kowalczyk" in text_of(desk.browser(one).post(case))
        desk.says(one, case)
    assert desk.level(asker) is Level.VERIFIED


HALVES = "SELECT count(*) FILTER (WHERE voided_at IS NULL), count(*) FROM case_half WHERE says IS NOT NULL"


def test_another_spelling_of_the_letterbox_begins_no_look_anew(desk: Desk, owner):
    house = desk.town.address("5")
    asker = desk.resident("ines", house=house, bell="I. Wolf")
    desk.deposit(asker)
    desk.says(desk.verifier("vera"), desk.case_of(asker), "doubts")
    for bell in ("I.. Wolf", "WOLF, I", "Fam. Wolf"):
        desk.town.settle(asker, house, bell)
        assert owner.execute(HALVES).fetchone() == (1, 1), bell
    assert desk.says(desk.verifier("wim"), desk.case_of(asker), "doubts").status_code == 303
    desk.hears()
    assert owner.execute("SELECT state FROM proof_case").fetchall() == [("refused",)]


def test_a_case_is_begun_anew_once_and_what_was_said_before_is_kept(desk: Desk, owner, frozen_clock):
    """Whoever changes the name between the two looks, again and again, is decided about all the same; a team of two can do it."""
    vera, wim = desk.verifier("vera"), desk.verifier("wim")
    house = desk.town.address("5")
    asker = desk.resident("ines", house=house, bell="Ines Wolf")
    desk.deposit(asker)
    desk.says(vera, desk.case_of(asker), "doubts")
    desk.town.settle(asker, house, "Anna Kowalczyk")
    assert owner.execute(HALVES).fetchone() == (0, 1)
    desk.says(vera, desk.case_of(asker), "doubts")
    desk.town.settle(asker, house, "Berta Bach")
    assert owner.execute(HALVES).fetchone() == (1, 2)
    desk.says(wim, desk.case_of(asker), "doubts")
    desk.hears()
    assert owner.execute("SELECT state FROM proof_case").fetchall() == [("refused",)]


def test_after_a_proof_looks_begin_anew_once_in_thirty_days(desk: Desk, owner, frozen_clock):
    """Also where another case has come since."""
    house, friends = desk.town.address("5"), [desk.proven("anna"), desk.proven("bert")]
    asker = desk.resident("ines", house=house, bell="Ines Wolf")
    for friend in friends:
        types(desk.town, asker, invited(desk.town, friend))
    desk.says(desk.verifier("vera"), desk.case_of(asker), "words")
    desk.town.settle(asker, house, "Clara Echt")
    assert owner.execute(HALVES).fetchone() == (0, 1)
    frozen_clock.tick(60)
    desk.deposit(asker)
    desk.says(desk.verifier("wim"), desk.case_of(asker), "doubts")
    desk.town.settle(asker, house, "Berta Bach")
    assert owner.execute(HALVES).fetchone() == (1, 2), "within the 30 days"
    frozen_clock.tick(31 * DAY)
    desk.town.settle(asker, house, "Dora Dick")
    assert owner.execute(HALVES).fetchone() == (0, 2)


def test_a_name_that_changes_at_an_initiative_ends_the_code_that_was_shown(desk: Desk):
    treff = Treff(desk)
    house = desk.town.address("5")
    asker = desk.resident("ines", house=house, bell="Ines Wolf")
    phone, editor = desk.browser(asker), desk.browser(treff.editor)
    code = treff.code_of(phone)
    assert "Ines Wolf" in text_of(editor.post(f"/i/{treff.slug}/confirm", data={"code": code}))
    desk.town.settle(asker, house, "Anna Kowalczyk")
    with desk.eyes(treff.editor):
        assert not visits.confirm(treff.editor, _public_id(desk, treff), code)
    assert desk.level(asker) is Level.UNPROVEN


def _public_id(desk: Desk, treff: Treff) -> str:
    with desk.town.app.app_context(), as_owner():
        return db.session.scalars(select(Initiative.public_id).where(Initiative.slug == treff.slug)).one()


# -- a neighbour's name ------------------------------------------------------------------------------------------------


def called(desk: Desk, person: int, first: str, last: str) -> None:
    with desk.town.as_person(person), atomic():
        choosing.set_appearance(db.session.get_one(Person, person), first=first, last=last, chosen=Chosen())


def test_a_new_name_that_reads_like_a_neighbours_is_looked_at_quietly(desk: Desk, owner, frozen_clock):
    olga = desk.operator("olga")
    hers, his, far = desk.proven("hannelore"), desk.proven("jochen"), desk.proven("fern", quarter="ufer")
    called(desk, hers, "Hannelore", "Wiechert")
    frozen_clock.tick(60)
    assert looks_quietly(desk) == 0
    for person in (his, far):
        called(desk, person, "HanneIore", "Wulff")  # with a capital I
    assert looks_quietly(desk) == 1
    assert owner.execute("SELECT person_id, kind FROM proof_case").fetchall() == [(his, "quiet")], "of her quarter"
    assert "HanneIore W." in text_of(desk.browser(olga).post(desk.case_of(his)))
    assert looks_quietly(desk) == 0, "once"
    frozen_clock.tick(60)
    called(desk, his, "Hannelore", "Wüst")
    assert looks_quietly(desk) == 1, "a further name is looked at anew"


def test_a_neighbours_name_taken_at_sign_up_is_looked_at_with_the_first_proof(desk: Desk, owner, frozen_clock):
    hers = desk.proven("hannelore", first_name="", last_name="")
    called(desk, hers, "Hannelore", "Wiechert")
    frozen_clock.tick(90 * DAY)
    his = desk.resident("jochen", first_name="", last_name="")
    with desk.town.as_person(his), atomic():
        chosen = Chosen(alias="Hannelore W.")
        choosing.set_appearance(db.session.get_one(Person, his), first="Jochen", last="Bös", chosen=chosen)
    assert looks_quietly(desk) == 0, "nothing is proven"
    frozen_clock.tick(30 * DAY)
    desk.prove(his)
    assert [looks_quietly(desk) for _hour in range(2)] == [1, 0]
    assert owner.execute("SELECT person_id, kind FROM proof_case").fetchall() == [(his, "quiet")]
