"""A poll in a post: everybody who has proven to live there once, changed until it closes, and nobody sees who."""

from __future__ import annotations

import threading
import uuid
from contextvars import Context
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.core.tokens import to_uid
from neighbour.mydata import erasing
from neighbour.policy import Level
from neighbour.posts import polls
from neighbour.posts.models import PollVote
from tests.digests.helpers import body, make_reader
from tests.factories import make_person, make_post, make_quarter, sign_in, viewer_of
from tests.posts.conftest import NOW

pytestmark = pytest.mark.usefixtures("context")
FORM = {"title": "Hoffest", "body_md": "", "category": "question", "audience": "quarter", "hours": "24", "widens": "0"}
POLL = {
    "poll_question": "Wann feiern wir?",
    "poll_1": "Samstag",
    "poll_2": "Sonntag",
    "poll_4": "Gar nicht",
    "poll_days": "3",
}


def write(browser, owner, **more):
    with clock.freeze(NOW):
        answer = browser.post("/write", data={**FORM, "form_key": str(uuid.uuid4()), **POLL, **more})
    assert answer.status_code == 303, answer.text
    (key,) = owner.execute("SELECT id FROM contribution WHERE title = %s", [more.get("title", "Hoffest")]).fetchone()
    return f"/c/{to_uid(key)}"


def vote(browser, path, *choice, at=NOW, stood=None):
    """stood: the mark of the page that was open; None: it was opened just now."""
    with clock.freeze(at):
        if stood is None:
            stood = mark(browser.get(path).text)
        return browser.post(f"{path}/vote", data={"choice": list(choice), "stood": stood})


def mark(page):
    return page.partition('name="stood" value="')[2].partition('"')[0]


def page(browser, path, at=NOW):
    with clock.freeze(at):
        answer = browser.get(path)
    assert answer.status_code == 200
    return " ".join(answer.get_data(as_text=True).split())


def counts(owner):
    votes = tuple(row[0] for row in owner.execute("SELECT votes FROM poll_option ORDER BY position"))
    return votes, owner.execute("SELECT voters FROM poll").fetchone()[0]


def test_one_votes_once_thinks_again_and_sees_the_result_only_then(author, reads, owner, here):
    path, one = write(author, owner), reads()
    before = page(one, path)
    assert "Umfrage, bis Freitag, 10:00" in before and "Das Ergebnis siehst du" in before and "<meter" not in before
    assert vote(one, path, "1").status_code == 303 and vote(one, path, "3").status_code == 303
    assert counts(owner) == ((0, 0, 1), 1)
    after = page(one, path)
    assert (
        after.count("<meter") == 3
        and "Gar nicht <strong>(deine Stimme)" in after
        and "1 von 1 hat das gewählt" in after
    )
    assert "<meter" not in page(reads(), path)
    for wrong in ((), ("1", "2"), ("9",), ("x",), ("-1",), ("1" * 30,)):
        vote(one, path, *wrong)
    assert counts(owner) == ((0, 0, 1), 1)
    late = NOW + timedelta(days=3)
    for browser in (one, author):
        with clock.freeze(late):
            sign_in(browser, browser.person)
    assert "Die Umfrage ist beendet." in (vote(one, path, "1", at=late), page(one, path, late))[1]
    assert counts(owner) == ((0, 0, 1), 1)
    assert "<meter" in page(author, path, late) and "Umfrage, beendet" in page(author, path, late)


def test_with_several_answers_each_counts_and_a_person_is_one(author, reads, owner):
    path, one, other = write(author, owner, poll_multiple="y"), reads(), reads()
    vote(one, path, "1", "2", "2")
    vote(other, path, "2")
    assert counts(owner) == ((1, 2, 0), 2)
    vote(one, path, "3")
    assert counts(owner) == ((0, 1, 1), 2)


def test_only_who_has_proven_to_live_where_it_hangs_votes(author, reads, owner, here, visitor):
    beside = make_quarter("Mühlgraben", beside=here)
    path = write(author, owner)
    vouched, suspended = reads(Level.VOUCHED), reads(status="suspended")
    for browser in (vouched, suspended):
        seen = page(browser, path)
        assert "Wann feiern wir?" in seen and 'name="choice"' not in seen and "nachgewiesen hier wohnt" in seen
        assert vote(browser, path, "1").status_code in (303, 403, 404)
    with scope.use(viewer_of(vouched.person, here)), atomic():  # nor past the page
        assert not polls.vote(owner.execute("SELECT contribution_id FROM poll").fetchone()[0], [1])
    assert vote(reads(home=beside), path, "1").status_code == 404
    vote(visitor(), path, "1")
    assert counts(owner) == ((0, 0, 0), 0)
    near = write(author, owner, title="Nebenan", audience="nearby")
    assert vote(reads(home=beside), near, "1").status_code == 303
    assert vote(author, f"/c/{to_uid(make_post(author.person, here).id)}", "1").status_code == 404, "there is no poll"


def test_nobody_reads_who_voted_for_what(author, reads, owner, here):
    path, one = write(author, owner), reads()
    vote(one, path, "1")
    for person in (author.person, make_person(here)):
        with scope.use(viewer_of(person, here)):
            assert db.session.scalars(select(PollVote)).all() == []
            with pytest.raises(Exception, match="permission denied"), atomic():
                db.session.execute(
                    text("INSERT INTO poll_vote SELECT contribution_id, 2, :p, now() FROM poll"), {"p": person.id}
                )
    with scope.use(viewer_of(one.person, here)):
        assert [each.position for each in db.session.scalars(select(PollVote))] == [1]


def test_fifty_voters_at_the_same_time_are_fifty(app, author, owner, here):
    key = write(author, owner)
    voters = [make_person(here) for _number in range(50)]
    (poll_id,) = owner.execute("SELECT contribution_id FROM poll").fetchone()
    assert key

    def cast(mine):
        with app.app_context():
            for number, person in mine:
                for position in (1, 1 + number % 2):  # twice, half of them think again
                    with scope.use(viewer_of(person, here)), atomic():
                        assert polls.vote(poll_id, [position])

    with clock.freeze(NOW):
        numbered = list(enumerate(voters))
        threads = [threading.Thread(target=Context().run, args=(cast, numbered[start::8])) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert counts(owner) == ((25, 25, 0), 50)


def test_votes_at_the_very_same_moment_wait_for_each_other(author, owner, here, raw):
    """Two transactions side by side, each for another option: with luck alone they would seldom meet."""
    with clock.freeze(NOW):
        assert write(author, owner)
    (poll_id,) = owner.execute("SELECT contribution_id FROM poll").fetchone()

    def begins():
        connection = raw()
        connection.execute("SELECT set_config('app.person', %s, true)", [str(make_person(here).id)])
        connection.execute("SELECT set_config('app.quarters', %s, true)", [f"{{{here.id}}}"])
        return connection

    def casts(connection, position):
        connection.execute("SELECT cast_vote(%s, ARRAY[%s], %s)", [poll_id, position, NOW])
        connection.commit()

    first, second = begins(), begins()
    first.execute("SELECT cast_vote(%s, ARRAY[1], %s)", [poll_id, NOW])
    waiting = threading.Thread(target=casts, args=(second, 2))
    waiting.start()
    while waiting.is_alive() and not owner.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
        pass
    assert waiting.is_alive(), "it has waited for nobody"
    first.commit()
    waiting.join()
    assert counts(owner) == ((1, 1, 0), 2)


def test_after_the_first_vote_nothing_of_it_changes(author, reads, owner):
    path = write(author, owner)
    form = {
        "title": "Hoffest",
        "body_md": "Neu",
        "category": "question",
        "audience": "quarter",
        "hours": "24",
        "widens": "0",
    }

    def change(**more):
        with clock.freeze(NOW):
            return author.post(f"{path}/edit", data={**form, **more}).status_code

    assert 'value="Samstag"' in page(author, f"{path}/edit")
    assert change(**POLL | {"poll_2": "Montag"}) == 303
    labels = "SELECT array_agg(label ORDER BY position) FROM poll_option"
    assert owner.execute(labels).fetchone() == (["Samstag", "Montag", "Gar nicht"],)
    vote(reads(), path, "2")
    assert change(**POLL) == 422 and change() == 303
    assert owner.execute(labels).fetchone() == (["Samstag", "Montag", "Gar nicht"],) and counts(owner) == ((0, 1, 0), 1)
    assert change(category="urgent") == 422, "and nothing urgent is voted on"
    with clock.freeze(NOW):
        mistaken = author.post(f"{path}/edit", data={**form, "title": ""}).text
    for frozen in (page(author, f"{path}/edit"), mistaken):
        assert "schon jemand abgestimmt" in frozen and 'name="poll_1"' not in frozen


def test_a_poll_is_open_as_long_as_its_author_chose_from_when_it_is_put_up(author, reads, owner):
    path = write(author, owner, title="Ein Fest", poll_question="", poll_1="", poll_2="", poll_4="")
    form = {
        "title": "Ein Fest",
        "body_md": "",
        "category": "question",
        "audience": "quarter",
        "hours": "24",
        "widens": "0",
    }
    later, reader = NOW + timedelta(days=11), reads()

    def change(at, **more):
        with clock.freeze(at):
            sign_in(author, author.person)
            assert author.post(f"{path}/edit", data={**form, **POLL, **more}).status_code == 303
        return owner.execute("SELECT closes_at FROM poll").fetchone()[0]

    assert change(later) == later + timedelta(days=3)
    with clock.freeze(later + timedelta(days=2)):
        assert '<option selected value="3">' in author.get(f"{path}/edit").text
    assert change(later + timedelta(days=2), body_md="Neu") == later + timedelta(days=3), "it says what it said"
    again = later + timedelta(days=5)
    assert change(again, poll_2="Montag") == again + timedelta(days=3), "it was put up anew"
    with clock.freeze(again):
        sign_in(reader, reader.person)
    assert vote(reader, path, "1", at=again + timedelta(hours=1)).status_code == 303
    assert counts(owner)[1] == 1


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"poll_2": "", "poll_4": ""}, "poll_1"),
        ({"poll_2": "Samstag"}, "poll_1"),
        ({"poll_question": ""}, "poll_question"),
        ({"category": "urgent"}, "poll_question"),
        ({"poll_1": "x" * 81}, "poll_1"),
        ({"poll_days": "31"}, "poll_days"),
    ],
)
def test_what_is_not_right_is_said_at_its_field_and_nothing_typed_is_lost(typed, field, author, owner):
    form = {
        "title": "Hoffest",
        "category": "question",
        "audience": "quarter",
        "hours": "24",
        "widens": "0",
        **POLL,
        **typed,
    }
    with clock.freeze(NOW):
        answer = author.post("/write", data=form)
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text and 'value="Hoffest"' in answer.text
    assert 'class="fold" open' in answer.text
    assert owner.execute("SELECT count(*) FROM contribution").fetchone() == (0,)


def test_a_vote_goes_with_the_person_and_the_poll_with_its_author(author, reads, owner, here):
    path, one, other = write(author, owner), reads(), reads()
    vote(one, path, "1")
    vote(other, path, "2")
    for leaver, left in ((one, ((0, 1, 0), 1)), (author, None)):
        erasure = erasing.begin(leaver.person.id, keeps_texts=True, grace=timedelta())
        with scope.use(scope.NOBODY):
            erasing.run(erasure.id)
        if left:
            assert counts(owner) == left
    assert owner.execute("SELECT count(*) FROM poll").fetchone() == (0,)


def test_an_issue_says_that_it_is_a_poll(author, owner, here, jobs, mailbox):
    reader = make_reader(here)
    path = write(author, owner)
    with clock.freeze(datetime(2026, 5, 13, 5, 1, tzinfo=UTC)):
        jobs.sent[:] = [("digests.open", [])]
        jobs.run()
    (mail,) = mailbox.messages()
    assert mail.recipients == (reader.email,)
    assert (
        "Umfrage, bis Freitag, 10:00" in mail.text and "Umfrage, bis Freitag, 10:00" in body(mail) and path in mail.text
    )


def test_the_same_form_sent_twice_is_one_poll(author, owner):
    key = str(uuid.uuid4())
    for _twice in range(2):
        write(author, owner, form_key=key)
    assert owner.execute("SELECT count(*) FROM poll_option").fetchone() == (3,)
