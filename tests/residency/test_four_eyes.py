"""Two people of two households have to agree; who may look at what; what a no means and how to appeal."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.policy import Level, Role
from neighbour.residency import homes
from neighbour.residency.cases import concluding, deciding, documents, queues
from neighbour.residency.cases.models import ProofCase
from neighbour.residency.cases.queues import Eyes
from tests.residency.papers import Desk, photo, text_of
from tests.support.lives import LIVES, START, live

pytestmark = pytest.mark.usefixtures("frozen_clock")
PART_OF_A_TEAM = ["of her household", "verifier elsewhere"]  # of those who may not
NOWHERE = "/desk/proofs/" + "a" * 26


@pytest.fixture
def anna(desk: Desk) -> int:
    """Anna, who has handed a document in."""
    person = desk.resident("anna", bell="Anna Kowalczyk")
    with desk.eyes(person):
        documents.hand_in(person, "bill", [photo()])
    return person


# -- who ----------------------------------------------------------------------------------------------------------------


def test_who_may_look_at_a_case_and_for_whom_it_does_not_exist(desk: Desk, anna, owner, client):
    """Roles × case: 404 is byte for byte the page of what is not there, and the list the one of a day without cases."""
    house = desk.town.address("55")
    husband = desk.verifier("jan", bell="Jan Kowalczyk", house=house)
    desk.town.settle(anna, house, "Anna Kowalczyk")
    with desk.eyes(anna):
        documents.hand_in(anna, "bill", [photo()])
    case = desk.case_of(anna)
    may = {
        "verifier": desk.verifier("vera"),
        "steward": desk.verifier("stine", Role.STEWARD),
        "operator": desk.operator("olga"),
    }
    may_not = {
        "herself": anna,
        "of her household": husband,
        "verifier elsewhere": desk.verifier("ulf", quarter="ufer"),
        "resident": desk.proven("rosa"),
        "unproven": desk.resident("udo"),
        "suspended": desk.verifier("sven"),
    }
    owner.execute("UPDATE person SET status = 'suspended' WHERE id = %s", [may_not["suspended"]])
    for name, person in may.items():
        browser = desk.browser(person)
        assert browser.get(case).status_code == 200 and "Ein Dokument" in text_of(browser.get("/desk/proofs")), name
    lists = {}
    for name, person in may_not.items():
        browser = desk.browser(person)
        for method, path in (("get", ""), ("post", ""), ("post", "/decide"), ("get", "/pages/1")):
            answer = getattr(browser, method)(case + path)
            nothing = getattr(browser, method)(NOWHERE + path)
            assert (answer.status_code, answer.data) == (404, nothing.data), (name, path)
        listed = browser.get("/desk/proofs")
        lists[name] = browser, listed.status_code, _plain(listed.text)
    assert [name for name, (_browser, status, _text) in lists.items() if status == 200] == PART_OF_A_TEAM
    assert client.get(case).status_code == 303
    owner.execute("DELETE FROM proof_case")
    for name, (browser, status, before) in lists.items():
        now = browser.get("/desk/proofs")
        assert (now.status_code, _plain(now.text)) == (status, before), name


def test_whoever_was_dismissed_or_moved_looks_at_nothing_any_more(desk: Desk, anna):
    vera = desk.verifier("vera")
    case, browser = desk.case_of(anna), desk.browser(vera)
    browser.post(case)
    desk.town.settle(vera, desk.town.address("1", quarter="ufer"), "Vera Verasen")
    for path in ("", "/pages/1"):
        assert browser.get(case + path).status_code == 404
    assert browser.post(case + "/decide", data={"verdict": "matches"}).status_code == 404
    assert desk.level(anna) is Level.UNPROVEN


# -- how ----------------------------------------------------------------------------------------------------------------


def test_two_have_it_in_hand_and_no_third_until_a_half_is_free_again(desk: Desk, anna, frozen_clock):
    case = desk.case_of(anna)
    browsers = [desk.browser(desk.verifier(name)) for name in ("vera", "wim", "xenia")]
    assert [browser.post(case).status_code for browser in browsers] == [200, 200, 303]
    frozen_clock.tick(21 * 60)
    late = browsers[0].post(case + "/decide", data={"verdict": "matches"})
    assert late.status_code == 303 and browsers[0].get(case + "/pages/1").status_code == 404
    assert browsers[2].post(case).status_code == 200


def test_a_form_that_is_wrong_where_two_others_have_it_in_hand_by_now_leads_on(desk: Desk, anna, monkeypatch):
    """Between the look whether it is in hand and taking it once more the half may run out and two others be quicker."""
    case, browser = desk.case_of(anna), desk.browser(desk.verifier("vera"))
    browser.post(case)
    for error, answer in ((deciding.Busy, 303), (queues.NotYours("gone"), 404)):
        with monkeypatch.context() as patch:
            patch.setattr(deciding, "take", raising(error))
            assert browser.post(case + "/decide", data={"verdict": ""}).status_code == answer
    assert browser.post(case + "/decide", data={"verdict": ""}).status_code == 422


def raising(error):
    def take(_eyes, _case_id):
        raise error

    return take


def test_both_halves_of_one_household_are_one(desk: Desk, anna):
    house = desk.town.address("77")
    one = desk.verifier("vera", bell="Vera Bach", house=house)
    other = desk.verifier("bodo", bell="Bodo Bach", house=house)
    case = desk.case_of(anna)
    opened = desk.browser(one)
    opened.post(case)
    assert desk.browser(other).post(case).status_code == 303
    assert opened.post(case + "/decide", data={"verdict": "matches"}).status_code == 303
    assert desk.browser(other).post(case).status_code == 404, (
        "it is not there for them, or they would be reminded of it daily"
    )
    assert desk.level(anna) is Level.UNPROVEN


def test_nobody_says_it_twice(desk: Desk, anna):
    vera, case = desk.verifier("vera"), desk.case_of(anna)
    desk.says(vera, case)
    browser = desk.browser(vera)
    assert browser.post(case).status_code == browser.post(case + "/decide").status_code == 404
    assert desk.level(anna) is Level.UNPROVEN


def test_the_second_does_not_see_what_the_first_says(desk: Desk, anna):
    first, second, case = desk.verifier("vera"), desk.verifier("wim"), desk.case_of(anna)
    before = desk.browser(second).get(case).text
    desk.says(first, case, "doubts", "Da stimmt etwas nicht.")
    browser = desk.browser(second)
    assert _plain(browser.get(case).text) == _plain(before)
    opened = browser.post(case).text
    assert "Da stimmt etwas" not in opened and "bisher gesagt" not in opened


def _plain(html: str) -> str:
    return re.sub(r'(value|content)="[\w.\-]{30,}"', "", html)


def test_two_times_no_tells_the_person_why_and_what_to_do(desk: Desk, anna, jobs, mailbox):
    case = desk.case_of(anna)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), case, "old", "Der Brief ist von 2023.")
    desk.hears()
    browser = desk.browser(anna)
    assert "konnten deinen Nachweis nicht annehmen" in text_of(browser.get("/waiting"))
    page = text_of(browser.get("/proof/decision"))
    assert "älter als sechs Monate" in page and "Der Brief ist von 2023." in page and "Betreiber" in page
    jobs.run()
    mail = mailbox.messages()[-1]
    assert "älter als sechs Monate" in mail.text and "2023" not in mail.text, "what somebody wrote stays on the page"
    assert "Vera" not in page + mail.text and "Wim" not in page + mail.text


def test_yes_and_no_go_to_an_operator_who_was_neither(desk: Desk, anna):
    case = desk.case_of(anna)
    operator, another = desk.operator("olga"), desk.operator("otto")
    desk.says(operator, case)
    desk.says(desk.verifier("vera"), case, "doubts")
    assert desk.browser(desk.verifier("wim")).get(case).status_code == 404, "it is with the operators now"
    assert desk.browser(operator).get(case).status_code == 404, "who has said already"
    opened = desk.browser(another).post(case).text
    assert "bisher gesagt" in opened and "Etwas an dem Papier passt nicht" in opened and "Vera" not in opened
    desk.says(another, case)
    assert desk.level(anna) is Level.VERIFIED


def test_an_appeal_goes_once_to_an_operator_who_had_no_part(desk: Desk, anna, jobs, mailbox, owner):
    case = desk.case_of(anna)
    operator, another = desk.operator("olga"), desk.operator("otto")
    desk.says(operator, case, "paper")
    desk.says(desk.verifier("vera"), case, "paper")
    desk.hears()
    browser = desk.browser(anna)
    assert browser.post("/proof/decision", data={"words": ""}).status_code == 422
    assert browser.post("/proof/decision", data={"words": "Es ist doch ein Mietvertrag."}).status_code == 303
    again = browser.post("/proof/decision", data={"words": "Und noch einmal!"})
    assert again.status_code == 303 and owner.execute("SELECT appeal_text FROM proof_case").fetchone() == (
        "Es ist doch ein Mietvertrag.",
    )
    assert desk.browser(operator).get(case).status_code == 404
    looks = owner.execute("SELECT count(*) FROM address_access").fetchone()
    opened = desk.browser(another).post(case).text
    assert "Es ist doch ein Mietvertrag." in opened and "Kowalczyk" not in opened
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == looks, "an appeal opens no address"
    desk.says(another, case)
    assert desk.level(anna) is Level.UNPROVEN, "nobody's word alone proves an address"
    desk.hears()
    jobs.run()
    browser = desk.browser(anna)
    assert "noch einmal ein Dokument" in mailbox.messages()[-1].text
    assert desk.hand_in(browser, photo()).status_code == 303


def test_of_two_operators_at_an_appeal_at_once_one_is_told_that_another_is_at_it(desk: Desk, anna):
    case = desk.case_of(anna)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), case, "paper")
    desk.hears()
    assert desk.browser(anna).post("/proof/decision", data={"words": "Es ist ein Mietvertrag."}).status_code == 303
    first, second = (desk.browser(desk.operator(name)) for name in ("olga", "otto"))
    assert first.post(case).status_code == 200
    assert second.post(case).status_code == 303
    assert first.post(case + "/decide", data={"verdict": "matches"}).status_code == 303


def test_a_granted_appeal_gives_one_more_document_beyond_three(desk: Desk, anna, owner):
    browser = desk.browser(anna)
    for _number in range(2):
        browser.post("/proof/document/withdraw")
        clock.tick(60)
        desk.hand_in(browser, photo())
    case = desk.case_of(anna)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), case, "paper")
    desk.hears()
    desk.hand_in(browser, photo())
    assert owner.execute("SELECT count(*) FROM proof_case").fetchone() == (3,)
    browser.post("/proof/decision", data={"words": "Bitte noch einmal."})
    desk.says(desk.operator("olga"), case)
    desk.hears()
    clock.tick(60)
    for _number in range(2):
        desk.hand_in(browser, photo())
        browser.post("/proof/document/withdraw")
    assert owner.execute("SELECT count(*) FROM proof_case").fetchone() == (4,)


def test_something_else_needs_a_word_and_nothing_typed_is_lost(desk: Desk, anna):
    vera, case = desk.verifier("vera"), desk.case_of(anna)
    browser = desk.browser(vera)
    browser.post(case)
    page = browser.post(case + "/decide", data={"verdict": "other", "note": ""})
    assert page.status_code == 422 and "Schreib bitte, was es ist" in text_of(page)
    page = browser.post(case + "/decide", data={"verdict": "", "note": "Das bleibt stehen."})
    assert page.status_code == 422 and "Das bleibt stehen." in page.text and "Anna Kowalczyk" in page.text


# -- as a machine ----------------------------------------------------------------------------------------------------


def machine(desk: Desk, owner):
    """The machine's class. 0 and 1 live together, 2 and 3 alone, 4 and 5 are operators; Anna hands papers in. Of some cases
    Anna is protected and 5 does not operate: there 4 looks twice."""
    crew, anna = _crew(desk)

    class Looking(RuleBasedStateMachine):
        """One case after the other: what was said, by whom, in which part and when is compared with what the database holds."""

        @initialize(is_alone=st.booleans())
        def begin(self, is_alone):
            self.frozen = clock.freeze(START)
            self.frozen.__enter__()
            self.a_new_case(is_alone)

        def teardown(self):
            self.frozen.__exit__(None, None, None)

        def a_new_case(self, is_alone):
            owner.execute(PROTECTED if is_alone else OPEN, [anna])
            owner.execute("UPDATE person SET is_operator = %s WHERE id = %s", [not is_alone, crew[5].person_id])
            self.case, self.looks, self.opened = _fresh_case(desk, anna, owner), _looks(owner), 0
            self.is_alone, self.began, self.is_told = is_alone, clock.now(), False
            self.said: list[tuple[str, int, str, clock.datetime]] = []
            self.appeal: str | None = None
            self.appeal_said: str | None = None

        def says(self, part: str) -> list[str]:
            return [yes for each, _who, yes, _at in self.said if each == part]

        def verdict(self) -> str:
            """What was said comes to this, whoever is told."""
            halves, final = self.says("half"), self.says("final")
            if len(halves) < 2 or (self.is_alone and halves[-1] != halves[-2]):
                return "open"
            if not self.is_alone and halves[0] != halves[1] and not final:
                return "contested"
            return "accepted" if (final or halves)[-1] == "yes" else "refused"

        def state(self) -> str:
            """What the case has come to: a no only once it is told."""
            verdict = self.verdict()
            if verdict != "refused" or self.is_told:
                return verdict
            return "contested" if self.says("final") else "open"

        def part(self) -> str:
            return "appeal" if self.appeal == "open" else "final" if self.state() == "contested" else "half"

        def is_old(self) -> bool:
            return clock.now() >= self.began + concluding.ANSWERED_AFTER

        @rule(who=st.integers(0, 5))
        def take(self, who):
            with desk.eyes(crew[who].person_id), suppress(queues.NotYours, deciding.Busy):
                taken = deciding.take(crew[who], self.case)
                assert (taken.home is None) is (self.part() == "appeal"), "an appeal is about reasons"
                self.opened += taken.home is not None

        @rule(who=st.integers(0, 5), says=st.sampled_from(["yes", "no"]))
        def say(self, who, says):
            part = self.part()
            with desk.eyes(crew[who].person_id), suppress(queues.NotYours, deciding.Busy):
                deciding.decide(crew[who], self.case, "matches" if says == "yes" else "doubts", "")
                self.said.append((part, who, says, clock.now()))
                self.is_told = self.is_told or (self.verdict() == "refused" and self.is_old())
                words = self.says("appeal")
                if words and (not self.is_alone or words[-2:] in (["yes", "yes"], ["no", "no"])):
                    self.appeal_said = "granted" if words[-1] == "yes" else "rejected"
                    self.hear_of_the_appeal()

        def hear_of_the_appeal(self):
            """Yes or no, a document's is told three days after it was made."""
            if self.appeal_said and clock.now() >= self.appealed_at + concluding.ANSWERED_AFTER:
                self.appeal = self.appeal_said

        @rule(who=st.sampled_from([2, 3, 4, 4, 5]), says=st.sampled_from(["yes", "no"]))
        def take_and_say(self, who, says):
            self.take(who)
            self.say(who, says)

        @rule(says=st.sampled_from(["yes", "no"]))
        def look_as_is_meant(self, says):
            self.take_and_say(4 if self.is_alone else 2, says)
            self.wait_days(1)
            self.take_and_say(4 if self.is_alone else 3, says)

        @rule()
        def ask_once_more(self):
            with desk.eyes(anna):
                is_heard = deciding.appeal(anna, self.case, "Bitte noch einmal.")
            assert is_heard is (self.state() == "refused" and self.appeal is None)
            if is_heard:
                self.appeal, self.appealed_at = "open", clock.now()

        @rule()
        def wait(self):
            clock.tick(25 * 60)

        @rule(days=st.sampled_from([1, 3]))
        def wait_days(self, days):
            clock.tick(days * 24 * 3600)
            with desk.town.app.app_context():
                concluding.answer_refused()
            self.is_told = self.is_told or (self.verdict() == "refused" and self.is_old())
            self.hear_of_the_appeal()

        @precondition(lambda self: self.state() == "accepted" or self.appeal in ("granted", "rejected"))
        @rule(is_alone=st.booleans())
        def hand_in_another(self, is_alone):
            self.a_new_case(is_alone)

        @invariant()
        def it_takes_two_households_or_an_operator(self):
            if not hasattr(self, "said"):
                return
            row = "SELECT c.state, c.appeal, m.level FROM proof_case c JOIN membership m ON m.id = c.membership_id WHERE c.id = %s"
            state, appeal, level = owner.execute(row, [self.case]).fetchone()
            assert (state, appeal) == (self.state(), self.appeal), self.said
            assert (level == "verified") is (state == "accepted"), "nobody's word alone proves an address"
            assert _looks(owner) - self.looks == self.opened, "each opened home is a line"
            reached.add((state, appeal, self.is_alone))
            if self.is_alone:
                _demand_days_between(self.said)
                return
            who = [number for _part, number, _yes, _at in self.said]
            assert len(set(who)) == len(who), "nobody says it twice"
            halves = {number for part, number, _yes, _at in self.said if part == "half"}
            assert len(halves) <= 2 and halves != {0, 1}
            assert all(number >= 4 for part, number, _yes, _at in self.said if part != "half")

    return Looking


PROTECTED = (
    "UPDATE person SET is_protected = true, alias = 'Kiesel', display_name = 'Kiesel', street_shown = NULL, name_nearby = '',"
    " name_city = '' WHERE id = %s"
)
OPEN = "UPDATE person SET is_protected = false WHERE id = %s"


def _demand_days_between(said) -> None:
    """One person says it all, and never twice within a day."""
    assert {number for _part, number, _yes, _at in said} <= {4}
    for part in ("half", "appeal"):
        times = [at for each, _who, _yes, at in said if each == part]
        assert all(later - earlier >= timedelta(days=1) for earlier, later in pairwise(times))


reached: set[tuple[str, str | None, bool]] = set()


def test_whatever_they_do_it_takes_two_households_or_an_operator(desk: Desk, owner):
    """Decided only by two equal words of two households, by an operator after two that differ, or by the only operator twice;
    appealed once, before an operator who had no part where there is one. A no is told three days after the beginning."""
    reached.clear()
    live(machine(desk, owner), 10, 20)
    states, appeals = ({each[number] for each in reached} for number in (0, 1))
    assert "open" in states and len(states) > 1
    assert LIVES < 2000 or states == {"open", "accepted", "refused", "contested"}
    assert LIVES < 2000 or {"open", "granted", "rejected"} <= appeals
    assert LIVES < 2000 or {("accepted", None, True), ("refused", "rejected", True)} <= reached


def _looks(owner) -> int:
    return owner.execute("SELECT count(*) FROM address_access WHERE purpose <> 'own page'").fetchone()[0]


def _crew(desk: Desk) -> tuple[list[Eyes], int]:
    """Made once for all lives (they share a database), and Anna."""
    house = desk.town.address("200")
    people = [
        desk.verifier("vera", bell="Vera Bach", house=house),
        desk.verifier("bodo", bell="Bodo Bach", house=house),
        desk.verifier("wim"),
        desk.verifier("xenia"),
        desk.operator("olga"),
        desk.operator("otto"),
    ]
    eyes = []
    for number, person in enumerate(people):
        with desk.eyes(person):
            eyes.append(queues.eyes_of(person, is_operator=number > 3))
    return eyes, desk.resident("anna", bell="Anna Kowalczyk")


def _fresh_case(desk: Desk, anna: int, owner):
    owner.execute("DELETE FROM proof_case WHERE person_id = %s", [anna])
    owner.execute("DELETE FROM proof WHERE person_id = %s", [anna])
    owner.execute("UPDATE membership SET level = 'unproven' WHERE person_id = %s", [anna])
    with desk.eyes(anna):
        return documents.hand_in(anna, "bill", [photo()]).id


# -- behind the pages ---------------------------------------------------------------------------------------------------


def test_the_database_opens_a_home_only_for_whoever_has_it_in_hand(desk: Desk, anna):
    vera, case = desk.verifier("vera"), None
    with desk.eyes(vera), atomic():
        assert homes.open_for_verifier(anna, "document", vera) is None
        case = db.session.query(ProofCase.id).scalar()
    with desk.eyes(vera):
        deciding.take(queues.eyes_of(vera, is_operator=False), case)
    with desk.eyes(vera), atomic():
        assert homes.open_for_verifier(anna, "document", vera) is not None
        assert homes.open_for_verifier(desk.proven("zoe"), "document", vera) is None
        with pytest.raises(ValueError):
            homes.open_for_verifier(anna, "curiosity", vera)
    assert scope.current() is None


def test_the_operator_reads_who_looked_how_often_and_not_at_whom(desk: Desk, anna):
    case = desk.case_of(anna)
    desk.says(desk.verifier("vera"), case)
    operator = desk.browser(desk.operator("olga"))
    words = text_of(operator.get("/desk/looks"))
    assert "Vera" in words and "ein Dokument" in words and "Anna" not in words
    assert desk.browser(desk.verifier("wim")).get("/desk/looks").status_code == 404


def test_missing_addresses_are_a_queue_of_the_operator(desk: Desk, jobs, mailbox, owner):
    person = desk.town.person("mia")
    with desk.eyes(person), atomic():
        homes.report_missing(person, "Neue Gasse 3, hinten")
    operator = desk.browser(desk.operator("olga"))
    page = operator.get("/desk/missing").text
    assert "Neue Gasse" not in page
    which = re.search(r'name="which" value="([^"]+)"', page)[1]
    opened = operator.post("/desk/missing", data={"which": which})
    assert "Neue Gasse 3, hinten" in opened.text
    assert owner.execute("SELECT person_id, purpose FROM address_access").fetchall() == [(person, "missing address")]
    assert operator.post("/desk/missing/answer", data={"which": which, "is_added": "1"}).status_code == 303
    assert operator.post("/desk/missing", data={"which": which}).status_code == 404
    jobs.run()
    assert "Adresse" in mailbox.messages()[-1].message["Subject"]
    assert desk.browser(desk.verifier("vera")).post("/desk/missing", data={"which": which}).status_code == 404


def test_what_waits_longer_than_was_promised_is_marked(desk: Desk, anna, owner):
    vera = desk.browser(desk.verifier("vera"))
    assert "überfällig" not in text_of(vera.get("/desk/proofs"))
    owner.execute("UPDATE proof_case SET created_at = created_at - interval '49 hours'")
    assert "überfällig" in text_of(vera.get("/desk/proofs"))


def test_whoever_may_look_is_told_once_a_day_while_something_waits(desk: Desk, anna, jobs, mailbox, frozen_clock):
    house = desk.town.address("55")
    desk.verifier("jan", bell="Jan Kowalczyk", house=house)
    desk.town.settle(anna, house, "Anna Kowalczyk")
    desk.deposit(anna)
    vera = desk.verifier("vera")
    for name, quarter in (("wim", "weber"), ("ute", "ufer")):
        desk.verifier(name, quarter=quarter)
    desk.operator("olga")

    def told(hours: float) -> list[str]:
        mailbox.clear()
        frozen_clock.tick(hours * 3600)
        jobs.sent.append(("residency.remind", []))
        jobs.run()
        mails = [mail for mail in mailbox.messages() if "wart" in mail.message["Subject"]]
        return sorted(mail.recipients[0].partition("@")[0] for mail in mails)

    assert told(0.5) == []
    assert told(1) == ["vera", "wim"], "neither of her household, nor elsewhere, nor an operator while there is a team"
    assert told(1) == []
    desk.says(vera, desk.case_of(anna), "doubts")
    assert told(24) == ["wim"]
    desk.says(desk.verifier("xenia"), desk.case_of(anna))
    assert told(24) == ["olga"], "two did not agree"
