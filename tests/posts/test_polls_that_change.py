"""A poll that its author changes while others have it open: nobody votes for what they have not read."""

from __future__ import annotations

import threading
from contextvars import Context

import pytest

from neighbour.core import clock, scope
from neighbour.core.db import atomic
from neighbour.posts import polls
from tests.factories import make_person, viewer_of
from tests.posts.conftest import NOW
from tests.posts.test_polls import FORM, POLL, counts, mark, page, vote, write

pytestmark = pytest.mark.usefixtures("context")


def change(browser, path, at=NOW, **poll):
    with clock.freeze(at):
        assert browser.post(f"{path}/edit", data={**FORM, **POLL, **poll}).status_code == 303


@pytest.mark.parametrize(
    ("turned", "kept"),
    [
        ({"poll_question": "Wann feiern wir nicht?"}, []),
        ({"poll_multiple": "y"}, []),
        ({"poll_1": "Freitag"}, []),
        ({"poll_1": "Freitag", "poll_2": "Samstag"}, ["2"]),
        ({"poll_4": ""}, ["1"]),
    ],
)
def test_a_vote_counts_for_nothing_that_its_voter_has_not_read(turned, kept, author, reads, owner):
    """The poll is changed while a page is open: it is shown again, with what was chosen if it stands there as it did."""
    path, voter = write(author, owner), reads()
    stood = mark(page(voter, path))
    change(author, path, **turned)
    again = vote(voter, path, "1", stood=stood)
    assert again.status_code == 422 and "nachdem du sie hier geöffnet hast" in again.text
    assert owner.execute("SELECT count(*) FROM poll_vote").fetchone() == (0,), "nor is the poll held as it is"
    fields = again.text.partition('id="poll"')[2].partition("</form>")[0].split("<label")
    assert [each.partition('value="')[2][0] for each in fields if " checked" in each] == kept
    assert vote(voter, path, "2", stood=mark(again.text)).status_code == 303
    assert counts(owner)[1] == 1


def test_a_page_that_says_nothing_of_what_it_showed_is_shown_anew(author, reads, owner):
    path, voter = write(author, owner), reads()
    assert vote(voter, path, "1", stood="").status_code == 422
    assert owner.execute("SELECT count(*) FROM poll_vote").fetchone() == (0,)


def test_a_poll_that_was_taken_off_meanwhile_is_said_to_be_gone(author, reads, owner):
    path, voter = write(author, owner), reads()
    stood = mark(page(voter, path))
    change(author, path, poll_question="", poll_1="", poll_2="", poll_4="")
    assert vote(voter, path, "1", stood=stood).status_code == 303
    assert "keine Umfrage mehr" in page(voter, path)


def test_what_changes_nothing_that_is_read_makes_no_vote_old(author, reads, owner):
    path, voter = write(author, owner), reads()
    stood = mark(page(voter, path))
    change(author, path, body_md="Bringt Stühle mit.")
    assert vote(voter, path, "1", stood=stood).status_code == 303
    assert counts(owner) == ((1, 0, 0), 1)


def test_a_vote_that_waits_for_the_change_of_its_poll_is_for_what_stands_there_then(app, author, owner, here):
    """Cast while its author's change is about to be kept: it waits for the new poll, finds it, and does not count for it."""
    assert write(author, owner)
    (poll_id,) = owner.execute("SELECT contribution_id FROM poll").fetchone()
    voter, said = make_person(here), []
    with clock.freeze(NOW), scope.use(viewer_of(voter, here)):
        stood = polls.show(poll_id, voter.id).mark

    def casts():
        with app.app_context(), clock.freeze(NOW), scope.use(viewer_of(voter, here)):
            try:
                with atomic():
                    polls.vote(poll_id, [1], stood)
            except polls.PollOvertaken as overtaken:
                said.append(overtaken.chosen)

    waiting = threading.Thread(target=Context().run, args=(casts,))
    with owner.transaction():
        owner.execute("CREATE TEMP TABLE was ON COMMIT DROP AS SELECT * FROM poll")
        owner.execute("DELETE FROM poll")
        owner.execute("UPDATE was SET question = 'Wo feiern wir?'")
        owner.execute("INSERT INTO poll SELECT * FROM was")
        owner.execute("INSERT INTO poll_option (contribution_id, position, label) VALUES (%s, 1, 'Im Hof')", [poll_id])
        waiting.start()
        while waiting.is_alive() and not owner.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            pass
        assert waiting.is_alive(), "it has waited for nobody"
    waiting.join()
    assert said == [()]
    assert owner.execute("SELECT count(*) FROM poll_vote").fetchone() == (0,)
