"""Double clicks, the browser's back button, and many at once: written once, and nothing written is lost."""

from __future__ import annotations

import threading
import uuid

import pytest

from neighbour.core.tokens import to_uid
from tests.factories import make_person, make_post, sign_in

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def browsers(here, visitor):
    """Six browsers, the same person signed in with each."""
    person, made = make_person(here), [visitor() for _ in range(6)]
    for browser in made:
        sign_in(browser, person)
    return made


@pytest.fixture
def asked(here):
    """A post of a neighbour."""
    return make_post(make_person(here), here)


def at_once(browsers, send):
    codes = []
    threads = [threading.Thread(target=lambda each=each: codes.append(send(each).status_code)) for each in browsers]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return set(codes)


def write(browser, key, title="Wer hat eine Leiter?"):
    form = {"title": title, "body_md": "", "category": "question", "audience": "quarter", "form_key": key}
    return browser.post("/write", data=form)


def answer(browser, post, key, body="Ich."):
    return browser.post(f"/c/{to_uid(post.id)}/answer", data={"body": body, "form_key": key})


def test_a_post_sent_many_times_at_once_is_pinned_up_once(browsers, owner):
    key = str(uuid.uuid4())
    assert at_once(browsers, lambda browser: write(browser, key)) == {303}
    assert owner.execute("SELECT count(*) FROM contribution").fetchone() == (1,)


def test_an_answer_sent_many_times_at_once_is_one_answer_and_one_mail(browsers, asked, owner, jobs):
    key = str(uuid.uuid4())
    assert at_once(browsers, lambda browser: answer(browser, asked, key)) == {303}
    assert owner.execute("SELECT count(*) FROM comment").fetchone() == (1,)
    assert owner.execute("SELECT count(*) FROM delivery").fetchone() == (1,)


def test_a_thank_you_said_many_times_at_once_is_one(browsers, asked, owner):
    assert at_once(browsers, lambda browser: browser.post(f"/c/{to_uid(asked.id)}/thank")) == {303}
    assert owner.execute("SELECT thanks_count FROM contribution").fetchone() == (1,)


def test_what_is_written_into_the_form_one_came_back_to_is_not_lost(browsers, asked, owner):
    key = str(uuid.uuid4())
    for body in ("Ich habe eine.", "Ich habe doch keine.", "Ich habe doch keine."):
        assert answer(browsers[0], asked, key, body).status_code == 303
    for title in ("Wer hat eine Leiter?", "Wer hat eine Bohrmaschine?", "Wer hat eine Leiter?"):
        assert write(browsers[0], key, title).status_code == 303
    assert owner.execute("SELECT count(*) FROM comment").fetchone() == (2,)
    assert owner.execute("SELECT count(*) FROM contribution").fetchone() == (3,)  # with the neighbour's


def test_the_number_of_somebody_elses_form_is_of_no_use(browsers, here, visitor, owner):
    key, other = str(uuid.uuid4()), visitor()
    sign_in(other, make_person(here))
    assert {write(browsers[0], key).status_code, write(other, key).status_code} == {303}
    assert owner.execute("SELECT count(DISTINCT author_id) FROM contribution").fetchone() == (2,)
