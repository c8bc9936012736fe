"""What a reader does not want to hear of stays away from their board and mail, from nobody else's, and nobody can tell."""

from __future__ import annotations

import re
from threading import Barrier, Thread

import pytest

from neighbour.contributions import muting
from neighbour.contributions.models import Contribution, Mute
from neighbour.contributions.muting import What
from neighbour.contributions.service import NotPossible
from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.core.tokens import to_uid
from neighbour.digests import sending
from neighbour.digests import service as digests
from neighbour.notices import service as notices
from tests.digests.helpers import EVENING, MORNING, body, make_reader
from tests.factories import make_comment, make_listed, make_person, make_post, sign_in, viewer_of

pytestmark = pytest.mark.usefixtures("context")


def silence(client, post, what):
    answer = client.post(f"/c/{to_uid(post.id)}/mute", data={"what": what})
    assert answer.status_code == 303
    return answer


def board(client, query=""):
    return client.get("/board" + query).text


def test_a_neighbours_slips_stay_away_until_they_are_wanted_again(here, client, visitor):
    loud, quiet, reader, other = (make_person(here, name=name) for name in ("Lauter", "Leiser", "Anna", "Bea"))
    post = make_post(loud, here, title="Schon wieder ich")
    make_post(loud, here, title="Es brennt", category="urgent", expires_at=clock.now() + clock.timedelta(hours=6))
    asked = make_post(quiet, here, title="Wer hat eine Leiter")
    make_comment(loud, here, asked, "Ich habe eine.")
    for browser, person in ((client, reader), (beside := visitor(), other), (his := visitor(), loud)):
        sign_in(browser, person)
    before = board(his)
    silence(client, post, "author")
    seen = board(client)
    assert "Schon wieder ich" not in seen
    assert "Es brennt" in seen, "what is urgent is always shown"
    assert "Wer hat eine Leiter" in seen
    assert "Ich habe eine." in client.get(f"/c/{to_uid(asked.id)}").text, "a thread stays whole"
    assert client.get(f"/c/{to_uid(post.id)}").status_code == 200
    assert "Schon wieder ich" in board(beside)
    assert re.sub(r'name="csrf-token" content="[^"]+"|name="csrf_token" value="[^"]+"', "", board(his)) == re.sub(
        r'name="csrf-token" content="[^"]+"|name="csrf_token" value="[^"]+"', "", before
    )
    page = client.get("/me/silence").text
    assert "Was Lauter P. aushängt" in page
    for _time in range(2):
        assert client.post(re.search(r'action="(/me/silence/[^"]+)"', page)[1]).status_code == 303
    assert "Schon wieder ich" in board(client)


def test_a_kind_of_slip_stays_away_but_not_from_whoever_asks_for_it(here, client):
    author, reader = make_person(here), make_person(here)
    post = make_post(author, here, title="Noch eine Frage")
    make_post(author, here, title="Fundsache", category="lost_found")
    sign_in(client, reader)
    silence(client, post, "category")
    assert ("Noch eine Frage" in board(client), "Fundsache" in board(client)) == (False, True)
    assert "Noch eine Frage" in board(client, "?category=question")
    assert "Alles von dieser Art: Frage" in client.get("/me/silence").text


def test_the_digest_leaves_out_what_its_reader_silenced_and_comes_not_at_all_for_nothing_else(
    here, jobs, mailbox, client
):
    loud = make_person(here)
    readers = [make_reader(here, name=name) for name in ("Alle", "Ohne", "Nur")]
    with clock.freeze(EVENING):
        post = make_post(loud, here, title="Schon wieder ich")
        make_post(make_person(here), here, title="Fundsache", category="lost_found")
    for reader, whats in ((readers[1], ["author"]), (readers[2], ["author", "category"])):
        with scope.use(viewer_of(reader, here)), atomic():
            for what in whats:
                muting.mute(reader.id, db.session.get_one(Contribution, post.id), What(what))
    with scope.use(viewer_of(readers[2], here)), atomic():
        db.session.add(Mute(person_id=readers[2].id, category="lost_found"))
    with clock.freeze(MORNING):
        with scope.use(viewer_of(readers[2], here)):
            assert sending.preview(readers[2].id, client.application.extensions["config"]) is None
        digests.open_due("Europe/Berlin")
        jobs.run()
    said = {mail.recipients[0]: body(mail) for mail in mailbox.messages()}
    assert set(said) == {readers[0].email, readers[1].email}
    assert "Schon wieder ich" in said[readers[0].email]
    assert "Schon wieder ich" not in said[readers[1].email]
    assert "Fundsache" in said[readers[1].email]


def test_answers_in_a_silent_thread_bring_no_mail(here, client, visitor, jobs, mailbox):
    author, helper = make_person(here), make_person(here)
    with scope.use(scope.NOBODY), atomic():
        notices.begin_lists(author.id, here.id)
    silent, heard = (make_post(author, here, title=title) for title in ("Leise", "Laut"))
    with scope.use(viewer_of(author, here)), atomic():
        muting.mute(author.id, db.session.get_one(Contribution, silent.id), What.THREAD)
    sign_in(client, helper)
    for post in (silent, heard):
        assert client.post(f"/c/{to_uid(post.id)}/answer", data={"body": "Ich komme."}).status_code == 303
    jobs.run()
    assert [str(mail.message["Subject"]) for mail in mailbox.messages()] == [
        f"{helper.display_name} hat geantwortet: Laut"
    ]


def test_whoever_only_answers_is_silenced_at_an_answer_and_brings_no_mail_from_then_on(
    here, client, visitor, jobs, mailbox
):
    loud, quiet, reader = make_person(here, name="Lauter"), make_person(here, name="Leiser"), make_listed(here)
    post = make_post(reader, here, title="Leiter")
    make_comment(reader, here, post, "Sagt Bescheid")
    make_comment(loud, here, post, "Schon wieder")
    sign_in(client, reader)
    thread = f"/c/{to_uid(post.id)}"
    page = client.get(thread).text
    (silences,) = re.findall(rf'action="({thread}/answer/[^"]+/mute)"', page)
    assert "Von Lauter P. nichts mehr zeigen" in page
    assert client.post(silences.replace(silences.split("/")[-2], "a" * 26)).status_code == 404
    assert client.post(silences).status_code == 303
    page = client.get("/me/silence").text
    assert re.search(r'action="/me/silence/[^"?]+\?undo=1"', page)  # the way back of the toast brings no further one
    assert "Was Lauter P. aushängt und dir antwortet" in page
    for person, words in ((loud, "Und noch etwas"), (quiet, "Ich komme")):
        sign_in(browser := visitor(), person)
        assert browser.post(f"{thread}/answer", data={"body": words}).status_code == 303
    jobs.run()
    assert [str(mail.message["Subject"]) for mail in mailbox.messages()] == ["Leiser P. hat geantwortet: Leiter"]
    answers = client.get("/board/answers").text
    assert "Ich komme" in answers and "Und noch etwas" not in answers and "Schon wieder" not in answers
    assert "Und noch etwas" in client.get(thread).text, "a thread stays whole"


def test_what_cannot_be_silenced_says_so(here, client):
    author, reader = make_person(here), make_person(here)
    alarm = make_post(author, here, category="urgent", expires_at=clock.now() + clock.timedelta(hours=6))
    own = make_post(reader, here)
    sign_in(client, reader)
    silence(client, alarm, "category")
    assert "Dringendes sehen alle" in client.get(f"/c/{to_uid(alarm.id)}").text
    silence(client, own, "author")
    assert "Das geht hier nicht" in client.get(f"/c/{to_uid(own.id)}").text
    assert client.post(f"/c/{to_uid(alarm.id)}/mute", data={"what": "everything"}).status_code == 404
    assert "Du siehst alles" in client.get("/me/silence").text


def test_silencing_the_same_at_the_same_time_is_one_row_and_there_is_an_end(here, app, owner, monkeypatch):
    author, reader = make_person(here), make_person(here)
    posts = [make_post(author, here, category=category) for category in ("question", "notice")]
    start = Barrier(4)

    def press():
        with app.app_context(), scope.use(viewer_of(reader, here)):
            start.wait()
            with atomic():
                found.append(muting.mute(reader.id, db.session.get_one(Contribution, posts[0].id), What.AUTHOR))

    found: list = []
    threads = [Thread(target=press) for _press in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(found) == 4
    assert len(set(found)) == 1
    assert owner.execute("SELECT count(*) FROM mute").fetchone() == (1,)
    monkeypatch.setattr(muting, "MOST", 1)
    with scope.use(viewer_of(reader, here)), atomic(), pytest.raises(NotPossible):
        muting.mute(reader.id, db.session.get_one(Contribution, posts[1].id), What.CATEGORY)
