"""Every proof has its day: the yearly question, the reminders, the yes, and what happens without one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from neighbour.core import clock, scope, tokens
from neighbour.core.db import as_owner, db
from neighbour.mydata import erasing
from neighbour.policy import Level
from neighbour.residency import grading, letters, renewal
from neighbour.residency.models import Proof
from neighbour.residency.proofs.method import Outcome
from tests.factories import sign_in
from tests.residency.breaking import breaks_at_each_point
from tests.residency.helpers import Town, invited, level_of, newcomer, proven, types

pytestmark = pytest.mark.usefixtures("frozen_clock")
DAY = 86_400


@pytest.fixture
def knock(town: Town):
    """Beat knocks, as it does every hour."""

    def knocks() -> int:
        with town.app.app_context(), scope.use(scope.NOBODY):
            return renewal.look_through("Europe/Berlin")

    return knocks


def calls(owner) -> list[str]:
    """The calls that were promised, by what they are about."""
    query = "SELECT subject_key FROM delivery WHERE notice = 'residency.still_here' ORDER BY created_at, id"
    return [row[0].split(" ", 2)[2] for row in owner.execute(query)]


def days(clock_, number: float) -> None:
    clock_.tick(number * DAY)


def proof_of(town: Town, person: int) -> Proof:
    with town.app.app_context(), as_owner():
        found = db.session.query(Proof).filter_by(person_id=person).one()
        db.session.expunge(found)
        return found


def link_of(mailbox, to: str) -> str:
    mails = [mail for mail in mailbox.messages() if to in mail.recipients]
    found = re.search(r"/still-here/\S+", mails[-1].text)
    assert found is not None
    return found.group()


@pytest.fixture
def asked(town: Town, knock, jobs, mailbox, frozen_clock) -> Callable[[], tuple[int, str]]:
    """Lets Anna be asked after a year: her number, and the link of the mail."""

    def ask() -> tuple[int, str]:
        anna = proven(town, "anna", "1")
        days(frozen_clock, 365)
        knock()
        jobs.run()
        return anna, link_of(mailbox, "anna@example.org")

    return ask


def test_the_question_comes_after_a_year_and_again_thirty_and_seven_days_before_the_end(
    town: Town, knock, owner, frozen_clock
):
    proven(town, "anna", "1")
    seen, today = {}, 0
    for day in (364, 365, 366, 500, 699, 700, 701, 722, 723, 724, 729):
        days(frozen_clock, day - today)
        today = day
        knock()
        seen[day] = len(calls(owner))
    assert calls(owner) == ["yearly", "30 days", "7 days"]
    assert [min(day for day in seen if seen[day] == count) for count in (1, 2, 3)] == [365, 700, 723]


def test_a_neighbours_word_is_asked_about_before_its_year_is_over(town: Town, knock, owner, frozen_clock):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    types(town, carla, invited(town, anna))
    owner.execute("DELETE FROM delivery")
    for part in (334, 1, 22, 1):
        days(frozen_clock, part)
        knock()
    assert calls(owner) == ["30 days", "7 days"]


def test_any_number_of_knocks_in_an_hour_are_one(town: Town, knock, owner, frozen_clock):
    proven(town, "anna", "1")
    days(frozen_clock, 365)
    assert [knock() for _beat in range(4)] == [1, 0, 0, 0]
    frozen_clock.tick(3600)
    assert knock() == 1
    assert calls(owner) == ["yearly"]


def test_nobody_is_asked_in_the_night_but_what_is_over_ends(town: Town, knock, owner, frozen_clock):
    anna = proven(town, "anna", "1")
    frozen_clock.tick(730 * DAY - 8 * 3600)  # two o'clock at night
    knock()
    assert calls(owner) == []
    frozen_clock.tick(24 * 3600)
    knock()
    assert level_of(town, anna) is Level.UNPROVEN


def test_yes_by_the_mails_link_takes_one_button_and_no_sign_in(town: Town, knock, jobs, mailbox, client, frozen_clock):
    anna = proven(town, "anna", "1")
    days(frozen_clock, 365)
    knock()
    jobs.run()
    link, before = link_of(mailbox, "anna@example.org"), proof_of(town, anna).expires_at
    page = client.get(link)
    assert page.status_code == 200 and "Wohnst du noch hier?" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert proof_of(town, anna).expires_at == before, "looking changes nothing"
    assert "Danke" in client.post(link).text
    assert proof_of(town, anna).expires_at == clock.now() + timedelta(days=730)
    assert proof_of(town, anna).renewed_at == clock.now()
    days(frozen_clock, 1)
    client.post(link)
    assert proof_of(town, anna).renewed_at == clock.now() - timedelta(days=1), "once is enough"


def test_yes_on_ones_own_page(town: Town, client, frozen_clock, owner):
    anna = proven(town, "anna", "1")
    with town.app.app_context(), as_owner():
        from neighbour.accounts.models import Person

        row = db.session.get_one(Person, anna)
    days(frozen_clock, 364)
    with town.app.app_context():
        sign_in(client, row)
    assert "Ja, ich wohne hier" not in client.get("/settings/address").text
    days(frozen_clock, 1)
    assert "Wohnst du noch hier?" in client.get("/me").text
    assert "Ja, ich wohne hier" in client.get("/settings/address").text
    assert client.post("/settings/address/still-here").status_code == 303
    assert "Ja, ich wohne hier" not in client.get("/settings/address").text
    assert proof_of(town, anna).renewed_at == clock.now()


def test_without_an_answer_the_board_closes_nothing_is_lost_and_a_new_proof_opens_it(
    town: Town, knock, jobs, mailbox, owner, frozen_clock
):
    anna, bert = proven(town, "anna", "1"), proven(town, "bert", "2")
    days(frozen_clock, 600)
    with town.as_person(bert):
        renewal.say_yes(bert)
    days(frozen_clock, 131)
    knock()
    assert (level_of(town, anna), level_of(town, bert)) == (Level.UNPROVEN, Level.VERIFIED)
    assert owner.execute("SELECT count(*) FROM subscription WHERE person_id = %s", [anna]).fetchone() == (0,)
    jobs.run()
    (told,) = [mail for mail in mailbox.messages() if "Zeit deines Nachweises" in " ".join(mail.text.split())]
    assert list(told.recipients) == ["anna@example.org"]
    with town.as_person(anna):
        assert letters.status(anna).can_request
    assert types(town, anna, invited(town, bert)) is Outcome.PROVEN
    assert level_of(town, anna) is Level.VOUCHED
    frozen_clock.tick(3600)
    assert knock() == 0, "what has ended is not looked at again"


def test_who_falls_to_vouched_is_told_and_reads_on(town: Town, knock, owner, frozen_clock):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    with town.as_person(carla):
        grading.grant(carla, "postcard", Level.VERIFIED, timedelta(days=100))
    types(town, carla, invited(town, anna))
    days(frozen_clock, 100)
    knock()
    assert level_of(town, carla) is Level.VOUCHED
    told = owner.execute("SELECT payload FROM delivery WHERE notice = 'residency.level_fell'").fetchall()
    assert [row[0]["level"] for row in told] == ["vouched"]


def test_a_link_is_for_one_person_one_home_one_purpose(town: Town, asked, client, frozen_clock):
    anna, link = asked()
    with town.app.app_context():
        other = tokens.sign("stay", tokens.read(renewal.PURPOSE, link.rpartition("/")[2], 100))
    missing = client.get("/still-here/nothing")
    for wrong in ("/still-here/" + other, link[:-2] + "AA"):
        assert client.get(wrong).status_code == client.post(wrong).status_code == 404
        assert client.get(wrong).data == missing.data
    days(frozen_clock, 180)
    town.settle(anna, town.address("5"), "Anna Kowalczyk")
    assert client.get(link).status_code == 404, "moved since, and the link is old"


def test_a_link_ends_when_its_person_moves(town: Town, asked, client):
    anna, link = asked()
    town.settle(anna, town.address("5"), "Anna Kowalczyk")
    assert client.get(link).status_code == client.post(link).status_code == 404


def test_a_link_ends_when_its_person_leaves(town: Town, asked, client):
    anna, link = asked()
    with town.app.app_context(), scope.use(scope.NOBODY):
        erasing.begin(anna, keeps_texts=True)
    missing = client.get("/still-here/nothing")
    assert client.get(link).data == missing.data and client.get(link).status_code == 404
    assert client.post(link).status_code == 404


def test_a_proof_that_ends_and_changes_nothing_is_no_reason_to_ask_between_the_calls(
    town: Town, knock, owner, frozen_clock
):
    """Looked at because one of two ends soon; the other one holds the level for most of a year."""
    anna = proven(town, "anna", "1")
    with town.as_person(anna):
        grading.grant(anna, "flyer", Level.VOUCHED, timedelta(days=420))
    days(frozen_clock, 400)
    with town.as_person(anna):
        assert renewal.question_of(anna) is not None, "nothing was answered for a year"
    assert knock() == 1 and calls(owner) == []


def test_a_mail_that_waited_says_nothing_to_whoever_answered_meanwhile(town: Town, knock, jobs, mailbox, frozen_clock):
    anna = proven(town, "anna", "1")
    days(frozen_clock, 365)
    knock()
    with town.as_person(anna):
        assert renewal.say_yes(anna)
        assert not renewal.say_yes(anna)
    jobs.run()
    assert [mail for mail in mailbox.messages() if "still-here" in mail.text] == []


def test_nothing_half_done_is_left_when_a_yes_breaks(town: Town, monkeypatch, owner, frozen_clock):
    anna, bert, carla = proven(town, "anna", "1"), proven(town, "bert", "2"), newcomer(town, "carla", "3")
    for neighbour in (anna, bert):
        types(town, carla, invited(town, neighbour))
    days(frozen_clock, 340)
    query = "SELECT count(renewed_at) FROM proof WHERE person_id = %s"

    def yes() -> None:
        with town.as_person(carla):
            renewal.say_yes(carla)

    assert breaks_at_each_point(monkeypatch, yes, lambda: owner.execute(query, [carla]).fetchone()) >= 2
    assert owner.execute(query, [carla]).fetchone() == (2,)


def withdrawn(owner, person: int) -> list[str]:
    """What was noted about proofs of this person that ended."""
    query = "SELECT result FROM security_event WHERE kind = 'proof.withdrawn' AND subject_id = %s"
    return [row[0] for row in owner.execute(query, [person])]


def test_that_a_proof_is_over_is_noted_when_one_ended_and_not_each_hour(town: Town, knock, owner, frozen_clock):
    anna = proven(town, "anna", "1")
    days(frozen_clock, 365)
    for _hour in range(3):
        assert knock() == 1
        frozen_clock.tick(3600)
    assert withdrawn(owner, anna) == []
    days(frozen_clock, 365)
    knock()
    assert withdrawn(owner, anna) == ["expired"]


def test_the_question_of_a_year_comes_once_also_when_the_mail_is_forgotten(town: Town, knock, owner, frozen_clock):
    """What was sent is remembered for 30 days, and the question stays open for eleven months."""
    proven(town, "anna", "1")
    days(frozen_clock, 365)
    sent = []
    for _month in range(13):
        knock()
        sent += calls(owner)
        owner.execute("DELETE FROM delivery")
        days(frozen_clock, 29)
    assert sent == ["yearly", "30 days"]


def test_of_more_people_than_an_hour_looks_at_everybody_has_a_turn(town: Town, knock, owner, frozen_clock, monkeypatch):
    monkeypatch.setattr(renewal, "PER_KNOCK", 2)
    people = [proven(town, f"p{number}", str(number)) for number in range(7)]
    days(frozen_clock, 365)
    asked = "SELECT DISTINCT person_id FROM delivery WHERE notice = 'residency.still_here' ORDER BY person_id"
    for _hour in range(14):
        assert knock() == 2
        frozen_clock.tick(3600)
    assert [row[0] for row in owner.execute(asked)] == people


def test_who_is_past_their_day_is_looked_at_first(town: Town, knock, owner, frozen_clock, monkeypatch):
    monkeypatch.setattr(renewal, "PER_KNOCK", 2)
    monkeypatch.setattr(renewal, "_turn", lambda local: 0)  # the turn of the lowest numbers
    people = [proven(town, f"p{number}", str(number)) for number in range(6)]
    with town.as_person(people[-1]):
        grading.end_proofs(people[-1])
        grading.grant(people[-1], "postcard", Level.VERIFIED, timedelta(days=365))
    days(frozen_clock, 365)
    knock()
    assert level_of(town, people[-1]) is Level.UNPROVEN


def test_hours_long_past_leave_no_row(town: Town, knock, owner, frozen_clock):
    for _day in range(30):
        knock()
        days(frozen_clock, 1)
    assert owner.execute("SELECT count(*) FROM period WHERE job = 'residency.proofs'").fetchone()[0] <= 8


def test_codes_long_over_are_forgotten_and_proofs_stay(town: Town, jobs, owner, frozen_clock):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    types(town, carla, invited(town, anna))
    counts = (
        "SELECT (SELECT count(*) FROM invitation), (SELECT count(*) FROM invitation_use), (SELECT count(*) FROM proof)"
    )
    for days_, left in ((103, (1, 1, 2)), (2, (0, 0, 2))):
        days(frozen_clock, days_)
        jobs.sent.append(("mydata.retain", []))
        jobs.run()
        assert owner.execute(counts).fetchone() == left
    assert level_of(town, carla) is Level.VOUCHED
