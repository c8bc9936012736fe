"""Swindlers are found by their words, before the first message; neighbours are left in peace."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from neighbour.contributions.models import Audience
from neighbour.contributions.service import NotPossible
from neighbour.core import clock
from neighbour.core.tokens import to_uid
from neighbour.demo import offers as demo
from neighbour.offers import newcomers, scam
from tests.factories import make_comment, make_person, make_quarter, sign_in
from tests.offers.helpers import hand_over, mails, make_ask, make_offer, promise
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


def test_a_new_account_reaches_five_sellers_a_day_and_sends_no_links(context, client, frozen_clock):
    here = make_quarter()
    offers = [make_offer(make_person(here), here) for _each in range(50)]
    bot = make_person(here, created_at=clock.now())
    with pytest.raises(NotPossible, match="ohne Links"):
        make_ask(bot, here, offers[0], "Schau hier: zahlung.example/k7")
    answer = make_comment(bot, here, offers[0], "Hallo, noch da?")
    sign_in(client, bot)
    changed = client.post(
        f"/c/{to_uid(offers[0].id)}/answer/{to_uid(answer.id)}/edit", data={"body": "Hier: https://zahlung.example/k7"}
    )
    assert changed.status_code == 422 and "ohne Links" in changed.text, "nor by changing an answer"
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


@pytest.mark.parametrize(
    ("door", "rule"),
    [*((door, "ohne Links") for door in ("ask", "answer", "edit")), ("ask", "5 Leuten"), ("answer", "5 Leuten")],
)
def test_what_a_rule_refuses_is_said_before_its_sender_is_asked_and_nothing_is_left_of_it(
    context, client, owner, door, rule
):
    here = make_quarter()
    bot = make_person(here, created_at=clock.now())
    offers = [make_offer(make_person(here), here) for _each in range(6)]
    answer = make_comment(bot, here, offers[0], "Ist das noch da?")
    for offer in offers[1:5] if rule == "5 Leuten" else ():
        make_ask(bot, here, offer)
    slip = to_uid(offers[5 if rule == "5 Leuten" else 0].id)
    path = f"/c/{slip}/{f'answer/{to_uid(answer.id)}/edit' if door == 'edit' else door}"
    wrong = f"{SWINDLE} Mehr unter zahlung.example/k7" if rule == "ohne Links" else SWINDLE
    before = owner.execute("SELECT (SELECT count(*) FROM ask), (SELECT count(*) FROM comment)").fetchone()
    sign_in(client, bot)
    for sure in ({}, {"sure": "1"}):
        refused = client.post(path, data={"words" if door == "ask" else "body": wrong, **sure})
        assert refused.status_code == 422 and rule in refused.text and SWINDLE in refused.text
        assert "Willst du das so abschicken?" not in refused.text and 'name="sure"' not in refused.text
    if rule == "ohne Links":
        asked = client.post(path, data={"words" if door == "ask" else "body": SWINDLE})
        assert asked.status_code == 422 and "Willst du das so abschicken?" in asked.text
    assert owner.execute("SELECT (SELECT count(*) FROM ask), (SELECT count(*) FROM comment)").fetchone() == before
    assert mails(owner, "asked") == [each.author_id for each in (offers[1:5] if rule == "5 Leuten" else ())]


SELLER = "Ich bin im Auslandseinsatz. Bitte überweise den Betrag vorab per Western Union, dann schickt mein Kurier das Fahrrad."


def test_whoever_offers_like_a_swindler_is_asked_first_and_readers_are_warned(context, client, owner):
    here = make_quarter()
    author, reader = make_person(here), make_person(here)
    data = {
        "kind": "offer",
        "category": "sell",
        "price": "300",
        "title": "E-Bike",
        "audience": "quarter",
        "lend_days": "7",
    }
    sign_in(client, author)
    asked = client.post("/write", data={**data, "body_md": SELLER})
    assert asked.status_code == 422 and "Willst du das so aushängen?" in asked.text and "Geld vorab" in asked.text
    assert SELLER in asked.text and 'name="sure" value="1"' in asked.text
    assert owner.execute("SELECT count(*) FROM contribution").fetchone() == (0,)
    assert client.post("/write", data={**data, "body_md": SELLER, "sure": "1"}).status_code == 303
    (made,) = owner.execute("SELECT id FROM contribution").fetchone()
    assert client.post(f"/c/{to_uid(made)}/edit", data={**data, "body_md": SELLER}).status_code == 422, (
        "and when it changes"
    )
    assert "Vorsicht, das sieht nach Betrug aus." not in client.get(f"/c/{to_uid(made)}").text
    sign_in(client, reader)
    assert "Vorsicht, das sieht nach Betrug aus." in client.get(f"/c/{to_uid(made)}").text


PREPAY = "Bitte den Betrag vorab per PayPal Freunde an anna@example.org überweisen, dann kommt der Kurier"
WARNED = "Vorsicht, das sieht nach Betrug aus."


@pytest.mark.parametrize("is_left", [False, True], ids=["promised", "lent, and taken down"])
def test_a_swindle_in_the_words_for_the_holder_is_asked_about_and_the_holder_warned(context, client, is_left):
    here = make_quarter()
    author, holder, waiting = (make_person(here, created_at=clock.now() - timedelta(days=8)) for _each in range(3))
    data = {"kind": "offer", "category": "lend", "title": "Leiter", "audience": "quarter", "lend_days": "7"}
    sign_in(client, author)
    asked = client.post("/write", data={**data, "for_holder": PREPAY})
    assert asked.status_code == 422 and "Willst du das so aushängen?" in asked.text, "its author is asked"
    offer = make_offer(author, here, category="lend", lend_days=7, for_holder=PREPAY)
    asks = [make_ask(each, here, offer) for each in (holder, waiting)]
    promise(author, here, offer, asks[0])
    sign_in(client, author)
    if is_left:
        hand_over(author, here, offer, due_on=clock.now().date() + timedelta(days=3))
        client.post(f"/c/{to_uid(offer.id)}/withdraw")
    assert WARNED not in client.get(f"/c/{to_uid(offer.id)}").text
    sign_in(client, holder)
    page = client.get(f"/c/{to_uid(offer.id)}").text
    assert PREPAY in page and page.count(WARNED) == 1
    sign_in(client, waiting)
    assert WARNED not in client.get(f"/c/{to_uid(offer.id)}").text, (
        "whoever does not read the words is not warned of them"
    )


def test_a_new_account_sends_no_link_to_the_holder_either(context, client, frozen_clock):
    here = make_quarter()
    bot = make_person(here, created_at=clock.now())
    data = {"kind": "offer", "category": "give", "title": "Leiter", "audience": "quarter", "lend_days": "7"}
    sign_in(client, bot)
    refused = client.post("/write", data={**data, "for_holder": "Mehr unter zahlung.example/k7"})
    assert refused.status_code == 422 and "ohne Links" in refused.text and "for_holder-error" in refused.text
    offer = make_offer(bot, here, for_holder="Klingel Faden")
    changed = client.post(f"/c/{to_uid(offer.id)}/edit", data={**data, "for_holder": "https://boese.example"})
    assert changed.status_code == 422 and "ohne Links" in changed.text, "nor by changing it"
    frozen_clock.tick(timedelta(days=7, minutes=1).total_seconds())
    sign_in(client, bot)
    assert client.post("/write", data={**data, "for_holder": "Mehr unter zahlung.example/k7"}).status_code == 303


def test_what_the_seller_answers_is_looked_at_for_those_who_read_it(context, client):
    here = make_quarter()
    author, reader = make_person(here), make_person(here)
    offer = make_offer(author, here, category="sell")
    make_comment(author, here, offer, SELLER)
    make_comment(reader, here, offer, "Wohin?")
    sign_in(client, reader)
    assert "Eine Antwort unten sieht nach Betrug aus." in client.get(f"/c/{to_uid(offer.id)}").text


def test_above_the_form_stands_how_to_pay_and_since_when_the_seller_is_here(context, client, frozen_clock):
    here, beside = make_quarter(), make_quarter()
    author = make_person(here, name="Aylin", created_at=clock.now() - timedelta(days=70))
    new, hidden = (
        make_person(here, name="Bodo", created_at=clock.now()),
        make_person(here, name="Cora", name_nearby="", name_city=""),
    )
    sign_in(client, make_person(here))
    page = client.get(f"/c/{to_uid(make_offer(author, here).id)}").text
    assert "Zahle erst, wenn du die Sache in der Hand hast" in page and "Aylin P. ist seit März 2026 dabei." in page
    assert "weniger als einer Woche dabei" in client.get(f"/c/{to_uid(make_offer(new, here).id)}").text
    sign_in(client, make_person(beside))
    far = make_offer(hidden, here, audience=Audience.CITY)
    page = client.get(f"/c/{to_uid(far.id)}").text
    assert "Zahle erst" in page and " dabei." not in page, "who shows no name is not told by the month either"


def test_demo_neighbours_who_offer_something_are_not_asked_whether_they_swindle():
    assert [each.title for each in demo.offers() if scam.look(f"{each.title}\n{each.text}")] == []


LINKS = (
    "Schau hier: zahlung.example/k7|boese.de|www.bibliothek.example|HTTPS://BOESE.DE|Boese.De|wa.me/49151|t.me/kauf|kauf-hier.shop jetzt"
    "|mail@boese.com|bit.ly/x|xn--bse-sna.net"
)
NO_LINKS = "Sehr gern.Wann passt es?|ca.zehn Uhr|z.B. heute|Um 9.30 Uhr|Gern.Info folgt|gern.am Montag|ja.es passt|Mo.-Fr. ab 17 Uhr|ja.und/oder morgen"


def test_a_link_is_what_names_a_host_and_no_missing_space():
    assert [text for text in LINKS.split("|") if not newcomers.has_link(text)] == []
    assert [text for text in NO_LINKS.split("|") if newcomers.has_link(text)] == []


def test_answers_are_no_side_door_for_a_new_account(context, client, frozen_clock):
    here = make_quarter()
    bot = make_person(here, created_at=clock.now())
    offers = [make_offer(make_person(here), here) for _each in range(8)]
    sign_in(client, bot)

    def answers(offer, body, **more):
        return client.post(f"/c/{to_uid(offer.id)}/answer", data={"body": body, "form_key": str(uuid.uuid4()), **more})

    assert "ohne Links" in answers(offers[0], "Schau mal: https://boese.example/kauf").text
    make_ask(bot, here, offers[0])
    sign_in(client, bot)
    said = [answers(offer, "Ist das noch da?").status_code for offer in offers]
    assert said == [303] * 5 + [422] * 3, "who was asked already is one of the five"
    assert answers(offers[0], "Und wie groß ist es?").status_code == 303, "whoever is known can be written to again"
    other = make_comment(make_person(here), here, offers[0], "Ich hätte es auch gern.")
    assert answers(offers[0], "Nimm lieber meins!", parent=to_uid(other.id)).status_code == 422, (
        "a reply reaches somebody else"
    )
    with pytest.raises(NotPossible, match="5 Leuten"):
        make_ask(bot, here, offers[6])
    frozen_clock.tick(timedelta(days=7, minutes=1).total_seconds())
    sign_in(client, bot)
    assert answers(offers[7], "Steht auch unter www.bibliothek.example").status_code == 303
