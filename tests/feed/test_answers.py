"""Answers to oneself: what counts as one, in what order, what is new, and that nobody reads another's."""

from __future__ import annotations

import re

import pytest

from neighbour.contributions import muting, service
from neighbour.contributions.models import Comment, Contribution
from neighbour.contributions.muting import What
from neighbour.core import scope
from neighbour.core.db import atomic, db
from neighbour.core.tokens import to_uid
from neighbour.feed import answers
from tests.factories import (
    make_comment,
    make_move,
    make_person,
    make_post,
    make_quarter,
    make_signed_in,
    sign_in,
    viewer_of,
)

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def anna(here, client):
    return make_signed_in(client, here, name="Anna")


@pytest.fixture
def ben(here):
    return make_person(here, name="Ben")


def reply(author, here, parent, words):
    """A reply to an answer."""
    with scope.use(viewer_of(author, here)), atomic():
        slip = db.session.get_one(Contribution, parent.contribution_id, populate_existing=True)
        return service.comment(slip, author_id=author.id, body_md=words, parent_id=parent.id)


def heard(client, path="/board/answers"):
    """(words, why, whether it is new) of each answer on the page."""
    html = client.get(path).text
    cards = re.findall(r'<article class="card( card--unread)?".*?</article>', html, re.DOTALL)
    whole = re.findall(r"<article.*?</article>", html, re.DOTALL)
    words = [re.search(r'card__text"><p>(.*?)</p>', each)[1].replace("\xad", "") for each in whole]
    why = [re.search(r"(zu deinem Aushang|auf deine Antwort|nennt dich)", each)[1] for each in whole]
    return list(zip(words, why, [bool(each) for each in cards], strict=True))


def test_what_counts_is_under_my_slip_to_my_answer_after_it_and_by_my_name(here, anna, ben, client):
    cem = make_person(here, name="Cem")
    mine, his = make_post(anna, here, title="Leiter"), make_post(ben, here, title="Bohrer")
    make_comment(ben, here, mine, "Ich habe eine.")
    make_comment(cem, here, his, "Noch vor Anna.")  # she takes no part yet, but does later: her name counts
    hers = make_comment(anna, here, his, "Ich leihe dir meinen.")
    reply(ben, here, hers, "Danke dir!")
    reply(cem, here, hers, "Ich nähme ihn auch.")
    make_comment(cem, here, his, "Fragt mal im Baumarkt.")
    make_comment(cem, here, his, "Wie anna schon schrieb.")
    make_comment(cem, here, his, "Hannah weiß es auch nicht.")
    elsewhere = make_post(ben, here, title="Ohne sie")
    make_comment(cem, here, elsewhere, "Anna ist hier gar nicht dabei.")
    make_comment(anna, here, mine, "Von ihr selbst.")
    assert [(words, why) for words, why, _new in heard(client)] == [
        ("Wie anna schon schrieb.", "nennt dich"),
        ("Ich nähme ihn auch.", "auf deine Antwort"),
        ("Danke dir!", "auf deine Antwort"),
        ("Noch vor Anna.", "nennt dich"),
        ("Ich habe eine.", "zu deinem Aushang"),
    ]


def test_a_reply_that_stood_there_before_mine_is_no_answer_to_me(here, anna, ben, client):
    slip = make_post(make_person(here, name="Dora"), here)
    root = make_comment(ben, here, slip, "Wer kommt?")
    reply(make_person(here, name="Cem"), here, root, "Ich nicht.")
    reply(anna, here, root, "Ich schon.")
    reply(ben, here, root, "Schön.")
    assert [words for words, _why, _new in heard(client)] == ["Schön."]


@pytest.mark.parametrize("name", ["Li", "", "(", "A.*", "O'Neil"])
def test_a_name_that_is_short_or_strange_matches_nothing_it_should_not(here, ben, client, name):
    me = make_person(here, name=name or "X")
    with scope.use(viewer_of(me, here)):
        assert answers.page(me.id, name, answers.Reader()).answers == ()
    slip = make_post(ben, here)
    make_comment(me, here, slip, "Dabei.")
    make_comment(make_person(here, name="Cem"), here, slip, "Nichts von dir, Li ( A) nur Worte.")
    sign_in(client, me)
    assert heard(client) == []


def test_links_lead_to_the_answer_and_names_are_those_my_ring_sees(here, anna, ben, client):
    slip = make_post(anna, here, title="Leiter")
    answer = make_comment(ben, here, slip, "Ich habe eine.")
    html = client.get("/board/answers").text
    assert f'href="/c/{to_uid(slip.id)}#r-{to_uid(answer.id)}"' in html and "Ben P." in html
    make_move(ben, make_quarter("Anderswo"))
    html = client.get("/board/answers").text
    assert "Ben P." not in html and "Ich habe eine." in html


def test_new_is_new_until_it_was_read_and_an_old_tab_does_not_move_the_mark_back(here, anna, ben, client):
    slip = make_post(anna, here)
    first, second = (make_comment(ben, here, slip, words) for words in ("Eins.", "Zwei."))
    assert [new for *_rest, new in heard(client)] == [True, True]
    read = re.search(r'name="newest" value="(\w{26})"', client.get("/board/answers").text)[1]
    assert read == to_uid(second.id)
    for newest in (second, first):
        assert client.post("/board/answers/read", data={"newest": to_uid(newest.id)}).status_code == 303
    assert [new for *_rest, new in heard(client)] == [False, False]
    assert (
        "Alles gelesen" not in client.get("/board/answers").text
        and 'name="newest"' not in client.get("/board/answers").text
    )
    make_comment(ben, here, slip, "Drei.")
    assert [new for *_rest, new in heard(client)] == [True, False, False]
    assert client.post("/board/answers/read", data={"newest": "x"}).status_code == 404


def test_it_goes_on_page_by_page_without_gaps_or_repeats(here, anna, ben, client, count_queries):
    slip = make_post(anna, here)
    wanted = [f"Antwort {number}." for number in range(2 * answers.PAGE + 3)]
    for words in wanted:
        make_comment(ben, here, slip, words)
    seen, path = [], "/board/answers"
    client.get(path)
    with count_queries() as queries:
        client.get(path)
    assert len(queries) <= 6, queries
    while path:
        seen += [words for words, _why, _new in heard(client, path)]
        more = re.search(r'feed__more"><a class="btn btn--paper" href="([^"]+)"', client.get(path).text)
        path = more[1] if more else None
    assert seen == wanted[::-1]
    assert client.get("/board/answers?before=x").status_code == 404


def test_what_is_gone_silenced_or_not_mine_to_see_is_not_there(here, anna, ben, client, visitor, owner):
    slips = [make_post(anna, here, title=title) for title in ("Bleibt", "Still", "Weg", "Versteckt")]
    said = [make_comment(ben, here, slip, f"Zu {slip.title}.") for slip in slips]
    gone = make_comment(ben, here, slips[0], "Zurückgenommen.")
    with scope.use(viewer_of(anna, here)), atomic():
        muting.mute(anna.id, db.session.get_one(Contribution, slips[1].id), What.THREAD)
        service.withdraw(db.session.get_one(Contribution, slips[2].id))
    with scope.use(viewer_of(ben, here)), atomic():
        service.withdraw_comment(db.session.get_one(Comment, gone.id))
    owner.execute("UPDATE comment SET state = 'hidden' WHERE id = %s", [said[3].id])
    assert [words for words, _why, _new in heard(client)] == ["Zu Bleibt."]
    other = visitor()
    sign_in(other, make_person(here, name="Dora"))
    assert heard(other) == []
    other.post("/board/answers/read", data={"newest": to_uid(said[0].id)})
    assert heard(client)[0][2], "a mark is its reader's alone"


def test_nobody_sees_moves_or_forges_another_readers_mark(here, anna, ben, client, raw):
    slip = make_post(anna, here)
    answer = make_comment(ben, here, slip)
    client.post("/board/answers/read", data={"newest": to_uid(answer.id)})
    connection = raw()
    for person, seen in ((ben, 0), (anna, 1)):
        connection.execute("SELECT set_config('app.person', %s, false)", [str(person.id)])
        assert connection.execute("SELECT count(*) FROM answer_mark").fetchone()[0] == seen
