"""What a kind adds to a card stands on the board, on its page and in the digest, and whatever changes it is seen at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, update

from neighbour.contributions import kinds
from neighbour.contributions.details import Detail, Fact, Ribbon
from neighbour.contributions.models import Contribution
from neighbour.core import clock, i18n, scope
from neighbour.core.columns import id_at
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.i18n import gettext as _
from neighbour.core.tokens import to_uid
from neighbour.digests import edition, portions
from neighbour.posts.models import Post
from tests.factories import make_person, make_post, make_quarter, sign_in, viewer_of


class Sunday(Detail):
    """What a kind with a day, a place and a state would say."""

    facts = (Fact("map-pin", "Brunnenplatz"),)
    leaf = date(2026, 12, 6)

    @property
    def ribbon(self) -> Ribbon:
        return Ribbon(_("Urgent"), "urgent")


@pytest.fixture
def asked(monkeypatch):
    """Posts with details; how often, and for which, they were fetched."""
    found = []

    def details(ids):
        found.append(list(ids))
        return dict.fromkeys(ids, Sunday())

    kind = replace(kinds.get("post"), details=details)
    monkeypatch.setitem(kinds._kinds, "post", kind)
    return found


def test_what_a_kind_adds_is_on_the_board_fetched_for_all_cards_at_once(context, client, asked):
    here = make_quarter()
    author, reader = make_person(here), make_person(here)
    posts = {make_post(author, here).id for _ in range(3)}
    sign_in(client, reader)
    board = client.get("/board").get_data(as_text=True)
    assert [set(ids) for ids in asked] == [posts]
    assert board.count("Brunnenplatz") == board.count('class="tag tag--urgent"') == board.count("2026-12-06") == 3
    client.get("/board")
    assert len(asked) == 1, "kept with the card"
    with as_owner(), atomic():
        db.session.execute(update(Post).where(Post.id.in_(posts)).values(alerted_at=clock.now()))
        assert db.session.scalars(select(Contribution.version).where(Contribution.id.in_(posts))).all() == [2, 2, 2]
    client.get("/board")
    assert [set(ids) for ids in asked] == [posts, posts], "what the kind keeps in its own table is a part of the card"


def test_the_digest_says_it_in_both_forms_and_the_readers_language(context, asked):
    here = make_quarter()
    author, reader = make_person(here), make_person(here)
    make_post(author, here, title="Hofkonzert")
    with scope.use(viewer_of(reader, here)), i18n.speaking("en"):
        cut, at = edition.now_cut()
        book = edition.book(here.id, 1, id_at(clock.now().replace(year=2100)), at, id_at(at.replace(year=2000)))
        chosen = edition.choose(book, reader.id, id_at(at.replace(year=2000)), includes_nearby=True)
        pieces = {language: portions.items(chosen, language, is_proven=True)[-1] for language in ("de", "en")}
    assert cut is not None
    for language, state in (("de", b"Dringend"), ("en", b"Urgent")):
        for form in (pieces[language].text, pieces[language].html):
            assert b"Hofkonzert" in form
            assert b"Brunnenplatz" in form
            assert state in form


def test_its_page_has_room_for_what_the_kind_does(context, client, app, monkeypatch):
    here = make_quarter()
    author, reader = make_person(here), make_person(here, name="Hanne")
    post = make_post(author, here, title="Hofkonzert")
    said = lambda contribution, who: {"guest": f"{contribution.title} für {who.display_name}"}  # noqa: E731
    monkeypatch.setitem(
        kinds._kinds, "post", replace(kinds.get("post"), page=app.jinja_env.from_string("{{ guest }}"), page_data=said)
    )
    for person, state, shown in ((reader, "published", True), (author, "withdrawn", False)):
        with as_owner(), atomic():
            db.session.execute(update(Contribution).where(Contribution.id == post.id).values(state=state))
        sign_in(client, person)
        page = client.get(f"/c/{to_uid(post.id)}").get_data(as_text=True)
        assert (f"Hofkonzert für {person.display_name}" in page) is shown
