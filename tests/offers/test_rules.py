"""Sixty days, fair shares, no trade, nothing forbidden: each rule is said before, and with its reason when it bites."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from neighbour.contributions.service import NotPossible
from neighbour.core import clock, scope
from neighbour.core.columns import id_at
from neighbour.core.tokens import to_uid
from neighbour.digests import edition
from neighbour.offers import tending
from neighbour.offers.prices import Price
from neighbour.offers.service import is_alike, is_same
from tests.factories import make_person, make_post, sign_in, viewer_of
from tests.offers.helpers import mails, make_ask, make_offer, promise, states

pytestmark = pytest.mark.usefixtures("context")
DAY = 86_400
NAMES = [
    "Tisch",
    "Stuhl",
    "Lampe",
    "Regal",
    "Zelt",
    "Rad",
    "Topf",
    "Sofa",
    "Buch",
    "Ball",
    "Uhr",
    "Bett",
    "Herd",
    "Schrank",
    "Koffer",
    "Spiegel",
    "Kamera",
    "Drucker",
    "Vase",
    "Teppich",
    "Gitarre",
]


@pytest.fixture
def author(here):
    return make_person(here)


def url(offer):
    return f"/c/{to_uid(offer.id)}"


def tend():
    return tending.tend("Europe/Berlin")


def test_an_offer_ends_after_sixty_days_with_one_question_before(here, author, client, owner, frozen_clock):
    offer, kept = make_offer(author, here, title="Schrank"), make_offer(author, here, title="Zelt")
    waiting = make_person(here)
    make_ask(waiting, here, offer)
    frozen_clock.tick(53 * DAY - 60)
    assert tend() == 0
    frozen_clock.tick(120)
    assert [tend(), tend()] == [2, 0] and mails(owner, "still_there") == [author.id] * 2
    sign_in(client, author)
    assert "Ja, 60 Tage länger" in client.get(url(kept)).text, "opening the page changes nothing"
    assert [client.post(f"{url(kept)}/extend").status_code for _again in range(2)] == [303, 303]
    assert "Ja, 60 Tage länger" not in client.get(url(kept)).text
    frozen_clock.tick(7 * DAY)
    assert [tend(), tend()] == [1, 0] and mails(owner, "missed") == [waiting.id]
    board = client.get("/market").text
    assert board.count("Abgelaufen") == 1 and mails(owner, "still_there") == [author.id] * 2
    client.post(f"{url(offer)}/solve", data={"open": "1"})
    assert tend() == 0 and "Abgelaufen" not in client.get("/market").text, "opened again it hangs anew"
    for _week in range(8):
        frozen_clock.tick(7 * DAY)
        tend()
    assert mails(owner, "still_there") == [author.id] * 4, "and is asked about once more, as the one that was kept is"


def test_what_is_promised_does_not_end_under_the_hands(here, author, owner, frozen_clock):
    offer = make_offer(author, here)
    promise(author, here, offer, make_ask(make_person(here), here, offer))
    frozen_clock.tick(61 * DAY)
    tend()
    assert owner.execute("SELECT solved_at FROM contribution").fetchone() == (None,)


def test_the_same_thing_hangs_once_in_a_fortnight(here, author, client, frozen_clock):
    offer = make_offer(author, here, title="Bücherregal aus Kiefer")
    for title in ("Bücherregal aus Kiefer", "bücherregal, aus kiefer", "Kiefer Bücherregal aus"):
        with pytest.raises(NotPossible, match="14 Tagen"):
            make_offer(author, here, title=title)
    make_offer(author, here, title="Esstisch aus Kiefer")
    for title in ("Kinderfahrrad 16 Zoll", "Kinderfahrrad 20 Zoll"):
        make_offer(author, here, title=title)
    with pytest.raises(NotPossible, match="14 Tagen"):
        make_offer(author, here, title="Kinderfahrrad, 20 Zoll")
    make_offer(make_person(here), here, title="Bücherregal aus Kiefer")
    table = make_offer(author, here, title="Esstisch, rund")
    sign_in(client, author)
    data = {"category": "give", "audience": "quarter", "lend_days": "7"}
    renamed = [
        client.post(f"{url(table)}/edit", data={**data, "title": title})
        for title in ("Bücherregal, aus Kiefer", "Esstisch, rund, Ahorn", "Couchtisch")
    ]
    assert [each.status_code for each in renamed] == [422, 303, 303] and "14 Tagen" in renamed[0].text, (
        "nor by renaming"
    )
    client.post(f"{url(offer)}/withdraw")
    again = make_offer(author, here, title="Bücherregal aus Kiefer")  # taken down at once: that was a try
    frozen_clock.tick(2 * DAY)
    sign_in(client, author)
    client.post(f"{url(again)}/withdraw")
    with pytest.raises(NotPossible, match="14 Tagen"):
        make_offer(author, here, title="Bücherregal aus Kiefer")
    frozen_clock.tick(12 * DAY + 60)
    make_offer(author, here, title="Bücherregal aus Kiefer")


def renamed(client, offer, title, **more):
    data = {"category": "give", "title": title, "audience": "quarter", "lend_days": "7", **more}
    assert client.post(f"{url(offer)}/edit", data=data).status_code == 303


def test_renaming_the_old_slip_is_no_way_round_the_fortnight(here, author, client, frozen_clock):
    old = make_offer(author, here, title="Bücherregal aus Kiefer")
    sign_in(client, author)
    renamed(client, old, "Danke an alle")
    renamed(client, old, "Alles weg")
    for title in ("Bücherregal aus Kiefer", "Danke an alle"):
        with pytest.raises(NotPossible, match="14 Tagen"):
            make_offer(author, here, title=title)
    make_offer(make_person(here), here, title="Bücherregal aus Kiefer")
    sign_in(client, author)
    renamed(client, old, "Bücherregal aus Kiefer")  # the slip itself may be called again what it was called
    frozen_clock.tick(14 * DAY + 60)
    make_offer(author, here, title="Danke an alle")


def test_what_came_down_within_an_hour_is_a_try_unless_somebody_asked_or_an_issue_named_it(
    here, author, client, owner, frozen_clock
):
    sign_in(client, author)

    def hangs(title, minutes, between=lambda _offer: None):
        offer = make_offer(author, here, title=title, category="sell")
        frozen_clock.tick(60)
        between(offer)
        frozen_clock.tick(60 * minutes - 60)
        sign_in(client, author)
        client.post(f"{url(offer)}/withdraw")

    def issue(_offer):
        owner.execute("INSERT INTO edition (quarter_id, period, number, cut, readers, opened_at) VALUES (%s, 'x', 1, %s, 0, %s)",
                      [here.id, id_at(clock.now()), clock.now()])  # fmt: skip

    hangs("Bücherregal", 50)
    hangs("Bücherregal", 50)
    hangs("Sofa", 70)
    hangs("Stehlampe", 50, lambda offer: make_ask(make_person(here), here, offer))
    hangs("Fahrrad", 50, issue)
    for title in ("Sofa", "Stehlampe", "Fahrrad"):
        with pytest.raises(NotPossible, match="14 Tagen"):
            make_offer(author, here, title=title)
    assert "dir bleiben 9" in client.get("/write?kind=offer").text, "three that count as offered for sale"


@pytest.mark.parametrize("how", ["opened again", "pinned up again"])
def test_no_more_than_twenty_are_open_by_opening_them_again_either(here, author, client, how):
    sign_in(client, author)
    old = make_offer(author, here, title="Luftmatratze")
    client.post(f"{url(old)}/{'solve' if how == 'opened again' else 'withdraw'}")
    for name in NAMES[:20]:
        make_offer(author, here, title=name)
    sign_in(client, author)
    path, data = ("solve", {"open": "1"}) if how == "opened again" else ("restore", {})
    assert "20 offene Angebote" in client.post(f"{url(old)}/{path}", data=data, follow_redirects=True).text
    assert "dir bleiben 0" in client.get("/write?kind=offer").text


def test_no_more_than_twenty_are_open_by_keeping_one_whose_time_is_up_either(here, author, client, owner):
    old, *_others = (make_offer(author, here, title=name) for name in NAMES[:20])
    sign_in(client, author)
    assert "Es hängt 60 Tage länger." in client.post(f"{url(old)}/extend", follow_redirects=True).text, "one of twenty"
    owner.execute("UPDATE contribution SET expires_at = %s WHERE id = %s", [clock.now(), old.id])
    make_offer(author, here, title=NAMES[20])
    sign_in(client, author)
    assert "20 offene Angebote" in client.post(f"{url(old)}/extend", follow_redirects=True).text
    assert owner.execute("SELECT count(*) FROM contribution WHERE expires_at > %s", [clock.now()]).fetchone() == (20,)


def test_shares_are_fair_and_the_composer_says_what_is_left(here, author, client):
    sign_in(client, author)
    assert "dir bleiben 20" in client.get("/write?kind=offer").text
    offers = [make_offer(author, here, title=name) for name in NAMES[:20]]
    assert "dir bleiben 0" in client.get("/write?kind=offer").text
    with pytest.raises(NotPossible, match="20 offene Angebote"):
        make_offer(author, here, title=NAMES[20])
    asker = make_person(here, created_at=clock.now() - timedelta(days=8))
    for offer in offers[:10]:
        make_ask(asker, here, offer)
    with pytest.raises(NotPossible, match="10 Dinge"):
        make_ask(asker, here, offers[10])
    make_ask(asker, here, offers[0])  # the same ask as before
    sign_in(client, asker)
    client.post(f"{url(offers[0])}/step-back")
    make_ask(asker, here, offers[10])


def test_undo_is_no_way_round_what_hung_or_was_sold_meanwhile(here, author, client):
    def is_back(offer):
        said = client.post(f"{url(offer)}/restore", follow_redirects=True).text
        return "Es hängt wieder" in said

    shelf = make_offer(author, here, title="Bücherregal aus Kiefer")
    sign_in(client, author)
    client.post(f"{url(shelf)}/withdraw")
    make_offer(author, here, title="Bücherregal aus Kiefer")
    jackets = [make_offer(author, here, title=f"Jacke Größe {size}", category="sell") for size in "SML"]
    others = [make_offer(author, here, title=name, category="sell") for name in NAMES[:9]]
    sign_in(client, author)
    assert (
        not is_back(shelf) and client.get("/market").text.replace("\xad", "").count(">Bücherregal aus Kiefer</a>") == 1
    )
    client.post(f"{url(jackets[0])}/withdraw")
    client.post(f"{url(others[0])}/withdraw")
    make_offer(author, here, title="Jacke Größe XL", category="sell")
    sign_in(client, author)
    assert not is_back(jackets[0]), "three of a kind were sold beside it"
    assert is_back(others[0]), "it is the twelfth"
    client.post(f"{url(others[1])}/withdraw")
    make_offer(author, here, title=NAMES[10], category="sell")
    sign_in(client, author)
    assert not is_back(others[1]) and "dir bleiben 0" in client.get("/write?kind=offer").text
    client.post(f"{url(others[2])}/solve")
    client.post(f"{url(others[2])}/solve", data={"open": "1"})
    assert client.get("/market?there=1").text.count(f">{NAMES[2]}<") == 1, "what counts already can be opened again"


def test_waiting_again_is_no_way_round_ten_queues(here, author, client, owner):
    asker = make_person(here, created_at=clock.now() - timedelta(days=30))
    offers = [make_offer(author, here, title=name) for name in NAMES[:12]]
    for offer in offers[:10]:
        make_ask(asker, here, offer)
    for left, instead in ((0, 10), (1, 11)):
        sign_in(client, asker)
        client.post(f"{url(offers[left])}/step-back")
        make_ask(asker, here, offers[instead])
    sign_in(client, asker)
    again = [client.post(f"{url(offers[left])}/wait-again", follow_redirects=True).text for left in (0, 1)]
    assert all("10 Dinge" in said for said in again) and states(owner).count("waiting") == 10
    client.post(f"{url(offers[11])}/step-back")
    client.post(f"{url(offers[1])}/wait-again")
    assert states(owner).count("waiting") == 10, "there is room for it now"


def test_who_sells_more_than_a_neighbour_would_is_told_the_rule(here, author, client, owner):
    for number, name in enumerate(NAMES[:12]):
        sold = make_offer(author, here, title=name, category="sell")
        owner.execute("UPDATE contribution SET solved_at = now() WHERE id = %s", [sold.id])
        assert number < 12
    sign_in(client, author)
    gone = {"kind": "offer", "category": "give", "title": name, "audience": "quarter", "lend_days": "7"}
    assert client.post(f"{url(sold)}/edit", data=gone).status_code == 303, (
        "gone, and made a gift: it was a sale all the same"
    )
    data = {
        "kind": "offer", "category": "sell", "price": "5", "title": "Fahrradhelm", "audience": "quarter",
        "lend_days": "7", "form_key": str(uuid.uuid4()),
    }  # fmt: skip
    assert "dir bleiben 0" in client.get("/write?kind=offer").text
    refused = client.post("/write", data=data)
    assert refused.status_code == 422 and "gilt als Handel" in refused.text and 'value="Fahrradhelm"' in refused.text
    gift = make_offer(author, here, title="Fahrradhelm")
    assert client.post(f"{url(gift)}/edit", data=data).status_code == 422, "nor by turning a gift into a sale"
    owner.execute("UPDATE contribution SET published_at = published_at - interval '183 days'")
    make_offer(author, here, title="Kinderwagen", category="sell")


def test_a_swap_for_money_is_a_sale_and_has_to_say_so(here, author, client):
    sign_in(client, author)
    slip = make_offer(author, here, title="Lampe", category="swap", price=Price(words="gegen Honig"))
    data = {"category": "swap", "title": "Lampe", "audience": "quarter", "lend_days": "7"}
    changed = client.post(f"{url(slip)}/edit", data={**data, "price": "25 €"})
    assert changed.status_code == 422 and "dann wähl oben „Zu verkaufen“" in changed.text
    for words in ("gegen 3 Gläser Honig", "für einen Kaffee", "gegen 2 Bücher", "Rad 28 gegen Rad 26"):
        assert client.post(f"{url(slip)}/edit", data={**data, "price": words}).status_code == 303, words
    with pytest.raises(NotPossible):
        make_offer(author, here, title="Tisch", category="swap", price=Price(cents=2500))


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"category": "swap", "price": "25 €"}, "dann wähl oben „Zu verkaufen“"),
        ({"title": "Zwei Welpen"}, "Tiere"),
        ({"title": "Stehlampe"}, "in den letzten 14 Tagen"),
        ({"title": "Winterjacke Größe XL neu", "category": "sell", "price": "20"}, "3 davon"),
    ],
    ids=["money", "forbidden", "again", "limit"],
)
@pytest.mark.parametrize("where", ["new", "changed"])
def test_what_no_rule_lets_through_is_said_before_anybody_is_asked_whether_they_mean_it(
    here, author, client, owner, wrong, rule, where
):
    """The same slip is doubtful, too; it would be refused whatever its author answers."""
    for name in ("Stehlampe", "Winterjacke Größe S neu", "Winterjacke Größe M neu", "Winterjacke Größe L neu"):
        make_offer(author, here, title=name, category="sell" if "jacke" in name else "give")
    slip = make_offer(author, here, title="Regenschirm")
    sign_in(client, author)
    address = "/write" if where == "new" else f"{url(slip)}/edit"
    doubtful = {
        "kind": "offer", "category": "give", "title": "Buch", "audience": "quarter", "lend_days": "7",
        "for_holder": "Zahl bitte vorab per PayPal, dann verschicke ich es",
    }  # fmt: skip
    asked = client.post(address, data=doubtful)
    assert asked.status_code == 422 and 'name="sure"' in asked.text, "else there is nothing to be first"
    assert owner.execute("SELECT count(*) FROM offer_for_holder").fetchone() == (0,), (
        "what was asked about is not there"
    )
    refused = client.post(address, data={**doubtful, **wrong})
    assert refused.status_code == 422 and rule in refused.text and 'name="sure"' not in refused.text
    assert client.post(address, data={**doubtful, "sure": "1"}).status_code == 303


def test_three_of_a_kind_are_enough(here, author, owner, frozen_clock):
    for size in ("S", "M", "L"):
        make_offer(author, here, title=f"Winterjacke Größe {size} neu", category="sell")
        frozen_clock.tick(15 * DAY)
    with pytest.raises(NotPossible, match="3 davon"):
        make_offer(author, here, title="Winterjacke Größe XL neu", category="sell")
    make_offer(author, here, title="Stehlampe", category="sell")


def test_renaming_what_is_sold_is_no_way_round_three_of_a_kind(here, author, client, frozen_clock):
    for number, size in enumerate(("S", "M", "L")):
        slip = make_offer(author, here, title=f"Winterjacke Größe {size} neu", category="sell")
        frozen_clock.tick(3600)
        sign_in(client, author)
        client.post(f"{url(slip)}/solve")
        renamed(client, slip, ("Danke", "Erledigt", "Schluss für heute")[number], category="sell", price="20")
    with pytest.raises(NotPossible, match="3 davon"):
        make_offer(author, here, title="Winterjacke Größe XL neu", category="sell")
    make_offer(author, here, title="Stehlampe", category="sell")


def test_titles_mean_the_same_thing_whatever_their_order():
    assert is_alike("Kinderfahrrad, 20 Zoll", "20 Zoll Kinderfahrrad")
    assert not is_alike("Kinderfahrrad", "Kinderwagen") and not is_alike("Sofa", "Topf")
    assert is_same("Kinderfahrrad, 20 Zoll", "20 Zoll Kinderfahrrad")


OTHERS = (
    "Kinderfahrrad 16 Zoll/Kinderfahrrad 20 Zoll|Babykleidung Größe 56/Babykleidung Größe 62|Harry Potter Band 1/Harry Potter Band 2"
    "|Winterjacke Größe S neu/Winterjacke Größe XL neu|Regal 80x200/Regal 90x200|Babyjacke Gr.56/Babyjacke Gr.62"
)
AGAIN = "Bücherregal/Bücherregal 2|Bücherregal 25 €/Bücherregal 20 €|Topf, 1,5 l/Topf, 1.5 l|Stuhl 1 und 2/Stuhl 1 und 2 neu"


def test_another_size_or_volume_is_another_thing_and_still_of_the_same_kind():
    pairs = [[tuple(each.split("/")) for each in every.split("|")] for every in (OTHERS, AGAIN)]
    assert [pair for pair in pairs[0] if is_same(*pair) or not is_alike(*pair)] == []
    assert [pair for pair in pairs[1] if not is_same(*pair)] == []


def test_offers_fill_a_third_of_an_issue_at_most(here, author):
    for name in NAMES[:14]:
        make_offer(author, here, title=name)
    posts = {make_post(author, here).id for _each in range(6)}
    reader = make_person(here)
    with scope.use(viewer_of(reader, here)):
        since = id_at(clock.now() - timedelta(days=1))
        book = edition.book(here.id, 1, id_at(clock.now() + timedelta(days=1)), clock.now(), since)
        chosen = edition.choose(book, reader.id, since, includes_nearby=True)
    kinds = [entry.card.kind for entry in chosen.new]
    assert (kinds.count("offer"), kinds.count("post"), chosen.left_out) == (8, 6, 6)
    assert posts <= {entry.id for entry in chosen.new}
