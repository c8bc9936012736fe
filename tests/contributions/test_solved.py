"""Solved, and thanks to whom: on the card, in the thread, by one mail – and all of it taken back by opening again."""

from __future__ import annotations

import re

import pytest

from neighbour.contributions.models import Audience
from neighbour.core import scope
from neighbour.core.db import as_owner, atomic
from neighbour.core.tokens import to_uid
from neighbour.notices import service as notices
from neighbour.policy import Level
from tests.factories import make_comment, make_move, make_person, make_post, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def quarter():
    return make_quarter("Weberviertel")


@pytest.fixture
def author(quarter, client):
    person = make_person(quarter, name="Ayşe")
    sign_in(client, person)
    return person


@pytest.fixture
def helper(quarter):
    """Somebody who gets mails about answers; shows the full name in the own quarter, first name and initial nearby."""
    person = make_person(quarter, name="Hannelore", display_name="Hannelore Probe", name_nearby="Hannelore P.")
    with scope.use(scope.NOBODY), atomic():
        notices.begin_lists(person.id, quarter.id)
    return person


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


def here(post):
    return f"/c/{to_uid(post.id)}"


def say(client, post, *answers, words=""):
    data = {"answers": [to_uid(each.id) for each in answers], "words": words}
    return client.post(f"{here(post)}/helped", data=data)


def helped(owner):
    return {row[0] for row in owner.execute("SELECT comment_id FROM helped")}


def test_several_answers_and_a_word_are_thanked_on_the_card_and_in_the_thread(
    quarter, author, helper, client, read, owner
):
    post = make_post(author, quarter, category="help_wanted")
    first, second = make_comment(helper, quarter, post, "Ich komme."), make_comment(author, quarter, post, "Prima.")
    third = make_comment(make_person(quarter, name="Bernd"), quarter, post, "Ich auch.")
    client.post(f"{here(post)}/solve")
    page = client.get(here(post)).get_data(as_text=True)
    assert 'id="helped" open' in page and page.count('name="answers"') == 2, "one's own answer is none to thank for"
    assert say(client, post, first, third, words="Danke an alle im Hinterhaus").status_code == 303
    assert helped(owner) == {first.id, third.id}
    thanks = "Gelöst – danke an Hannelore Probe, Bernd P. und Danke an alle im Hinterhaus"
    for path in ("/board", "/board", here(post)):  # the second time the slip is a kept one
        assert thanks in read(make_person(quarter), path)
    assert read(helper, here(post)).count("comment--answer") == 2
    assert say(client, post, third).status_code == 303
    after = read(make_person(quarter), "/board")
    assert "danke an Bernd P." in after and "Hannelore Probe" not in after and "Hinterhaus" not in after
    assert say(client, post, second).status_code == 422 and helped(owner) == {third.id}


def test_opening_again_takes_it_all_back(quarter, author, helper, client, read, owner):
    post = make_post(author, quarter)
    answer = make_comment(helper, quarter, post)
    client.post(f"{here(post)}/solve?by={to_uid(answer.id)}")
    say(client, post, answer, words="Herrn Sommer")
    client.post(f"{here(post)}/solve", data={"open": "1"})
    assert helped(owner) == set()
    assert owner.execute("SELECT solved_at, solved_word FROM contribution").fetchone() == (None, "")
    assert "danke an" not in read(helper, "/board")
    assert say(client, post, answer).status_code == 303 and helped(owner) == set(), "from a tab of before"


def test_names_are_those_the_readers_ring_sees(quarter, author, helper, client, read):
    beside = make_quarter("Mühlgraben", beside=quarter)
    post = make_post(author, quarter, audience=Audience.NEARBY)
    neighbours = make_person(beside, name="Cem", display_name="Cem Probe", name_nearby="")
    for person, home in ((helper, quarter), (neighbours, beside)):
        client.post(f"{here(post)}/solve?by={to_uid(make_comment(person, home, post).id)}")
    for path in ("/board", here(post)):
        own = read(make_person(quarter), path)
        assert "danke an Hannelore Probe und jemanden aus dem Quartier Mühlgraben" in own
        for far in (make_person(beside), make_person(quarter, level=Level.VOUCHED)):
            page = read(far, path)
            assert "danke an Hannelore P. und jemanden" in page and "Hannelore Probe" not in page, path


def change_name(owner, helper, quarter):
    owner.execute("UPDATE person SET display_name = 'Die vom Eck' WHERE id = %s", [helper.id])


def move_away(owner, helper, quarter):
    make_move(helper, make_quarter("Gartenstadt"))


def take_it_down(owner, helper, quarter):
    owner.execute("UPDATE comment SET state = 'withdrawn'")


def redraw(owner, helper, quarter):
    beside = make_quarter("Mühlgraben", beside=quarter)
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
def test_a_kept_card_follows_whoever_helped(quarter, author, helper, client, read, owner, change, said):
    post = make_post(author, quarter)
    client.post(f"{here(post)}/solve?by={to_uid(make_comment(helper, quarter, post).id)}")
    reader = make_person(quarter)
    assert "danke an Hannelore Probe" in read(reader, "/board")
    change(owner, helper, quarter)
    after = read(reader, "/board")
    assert "Hannelore Probe" not in after and (said in after if said else "danke an" not in after)


def test_whoever_helped_gets_one_mail_however_often_it_is_solved(quarter, author, helper, client, jobs, mailbox, owner):
    post = make_post(author, quarter, title="Wer hat eine Leiter?")
    answer, other = make_comment(helper, quarter, post, "Ich bringe sie."), make_comment(helper, quarter, post, "Gern.")
    for by in (answer, other):
        client.post(f"{here(post)}/solve?by={to_uid(by.id)}")
    client.post(f"{here(post)}/solve", data={"open": "1"})
    client.post(f"{here(post)}/solve?by={to_uid(answer.id)}")
    jobs.run()
    (mail,) = mailbox.messages()
    assert mail.recipients == (helper.email,) and mail.message["List-Id"] == "<answers.localhost>"
    assert mail.message["Subject"] == "Deine Antwort hat geholfen: Wer hat eine Leiter?"
    for part in (mail.text, mail.html):
        assert (
            "Ayşe P. sagt danke" in part and "Ich bringe sie." in part and f"{here(post)}#r-{to_uid(answer.id)}" in part
        )


@pytest.mark.parametrize("change", ["open", "unsubscribe"])
def test_no_mail_where_it_was_taken_back_or_is_not_wanted(
    change, quarter, author, helper, client, jobs, mailbox, owner
):
    post = make_post(author, quarter)
    client.post(f"{here(post)}/solve?by={to_uid(make_comment(helper, quarter, post).id)}")
    if change == "open":
        client.post(f"{here(post)}/solve", data={"open": "1"})
    else:
        owner.execute("UPDATE subscription SET is_on = false WHERE list = 'answers'")
    jobs.run()
    assert mailbox.messages() == []
    assert owner.execute("SELECT state FROM delivery").fetchall() == [("skipped",)]


def test_only_the_author_says_who_helped_and_only_somebody_who_may_write_puts_it_in_words(
    quarter, author, helper, client, visitor, owner
):
    post, other = make_post(author, quarter), make_post(author, quarter)
    answer, elsewhere = make_comment(helper, quarter, post), make_comment(helper, quarter, other)
    own = make_comment(author, quarter, post)
    client.post(f"{here(post)}/solve")
    stranger = visitor()
    sign_in(stranger, helper)
    assert say(stranger, post, answer).status_code == 404
    assert stranger.post(f"{here(post)}/solve?by={to_uid(answer.id)}").status_code == 404
    assert [client.post(f"{here(post)}/solve?by={to_uid(each.id)}").status_code for each in (elsewhere, own)] == [
        404
    ] * 2
    assert say(client, post, elsewhere).status_code == 422 and helped(owner) == set()
    long = say(client, post, words="x" * 121)
    assert long.status_code == 422 and "x" * 121 in long.text and re.search(r'id="words-error"', long.text)
    with as_owner(), atomic() as session:
        session.merge(author).status = "suspended"
    assert say(client, post, words="Herrn Sommer").status_code == 404
    assert say(client, post, answer).status_code == 303 and helped(owner) == {answer.id}
