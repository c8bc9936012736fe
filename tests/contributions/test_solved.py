"""Solved, and thanks to whom: on the card, in the thread, by one mail – and all of it taken back by opening again."""

from __future__ import annotations

import re

import pytest

from neighbour.contributions.models import Audience
from neighbour.core.db import as_owner, atomic
from neighbour.core.tokens import to_uid
from neighbour.policy import Level
from tests.factories import (
    make_comment,
    make_listed,
    make_move,
    make_person,
    make_post,
    make_quarter,
    make_signed_in,
    sign_in,
)

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def author(here, client):
    return make_signed_in(client, here, name="Ayşe")


@pytest.fixture
def helper(here):
    """Somebody who gets mails about answers; shows the full name in the own quarter, first name and initial nearby."""
    return make_listed(here, name="Hannelore", display_name="Hannelore Probe", name_nearby="Hannelore P.")


@pytest.fixture
def read(visitor):
    """Reads a page as somebody, with its white space folded."""

    def reading(person, path):
        browser = visitor()
        sign_in(browser, person)
        answer = browser.get(path)
        assert answer.status_code == 200
        return " ".join(answer.get_data(as_text=True).split())

    return reading


def page_of(post):
    return f"/c/{to_uid(post.id)}"


def say(client, post, *answers, words=""):
    data = {"answers": [to_uid(each.id) for each in answers], "words": words}
    return client.post(f"{page_of(post)}/helped", data=data)


def helped(owner):
    return {row[0] for row in owner.execute("SELECT comment_id FROM helped")}


def test_several_answers_and_a_word_are_thanked_on_the_card_and_in_the_thread(
    here, author, helper, client, read, owner
):
    post = make_post(author, here, category="help_wanted")
    first, second = make_comment(helper, here, post, "Ich komme."), make_comment(author, here, post, "Prima.")
    third = make_comment(make_person(here, name="Bernd"), here, post, "Ich auch.")
    client.post(f"{page_of(post)}/solve")
    page = client.get(page_of(post)).get_data(as_text=True)
    assert 'id="helped" open' in page and page.count('name="answers"') == 2, "one's own answer is none to thank for"
    assert say(client, post, first, third, words="Danke an alle im Hinterhaus").status_code == 303
    assert helped(owner) == {first.id, third.id}
    thanks = "Gelöst – danke an Hannelore Probe, Bernd P. und Danke an alle im Hinterhaus"
    for path in ("/board", "/board", page_of(post)):  # the second time the slip is a kept one
        assert thanks in read(make_person(here), path)
    assert read(helper, page_of(post)).count("comment--answer") == 2
    assert say(client, post, third).status_code == 303
    after = read(make_person(here), "/board")
    assert "danke an Bernd P." in after and "Hannelore Probe" not in after and "Hinterhaus" not in after
    assert say(client, post, second).status_code == 422 and helped(owner) == {third.id}


def test_opening_again_takes_it_all_back(here, author, helper, client, read, owner):
    post = make_post(author, here)
    answer = make_comment(helper, here, post)
    client.post(f"{page_of(post)}/solve?by={to_uid(answer.id)}")
    say(client, post, answer, words="Herrn Sommer")
    client.post(f"{page_of(post)}/solve", data={"open": "1"})
    assert helped(owner) == set()
    assert owner.execute("SELECT solved_at, solved_word FROM contribution").fetchone() == (None, "")
    assert "danke an" not in read(helper, "/board")
    assert say(client, post, answer).status_code == 303 and helped(owner) == set(), "from a tab of before"


def test_names_are_those_the_readers_ring_sees(here, author, helper, client, read):
    beside = make_quarter("Mühlgraben", beside=here)
    post = make_post(author, here, audience=Audience.NEARBY)
    neighbours = make_person(beside, name="Cem", display_name="Cem Probe", name_nearby="")
    for person, home in ((helper, here), (neighbours, beside)):
        client.post(f"{page_of(post)}/solve?by={to_uid(make_comment(person, home, post).id)}")
    for path in ("/board", page_of(post)):
        own = read(make_person(here), path)
        assert "danke an Hannelore Probe und jemanden aus dem Quartier Mühlgraben" in own
        for far in (make_person(beside), make_person(here, level=Level.VOUCHED)):
            page = read(far, path)
            assert "danke an Hannelore P. und jemanden" in page and "Hannelore Probe" not in page, path


def change_name(owner, helper, here):
    owner.execute("UPDATE person SET display_name = 'Die vom Eck' WHERE id = %s", [helper.id])


def move_away(owner, helper, here):
    make_move(helper, make_quarter("Gartenstadt"))


def take_it_down(owner, helper, here):
    owner.execute("UPDATE comment SET state = 'withdrawn'")


def redraw(owner, helper, here):
    beside = make_quarter("Mühlgraben", beside=here)
    owner.execute("UPDATE membership SET quarter_id = %s WHERE person_id = %s", [beside.id, helper.id])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_name, "danke an Die vom Eck"),
        (move_away, "danke an jemanden, der früher hier gewohnt hat"),
        (take_it_down, ""),
        (redraw, "danke an Hannelore P."),
    ],
)
def test_a_kept_card_follows_whoever_helped(here, author, helper, client, read, owner, change, said):
    post = make_post(author, here)
    client.post(f"{page_of(post)}/solve?by={to_uid(make_comment(helper, here, post).id)}")
    reader = make_person(here)
    assert "danke an Hannelore Probe" in read(reader, "/board")
    change(owner, helper, here)
    after = read(reader, "/board")
    assert "Hannelore Probe" not in after and (said in after if said else "danke an" not in after)


def test_whoever_helped_gets_one_mail_however_often_it_is_solved(here, author, helper, client, jobs, mailbox, owner):
    post = make_post(author, here, title="Wer hat eine Leiter?")
    answer, other = make_comment(helper, here, post, "Ich bringe sie."), make_comment(helper, here, post, "Gern.")
    for by in (answer, other):
        client.post(f"{page_of(post)}/solve?by={to_uid(by.id)}")
    client.post(f"{page_of(post)}/solve", data={"open": "1"})
    client.post(f"{page_of(post)}/solve?by={to_uid(answer.id)}")
    jobs.run()
    (mail,) = mailbox.messages()
    assert mail.recipients == (helper.email,) and mail.message["List-Id"] == "<answers.localhost>"
    assert mail.message["Subject"] == "Deine Antwort hat geholfen: Wer hat eine Leiter?"
    for part in (mail.text, mail.html):
        assert (
            "Ayşe P. sagt danke" in part
            and "Ich bringe sie." in part
            and f"{page_of(post)}#r-{to_uid(answer.id)}" in part
        )


@pytest.mark.parametrize("change", ["open", "unsubscribe"])
def test_no_mail_where_it_was_taken_back_or_is_not_wanted(change, here, author, helper, client, jobs, mailbox, owner):
    post = make_post(author, here)
    client.post(f"{page_of(post)}/solve?by={to_uid(make_comment(helper, here, post).id)}")
    if change == "open":
        client.post(f"{page_of(post)}/solve", data={"open": "1"})
    else:
        owner.execute("UPDATE subscription SET is_on = false WHERE list = 'answers'")
    jobs.run()
    assert mailbox.messages() == []
    assert owner.execute("SELECT state FROM delivery").fetchall() == [("skipped",)]


def test_only_the_author_says_who_helped_and_only_somebody_who_may_write_puts_it_in_words(
    here, author, helper, client, visitor, owner
):
    post, other = make_post(author, here), make_post(author, here)
    answer, elsewhere = make_comment(helper, here, post), make_comment(helper, here, other)
    own = make_comment(author, here, post)
    client.post(f"{page_of(post)}/solve")
    stranger = visitor()
    sign_in(stranger, helper)
    assert say(stranger, post, answer).status_code == 404
    assert stranger.post(f"{page_of(post)}/solve?by={to_uid(answer.id)}").status_code == 404
    assert [client.post(f"{page_of(post)}/solve?by={to_uid(each.id)}").status_code for each in (elsewhere, own)] == [
        404
    ] * 2
    assert say(client, post, elsewhere).status_code == 422 and helped(owner) == set()
    long = say(client, post, words="x" * 121)
    assert long.status_code == 422 and "x" * 121 in long.text and re.search(r'id="words-error"', long.text)
    with as_owner(), atomic() as session:
        session.merge(author).status = "suspended"
    assert say(client, post, words="Herrn Sommer").status_code == 404
    assert say(client, post, answer).status_code == 303 and helped(owner) == {answer.id}
