"""Asking, promising, handing over: through the pages, as neighbours do it."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest

from neighbour.core import clock, scope
from neighbour.core.db import atomic
from neighbour.core.tokens import to_uid
from neighbour.notices.service import begin_lists
from neighbour.offers import tending
from neighbour.offers.prices import Price
from neighbour.policy import Level
from tests.factories import make_person, make_quarter, sign_in
from tests.offers.helpers import mails, make_ask, make_offer, promise, states

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def author(here):
    return make_person(here, name="Aylin")


def url(offer):
    return f"/c/{to_uid(offer.id)}"


def words(**more):
    given = {"kind": "offer", "category": "give", "title": "Kinderrad", "audience": "quarter", "lend_days": "7"}
    return {**given, "form_key": str(uuid.uuid4()), **more}


def test_an_offer_hangs_with_price_condition_and_place(here, author, client):
    sign_in(client, author)
    data = words(category="sell", price="25", condition="gebraucht", pickup="am Brunnenplatz", title="Bücherregal")
    assert [client.post("/write", data=data).status_code for _again in range(2)] == [303, 303]
    for path in ("/board", "/market"):
        page = client.get(path).text
        assert page.count("Bücherregal</a>") == 1 and "25\xa0€" in page, path
    board = client.get("/board").text
    assert "gebraucht" in board and "am Brunnenplatz" in board and "Zu verkaufen" in board
    page = client.get(re.search(r'href="(/c/\w{26})"', board)[1]).text
    assert "Noch hat niemand gefragt." in page and "60 Tage länger" not in page
    edit = client.get(re.search(r"/c/\w{26}/edit", board)[0]).text
    assert 'value="25"' in edit and 'value="gebraucht"' in edit


def test_what_is_wanted_asks_for_no_condition_and_loses_none_that_was_typed(author, client):
    sign_in(client, author)
    shown_for = 'data-for="give lend sell swap"'
    assert shown_for in client.get("/write?kind=offer").text
    client.post("/write", data=words(category="wanted", title="Leiter", condition="gern gebraucht"))
    board = client.get("/board").text
    assert "gern gebraucht" in board
    edit = client.get(re.search(r"/c/\w{26}/edit", board)[0]).text
    assert 'value="gern gebraucht"' in edit and shown_for not in edit, "what is kept can be seen and changed"


def test_whoever_is_suspended_is_not_told_that_their_address_is_missing(here, author, client):
    offer = make_offer(author, here)
    sign_in(client, make_person(here, status="suspended"))
    page = client.get(url(offer)).text
    assert "Du kannst gerade lesen, aber nicht schreiben" in page and "Sobald deine Adresse" not in page


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"category": "sell"}, "price"),
        ({"category": "sell", "price": "20.000 €"}, "price"),
        ({"category": "swap", "price": "-3"}, "price"),
        ({"category": "swap", "price": "250"}, "price"),
        ({"category": "swap", "price": "ca. 250 € VB"}, "price"),
        ({"category": "swap", "price": "20-30 Euro"}, "price"),
        ({"pickup": "Spulengasse 6, klingeln"}, "pickup"),
        ({"category": "lend", "lend_days": "400"}, "lend_days"),
        ({"title": "Luftgewehr mit Munition"}, "category"),
        ({"title": "Luftgewehr", "condition": "mit Munition"}, "category"),
        ({"condition": "dazu Ibuprofen, ungeöffnet"}, "condition"),
        ({"for_holder": "Die Welpen sind hinten im Hof"}, "for_holder"),
        ({"category": "sell", "price": "Amazon-Gutschein über 50 €", "sure": "1"}, "price"),
        ({"category": "swap", "price": "gegen 50-€-Amazon-Gutschein", "sure": "1"}, "price"),
        (
            {"category": "sell", "price": "20", "condition": "Neuware, gewerblicher Verkauf, USt-IdNr. DE123456789"},
            "condition",
        ),
        ({"category": "sell", "price": "20", "pickup": "im Onlineshop www.rad-shop.de, Kleinunternehmer"}, "pickup"),
    ],
)
def test_what_is_missing_or_not_taken_is_said_at_its_field_and_nothing_typed_is_lost(author, client, given, field):
    sign_in(client, author)
    answer = client.post("/write", data=words(body_md="Sieben nasse Handschuhe", **given))
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert "Sieben nasse Handschuhe" in answer.text


def test_from_asking_to_gone_everybody_sees_and_hears_what_is_theirs(
    here, author, client, visitor, owner, jobs, mailbox
):
    first, second, third = (make_person(here, name=name) for name in ("Bela", "Cem", "Dora"))
    offer = make_offer(author, here, title="Kinderrad, 20 Zoll")
    with scope.use(scope.NOBODY), atomic():
        begin_lists(author.id, here.id)
    for person in (first, second):
        sign_in(client, person)
        for _twice in range(2):
            assert client.post(f"{url(offer)}/ask", data={"words": f"Gern, {person.first_name}"}).status_code == 303
        assert "Reserviert" in client.get("/market").text
    assert mails(owner, "asked") == [author.id] * 2
    jobs.run()
    page = client.get(url(offer)).text
    assert "Du bist Nummer 2" in page and "Gern, Bela" not in page and "Gern, Cem" not in page
    sign_in(client, third)
    assert "2 Leute warten darauf." in client.get(url(offer)).text and "Bela" not in client.get(url(offer)).text
    sign_in(client, author)
    page = client.get(url(offer)).text
    assert page.index("Gern, Bela") < page.index("Gern, Cem")
    asks = re.findall(r'name="ask" value="(\w{26})"', page)
    for _twice in range(2):
        assert client.post(f"{url(offer)}/promise", data={"ask": asks[1]}).status_code == 303
    client.post(f"{url(offer)}/promise", data={"ask": asks[0]})
    assert mails(owner, "promised") == [second.id], "one promise, told once"
    jobs.run()
    getter = visitor()
    sign_in(getter, second)
    code = re.search(r'shown-code__code">(\d{5})<', getter.get(url(offer)).text)[1]
    assert code not in client.get(url(offer)).text
    assert client.post(f"{url(offer)}/hand-over", data={"code": "1"}).status_code == 422
    assert [client.post(f"{url(offer)}/hand-over", data={"code": code}).status_code for _again in range(2)] == [
        303,
        303,
    ]
    assert mails(owner, "missed") == [], "for ten minutes it can be taken back"
    owner.execute("UPDATE contribution SET solved_at = solved_at - interval '11 minutes'")
    assert [tending.tend("Europe/Berlin") for _twice in range(2)] == [1, 0] and mails(owner, "missed") == [first.id]
    for path, gone in (("/market", "ribbon--gone"), ("/board", "Weg"), (url(offer), "Das ist vorbei")):
        assert gone in getter.get(path).text, path
    assert "Kinderrad" not in getter.get("/market?there=1").text
    sign_in(client, third)
    assert client.post(f"{url(offer)}/ask", data={"words": "Ich auch"}).status_code == 422
    jobs.run()
    assert {mail.message["To"] for mail in mailbox.messages()} == {author.email, first.email, second.email}
    assert all(f"http://localhost{url(offer)}" in mail.text for mail in mailbox.messages())


def test_five_wrong_codes_and_even_the_right_one_counts_no_more(here, author, client, visitor):
    offer, getter = make_offer(author, here), visitor()
    person = make_person(here)
    promise(author, here, offer, make_ask(person, here, offer))
    sign_in(getter, person)
    code = re.search(r'shown-code__code">(\d{5})<', getter.get(url(offer)).text)[1]
    wrong = f"{(int(code) + 1) % 100000:05}"
    sign_in(client, author)
    for left in (4, 3, 2, 1):
        said = f"Noch {left} Versuche." if left > 1 else "Noch 1 Versuch."
        assert said in client.post(f"{url(offer)}/hand-over", data={"code": wrong}).text
    for last in (wrong, code):
        assert "fünfmal nicht der Code" in client.post(f"{url(offer)}/hand-over", data={"code": last}).text
    assert client.post(f"{url(offer)}/hand-over", data={"code": ""}).status_code == 303, "the author's word is enough"


def test_stepping_back_and_passing_on_the_next_one_has_it_and_is_told_once(here, author, client, owner):
    people = [make_person(here) for _each in range(3)]
    offer = make_offer(author, here)
    asks = [make_ask(person, here, offer) for person in people]
    promise(author, here, offer, asks[0])
    sign_in(client, people[0])
    assert [client.post(f"{url(offer)}/step-back").status_code for _again in range(2)] == [303, 303]
    assert mails(owner, "promised") == [people[0].id, people[1].id] and mails(owner, "stepped_back") == [author.id]
    assert client.post(f"{url(offer)}/ask", data={"words": "Doch noch einmal"}).status_code == 303
    sign_in(client, author)
    client.post(f"{url(offer)}/pass-on")
    assert mails(owner, "promised")[2:] == [people[2].id] and mails(owner, "passed_on") == [people[1].id]
    client.post(f"{url(offer)}/pass-on")
    assert mails(owner, "promised")[3:] == [people[0].id], "who asked again stands at the end"
    client.post(f"{url(offer)}/pass-on")
    client.post(f"{url(offer)}/pass-on")
    assert len(mails(owner, "promised")) == 4 and "Noch hat niemand gefragt" in client.get(url(offer)).text


def test_only_who_may_asks_and_only_its_author_decides(here, author, client, owner):
    there = make_quarter("Anderswo")
    offer = make_offer(author, here)
    ask = make_ask(make_person(here), here, offer)
    steps = ("ask", "step-back", "promise", "pass-on", "hand-over", "returned", "extend")
    data = {"words": "Ich", "ask": to_uid(ask.id)}
    sign_in(client, make_person(there))
    nothing = client.post(f"/c/{'a' * 26}/promise", data=data)
    for step in steps:
        answer = client.post(f"{url(offer)}/{step}", data=data)
        assert (answer.status_code, answer.data) == (404, nothing.data), step
    sign_in(client, make_person(here))
    assert [client.post(f"{url(offer)}/{step}", data=data).status_code for step in steps[2:]] == [404] * 5
    sign_in(client, author)
    assert [client.post(f"{url(offer)}/{step}", data=data).status_code for step in steps[:2]] == [404, 404]
    other = make_offer(author, here)
    client.post(f"{url(other)}/promise", data=data)
    assert mails(owner, "promised") == [], "an ask of another offer"
    sign_in(client, make_person(here, level=Level.UNPROVEN))
    assert client.post(f"{url(offer)}/ask", data=data).status_code in (302, 303, 404)
    assert owner.execute("SELECT count(*) FROM ask").fetchone() == (1,)


def test_the_wall_shows_an_ask_to_two_people_only_and_lets_nobody_promise_to_themselves(here, author, raw, owner):
    offer, asker, nosy = make_offer(author, here), make_person(here), make_person(here)
    ask = make_ask(asker, here, offer)
    connection = raw()

    def as_person(person, statement, *given):
        connection.rollback()
        connection.execute("SELECT set_config('app.person', %s, true)", [str(person.id)])
        connection.execute("SELECT set_config('app.quarters', %s, true)", [f"{{{here.id}}}"])
        return connection.execute(statement, given)

    assert [as_person(each, "SELECT 1 FROM ask").rowcount for each in (asker, author, nosy)] == [1, 1, 0]
    for person in (asker, nosy, author):
        for column in ("stage = 'lent'", "waiting = 0"):
            with pytest.raises(Exception, match="permission denied"):
                as_person(person, f"UPDATE offer SET {column}")
    with pytest.raises(Exception, match="no such step"):
        as_person(asker, "UPDATE ask SET state = 'promised'")
    with pytest.raises(Exception, match="no such step"):
        as_person(author, "UPDATE ask SET state = 'done'")
    assert as_person(nosy, "UPDATE ask SET state = 'left'").rowcount == 0
    with pytest.raises(Exception, match="row-level security"):
        as_person(author, "INSERT INTO ask (id, offer_id, person_id, words, asked_at) VALUES"
                  " (gen_random_uuid(), %s, %s, 'x', now())", offer.id, author.id)  # fmt: skip
    assert as_person(nosy, "SELECT place_in_queue(%s)", ask.id).fetchone() == (0,)
    assert as_person(nosy, "SELECT asked_title(%s)", ask.id).fetchone() == (None,)
    connection.rollback()
    for step in ("promised", "left"):
        owner.execute("UPDATE ask SET state = %s, ended_at = now()", [step])
    with pytest.raises(Exception, match="no such step"):  # others have moved up
        as_person(asker, "UPDATE ask SET state = 'waiting', ended_at = NULL")
    connection.rollback()


def test_prices_are_read_as_people_write_them():
    from neighbour.offers import prices

    amounts = {"25": 2500, "25 €": 2500, "1.250,00": 125000, "12.50 Euro": 1250, "12,-": 1200, "€ 3": 300, "0": 0}
    assert {typed: prices.read(typed).cents for typed in amounts} == amounts
    more = {"12,5": 1250, "25,--": 2500, "1 000": 100000}
    assert {typed: prices.read(typed).cents for typed in more} == more
    for text in ("VB", "25 VB", "für einen Kaffee", "10-15", "10 – 15 €", "2 x 5", "25 € oder Tausch"):
        assert prices.read(text) == Price(words=text)
    for text in ("-3", "−3 €", "--5", "1e9", "12,345", "1.2.3", "+5", "5,"):
        with pytest.raises(prices.NoAmount):
            prices.read(text)
    assert [prices.said(Price(cents)) for cents in (2500, 1250)] == ["25\xa0€", "12,50\xa0€"]
    assert [prices.read(prices.typed(Price(cents))).cents for cents in (0, 5, 1250, 99999)] == [0, 5, 1250, 99999]
    with pytest.raises(ValueError, match="10001"):
        prices.read("10001")


MONEY = "25|gegen 25 Euro|25 Euro bar|25 € in bar|mindestens 25 €|max 25€|50 Cent|20 € oder 30 €|zwischen 20 und 30 €|je 25 €|25eur|ca. 25 € VB"
NO_MONEY = "gegen eine Overlock|3 Gläser Marmelade|etwas im Wert von 25 €|20-Euro-Gutschein|2 Stunden Hilfe|bar|zwischen Mai und Juni|Eurorack 3|"


def test_money_is_money_in_whatever_words_and_a_thing_is_none():
    from neighbour.offers import prices

    assert [text for text in MONEY.split("|") if not prices.is_money(prices.read(text))] == []
    assert [text for text in NO_MONEY.split("|") if prices.is_money(prices.read(text))] == []


@pytest.mark.parametrize("how", ["solve", "withdraw"])
def test_an_offer_that_is_closed_the_usual_way_is_over_for_those_who_wait_too(
    here, author, client, owner, frozen_clock, jobs, how
):
    offer, waiting = make_offer(author, here), make_person(here)
    make_ask(waiting, here, offer)
    sign_in(client, author)
    client.post(f"{url(offer)}/{how}")
    frozen_clock.tick(660)
    for _twice in range(2):
        jobs.sent.append(("offers.tend", []))
        jobs.run()
    assert mails(owner, "missed") == [waiting.id]
    assert owner.execute("SELECT state FROM ask").fetchone() == ("missed",)


def test_what_was_said_to_be_collected_by_mistake_is_promised_again_and_the_queue_is_there(
    here, author, client, owner, frozen_clock
):
    first, second = make_person(here), make_person(here)
    offer = make_offer(author, here)
    asks = [make_ask(person, here, offer) for person in (first, second)]
    promise(author, here, offer, asks[0])
    sign_in(client, author)
    assert f"{url(offer)}/take-back" in client.post(f"{url(offer)}/hand-over", follow_redirects=True).text
    frozen_clock.tick(9 * 60)
    tending.tend("Europe/Berlin")
    assert [client.post(f"{url(offer)}/take-back").status_code for _again in range(2)] == [303, 303]
    frozen_clock.tick(120)
    tending.tend("Europe/Berlin")
    assert states(owner) == ["promised", "waiting"] and mails(owner, "missed") == []
    assert mails(owner, "promised") == [first.id], "the same promise, told once"
    client.post(f"{url(offer)}/hand-over")
    frozen_clock.tick(660)
    tending.tend("Europe/Berlin")
    assert mails(owner, "missed") == [second.id]
    assert "nicht mehr zurücknehmen" in client.post(f"{url(offer)}/take-back", follow_redirects=True).text
    assert states(owner) == ["done", "missed"]


def test_whoever_left_the_queue_by_mistake_comes_back_to_their_place(here, author, client, owner):
    first, second = make_person(here), make_person(here)
    offer = make_offer(author, here)
    make_ask(first, here, offer)
    ask = make_ask(second, here, offer)
    sign_in(client, first)
    assert f"{url(offer)}/wait-again" in client.post(f"{url(offer)}/step-back", follow_redirects=True).text
    assert [client.post(f"{url(offer)}/wait-again").status_code for _again in range(2)] == [303, 303]
    assert "Du bist Nummer 1" in client.get(url(offer)).text
    client.post(f"{url(offer)}/step-back")
    promise(author, here, offer, ask)
    sign_in(client, second)
    client.post(f"{url(offer)}/step-back")
    client.post(f"{url(offer)}/wait-again")
    assert states(owner) == ["left", "left"], "a promise that was given back is not waited for again"


def test_what_others_hear_of_at_once_is_asked_about_before(here, author, client, visitor, owner):
    first, second = make_person(here, name="Bela"), make_person(here, name="Cem")
    offer = make_offer(author, here)
    asks = [make_ask(person, here, offer) for person in (first, second)]
    getter = visitor()
    sign_in(getter, first)
    sign_in(client, author)
    assert getter.get(f"{url(offer)}/step-back").status_code == client.get(f"{url(offer)}/pass-on").status_code == 303
    assert "Bela P. absagen?" in client.get(f"{url(offer)}/decline?ask={to_uid(asks[0].id)}").text
    promise(author, here, offer, asks[0])
    assert "Die Zusage zurückgeben?" in getter.get(f"{url(offer)}/step-back").text
    assert "Bela P. kommt nicht?" in client.get(f"{url(offer)}/pass-on").text
    assert states(owner) == ["promised", "waiting"]


def test_a_kind_no_is_told_once_and_holds_for_a_day(here, author, client, owner, jobs, mailbox, frozen_clock):
    asker, other = make_person(here, name="Bela"), make_person(here)
    offer = make_offer(author, here, title="Lampe")
    ask = make_ask(asker, here, offer)
    frozen_clock.tick(23 * 3600)
    sign_in(client, author)
    data = {"ask": to_uid(ask.id)}
    assert [client.post(f"{url(offer)}/decline", data=data).status_code for _again in range(2)] == [303, 303]
    jobs.run()
    (mail,) = (each for each in mailbox.messages() if each.message["To"] == asker.email)
    assert mail.message["Subject"] == "Passt leider nicht: Lampe" and mails(owner, "declined") == [asker.id]
    frozen_clock.tick(23 * 3600)
    sign_in(client, asker)
    assert "Diesmal passt es leider nicht" in client.get(url(offer)).text
    assert client.post(f"{url(offer)}/ask", data={"words": "Bitte doch"}).status_code == 422
    client.post(f"{url(offer)}/wait-again")
    make_ask(other, here, offer)
    assert states(owner) == ["declined", "waiting"]
    frozen_clock.tick(3700)
    sign_in(client, asker)
    assert client.post(f"{url(offer)}/ask", data={"words": "Vielleicht heute?"}).status_code == 303


def test_asking_and_stepping_back_all_day_is_one_mail_with_the_words_of_now(
    here, author, client, owner, jobs, mailbox, frozen_clock
):
    asker = make_person(here, created_at=clock.now() - timedelta(days=300))
    offer = make_offer(author, here)
    with scope.use(scope.NOBODY), atomic():
        begin_lists(author.id, here.id)
    sign_in(client, asker)
    for number in range(4):
        client.post(f"{url(offer)}/step-back")
        client.post(f"{url(offer)}/ask", data={"words": f"Zum {number}. Mal"})
    jobs.run()
    assert mails(owner, "asked") == [author.id]
    assert "Zum 3. Mal" in next(mail.text for mail in mailbox.messages() if mail.message["To"] == author.email)
    frozen_clock.tick(25 * 3600)
    client.post(f"{url(offer)}/step-back")
    client.post(f"{url(offer)}/ask", data={"words": "Noch zu haben?"})
    assert mails(owner, "asked") == [author.id] * 2
