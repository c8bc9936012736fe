"""Whoever is answered hears of it, once, and nobody else does."""

from __future__ import annotations

import re

import pytest

from neighbour.contributions import service as contributions
from neighbour.contributions.models import Comment
from neighbour.core import scope
from neighbour.core.columns import new_id
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.tokens import to_uid
from neighbour.residency.models import Membership
from tests.factories import make_listed, make_person, make_post, make_quarter, sign_in, viewer_of

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def neighbour(here):
    """Makes neighbours who get mails."""

    def making(name):
        return make_listed(here, name=name)

    return making


@pytest.fixture
def answer(visitor):
    """Answers as this person through the page; gives the uid of the new comment."""

    def answering(person, post, body="Ich bringe meine Leiter mit.", **more):
        browser = visitor()
        sign_in(browser, person)
        data = {"body": body, "form_key": str(new_id()), **more}
        page = browser.post(f"/c/{to_uid(post.id)}/answer", data=data)
        assert page.status_code == 303, page.text
        return page.location.partition("#r-")[2]

    return answering


def recipients(mailbox):
    return sorted(mail.recipients[0] for mail in mailbox.messages())


def test_the_author_gets_a_mail_with_the_words_and_the_way_there(here, neighbour, answer, jobs, mailbox):
    author, helper = neighbour("Ayşe"), neighbour("Bernd")
    post = make_post(author, here, title="Wer hat eine Leiter?")
    uid = answer(helper, post)
    jobs.run()
    (mail,) = mailbox.messages()
    assert mail.recipients == (author.email,)
    assert mail.message["Subject"] == "Bernd P. hat geantwortet: Wer hat eine Leiter?"
    for part in (mail.text, mail.html):
        assert "Ich bringe meine Leiter mit." in part and f"/c/{to_uid(post.id)}#r-{uid}" in part


def test_a_reply_reaches_both_and_never_the_writer(here, neighbour, answer, jobs, mailbox):
    author, first, second = neighbour("Ayşe"), neighbour("Bernd"), neighbour("Cem")
    post = make_post(author, here)
    uid = answer(first, post)
    jobs.run()
    mailbox.clear()
    reply = answer(second, post, parent=uid)
    answer(author, post)
    jobs.run()
    assert recipients(mailbox) == sorted([author.email, first.email])
    mailbox.clear()
    answer(author, post, parent=reply)  # a reply of the row: whoever wrote it, too
    jobs.run()
    assert recipients(mailbox) == sorted([first.email, second.email])


def test_the_same_form_sent_twice_is_one_mail(here, neighbour, answer, jobs, mailbox):
    author, helper, key = neighbour("Ayşe"), neighbour("Bernd"), str(new_id())
    post = make_post(author, here)
    for _time in range(2):
        answer(helper, post, form_key=key)
    jobs.run()
    assert recipients(mailbox) == [author.email]


def test_an_answer_taken_down_in_the_meantime_is_not_sent(here, neighbour, answer, jobs, mailbox, owner):
    author, helper = neighbour("Ayşe"), neighbour("Bernd")
    post = make_post(author, here)
    answer(helper, post)
    with scope.use(viewer_of(helper, here)), atomic():
        contributions.withdraw_comment(db.session.query(Comment).one())
    jobs.run()
    assert mailbox.messages() == []
    assert owner.execute("SELECT state FROM delivery").fetchall() == [("skipped",)]


def test_whoever_has_moved_away_hears_nothing_more(here, neighbour, answer, jobs, mailbox):
    helper, mover = neighbour("Bernd"), neighbour("Dora")
    post = make_post(make_person(here), here)
    uid = answer(mover, post)
    elsewhere = make_quarter("Gartenstadt")
    with as_owner(), atomic():
        home = db.session.query(Membership).filter_by(person_id=mover.id).one()
        home.quarter_id = elsewhere.id
    answer(helper, post, parent=uid)
    jobs.run()
    assert recipients(mailbox) == []


def test_the_list_is_left_with_one_click_and_the_digest_stays(here, neighbour, answer, jobs, mailbox, visitor, owner):
    author, helper = neighbour("Ayşe"), neighbour("Bernd")
    post = make_post(author, here)
    answer(helper, post)
    jobs.run()
    (mail,) = mailbox.messages()
    assert mail.message["List-Id"] == "<answers.localhost>"
    path = re.fullmatch(r"<http://localhost(/\S+)>", mail.message["List-Unsubscribe"])[1]
    assert "Antworten an mich" in visitor().get(path, follow_redirects=True).text
    assert visitor().post(path, csrf=False).status_code == 200
    mailbox.clear()
    answer(helper, post)
    jobs.run()
    assert mailbox.messages() == []
    lists = owner.execute("SELECT list, is_on FROM subscription WHERE person_id = %s ORDER BY list", [author.id])
    assert lists.fetchall() == [("alerts", True), ("answers", False), ("digest", True), ("events", True)]


def test_lists_are_chosen_on_one_page(here, neighbour, client, owner):
    person = neighbour("Ayşe")
    sign_in(client, person)
    assert client.get("/me/mails").text.count("checked") == 4
    assert client.post("/me/mails", data={"digest": "y"}).status_code == 303
    assert client.get("/me/mails").text.count("checked") == 1
    lists = owner.execute("SELECT list FROM subscription WHERE is_on AND person_id = %s", [person.id]).fetchall()
    assert lists == [("digest",)]
