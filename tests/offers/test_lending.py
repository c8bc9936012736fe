"""Lending: until when, in which state, reminders to both and then silence, and back."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from neighbour.core import clock
from neighbour.core.tokens import to_uid
from neighbour.offers import tending
from tests.factories import make_person, sign_in
from tests.offers.helpers import hand_over, mails, make_ask, make_offer, promise

pytestmark = pytest.mark.usefixtures("context")
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
