"""One slip open in two windows: the older one puts nothing back without being told, and nothing typed is lost."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from neighbour.core.tokens import to_uid
from neighbour.offers.prices import Price
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in
from tests.offers.helpers import make_offer
from tests.support.composer import stood
from tests.support.photos import no_photos, photo, post, sheet

TYPED = {"kind": "post", "category": "question", "hours": "24", "audience": "quarter"}


@pytest.fixture
def here(context):
    with no_photos(context.app):
        yield make_quarter("Weberviertel")


@pytest.fixture
def author(here, client):
    person = make_person(here)
    sign_in(client, person)
    return person


def test_the_older_window_is_told_what_stands_there_now_and_saves_the_second_time(client, author, here, owner):
    slip = make_post(author, here, title="Wer hat eine Leiter?", body="Bis Freitag.")
    edit = f"/c/{to_uid(slip.id)}/edit"
    opened = stood(client.get(edit).text)
    newer = {
        **TYPED,
        "title": "Wer hat eine lange Leiter?",
        "body_md": "Bis Samstag.\n\nUnd <eine> Plane.",
        "stood": opened,
    }
    for _click in range(2):
        assert client.post(edit, data=newer).status_code == 303, "sent twice is no other window"
    older = {**TYPED, "title": "Wer hat eine Leiter?", "body_md": "Bis Sonntag.", "audience": "city", "stood": opened}
    late = client.post(edit, data=older)
    assert (
        late.status_code == 422
        and "Bis Sonntag." in late.text
        and "noch nichts gespeichert" in late.text
        and "nachdem du es hier ge" in late.text
    )
    assert re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", late.text) == [
        ("Überschrift", "Wer hat eine lange Leiter?"),
        ("Text", "Bis Samstag.\n\nUnd &lt;eine&gt; Plane."),
    ], "what nobody changed meanwhile is not said"
    assert stood(client.post(edit, data={**older, "title": ""}).text) == opened, "another mistake makes it no newer"
    assert stood(client.post(edit + "/photos", data=older).text) == opened, "nor does a look at its photos"
    assert owner.execute("SELECT title, audience FROM contribution").fetchone() == (newer["title"], "quarter")
    assert client.post(edit, data={**older, "stood": stood(late.text)}).status_code == 303
    assert owner.execute("SELECT title, body_md FROM contribution").fetchone() == (older["title"], older["body_md"])


def test_what_others_do_to_it_and_photos_of_another_window_make_no_form_old(client, author, here, owner):
    slip = make_post(author, here, title="Wer hat eine Leiter?", body="Bis Freitag.")
    edit = f"/c/{to_uid(slip.id)}/edit"
    opened = stood(client.get(edit).text)
    make_comment(make_person(here), here, slip)
    assert post(client, edit, photo(), title=slip.title, body_md="Bis Freitag.", stood=opened).status_code == 303
    assert owner.execute("SELECT version FROM contribution").fetchone() > (2,)
    assert post(client, edit, title=slip.title, body_md="Bis Sonntag.", stood=opened).status_code == 303
    assert len(sheet(client.get(edit))) == 1, "what hangs meanwhile stays"
    assert (
        client.post(edit, data={**TYPED, "title": slip.title, "body_md": "x", "stood": "Unsinn: title:1 :"}).status_code
        == 303
    )


@pytest.mark.parametrize("what", ["an alt text", "their order"])
def test_what_another_window_made_of_the_photos_is_asked_about(client, author, here, owner, what):
    slip = make_post(author, here, title="Wer hat eine Leiter?", body="Bis Freitag.")
    edit = f"/c/{to_uid(slip.id)}/edit"
    assert post(client, edit, photo(), photo("gold"), title=slip.title).status_code == 303
    one, two = sheet(client.get(edit))
    opened = stood(client.get(edit).text)
    newer = {"photos": (one, two), f"alt_{one}": "Die Leiter"} if what == "an alt text" else {"photos": (two, one)}
    assert post(client, edit, title=slip.title, stood=opened, **newer).status_code == 303
    hangs = "SELECT id, alt FROM photo ORDER BY position"
    stands, older = owner.execute(hangs).fetchall(), {"title": slip.title, "photos": (one, two)}
    late = post(client, edit, stood=opened, **older)
    assert late.status_code == 422 and "<dt>Fotos</dt>" in late.text and owner.execute(hangs).fetchall() == stands
    assert what == "their order" or "Die Leiter" in late.text
    assert post(client, edit, stood=stood(late.text), **older).status_code == 303


def test_an_answer_that_another_window_has_changed_is_asked_about(client, author, here):
    slip = make_post(author, here)
    edit = f"/c/{to_uid(slip.id)}/answer/{to_uid(make_comment(author, here, slip).id)}/edit"
    opened = stood(client.get(edit).text)
    for _click in range(2):
        assert client.post(edit, data={"body": "Fassung <B>", "stood": opened}).status_code == 303
    late = client.post(edit, data={"body": "Fassung A", "stood": opened})
    assert late.status_code == 422 and "Fassung &lt;B&gt;" in late.text and "Fassung A</textarea>" in late.text
    assert stood(client.post(edit, data={"body": "", "stood": opened}).text) == opened
    assert client.post(edit, data={"body": "Fassung A", "stood": stood(late.text)}).status_code == 303


def test_words_that_a_kind_writes_its_own_way_are_the_same_the_second_time(client, author, here):
    offer = make_offer(author, here, category="sell", title="Ein Rad", price=Price(3000))
    edit = f"/c/{to_uid(offer.id)}/edit"
    opened = stood(client.get(edit).text)
    sent = {
        "kind": "offer",
        "category": "sell",
        "title": "Ein Rad",
        "price": "25 Euro",
        "lend_days": "7",
        "audience": "quarter",
    }
    for _click in range(2):
        assert client.post(edit, data={**sent, "stood": opened}).status_code == 303
    late = client.post(edit, data={**sent, "price": "20", "stood": opened})
    assert late.status_code == 422 and "<dt>Preis</dt><dd>25" in late.text


def test_two_that_save_at_the_same_moment_do_not_both_believe_that_nobody_was_there(app, client, author, here, owner):
    slip = make_post(author, here, title="Wer hat eine Leiter?", body="")
    edit = f"/c/{to_uid(slip.id)}/edit"
    opened = stood(client.get(edit).text)
    windows = []
    for _window in range(4):
        windows.append(app.test_client())
        sign_in(windows[-1], author)

    def save(number):
        typed = {**TYPED, "title": f"Wort {number}", "stood": opened}
        return windows[number].post(edit, data=typed).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(save, range(4))) == [303, 422, 422, 422]
