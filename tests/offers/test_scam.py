"""Swindlers are found by their words, before the first message; neighbours are left in peace."""

from __future__ import annotations

from datetime import timedelta

import pytest

from neighbour.contributions.service import NotPossible
from neighbour.core import clock
from neighbour.core.tokens import to_uid
from neighbour.offers import scam
from tests.factories import make_comment, make_person, make_quarter, sign_in
from tests.offers.helpers import mails, make_ask, make_offer
from tests.offers.messages import FINE, SCAM, is_held_out

SWINDLE = "Mein Kurier holt es ab, du musst nur die Versicherung vorab überweisen."


@pytest.mark.parametrize("is_held", [False, True], ids=["tuned on", "held out"])
def test_nine_of_ten_are_found_and_at_most_two_of_a_hundred_are_false_alarms(is_held, record_property):
    bad, good = ([each for each in every if is_held_out(each) is is_held] for every in (SCAM, FINE))
    recall, alarms = (sum(bool(scam.look(each)) for each in every) / len(every) for every in (bad, good))
    record_property("recall", recall)
    record_property("false alarms", alarms)
    assert recall >= 0.90 and alarms <= 0.02, (recall, alarms)
    assert len(set(SCAM + FINE)) == len(SCAM + FINE) >= 200 and min(len(bad), len(good)) >= 30


def test_the_sender_is_asked_first_and_the_receiver_warned(context, client, owner):
    here = make_quarter()
    author, sender = make_person(here), make_person(here)
    offer = make_offer(author, here)
    url = f"/c/{to_uid(offer.id)}"
    sign_in(client, sender)
    for path, field in (("ask", "words"), ("answer", "body")):
        asked = client.post(f"{url}/{path}", data={field: SWINDLE})
        assert asked.status_code == 422 and "Willst du das so abschicken?" in asked.text and SWINDLE in asked.text
        assert "ein Kurier oder Versand" in asked.text and 'name="sure" value="1"' in asked.text
    assert owner.execute("SELECT (SELECT count(*) FROM ask), (SELECT count(*) FROM comment)").fetchone() == (0, 0)
    for path, field in (("ask", "words"), ("answer", "body")):
        assert client.post(f"{url}/{path}", data={field: SWINDLE, "sure": "1"}).status_code == 303
    assert mails(owner, "asked") == [author.id]
    sign_in(client, author)
    page = client.get(url).text
    assert "Vorsicht, das sieht nach Betrug aus." in page and "Eine Antwort unten sieht nach Betrug aus." in page


def test_nobody_is_warned_of_what_neighbours_write(context, client):
    here = make_quarter()
    author, sender = make_person(here), make_person(here)
    offer = make_offer(author, here)
    make_comment(author, here, offer, SWINDLE)  # what one says oneself is no warning to oneself
    sign_in(client, sender)
    assert client.post(f"/c/{to_uid(offer.id)}/ask", data={"words": FINE[0]}).status_code == 303
    sign_in(client, author)
    assert "Betrug" not in client.get(f"/c/{to_uid(offer.id)}").text


def test_a_new_account_reaches_five_sellers_a_day_and_sends_no_links(context, frozen_clock):
    here = make_quarter()
    offers = [make_offer(make_person(here), here) for _each in range(50)]
    bot = make_person(here, created_at=clock.now())
    with pytest.raises(NotPossible, match="ohne Links"):
        make_ask(bot, here, offers[0], "Schau hier: zahlung.example/k7")
    reached = 0
    for offer in offers:
        try:
            make_ask(bot, here, offer)
            reached += 1
        except NotPossible as error:
            assert "In deiner ersten Woche" in str(error)
    assert reached == 5
    frozen_clock.tick(timedelta(days=1, minutes=1).total_seconds())
    make_ask(bot, here, offers[10])
    frozen_clock.tick(timedelta(days=6).total_seconds())
    make_ask(bot, here, offers[11], "Das Buch steht auch unter www.bibliothek.example")
