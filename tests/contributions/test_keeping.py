"""What a reader finds again: slips they saved, and the threads they take part in. Nobody else sees either."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from neighbour.contributions import keeping
from neighbour.contributions import service as contributions
from neighbour.contributions.models import Contribution
from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.core.tokens import to_uid
from neighbour.policy import Level
from tests.factories import make_comment, make_move, make_person, make_post, make_quarter, sign_in, viewer_of

pytestmark = pytest.mark.usefixtures("context")


def titles(client, path):
    """The titles of the slips on a page, in order."""
    page = client.get(path)
    assert page.status_code == 200, path
    return re.findall(r'class="card__title" id="[^"]+"><a [^>]+>([^<]+)</a>', page.text)


def taken_down(author, quarter, post):
    with scope.use(viewer_of(author, quarter)), atomic():
        contributions.withdraw(db.session.get_one(Contribution, post.id))


def test_saving_twice_keeps_once_and_letting_go_is_possible_whatever_came_between(client, owner):
    here = make_quarter()
    author, reader = make_person(here), make_person(here)
    first, second = (make_post(author, here, title=title) for title in ("Leiter", "Bohrer"))
    sign_in(client, reader)
    for post in (first, second, first):
        assert client.post(f"/c/{to_uid(post.id)}/keep", data={"keep": "1"}).status_code == 303
    assert titles(client, "/me/kept") == ["Bohrer", "Leiter"]
    assert "Nicht mehr merken" in client.get(f"/c/{to_uid(first.id)}").text
    for _time in range(2):
        client.post(f"/c/{to_uid(second.id)}/keep", data={"keep": "0"})
    assert titles(client, "/me/kept") == ["Leiter"]
    taken_down(author, here, first)
    assert titles(client, "/me/kept") == []
    assert owner.execute("SELECT count(*) FROM bookmark").fetchone() == (1,), "it may be pinned up again"


def test_nobody_sees_what_others_saved_and_nobody_saves_what_they_cannot_see(client, visitor, owner):
    here, there = make_quarter(), make_quarter()
    post = make_post(make_person(here), here, title="Leiter")
    reader, other, stranger = make_person(here), make_person(here), make_person(there)
    sign_in(client, reader)
    client.post(f"/c/{to_uid(post.id)}/keep", data={"keep": "1"})
    sign_in(beside := visitor(), other)
    assert titles(beside, "/me/kept") == []
    sign_in(far := visitor(), stranger)
    assert far.post(f"/c/{to_uid(post.id)}/keep", data={"keep": "1"}).status_code == 404
    assert owner.execute("SELECT person_id FROM bookmark").fetchall() == [(reader.id,)]
    make_move(reader, there, level=Level.UNPROVEN)
    assert titles(client, "/me/kept") == [], "whoever moves away reads there no more"


def test_my_threads_are_those_i_began_or_wrote_in_the_last_answered_first(client, visitor):
    here = make_quarter()
    me, other = make_person(here), make_person(here)
    with clock.freeze(clock.now() - timedelta(days=3)):
        mine, answered, foreign = (
            make_post(author, here, title=title)
            for author, title in ((me, "Meine Frage"), (other, "Fremde Frage"), (other, "Ohne mich"))
        )
        make_comment(other, here, foreign)
        said = make_comment(me, here, answered)
    with clock.freeze(clock.now() - timedelta(days=2)):
        make_comment(other, here, mine)
        make_comment(other, here, mine)
    sign_in(client, me)
    assert titles(client, "/me/threads") == ["Meine Frage", "Fremde Frage"]
    make_comment(other, here, answered)
    assert titles(client, "/me/threads") == ["Fremde Frage", "Meine Frage"]
    with scope.use(viewer_of(me, here)), atomic():
        contributions.withdraw_comment(db.session.merge(said, load=False))
    assert titles(client, "/me/threads") == ["Meine Frage"]
    sign_in(nobody := visitor(), make_person(here))
    assert titles(nobody, "/me/threads") == []


def test_lists_go_on_page_by_page_and_end(client, monkeypatch):
    here = make_quarter()
    me = make_person(here)
    monkeypatch.setattr(keeping, "PAGE", 2)
    for number in range(5):
        make_post(me, here, title=f"Zettel {number}")
    sign_in(client, me)
    pages = [titles(client, f"/me/threads?page={page}") for page in (1, 2, 3, 4)]
    assert pages == [["Zettel 4", "Zettel 3"], ["Zettel 2", "Zettel 1"], ["Zettel 0"], []]
    assert "page=3" in client.get("/me/threads?page=2").text
    for strange in ("0", "-1", "x", "²", "9" * 30, "501"):
        assert client.get(f"/me/threads?page={strange}").status_code == 404, strange
