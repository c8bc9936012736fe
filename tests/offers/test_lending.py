"""Lending: until when, in which state, reminders to both and then silence, and back."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from neighbour.contributions.models import Audience
from neighbour.core import clock
from neighbour.core.tokens import to_uid
from neighbour.offers import tending
from tests.factories import make_comment, make_move, make_person, make_quarter, sign_in
from tests.offers.helpers import hand_over, mails, make_ask, make_offer, promise

pytestmark = pytest.mark.usefixtures("context")
DAY = 86_400
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def loan(here, frozen_clock):
    """(author, neighbour, offer): promised, to be collected."""
    author, neighbour = make_person(here, name="Aylin"), make_person(here, name="Bela")
    offer = make_offer(author, here, category="lend", title="Bohrmaschine", lend_days=14)
    promise(author, here, offer, make_ask(neighbour, here, offer))
    return author, neighbour, offer


def url(offer):
    return f"/c/{to_uid(offer.id)}"


def at(day, clock_time):
    return clock.freeze(datetime.combine(day, time.fromisoformat(clock_time), BERLIN))


def test_a_loan_goes_with_a_day_and_a_note_comes_back_and_can_be_lent_again(here, loan, client, visitor):
    author, neighbour, offer = loan
    sign_in(client, author)
    for due, why in (
        ("", "Macht einen Tag aus"),
        ("2026-05-11", "Dieser Tag ist vorbei"),
        ("2026-06-30", "länger, als du"),
        ("30.06.2026", "länger, als du"),
        ("morgen", "schreib den Tag so: 24.12.2026"),
    ):
        answer = client.post(f"{url(offer)}/hand-over", data={"due_on": due, "note": "Futter klemmt"})
        assert (
            answer.status_code == 422
            and why in answer.text
            and "Futter klemmt" in answer.text
            and 'id="due_on-error"' in answer.text
        )
    sent = {"due_on": "2026-05-15", "note": "Futter klemmt"}
    assert [client.post(f"{url(offer)}/hand-over", data=sent).status_code for _again in range(2)] == [303, 303]
    assert "An Bela P. verliehen" in client.get(url(offer)).text
    borrower, nosy = visitor(), visitor()
    sign_in(borrower, neighbour)
    sign_in(nosy, make_person(here))
    mine, theirs = (each.get(url(offer)).text for each in (borrower, nosy))
    assert "Futter klemmt" in mine and "Futter klemmt" not in theirs and "Bela" not in theirs
    assert "Verliehen bis Fr., 15. Mai" in theirs and "Verliehen bis Fr., 15. Mai" in nosy.get("/market").text
    assert nosy.post(f"{url(offer)}/ask", data={"words": "Danach gern ich"}).status_code == 303
    for _twice in range(2):
        assert client.post(f"{url(offer)}/returned", data={"note": "Alles gut"}).status_code == 303
    page = nosy.get(url(offer)).text
    assert "Reserviert" in page and "Verliehen" not in page and "Alles gut" not in page
    assert "Bela" in client.get(url(offer)).text and "Alles gut" in client.get(url(offer)).text
    assert "Alles gut" in borrower.get(url(offer)).text


def test_both_are_reminded_the_evening_before_on_the_day_and_once_late_then_there_is_silence(here, loan, owner):
    author, neighbour, offer = loan
    due = date(2026, 5, 20)
    hand_over(author, here, offer, due_on=due)
    heard = []
    for days, clock_time, new in (
        (-1, "17:50", 0), (-1, "18:00", 2), (-1, "18:10", 0), (0, "17:59", 0), (0, "18:00", 2), (1, "18:00", 0),
        (3, "17:00", 0), (3, "18:00", 2), (4, "18:00", 0), (30, "18:00", 0),
    ):  # fmt: skip
        with at(due + timedelta(days=days), clock_time):
            assert tending.tend("Europe/Berlin") == new, (days, clock_time)
        heard = mails(owner, "bring_back")
    assert sorted(heard) == sorted([author.id, neighbour.id] * 3)


def test_what_is_lent_late_is_not_reminded_of_at_once_and_what_is_back_not_at_all(here, loan, client, owner):
    author, _neighbour, offer = loan
    tomorrow = date(2026, 5, 13)
    with at(tomorrow - timedelta(days=1), "20:00"):
        hand_over(author, here, offer, due_on=tomorrow)
        assert tending.tend("Europe/Berlin") == 0, "it was agreed on two minutes ago"
    with at(tomorrow, "12:00"):
        sign_in(client, author)
        client.post(f"{url(offer)}/returned", data={"note": ""})
    with at(tomorrow, "18:00"):
        assert tending.tend("Europe/Berlin") == 0
    assert mails(owner, "bring_back") == []


def test_a_reminder_written_after_it_came_back_is_not_sent(here, loan, client, jobs, mailbox):
    author, _neighbour, offer = loan
    hand_over(author, here, offer, due_on=date(2026, 5, 13))
    jobs.sent.clear()
    with at(date(2026, 5, 13), "18:00"):
        assert tending.tend("Europe/Berlin") == 2
        sign_in(client, author)
        client.post(f"{url(offer)}/returned", data={"note": ""})
        jobs.run()
    assert mailbox.messages() == []


@pytest.mark.parametrize("how", ["taken down", "narrowed", "moved", "hidden"])
def test_a_loan_is_seen_and_reminded_of_until_it_is_back_whatever_becomes_of_the_offer(
    here, frozen_clock, client, visitor, owner, jobs, mailbox, how
):
    author, home = make_person(here, name="Aylin"), make_quarter(beside=here)
    borrower, nosy = make_person(home), make_person(home)
    offer = make_offer(
        author,
        here,
        category="lend",
        title="Bohrmaschine",
        lend_days=14,
        audience=Audience.NEARBY,
        for_holder="Klingel Faden",
    )
    promise(author, here, offer, make_ask(borrower, home, offer))
    make_comment(nosy, home, offer, "Kanarienvogel")
    hand_over(author, here, offer, due_on=date(2026, 5, 14), note="Futter klemmt")
    sign_in(client, author)
    if how == "taken down":
        client.post(f"{url(offer)}/withdraw")
    elif how == "narrowed":
        lent = {
            "category": "lend",
            "title": "Bohrmaschine",
            "lend_days": "14",
            "audience": "quarter",
            "for_holder": "Klingel Faden",
        }
        client.post(f"{url(offer)}/edit", data=lent)
    elif how == "moved":
        make_move(borrower, make_quarter("Anderswo"))
    else:
        owner.execute("UPDATE contribution SET state = 'hidden'")
    reader, other = visitor(), visitor()
    sign_in(reader, borrower)
    page = reader.get(url(offer)).text
    assert "Donnerstag, 14. Mai 2026" in page and "Futter klemmt" in page and "Klingel Faden" in page
    assert ("Bohrmaschine" in page) is (how != "hidden") and "Kanarienvogel" not in page and "Gut erhalten" not in page
    sign_in(other, make_person(make_quarter("Weit weg")))
    assert other.get(url(offer)).status_code == 404 and reader.get(f"{url(offer)}/history").status_code == 404
    jobs.run()
    mailbox.clear()
    with at(date(2026, 5, 13), "18:05"):
        tending.tend("Europe/Berlin")
        jobs.run()
    reminders = {mail.message["To"]: str(mail.message["Subject"]) for mail in mailbox.messages()}
    assert set(reminders) == {author.email, borrower.email} and reminders[author.email] == "Morgen zurück: Bohrmaschine"
    sign_in(client, author)
    assert "An " in (page := client.get(url(offer)).text) and f"{url(offer)}/returned" in page
    client.post(f"{url(offer)}/returned")
    assert reader.get(url(offer)).status_code == 404


def test_a_loan_goes_on_until_another_day_and_its_borrower_is_told(here, loan, client, owner, jobs, mailbox):
    author, neighbour, offer = loan
    hand_over(author, here, offer, due_on=date(2026, 5, 14))
    jobs.run()
    mailbox.clear()
    with at(date(2026, 5, 14), "19:00"):
        tending.tend("Europe/Berlin")
        sign_in(client, author)
        for wrong in ("", "2026-05-01", "2026-07-30"):
            assert client.post(f"{url(offer)}/prolong", data={"due_on": wrong}).status_code == 422
        assert [client.post(f"{url(offer)}/prolong", data={"due_on": "2026-05-20"}).status_code for _again in "12"] == [
            303
        ] * 2
        jobs.run()
    assert mails(owner, "prolonged") == [neighbour.id]
    (told,) = (
        mail for mail in mailbox.messages() if mail.message["Subject"] == "Bis Mittwoch, 20. Mai 2026: Bohrmaschine"
    )
    assert told.message["To"] == neighbour.email and "bis Mittwoch, 20. Mai 2026" in told.text
    before = len(mails(owner, "bring_back"))
    with at(date(2026, 5, 19), "18:05"):
        assert tending.tend("Europe/Berlin") == 2 and len(mails(owner, "bring_back")) == before + 2
        sign_in(client, author)
        for day in ("2026-05-25", "20.05.2026"):  # and back to the day that was told before
            jobs.run()
            mailbox.clear()
            page = client.post(f"{url(offer)}/prolong", data={"due_on": day}, follow_redirects=True).text
            assert "Der neue Tag gilt." in page and "Verlängert." not in page, "earlier or later"
            jobs.run()
            assert [mail.message["To"] for mail in mailbox.messages()] == [neighbour.email]
        assert mailbox.messages()[0].message["Subject"] == "Bis Mittwoch, 20. Mai 2026: Bohrmaschine"
    sign_in(client, neighbour)
    assert client.post(f"{url(offer)}/prolong", data={"due_on": "2026-05-30"}).status_code == 404


def test_a_loan_that_outlives_its_offer_leaves_it_a_week_and_the_one_question(here, client, owner, frozen_clock):
    author, borrower = make_person(here), make_person(here)
    lent, down, kept = (make_offer(author, here, category="lend", lend_days=30) for _each in range(3))
    for offer in (lent, down):
        promise(author, here, offer, make_ask(borrower, here, offer))
    frozen_clock.tick(50 * DAY)
    for offer in (lent, down):
        hand_over(author, here, offer, due_on=clock.today("Europe/Berlin") + timedelta(days=14))
    frozen_clock.tick(14 * DAY)
    tending.tend("Europe/Berlin")
    sign_in(client, author)
    assert "dir bleiben 18" in client.get("/write?kind=offer").text, "what is lent is open, whenever its days are over"
    client.post(f"{url(down)}/withdraw")
    said = [client.post(f"{url(offer)}/returned", follow_redirects=True).text for offer in (lent, down)]
    assert ["kann wieder verliehen werden" in page for page in said] == [True, False] and kept.title
    assert "Ja, 60 Tage länger" in said[0] and "Das ist vorbei" not in said[0]
    before = mails(owner, "still_there")
    for _twice in range(2):
        tending.tend("Europe/Berlin")
    assert mails(owner, "still_there") == [*before, author.id]
    make_ask(make_person(here), here, lent)
    frozen_clock.tick(7 * DAY + 60)
    tending.tend("Europe/Berlin")
    assert owner.execute(
        "SELECT count(*) FROM contribution WHERE solved_at IS NULL AND state = 'published'"
    ).fetchone() == (0,)


def test_what_is_given_back_in_its_last_week_stays_a_week_and_is_asked_about_once(here, client, owner, frozen_clock):
    author, people = make_person(here), [make_person(here) for _each in range(2)]
    offer = make_offer(author, here)
    ask = make_ask(people[0], here, offer)
    frozen_clock.tick(54 * DAY)
    tending.tend("Europe/Berlin")
    promise(author, here, offer, ask)
    frozen_clock.tick(DAY)
    sign_in(client, people[0])
    client.post(f"{url(offer)}/step-back")
    tending.tend("Europe/Berlin")
    assert mails(owner, "still_there") == [author.id], "the question of this term has gone"
    frozen_clock.tick(6 * DAY)
    tending.tend("Europe/Berlin")
    promise(author, here, offer, make_ask(people[1], here, offer))
    frozen_clock.tick(9 * DAY)
    make_move(people[1], make_quarter("Anderswo"))
    tending.tend("Europe/Berlin")
    assert mails(owner, "still_there") == [author.id] * 2, "and that of a new one comes, however it was given back"


def test_a_loan_that_began_or_ended_by_mistake_is_as_it_was(here, loan, client, owner):
    author, _neighbour, offer = loan
    sign_in(client, author)
    client.post(f"{url(offer)}/hand-over", data={"due_on": "2026-05-15", "note": "Futter klemmt"})
    client.post(f"{url(offer)}/take-back")
    assert owner.execute("SELECT state, due_on, note_out FROM ask").fetchone() == ("promised", None, "")
    client.post(f"{url(offer)}/hand-over", data={"due_on": "2026-05-15", "note": "Futter klemmt"})
    client.post(f"{url(offer)}/returned", data={"note": "heil"})
    client.post(f"{url(offer)}/take-back")
    back = owner.execute("SELECT a.state, a.note_out, a.note_back, o.stage FROM ask a, offer o").fetchone()
    assert back == ("lent", "Futter klemmt", "", "lent")


def test_whoever_has_the_promise_is_told_once_of_each_change_of_where_and_when(here, client, owner, jobs, mailbox):
    author, holder, waiting = (make_person(here) for _each in range(3))
    offer = make_offer(author, here, title="Sofa", pickup="Hof, Montag um sechs", category="lend", lend_days=14)
    asks = [make_ask(person, here, offer) for person in (holder, waiting)]
    sign_in(client, author)

    def change(**more):
        data = {"title": "Sofa", "category": "lend", "pickup": "Hof, Montag um sechs", "lend_days": "14", **more}
        data["audience"] = "quarter"
        assert client.post(f"{url(offer)}/edit", data=data).status_code == 303

    change(for_holder="Klingel Faden")
    assert mails(owner, "changed") == [], "nobody has it yet"
    promise(author, here, offer, asks[0])
    jobs.run()
    mailbox.clear()
    change(for_holder="Klingel Faden", body_md="Mit Kissen")
    assert mails(owner, "changed") == [], "that does not concern where and when"
    for _twice in range(2):
        change(for_holder="Klingel Zwirn")
    hand_over(author, here, offer, due_on=clock.today("Europe/Berlin") + timedelta(days=3))
    change(for_holder="Klingel Zwirn", pickup="Hof, Dienstag um neun")
    jobs.run()
    assert mails(owner, "changed") == [holder.id] * 2
    told = mailbox.messages()
    assert {mail.message["Subject"] for mail in told} == {"Geändert: Sofa"}
    assert "Hof, Dienstag um neun" in told[-1].text and "Zwirn" not in told[-1].text, (
        "what is for them alone stays behind its wall"
    )
    assert "steht auf der Seite" in told[-1].text
    for number in range(9):
        change(for_holder=f"Klingel {number}")
    assert len(mails(owner, "changed")) == 4, "three at once; the rest of the hour is one mail"
