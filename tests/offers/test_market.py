"""The market: newest first, every offer once, filtered, through the wall, and with few questions to the database."""

from __future__ import annotations

import re

import pytest

from neighbour.contributions.models import Audience
from neighbour.offers import market
from neighbour.offers.models import Category
from tests.factories import make_person, make_post, make_quarter, sign_in
from tests.offers.helpers import make_ask, make_offer, promise

pytestmark = pytest.mark.usefixtures("context")


def titles(page):
    return re.findall(r'class="tile__title"><a href="/c/\w{26}">([^<]+)</a>', page.replace("\xad", ""))


def test_each_offer_stands_there_once_newest_first_page_by_page_with_few_questions(here, client, count_queries):
    authors = [make_person(here) for _each in range(3)]
    made = []
    for number in range(market.PAGE + 6):
        category = list(Category)[number % 5]
        made.append(make_offer(authors[number % 3], here, category=category).title)
    make_post(authors[0], here, title="Kein Angebot")
    sign_in(client, make_person(here))
    client.get("/market")
    with count_queries() as queries:
        first = client.get("/market").text
    assert len(queries) <= 6, queries
    older = re.search(r'href="(/market\?[^"]+)" hx-get', first)[1].replace("&amp;", "&")
    more = client.get(older, headers={"HX-Request": "true"}).text
    assert titles(first) + titles(more) == made[::-1] and "<h1" not in more and "hx-get" not in more
    assert "Kein Angebot" not in first + more
    for number, key in enumerate(Category):
        assert titles(client.get(f"/market?category={key}").text) == made[number::5][::-1]
    assert [client.get(f"/market?{bad}").status_code for bad in ("category=urgent", "before=x")] == [404, 404]


def test_still_there_and_nearby_filter_and_no_quarter_sees_anothers(here, client, owner):
    beside, away = make_quarter("Nebenan", beside=here), make_quarter("Anderswo")
    author = make_person(here)
    free, asked, promised, gone = (make_offer(author, here, title=name) for name in ("Tisch", "Stuhl", "Lampe", "Sofa"))
    for offer in (asked, promised):
        ask = make_ask(make_person(here), here, offer)
    promise(author, here, promised, ask)
    owner.execute("UPDATE contribution SET solved_at = now() WHERE id = %s", [gone.id])
    make_offer(make_person(beside), beside, title="Von nebenan", audience=Audience.NEARBY)
    make_offer(make_person(beside), beside, title="Nur drüben")
    make_offer(make_person(away), away, title="Weit weg")
    sign_in(client, make_person(here))
    assert titles(client.get("/market").text) == ["Von nebenan", "Sofa", "Lampe", "Stuhl", "Tisch"]
    assert titles(client.get("/market?there=1").text) == ["Von nebenan", "Stuhl", "Tisch"]
    assert titles(client.get("/market?there=1&own=1").text) == ["Stuhl", "Tisch"] and free.title
    assert titles(client.get("/market?category=swap").text) == []
    nothing = client.get("/market?category=swap").text
    assert "So etwas bietet gerade niemand an." in nothing and "Alles zeigen" in nothing
