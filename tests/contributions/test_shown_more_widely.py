"""What its author shows more widely later is new where it was not, and told to nobody twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from neighbour.contributions.models import Audience
from neighbour.core import clock
from neighbour.core.jobs import Job
from neighbour.core.tokens import to_uid
from tests.digests.helpers import make_reader
from tests.factories import make_person, make_post, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context")
ASKED = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)  # a Tuesday, ten o'clock in Berlin
WEDNESDAY, THURSDAY, FRIDAY = (datetime(2026, 5, day, 5, 1, tzinfo=UTC) for day in (13, 14, 15))
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FORM = {"title": "Leiter gesucht", "body_md": "", "category": "notice", "hours": "24"}


@pytest.fixture
def issue(knock):
    """The issues of a morning: how often each reader reads of the ladder, and whether they get one at all."""

    def comes(at):
        return {reader: text.count("Leiter gesucht") for reader, text in knock(at, Job.DIGESTS_OPEN).items()}

    return comes


@pytest.fixture
def ladder(asker, here):
    """Pinned up for so many; gives its address."""

    def pinned(audience=Audience.QUARTER):
        with clock.freeze(ASKED):
            return f"/c/{to_uid(make_post(asker, here, title=FORM['title'], category='notice', audience=audience).id)}"

    return pinned


@pytest.fixture
def show(client, asker, here):
    """Show it to so many from then on, through "change"; and pin something else up, so that an issue comes anyway."""

    def shown(path, audience, at, **more):
        with clock.freeze(at):
            assert client.post(f"{path}/edit", data={**FORM, "audience": audience, **more}).status_code == 303
            make_post(asker, here, title="Noch etwas", audience=Audience.CITY)

    return shown


def test_what_is_shown_more_widely_by_a_change_is_new_there_and_nowhere_else(here, beside, ladder, show, issue):
    home, near, far = make_reader(here), make_reader(beside), make_reader(make_quarter("Gartenstadt"))
    path = ladder()
    assert issue(WEDNESDAY) == {home.email: 1}
    show(path, "nearby", ASKED + DAY)
    assert issue(THURSDAY) == {home.email: 0, near.email: 1, far.email: 0}
    show(path, "city", ASKED + 2 * DAY, body_md="Eine hohe.")
    assert issue(FRIDAY) == {home.email: 0, near.email: 0, far.email: 1}


def test_the_board_next_door_marks_it_as_new(here, beside, ladder, show, visitor):
    browser, path = visitor(), ladder()
    with clock.freeze(ASKED + HOUR):
        newer = make_post(make_person(beside), beside, title="Später geschrieben")
        sign_in(browser, make_person(beside))
        browser.post("/board/read", data={"newest": to_uid(newer.id)})
    show(path, "nearby", ASKED + 2 * HOUR)
    with clock.freeze(ASKED + 3 * HOUR):
        board = browser.get("/board").text
    assert board.count("card--unread") == 2, "and what hangs there since"


@pytest.mark.parametrize("audience", [Audience.QUARTER, Audience.NEARBY])
def test_whom_an_issue_has_told_is_not_told_again_however_often_it_goes_and_comes(
    audience, beside, ladder, show, issue
):
    near, path = make_reader(beside), ladder(audience)
    if audience == Audience.QUARTER:
        show(path, "nearby", ASKED + HOUR)
    assert issue(WEDNESDAY)[near.email] == 1
    show(path, "quarter", ASKED + DAY)
    show(path, "nearby", ASKED + DAY + HOUR, body_md="Eine hohe.")
    assert issue(THURSDAY) == {near.email: 0}
    show(path, "city", ASKED + 2 * DAY, category="question")
    assert issue(FRIDAY) == {near.email: 0}


def test_what_was_gone_before_an_issue_could_tell_of_it_is_new_when_it_comes_back(beside, ladder, show, issue):
    near, path = make_reader(beside), ladder(Audience.NEARBY)
    show(path, "quarter", ASKED + HOUR)
    assert issue(WEDNESDAY) == {near.email: 0}
    show(path, "nearby", ASKED + DAY)
    assert issue(THURSDAY) == {near.email: 1}
    show(path, "nearby", ASKED + 2 * DAY, category="question")
    assert issue(FRIDAY) == {near.email: 0}


def test_taken_down_by_mistake_and_pinned_up_again_it_stays_new_where_it_was(here, beside, ladder, show, issue, client):
    home, near, path = make_reader(here), make_reader(beside), ladder()
    assert issue(WEDNESDAY) == {home.email: 1}
    show(path, "nearby", ASKED + DAY)
    with clock.freeze(ASKED + DAY + timedelta(minutes=5)):
        for act in ("withdraw", "restore"):
            assert client.post(f"{path}/{act}").status_code == 303
    assert issue(THURSDAY) == {home.email: 0, near.email: 1}
    with clock.freeze(THURSDAY + HOUR):
        for act in ("withdraw", "restore"):
            assert client.post(f"{path}/{act}").status_code == 303
    assert issue(FRIDAY) == {}
