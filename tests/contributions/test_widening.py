"""Next door only if nobody answers: by day, once, told to nobody twice, and its author's to stop."""

from __future__ import annotations

import threading
import uuid
from contextvars import Context
from datetime import UTC, datetime, timedelta

import pytest

import workers
from neighbour.contributions import service as contributions
from neighbour.contributions import solving, widening
from neighbour.contributions.models import Audience, Contribution
from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.core.jobs import Job
from neighbour.core.tokens import to_uid
from tests.digests.helpers import make_reader
from tests.factories import make_comment, make_move, make_person, make_post, make_quarter, sign_in, viewer_of

pytestmark = pytest.mark.usefixtures("context")
ASKED = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)  # a Tuesday, ten o'clock in Berlin
TOMORROW = ASKED + timedelta(days=1)
THURSDAY = datetime(2026, 5, 14, 5, 1, tzinfo=UTC)  # 07:01


@pytest.fixture
def reached(owner):
    """The quarters a contribution is shown in."""

    def reaching(key):
        return {row[0] for row in owner.execute("SELECT quarter_id FROM reach WHERE contribution_id = %s", [key])}

    return reaching


def write(client, owner, at=ASKED, **more):
    """Pin up through the composer; gives the id."""
    form = {
        "title": "Wer hat eine Leiter?",
        "body_md": "",
        "category": "question",
        "audience": "quarter",
        "hours": "24",
    }
    with clock.freeze(at):
        answer = client.post("/write", data={**form, "widens": "24", "form_key": str(uuid.uuid4()), **more})
    assert answer.status_code == 303, answer.text
    return owner.execute("SELECT id FROM contribution ORDER BY id DESC LIMIT 1").fetchone()[0]


def page(client, path, at):
    with clock.freeze(at):
        answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.get_data(as_text=True).split())


def test_it_goes_next_door_after_its_time_and_is_told_there_once(here, beside, asker, client, owner, knock, reached):
    home, near = make_reader(here), make_reader(beside)
    key = write(client, owner)
    shown = page(client, f"/c/{to_uid(key)}", ASKED + timedelta(hours=1))
    assert "Ab morgen, 10:00 Uhr auch in den Nachbarquartieren, falls niemand antwortet." in shown
    knock(TOMORROW - timedelta(minutes=1))
    assert reached(key) == {here.id}
    wednesday = knock(TOMORROW - timedelta(hours=3) + timedelta(minutes=1), Job.DIGESTS_OPEN)
    assert set(wednesday) == {home.email} and "Leiter" in wednesday[home.email]
    for _again in range(2):
        knock(TOMORROW)
    assert reached(key) == {here.id, beside.id}
    with clock.freeze(THURSDAY - timedelta(hours=12)):
        make_post(asker, here, title="Noch etwas", category="notice", audience=Audience.NEARBY)
    thursday = knock(THURSDAY, Job.DIGESTS_OPEN)
    assert thursday[near.email].count("Leiter") == 1
    assert thursday[home.email].partition("NOCH OHNE ANTWORT")[0].count("Leiter") == 0
    friday = knock(THURSDAY + timedelta(days=1), Job.DIGESTS_OPEN)
    assert friday == {}
    assert "Nachbarquartieren, seit: " in page(client, f"/c/{to_uid(key)}", THURSDAY)


def test_the_board_next_door_keeps_its_time_and_marks_it_as_new(here, beside, asker, client, owner, knock, visitor):
    key = write(client, owner)
    near, browser = make_person(beside), visitor()
    with clock.freeze(ASKED + timedelta(hours=2)):
        newer = make_post(make_person(beside), beside, title="Später geschrieben")
        sign_in(browser, near)
        browser.post("/board/read", data={"newest": to_uid(newer.id)})
    knock(TOMORROW)
    board = page(browser, "/board", TOMORROW + timedelta(minutes=1))
    assert board.index("Später geschrieben") < board.index("Leiter") and "gestern, 10:00" in board
    assert board.count("card--unread") == 1
    newest = board.partition('name="newest" value="')[2][:26]
    with clock.freeze(TOMORROW + timedelta(minutes=2)):
        browser.post("/board/read", data={"newest": newest})
    assert page(browser, "/board", TOMORROW + timedelta(minutes=3)).count("card--unread") == 0
    assert key


@pytest.mark.parametrize(
    ("asked", "widens"),
    [
        (ASKED + timedelta(hours=10), "08:00"),
        (ASKED - timedelta(hours=5), "08:00"),
        (ASKED + timedelta(hours=9), "19:00"),
    ],
)
def test_never_at_night(asked, widens, here, beside, asker, client, owner, knock, reached):
    with clock.freeze(asked):
        sign_in(client, asker)
    key = write(client, owner, at=asked)
    at = owner.execute("SELECT widens_at AT TIME ZONE 'Europe/Berlin' FROM widening").fetchone()[0]
    assert f"{at:%H:%M}" == widens and timedelta(hours=24) <= at.replace(tzinfo=UTC) - asked <= timedelta(hours=38)
    owner.execute("UPDATE widening SET widens_at = %s", [ASKED])
    knock(ASKED + timedelta(hours=10))  # 20:00
    knock(ASKED + timedelta(hours=21, minutes=59))  # 7:59
    assert reached(key) == {here.id}
    knock(ASKED + timedelta(hours=22))
    assert reached(key) == {here.id, beside.id}


def answered(key, asker, here):
    make_comment(make_person(here), here, db.session.get_one(Contribution, key))


def solved(key, asker, here):
    solving.solve(db.session.get_one(Contribution, key), True)


def taken_down(key, asker, here):
    contributions.withdraw(db.session.get_one(Contribution, key))


def stopped(key, asker, here):
    widening.stop(db.session.get_one(Contribution, key))


def moved(key, asker, here):
    make_move(asker, make_quarter("Gartenstadt"))


@pytest.mark.parametrize("change", [answered, solved, taken_down, stopped, moved])
def test_it_stays_where_it_is_once_it_is_over(change, here, beside, asker, client, owner, knock, reached):
    key = write(client, owner)
    with clock.freeze(TOMORROW - timedelta(minutes=1)), scope.use(viewer_of(asker, here)):
        if change in (answered, moved):
            change(key, asker, here)
        else:
            with atomic():
                change(key, asker, here)
    knock(TOMORROW)
    assert beside.id not in reached(key)
    assert owner.execute("SELECT count(*) FROM widening").fetchone() == (0,)


def test_its_author_asks_nearby_at_once_or_plans_it_later_and_nobody_else_does(
    here, beside, asker, client, owner, visitor, knock, reached
):
    near = make_reader(beside)
    key = write(client, owner, widens="0")
    path = f"/c/{to_uid(key)}"
    stranger = visitor()
    with clock.freeze(ASKED):
        sign_in(stranger, make_person(here))
        assert "Auch nebenan fragen?" in client.get(path).text and "nebenan fragen" not in stranger.get(path).text
        assert stranger.post(f"{path}/widen", data={"act": "now"}).status_code == 404
        assert client.post(f"{path}/widen", data={"act": "later"}).status_code == 303
        assert "Ab morgen, 10:00 Uhr" in client.get(path).text and "Ab morgen" not in stranger.get(path).text
        for _twice in range(2):
            assert client.post(f"{path}/widen", data={"act": "now"}).status_code == 303
        late = client.post(f"{path}/widen", data={"act": "stop"}, follow_redirects=True)
        assert "hängt schon in den Quartieren nebenan" in late.text
    assert reached(key) == {here.id, beside.id}
    with clock.freeze(ASKED + timedelta(minutes=5)):  # taken down by mistake and pinned up again
        client.post(f"{path}/withdraw")
        client.post(f"{path}/restore")
    assert set(knock(TOMORROW - timedelta(hours=2), Job.DIGESTS_OPEN)) == {near.email}
    knock(TOMORROW)
    assert owner.execute("SELECT count(*), count(since) FROM reach").fetchone() == (2, 1)


def test_knocks_at_the_same_time_widen_once_and_one_that_dies_has_done_nothing(
    app, here, beside, asker, client, owner, reached, monkeypatch
):
    key = write(client, owner)
    with clock.freeze(TOMORROW):
        with monkeypatch.context() as patched:
            patched.setattr(widening, "_DUE", db.text("SELECT widen_due(:at, :mark, :asking), 1 / 0"))
            with pytest.raises(Exception, match="zero"), scope.use(scope.NOBODY):
                widening.widen_due("Europe/Berlin")
        assert reached(key) == {here.id}
        widened = []
        each = lambda: widened.append(workers.perform(app, str(Job.CONTRIBUTIONS_WIDEN), []))  # noqa: E731
        threads = [threading.Thread(target=Context().run, args=(each,)) for _number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert reached(key) == {here.id, beside.id}
    assert owner.execute("SELECT version FROM contribution").fetchone() == (2,)


def test_who_reads_along_because_their_quarter_is_small_is_not_told_again(asker, here, client, owner, knock):
    small = make_quarter("Am Ufer", beside=here)
    owner.execute("UPDATE quarter SET opened_at = NULL WHERE id = %s", [small.id])
    reader = make_reader(small)
    write(client, owner)
    assert set(knock(TOMORROW - timedelta(hours=2), Job.DIGESTS_OPEN)) == {reader.email}
    knock(TOMORROW)
    assert knock(THURSDAY, Job.DIGESTS_OPEN) == {}
