"""``neighbour board``: what must not stay is taken down by whoever runs the instance."""

from __future__ import annotations

import pytest

from neighbour.contributions.cli import board
from neighbour.core.tokens import to_uid
from tests.factories import make_comment, make_person, make_post, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def run(operate):
    return lambda *words: operate(board, *words)


def test_a_hidden_slip_is_gone_for_everybody_but_its_author_and_can_come_back(run, client, visitor, owner):
    quarter = make_quarter("Weberviertel")
    author, reader = make_person(quarter), visitor()
    post = make_post(author, quarter, title="Hetze")
    sign_in(reader, make_person(quarter))
    sign_in(client, author)
    address = f"https://nachbar.example/c/{to_uid(post.id)}"
    done = run("hide", address)
    assert done.exit_code == 0 and author.email in done.output
    assert "Hetze" not in reader.get("/board").text and reader.get(f"/c/{to_uid(post.id)}").status_code == 404
    assert "Das ist ausgeblendet" in client.get(f"/c/{to_uid(post.id)}").text
    client.post(f"/c/{to_uid(post.id)}/restore")
    assert owner.execute("SELECT state FROM contribution").fetchone() == ("hidden",), "the author cannot bring it back"
    assert "it is hidden, not published" in run("hide", address).output
    assert run("show", address).exit_code == 0
    assert "Hetze" in reader.get("/board").text


def test_a_hidden_answer_keeps_its_place_while_replies_hang_on_it(run, client, owner):
    quarter = make_quarter("Weberviertel")
    author = make_person(quarter)
    post = make_post(author, quarter)
    answer = make_comment(author, quarter, post, "Böse Worte.")
    sign_in(client, make_person(quarter))
    page = f"/c/{to_uid(post.id)}"
    client.post(f"{page}/answer", data={"body": "Lass das.", "parent": to_uid(answer.id)})
    assert run("hide", f"http://localhost{page}#r-{to_uid(answer.id)}").exit_code == 0
    text = client.get(page).text
    assert "Böse Worte." not in text and "Vom Betreiber abgenommen." in text and "Lass das." in text
    assert owner.execute("SELECT comment_count FROM contribution").fetchone() == (1,)


@pytest.mark.parametrize("address", ["", "https://nachbar.example/", "/c/" + "a" * 26])
def test_an_address_where_nothing_hangs_says_so(run, address):
    done = run("hide", address)
    assert done.exit_code != 0 and "nothing is pinned up" in done.output
