"""The search as its readers see it."""

from __future__ import annotations

import re
from html import unescape

import pytest

from neighbour.contributions.models import Audience
from neighbour.core import clock, scope
from neighbour.core.columns import new_id
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import atomic
from neighbour.core.tokens import to_uid
from neighbour.policy import Level
from neighbour.search import service
from tests.digests.helpers import make_reader
from tests.factories import make_comment, make_move, make_person, make_post, make_quarter, sign_in

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


def test_what_is_similar_is_told_where_something_is(client, here, author, reader):
    make_post(author, here, title="Rotes Klavier")
    alone = search(client, "rotes Klavier")
    assert titles(alone) == ["Rotes Klavier"] and "Ähnliches" not in alone
    for title in ("Klavier gestimmt", "Rotes Sofa"):
        make_post(author, here, title=title)
    both = search(client, "rotes Klavier")
    assert len(titles(both)) == 3 and "deshalb siehst du auch Ähnliches" in both


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
    assert titles(search(client, "Leiter", where=beside.slug)) == ["Leiter nebenan"]
    assert titles(search(client, "Leiter", order="newest"))[-1] == "Leiter alt"
    assert titles(search(client, "Leiter", kind="event")) == []
    assert client.post("/search", data={"words": "Leiter", "where": "q1"}).status_code == 422


def test_a_form_that_was_open_while_one_moved_asks_for_the_quarter_it_named_or_for_none(client, here, author, reader):
    """A saved search for a quarter that is no longer one's own says that it looks elsewhere."""
    there = make_quarter("Aalgasse")
    make_post(make_person(there), there, title="Leiter dort")
    assert 'value="' + here.slug + '"' in client.get("/search").text
    keep(client, search(client, "Leiter", where=here.slug))
    make_move(reader, there)
    sign_in(client, reader)
    assert client.post("/search", data={"words": "Leiter", "where": here.slug}).status_code == 422
    uid = re.search(r"/search/saved/(\w+)/look", client.get("/search/saved").text).group(1)
    again = client.get(client.post(f"/search/saved/{uid}/look").location).text
    assert titles(again) == ["Leiter dort"] and "gehört nicht mehr zu deinen" in again
    assert "gehört nicht mehr zu deinen" not in search(client, "Leiter", where=there.slug)
    assert "gehört nicht mehr zu deinen" not in search(client, "Leiter")


def test_pages_go_on_without_gaps_or_repeats_though_something_new_comes(client, here, author, reader):
    wanted = {make_post(author, here, title=f"Hammer Nummer {number}").title for number in range(45)}
    seen = titles(search(client, "Hammer"))
    make_post(author, here, title="Hammer ganz neu")
    for page in (2, 3):
        seen += titles(client.get(f"/search?page={page}").get_data(as_text=True))
    assert len(seen) == 45 and set(seen) == wanted
    assert client.get("/search?page=26").status_code == 404
    for strange in ("0", "x", "-1", "²", "00000199999999999999999", "0000019999"):
        assert client.get(f"/search?page={strange}").status_code == 404, strange


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
    assert client.post(f"/search/saved/{uid}/tell").location == "/search/saved"
    assert "gibt es nicht mehr" in client.get("/search/saved").text
    for _time in range(2):  # two clicks, and another window: back to the list, and back from there, said once
        assert client.post(f"/search/saved/{uid}/forget").location == "/search/saved"
    html = client.get("/search/saved").get_data(as_text=True)
    assert html.count("Rückgängig") == 1
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
        theirs, nobodys = (
            client.post(f"/search/saved/{each}/{act}", data={"tell": "0"}) for each in (uid, to_uid(new_id()))
        )
        assert theirs.location == nobodys.location == "/search/saved" and theirs.data == nobodys.data
        html = client.get("/search/saved").text
        assert html.count("Diese Suche gibt es nicht mehr.") == 2 and "Rückgängig" not in html
    assert "sagt dazu nichts" not in other.get("/search/saved").text
    assert "Sofa" in other.get("/search/saved").get_data(as_text=True)


def test_not_more_than_twenty_are_saved(client, here, reader):
    for number in range(21):
        keep(client, search(client, f"Wort{number}"))
    html = client.get("/search/saved").get_data(as_text=True)
    assert "schon zwanzig Suchen" in html
    assert html.count("/look") == 20


def test_each_of_the_last_few_comes_back_whatever_was_taken_away_after_it(client, here, reader, owner):
    for words in ("Sofa", "Klavier", "Leiter"):
        keep(client, search(client, words))
    before = owner.execute("SELECT * FROM saved_search ORDER BY id").fetchall()
    uids = re.findall(r"/search/saved/(\w+)/look", client.get("/search/saved").text)
    for uid in uids:
        client.post(f"/search/saved/{uid}/forget")
    for uid in (uids[1], to_uid(new_id()), uids[0], uids[2]):
        client.post(f"/search/saved/{uid}/restore")
    assert owner.execute("SELECT * FROM saved_search ORDER BY id").fetchall() == before


def test_the_way_back_has_room_in_a_cookie_whatever_is_looked_for(client, here, reader):
    """4096 bytes with name and attributes (RFC 6265, section 6.1): a browser forgets a larger one, and who is signed in."""
    for number in range(3):
        strange = "".join(chr(0x4E00 + (7919 * each + 1009 * number) % 20000) for each in range(200))
        keep(client, search(client, strange))
    for uid in re.findall(r"/search/saved/(\w+)/look", client.get("/search/saved").text):
        sent = client.post(f"/search/saved/{uid}/forget")
        assert max(len(each) for each in sent.headers.getlist("Set-Cookie")) < 2400
    assert client.get("/search/saved").status_code == 200


SAYS = {True: "Der Digest sagt dir Bescheid.", False: "Du bekommst gerade keinen Digest"}


def test_nobody_is_promised_a_digest_they_do_not_get(client, here, author, owner):
    reader = make_reader(here)
    sign_in(client, reader)
    today = clock.now().date()
    states = [
        (True, "UPDATE subscription SET is_on = true"),
        (False, "UPDATE subscription SET is_on = false"),
        (False, f"UPDATE subscription SET is_on = true, paused_until = '{today + clock.timedelta(days=9)}'"),
        (True, f"UPDATE subscription SET paused_until = '{today - clock.timedelta(days=2)}'"),
    ]
    for is_told, change in states:
        owner.execute(change)
        found = search(client, "Sofa")
        keep(client, found)
        saved = client.get("/search/saved").text
        toggled = client.get(client.post(f"/search/saved/{_uid(saved)}/tell", data={"tell": "1"}).location).text
        for html in (found, saved, toggled):
            assert (SAYS[False] in html) is not is_told, (change, html)
            assert ('href="/me/digest"' in html) is not is_told
        assert (SAYS[True] in saved) is is_told
        assert ("Dein Digest sagt dir, wenn etwas Neues passt." in saved + toggled) is is_told
    owner.execute(
        "INSERT INTO suppression (address_hash, reason, since) VALUES (%s, 'bounced', now())",
        [keyed_hash("suppression", reader.email.lower())],
    )
    assert SAYS[False] in client.get("/search/saved").text
    owner.execute("DELETE FROM suppression; DELETE FROM subscription")
    assert SAYS[False] in client.get("/search/saved").text


def _uid(html):
    return re.search(r"/search/saved/(\w+)/look", html).group(1)
