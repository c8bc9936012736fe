"""What nobody has answered: one kind word to its author, by day, and once in an issue of the digest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import workers
from neighbour.contributions import service as contributions
from neighbour.contributions import solving
from neighbour.contributions.daytime import is_daytime, next_daytime
from neighbour.contributions.models import Audience, Contribution
from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.core.jobs import Job
from neighbour.core.tokens import to_uid
from tests.digests.helpers import body, make_reader
from tests.factories import make_comment, make_listed, make_move, make_person, make_post, make_quarter, viewer_of

pytestmark = pytest.mark.usefixtures("context")
ASKED = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)  # a Tuesday, ten o'clock in Berlin
TWO_DAYS = ASKED + timedelta(hours=48, minutes=17)
THURSDAY = datetime(2026, 5, 14, 5, 1, tzinfo=UTC)


@pytest.fixture
def author(here):
    return make_listed(here, name="Ayşe")


@pytest.fixture
def knock(beat):
    """Beat asks for the nudge unless told otherwise; gives the mails that come of it."""
    return lambda at, job=Job.CONTRIBUTIONS_NUDGE: beat(at, job)


def ask(author, here, title="Wer hat eine Leiter?", at=ASKED, **more):
    with clock.freeze(at):
        return make_post(author, here, title=title, **more)


def test_the_author_hears_once_after_two_days_what_can_be_done(here, author, knock):
    post = ask(author, here)
    with clock.freeze(ASKED):
        make_comment(author, here, post, "Niemand?")  # one's own word is no answer
    assert knock(ASKED + timedelta(hours=47, minutes=17)) == []
    (mail,) = knock(TWO_DAYS)
    assert mail.recipients == (author.email,) and mail.message["List-Id"] == "<answers.localhost>"
    assert mail.message["Subject"] == "Noch keine Antwort: Wer hat eine Leiter?"
    for part in (mail.text, mail.html):
        assert f"/c/{to_uid(post.id)}/edit" in part and "Erledigt" in part
    for later in (1, 2, 30):
        assert knock(TWO_DAYS + timedelta(hours=later)) == []


def test_nobody_is_told_at_night_and_a_morning_makes_up_for_it(here, author, knock):
    ask(author, here, at=ASKED + timedelta(hours=10, minutes=30))  # 20:30
    assert knock(TWO_DAYS + timedelta(hours=11)) == []
    assert knock(TWO_DAYS + timedelta(hours=21)) == []  # 7:17
    assert len(knock(TWO_DAYS + timedelta(hours=22))) == 1


@pytest.mark.parametrize("category", ["notice", "recommendation", "help_offered", "urgent"])
def test_what_asks_for_nothing_is_waited_for_by_nobody(category, here, author, knock):
    ask(author, here, category=category)
    assert knock(TWO_DAYS) == []


def answered(post, author, here):
    make_comment(make_person(here), here, post)


def solved(post, author, here):
    solving.solve(db.session.get_one(Contribution, post.id), True)


def taken_down(post, author, here):
    contributions.withdraw(db.session.get_one(Contribution, post.id))


def moved_away(post, author, here):
    make_move(author, make_quarter("Gartenstadt"))


@pytest.mark.parametrize("change", [answered, solved, taken_down, moved_away])
@pytest.mark.parametrize("is_late", [False, True])
def test_nothing_is_said_of_what_is_over(change, is_late, here, author, jobs, mailbox):
    """is_late: it ends between the row in the ledger and the mail."""
    post = ask(author, here)

    def end():
        if change in (solved, taken_down):
            with scope.use(viewer_of(author, here)), atomic():
                change(post, author, here)
        else:
            change(post, author, here)

    with clock.freeze(TWO_DAYS):
        jobs.sent[:] = [(str(Job.CONTRIBUTIONS_NUDGE), [])]
        if is_late:
            name, arguments = jobs.sent.pop(0)
            with scope.use(scope.NOBODY):
                workers.perform(jobs.app, name, arguments)
            assert [name for name, _arguments in jobs.sent] == ["notices.deliver"]
        end()
        jobs.run()
    assert [mail for mail in mailbox.messages() if "keine Antwort" in mail.message["Subject"]] == []


def test_an_issue_reminds_once_of_three_at_most_but_nobody_of_their_own(here, author, knock):
    reader, own = make_reader(here), make_reader(here, name="Wilma")
    choosy = make_reader(here, subscription={"includes_nearby": False})
    beside = make_quarter("Mühlgraben", beside=here)
    first = [ask(author, here, f"Frage {number}", at=ASKED + timedelta(minutes=number)) for number in range(4)]
    with clock.freeze(ASKED + timedelta(hours=1)):
        make_comment(own, here, first[0])
    ask(own, here, "Wilmas Frage")
    ask(make_person(beside), beside, "Von nebenan", audience=Audience.NEARBY, at=ASKED - timedelta(minutes=1))
    knock(ASKED + timedelta(hours=21, minutes=1), Job.DIGESTS_OPEN)  # Wednesday: all of it is new
    ask(author, here, "Etwas Neues", at=ASKED + timedelta(days=1), category="notice")
    issues = {mail.recipients[0]: body(mail) for mail in knock(THURSDAY, Job.DIGESTS_OPEN)}

    def reminded(person):
        new, heading, rest = issues[person.email].partition("Noch ohne Antwort")
        assert "Etwas Neues" in new and heading
        said = ("Von nebenan", "Wilmas Frage", *(f"Frage {number}" for number in range(4)))
        return [title for title in said if title in rest]

    assert reminded(reader) == ["Von nebenan", "Wilmas Frage", "Frage 1"]
    assert reminded(own) == ["Von nebenan", "Frage 1", "Frage 2"]
    assert reminded(choosy) == ["Wilmas Frage", "Frage 1", "Frage 2"]
    ask(author, here, "Noch etwas", at=THURSDAY + timedelta(hours=3), category="notice")
    friday = knock(THURSDAY + timedelta(days=1), Job.DIGESTS_OPEN)
    assert friday and all("Noch ohne Antwort" not in mail.text for mail in friday)


def test_the_day_lasts_from_eight_to_eight_on_both_sides_of_a_clock_change():
    for day in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        for minute in range(0, 24 * 60, 20):
            moment = day + timedelta(minutes=minute)
            then = next_daytime(moment, "Europe/Berlin")
            assert is_daytime(then, "Europe/Berlin") and timedelta() <= then - moment <= timedelta(hours=13)
            assert (then == moment) is is_daytime(moment, "Europe/Berlin")
