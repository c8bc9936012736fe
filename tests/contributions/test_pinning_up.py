"""The way of a post: composed, pinned up, answered, thanked, changed, solved – by its pages."""

from __future__ import annotations

import re
import uuid

import pytest

from neighbour.contributions.models import Audience
from neighbour.core.tokens import to_uid
from neighbour.policy import Level
from tests.factories import make_comment, make_person, make_post, make_quarter, make_signed_in, sign_in

TEXT = "Am Freitag, **bitte**."


@pytest.fixture
def author(here, client):
    return make_signed_in(client, here)


def fields(**given):
    usual = {"kind": "post", "category": "question", "title": "Wer hat eine Leiter?", "body_md": TEXT, "hours": "24"}
    return {**usual, "audience": "quarter", "form_key": str(uuid.uuid4()), **given}


def page(client, path, status=200):
    response = client.get(path)
    assert response.status_code == status, response.status_code
    return response.get_data(as_text=True)


def pinned_up(owner):
    return owner.execute("SELECT title, category, audience, body_html FROM contribution ORDER BY id").fetchall()


def test_what_is_written_hangs_on_the_board(client, author, owner):
    response = client.post("/write", data=fields())
    assert (response.status_code, response.location) == (303, "/board")
    assert pinned_up(owner) == [
        ("Wer hat eine Leiter?", "question", "quarter", "<p>Am Freitag, <strong>bitte</strong>.</p>")
    ]
    html = page(client, "/board")
    assert "Ausgehängt." in html and "Am Freitag, bitte." in html


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 141}, "title"),
        ({"body_md": "x" * 8001}, "body_md"),
        ({"category": "sale"}, "category"),
        ({"audience": "world"}, "audience"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(client, author, owner, wrong, field):
    response = client.post("/write", data=fields(**wrong))
    html = response.get_data(as_text=True)
    assert (response.status_code, pinned_up(owner)) == (422, [])
    assert re.search(rf'href="#{field}', html), "the list of errors leads to the field"
    assert wrong.get("body_md", TEXT) in html
    if "title" not in wrong:
        assert "Wer hat eine Leiter?" in html


def test_the_vouched_may_answer_but_not_pin_up(client, here, owner):
    person = make_person(here, level=Level.VOUCHED)
    sign_in(client, person)
    post = make_post(make_person(here), here)
    refused = client.post("/write", data=fields())
    assert (refused.status_code, refused.location) == (303, "/waiting")
    assert "Zum Aushängen brauchst du noch einen Nachweis" in page(client, "/waiting")
    assert [title for title, *_rest in pinned_up(owner)] == [post.title]
    assert client.post(f"/c/{to_uid(post.id)}/answer", data={"body": "Ich!"}).status_code == 303
    assert "Ich!" in page(client, f"/c/{to_uid(post.id)}")


def test_a_reply_to_a_reply_hangs_one_level_deep(client, author, here, owner, neighbour):
    post = make_post(author, here)
    first = make_comment(neighbour.person, here, post, "Ich habe eine.")
    path = f"/c/{to_uid(post.id)}/answer"
    client.post(path, data={"body": "Wie lang?", "parent": to_uid(first.id)})
    (reply,) = owner.execute("SELECT id FROM comment WHERE body_md = 'Wie lang?'").fetchone()
    neighbour.post(path, data={"body": "Drei Meter.", "parent": to_uid(reply)})
    parents = owner.execute("SELECT parent_id FROM comment WHERE parent_id IS NOT NULL").fetchall()
    assert parents == [(first.id,), (first.id,)]
    assert owner.execute("SELECT comment_count FROM contribution").fetchone() == (3,)


def test_who_answers_a_reply_is_told_whom(client, author, here, neighbour):
    post = make_post(author, here)
    make_comment(author, here, post, "Nachtrag.")
    first = make_comment(author, here, post, "Ich frage noch.")
    client.post(f"/c/{to_uid(post.id)}/answer", data={"body": "Danke.", "parent": to_uid(first.id)})
    links = re.findall(rf"/c/{to_uid(post.id)}\?to=[a-z2-7]{{26}}", page(neighbour, f"/c/{to_uid(post.id)}"))
    assert len(links) == 3
    for link in links:
        assert f"Du antwortest {author.display_name}" in page(neighbour, link)


def test_an_answer_to_an_answer_elsewhere_is_refused_with_the_words_kept(client, author, here, owner):
    here, elsewhere = make_post(author, here), make_post(author, here)
    there = make_comment(author, here, elsewhere)
    response = client.post(f"/c/{to_uid(here.id)}/answer", data={"body": "Verirrt", "parent": to_uid(there.id)})
    assert response.status_code == 422 and "Verirrt" in response.get_data(as_text=True)
    assert owner.execute("SELECT count(*) FROM comment").fetchone() == (1,)


def test_thanks_are_counted_once_and_can_be_taken_back(author, here, owner, neighbour, client):
    post = make_post(author, here)
    path = f"/c/{to_uid(post.id)}/thank"
    for thank, count in (("1", 1), ("1", 1), ("0", 0), ("0", 0), ("1", 1)):
        assert neighbour.post(path, data={"thank": thank}).status_code == 303
        assert owner.execute("SELECT thanks_count FROM contribution").fetchone() == (count,)
    assert client.post(path, data={"thank": "1"}).status_code == 404, "nobody thanks themselves"


def test_a_change_keeps_the_wording_before(client, author, here, neighbour):
    post = make_post(author, here, title="Wer hat eine Leiter", body="Für Freitag.")
    uid = to_uid(post.id)
    assert "Für Freitag." in page(client, f"/c/{uid}/edit")
    changed = fields(title="Wer hat eine lange Leiter?", body_md="Für Samstag.", audience="nearby")
    assert client.post(f"/c/{uid}/edit", data=changed).status_code == 303
    html = page(neighbour, f"/c/{uid}")
    assert "Für Samstag." in html and "Für Freitag." not in html and f"/c/{uid}/history" in html
    assert "Für Freitag." in page(neighbour, f"/c/{uid}/history")


def test_a_wording_from_before_stays_with_those_it_was_written_for(client, author, here, neighbour, visitor):
    post, next_door = make_post(author, here, title="Feier", body="Bei uns, Spulengasse."), visitor()
    uid = to_uid(post.id)
    sign_in(next_door, make_person(make_quarter("Mühlgraben", beside=here)))
    for words, audience in (("Bei uns.", "nearby"), ("Kommt!", "nearby")):
        changed = fields(title="Feier", body_md=words, audience=audience)
        assert client.post(f"/c/{uid}/edit", data=changed).status_code == 303
    for browser in (client, neighbour):
        assert "Spulengasse" in page(browser, f"/c/{uid}/history")
    assert "Bei uns." in page(next_door, f"/c/{uid}/history")
    assert "Spulengasse" not in page(next_door, f"/c/{uid}/history")


def test_an_answer_can_be_taken_down_by_who_wrote_it_and_leaves_its_place(author, here, neighbour, client, owner):
    post = make_post(author, here)
    answer = make_comment(neighbour.person, here, post, "Doch nicht.")
    path = f"/c/{to_uid(post.id)}/answer/{to_uid(answer.id)}/withdraw"
    assert client.post(path).status_code == 404
    assert neighbour.post(path).status_code == 303
    assert "Doch nicht." not in page(client, f"/c/{to_uid(post.id)}")
    assert owner.execute("SELECT state, body_md, body_html FROM comment").fetchone() == ("withdrawn", "", "")
    assert owner.execute("SELECT comment_count FROM contribution").fetchone() == (0,)


def test_reach_is_said_before_it_is_chosen(client, author, here):
    assert "weniger als 5 Haushalte" in page(client, "/write/reach?audience=quarter")
    beside = make_quarter(beside=here)
    for home in (here, beside) * 5:
        make_person(home)
    assert "ca. 5 von 1.200 Haushalten" in page(client, "/write/reach?audience=quarter")
    assert "ca. 10 von 2.400 Haushalten" in page(client, "/write/reach?audience=nearby")


def test_the_menu_of_ones_own_slip_works_on_the_board(client, author, here, owner):
    post = make_post(author, here, audience=Audience.QUARTER)
    for _warm in range(2):  # the second time the slip is a kept one
        html = page(client, "/board")
        assert f'form="act" formaction="/c/{to_uid(post.id)}/withdraw"' in html
    assert client.post(f"/c/{to_uid(post.id)}/withdraw").status_code == 303
    assert owner.execute("SELECT state FROM contribution").fetchone() == ("withdrawn",)
