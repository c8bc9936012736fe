"""The board narrowed down: a kind, one of its categories, with or without nearby, page by page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from neighbour.contributions import kinds
from neighbour.contributions.models import Audience
from neighbour.core import clock
from tests.factories import make_event, make_person, make_post, make_quarter, make_signed_in
from tests.offers.helpers import make_offer

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def reader(here, client):
    return make_signed_in(client, here)


def titles(html):
    return re.findall(r'class="card__title" id="[^"]+"><a [^>]+>([^<]+)</a>', html.replace("\xad", ""))


def everything(client, path):
    """The titles of all pages from this one on, and the addresses of the pages."""
    seen, paths = [], []
    while path:
        paths.append(path)
        html = client.get(path).text
        seen += titles(html)
        more = re.search(r'feed__more"><a class="btn btn--paper" href="([^"]+)"', html)
        path = more[1].replace("&amp;", "&") if more else None
    return seen, paths


def chips(html, of="chips--row"):
    """(words, address, whether it is the one that is chosen) of each filter in a row."""
    row = re.search(rf'<ul class="[^"]*{of}.*?</ul>', html, re.DOTALL)
    links = re.findall(r"<a ([^>]*)>(.*?)</a>", row[0] if row else "", re.DOTALL)
    return [
        (
            re.sub(r"<[^>]+>", "", words).strip(),
            re.search(r'href="([^"]+)"', has)[1].replace("&amp;", "&"),
            "aria-current" in has,
        )
        for has, words in links
    ]


def test_kinds_come_first_and_the_categories_of_the_chosen_one_second(here, reader, client):
    first = client.get("/board").text
    assert [words for words, _url, _on in chips(first)] == [
        "Alles", "Beiträge", "Termine", "Angebote", "Antworten an mich", "Umgebung: an",
    ]  # fmt: skip
    assert "sub-filters" not in first, "one row as long as nothing is chosen"
    chosen = client.get("/board?kind=offer").text
    assert [words for words, _url, on in chips(chosen) if on] == ["Angebote"]
    assert [words for words, _url, _on in chips(chosen, "sub-filters")] == [
        "Alle", "Zu verschenken", "Zu verleihen", "Zu verkaufen", "Zu tauschen", "Gesucht",
    ]  # fmt: skip
    one = client.get("/board?category=lend").text
    assert [words for words, _url, on in chips(one) + chips(one, "sub-filters") if on] == ["Angebote", "Zu verleihen"]


def test_every_filter_leads_where_it_says_and_keeps_the_others(here, reader, client):
    own = client.get("/board?category=lend&own=1").text
    for words, url, _on in chips(own) + chips(own, "sub-filters"):
        assert client.get(url).status_code == 200, url
        assert ("own=1" in url) is (words not in ("Antworten an mich", "Umgebung: aus")), url
    assert {"/board?category=lend"} == {url for words, url, _on in chips(own) if words == "Umgebung: aus"} or (
        "kind=offer" in next(url for words, url, _on in chips(own) if words == "Umgebung: aus")
    )


def test_pages_of_a_kind_go_on_without_gaps_or_repeats_and_keep_the_filter(here, reader, client):
    authors = [make_person(here) for _each in range(3)]
    beside = make_quarter("Nebenan", beside=here)
    wanted = []
    for number in range(45):
        category = ("question", "notice", "lost_found")[number % 3]
        wanted.append(make_post(authors[number % 3], here, category=category).title)
        if number % 5 == 0:
            make_event(authors[0], here, clock.now().replace(tzinfo=None) + timedelta(days=40))
        if number % 9 == 0:
            make_offer(authors[number % 3], here)
    make_post(make_person(beside), beside, title="Von nebenan", audience=Audience.NEARBY)
    seen, paths = everything(client, "/board?kind=post&own=1")
    assert seen == wanted[::-1] and len(paths) == 3
    assert all("kind=post" in path and "own=1" in path for path in paths)
    seen, paths = everything(client, "/board?category=notice")
    assert seen == [title for number, title in enumerate(wanted) if number % 3 == 1][::-1]
    assert len(everything(client, "/board?kind=event")[0]) == 9
    assert everything(client, "/board?kind=post")[0][0] == "Von nebenan"


def test_what_is_silenced_stays_away_from_a_kind_but_not_from_its_own_category(here, reader, client):
    author = make_person(here)
    from neighbour.core.tokens import to_uid

    post = make_post(author, here, title="Noch eine Frage")
    make_post(author, here, title="Ein Hinweis", category="notice")
    client.post(f"/c/{to_uid(post.id)}/mute", data={"what": "category"})
    assert titles(client.get("/board?kind=post").text) == ["Ein Hinweis"]
    assert titles(client.get("/board?category=question").text) == ["Noch eine Frage"]


@pytest.mark.parametrize(
    "query", ["kind=nonsense", "category=nonsense", "kind=post&category=lend", "before=x", "kind=post&before=x"]
)
def test_what_there_is_not_is_not_found(reader, client, query):
    assert client.get(f"/board?{query}").status_code == 404


def test_an_empty_kind_says_so_and_leads_to_the_composer_of_that_kind(here, reader, client):
    html = client.get("/board?category=lend").text
    assert "Davon hat noch niemand etwas ausgehängt" in html
    write = re.search(r'href="(/write\?[^"]+)"', html)[1].replace("&amp;", "&")
    chosen = re.findall(r"<input[^>]* checked[^>]*>", client.get(write).text)
    assert any('name="category"' in each and 'value="lend"' in each for each in chosen), chosen


def test_no_two_kinds_have_a_category_in_common():
    keys = [key for kind in kinds.all_kinds() for key in kinds.keys_of(kind)]
    assert len(keys) == len(set(keys)) > 10
