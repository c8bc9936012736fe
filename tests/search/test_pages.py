"""The search as its readers see it."""

from __future__ import annotations

import re
from html import unescape

import pytest

from neighbour.contributions.models import Audience
from neighbour.core import scope
from neighbour.core.db import atomic
from neighbour.policy import Level
from neighbour.search import service
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in

FOUND = re.compile(r"/search\?page=1&s=[a-z2-7]{12}")


def search(client, words, **fields):
    """The page with what is found."""
    sent = client.post("/search", data={"words": words, **fields})
    assert sent.status_code == 303 and FOUND.fullmatch(sent.location), (sent.status_code, sent.location)
    return client.get(sent.location).get_data(as_text=True)


def keep(client, html):
    """Press the button below what was found that saves the search."""
    form = re.search(r'action="/search/save".*?</form>', html, re.S).group()
    return client.post("/search/save", data=dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)))


def titles(html):
    found = re.findall(r'<h3 class="card__title"[^>]*><a[^>]*>(.*?)</a>', html)
    return [re.sub(r"<[^>]+>|&shy;", "", each) for each in found]


@pytest.fixture
def here(context):
    return make_quarter("Weberviertel")


@pytest.fixture
def author(here):
    return make_person(here, name="Rosi")


@pytest.fixture
def reader(here, client):
    person = make_person(here, name="Kim")
    sign_in(client, person)
    return person


def learn():
    with scope.use(scope.NOBODY), atomic():
        service.learn()


def test_what_is_typed_is_found_marked_and_in_no_address(client, here, author, reader):
    make_post(author, here, title="Kinderfahrrad zu verschenken", body="Mit Klingel & Korb, für die Ampel.")
    html = search(client, "Fahrräder")
    assert titles(html) == ["Kinderfahrrad zu verschenken"]
    assert "<mark>Kinderfahrrad</mark>" in html
    assert "<mark>Ampel</mark>" not in html
    assert "Gefunden zu „Fahrräder“" in html


def test_marks_leave_signs_and_tags_alone(client, here, author, reader):
    make_post(author, here, title="Ampere & Volt", body="Amp an der Lampe")
    html = search(client, "amp")
    assert "<mark>Amp</mark> an" in html
    assert "&amp;" in html and "&<mark>" not in html


def test_an_answer_leads_to_its_place_in_the_thread(client, here, author, reader):
    post = make_post(author, here, title="Wer hat Werkzeug?")
    make_comment(author, here, post, "Bei mir liegt eine Kneifzange im Keller.")
    html = search(client, "Kneifzange")
    assert titles(html) == ["Wer hat Werkzeug?"]
    assert re.search(r'href="/c/\w+#r-\w+">Aus einer Antwort</a>', html)
    assert "<mark>Kneifzange</mark>" in html


def test_a_place_further_down_in_a_long_text_is_shown(client, here, author, reader):
    make_post(
        author,
        here,
        title="Lange Geschichte",
        body="Blabla und noch mehr davon. " * 20 + "Am Ende ein Rhabarberkuchen.",
    )
    assert "Weiter unten" in search(client, "Rhabarber")


def test_typing_errors_are_forgiven_and_said(client, here, author, reader):
    make_post(author, here, title="Laubbläser am Morgen")
    learn()
    html = search(client, "Laubbleser")
    assert titles(html) == ["Laubbläser am Morgen"]
    assert "So geschrieben gibt es nichts" in html


def test_nothing_found_says_what_to_do_next(client, here, reader):
    html = search(client, "Zzyzx")
    assert "Nichts gefunden." in html and "Frag die Nachbarschaft" in html


def test_an_empty_box_is_told_at_the_field_and_finds_nobody(client, here, author, reader):
    sent = client.post("/search", data={"words": "  "})
    assert sent.status_code == 422
    assert "Schreib bitte, was du suchst." in sent.get_data(as_text=True)
    assert "Rosi" not in search(client, "--- …")


def test_what_narrows_it_down(client, here, author, reader, frozen_clock):
    beside = make_quarter("Mühlgraben", beside=here)
    make_post(author, here, title="Leiter alt", category="notice")
    frozen_clock.tick(10 * 86400)
    make_post(author, here, title="Leiter neu", category="question")
    make_post(make_person(beside), beside, title="Leiter nebenan", category="question", audience=Audience.NEARBY)
    with scope.use(scope.NOBODY):
        pass
    sign_in(client, reader)
    assert len(titles(search(client, "Leiter"))) == 3
    assert titles(search(client, "Leiter", kind="post:notice")) == ["Leiter alt"]
    assert set(titles(search(client, "Leiter", when="7"))) == {"Leiter neu", "Leiter nebenan"}
    assert titles(search(client, "Leiter", where="q1")) == ["Leiter nebenan"]
    assert titles(search(client, "Leiter", order="newest"))[-1] == "Leiter alt"
    assert titles(search(client, "Leiter", kind="event")) == []
    assert client.post("/search", data={"words": "Leiter", "where": "q7"}).status_code == 422


def test_pages_go_on_without_gaps_or_repeats_though_something_new_comes(client, here, author, reader):
    wanted = {make_post(author, here, title=f"Hammer Nummer {number}").title for number in range(45)}
    seen = titles(search(client, "Hammer"))
    make_post(author, here, title="Hammer ganz neu")
    for page in (2, 3):
        seen += titles(client.get(f"/search?page={page}").get_data(as_text=True))
    assert len(seen) == 45 and set(seen) == wanted
    assert client.get("/search?page=26").status_code == 404
    assert client.get("/search?page=x").status_code == 404


def test_each_tab_goes_on_with_its_own_search_until_too_much_else_is_looked_for(client, here, author, reader):
    for number in range(21):
        make_post(author, here, title=f"Hammer Nummer {number}")
    make_post(author, here, title="Klavier")
    first = search(client, "Hammer", kind="post")
    search(client, "Klavier")
    further = unescape(re.search(r'href="(/search\?page=2[^"]*)"', first).group(1))
    assert [title.split()[0] for title in titles(client.get(further).get_data(as_text=True))] == ["Hammer"]
    keep(client, first)
    assert re.findall(r"<strong>(\w+)</strong>", client.get("/search/saved").get_data(as_text=True)) == ["Hammer"]
    for number in range(3):
        search(client, f"Wort{number}")
    over = client.get(further).get_data(as_text=True)
    assert "Inzwischen hast du in diesem Browser anderes gesucht." in over and "Wort" not in over


def test_neighbours_are_found_by_the_name_they_show_and_by_nothing_else(client, here, reader):
    make_person(here, name="Annegret", last_name="Geheimnis", email="x1@geheim.example", email_key="x1@geheim.example")
    hidden = {"alias": "Protekta", "display_name": "Protekta", "name_nearby": "Protekta", "name_city": "Protekta"}
    make_person(here, name="Protekta", is_protected=True, is_listed=False, **hidden)
    make_person(here, name="Unlista", is_listed=False)
    make_person(here, name="Untena", level=Level.UNPROVEN)
    make_person(make_quarter("Fern"), name="Fernanda")
    assert "Annegret P." in search(client, "annegret")
    for words in ("Protekta", "Unlista", "Untena", "Fernanda", "Geheimnis", "geheim", "x1@geheim.example"):
        html = search(client, words)
        assert "wohnt in deinem Quartier" not in html, words


def test_whoever_is_only_vouched_for_reads_names_as_from_nearby(client, here, visitor):
    make_person(here, name="Offen", display_name="Offenherzig Lang", name_nearby="Offen L.")
    guest = visitor()
    sign_in(guest, make_person(here, level=Level.VOUCHED))
    html = search(guest, "Offen")
    assert "Offen L." in html and "Offenherzig" not in html
    assert "wohnt in deinem Quartier" not in search(guest, "Offenherzig")


def test_a_search_is_saved_once_told_of_or_not_and_taken_away_with_the_way_back(client, here, author, reader, owner):
    make_post(author, here, title="Rotes Sofa")
    found = search(client, "Sofa", kind="offer")
    for _time in range(2):
        assert keep(client, found).location == "/search/saved"
    html = client.get("/search/saved").get_data(as_text=True)
    assert html.count("<strong>Sofa</strong>") == 1
    uid = re.search(r"/search/saved/(\w+)/look", html).group(1)
    assert FOUND.fullmatch(client.post(f"/search/saved/{uid}/look").location)
    client.post(f"/search/saved/{uid}/tell", data={"tell": "0"})
    assert "Bescheid sagen" in client.get("/search/saved").get_data(as_text=True)
    before = owner.execute("SELECT * FROM saved_search").fetchall()
    client.post(f"/search/saved/{uid}/forget")
    html = client.get("/search/saved").get_data(as_text=True)
    assert "Noch nichts gemerkt." in html and "Rückgängig" in html
    assert client.post(f"/search/saved/{uid}/forget").status_code == 404
    for _time in range(2):
        client.post(re.search(r'action="(/search/saved/\w+/restore)"', html).group(1))
        assert owner.execute("SELECT * FROM saved_search").fetchall() == before
    assert "nicht mehr rückgängig machen" in client.get("/search/saved").get_data(as_text=True)


def test_what_somebody_else_saved_is_not_there(client, here, reader, visitor):
    other = visitor()
    sign_in(other, make_person(here))
    keep(other, search(other, "Sofa"))
    uid = re.search(r"/search/saved/(\w+)/look", other.get("/search/saved").get_data(as_text=True)).group(1)
    for act in ("look", "tell", "forget"):
        assert client.post(f"/search/saved/{uid}/{act}").status_code == 404
    assert "Sofa" in other.get("/search/saved").get_data(as_text=True)


def test_not_more_than_twenty_are_saved(client, here, reader):
    for number in range(21):
        keep(client, search(client, f"Wort{number}"))
    html = client.get("/search/saved").get_data(as_text=True)
    assert "schon zwanzig Suchen" in html
    assert html.count("/look") == 20
