"""The morning's issue: who gets what, once."""

from __future__ import annotations

from contextvars import Context
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import select

from neighbour.contributions import service as contributions
from neighbour.contributions.models import Audience, Contribution
from neighbour.core import clock, scope
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.jobs import Job
from neighbour.digests import sending, service
from neighbour.mydata import erasing
from neighbour.notices.models import Subscription, Suppression
from neighbour.posts import service as posts
from neighbour.residency import grading
from neighbour.residency.models import Membership
from tests.digests.helpers import EVENING, MORNING, NEXT_MORNING, body, make_reader
from tests.factories import make_person, make_post, make_quarter, sign_in, viewer_of

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def weber():
    return make_quarter("Weberviertel")


@pytest.fixture
def author(weber):
    return make_person(weber, name="Ayşe")


@pytest.fixture
def wake(jobs, mailbox):
    """The hour comes: beat knocks, workers work; gives the mails of this morning by reader."""

    def waking(at=MORNING, job=Job.DIGESTS_OPEN):
        mailbox.clear()
        with clock.freeze(at):
            jobs.sent[:] = [(str(job), [])]
            jobs.run()
        return {mail.recipients[0]: mail for mail in mailbox.messages()}

    return waking


def post(author, quarter, title, at=EVENING, **more):
    with clock.freeze(at):
        return make_post(author, quarter, title=title, **more)


def states(owner):
    return [row[0] for row in owner.execute("SELECT state FROM delivery ORDER BY state")]


def test_yesterdays_post_reaches_the_neighbours_and_nobody_else(weber, author, wake):
    inside = [make_reader(weber), make_reader(weber)]
    outside = make_reader(make_quarter("Gartenstadt"))
    post(author, weber, "Handschuh gefunden")
    mails = wake()
    assert set(mails) == {reader.email for reader in inside}
    assert outside.email not in mails
    for mail in mails.values():
        assert "Handschuh gefunden" in mail.text and "Handschuh gefunden" in mail.html
        assert "Weberviertel" in mail.message["Subject"]


def test_nothing_new_means_no_mail_and_no_row(weber, author, wake, owner):
    make_reader(weber)
    assert wake() == {} and states(owner) == []


def test_ones_own_posts_are_no_news(weber, wake):
    writer, other = make_reader(weber, name="Wilma"), make_reader(weber)
    post(writer, weber, "Von mir selbst")
    assert set(wake()) == {other.email}


def test_nothing_comes_twice(weber, author, wake):
    reader = make_reader(weber)
    post(author, weber, "Gestern geschrieben", category="notice")
    assert "Gestern geschrieben" in wake()[reader.email].text
    post(author, weber, "Heute geschrieben", at=MORNING + timedelta(hours=3))
    second = wake(NEXT_MORNING)[reader.email]
    assert "Heute geschrieben" in second.text and "Gestern geschrieben" not in second.text
    assert wake(NEXT_MORNING + timedelta(hours=2)) == {}


def test_what_is_written_while_the_issue_is_cut_comes_the_next_day(weber, author, wake):
    reader = make_reader(weber)
    post(author, weber, "Vor sieben")
    post(author, weber, "Eine Sekunde nach sieben", at=MORNING.replace(minute=0, second=1))
    first = wake()[reader.email].text
    assert "Vor sieben" in first and "Eine Sekunde nach sieben" not in first
    assert "Eine Sekunde nach sieben" in wake(NEXT_MORNING)[reader.email].text


def test_it_comes_at_seven_on_the_citys_clock_and_not_before(weber, author, wake):
    make_reader(weber)
    post(author, weber, "Früh")
    assert wake(MORNING.replace(hour=4, minute=59)) == {}
    assert len(wake(MORNING)) == 1


def test_a_morning_missed_is_made_up_for_on_the_same_day(weber, author, wake):
    make_reader(weber)
    post(author, weber, "Früh")
    assert len(wake(MORNING.replace(hour=15))) == 1


def test_nearby_comes_only_to_those_who_want_it(weber, author, wake):
    garden = make_quarter("Gartenstadt", beside=weber)
    curious = make_reader(garden)
    make_reader(garden, subscription={"includes_nearby": False})
    post(author, weber, "Auch für nebenan", audience=Audience.NEARBY)
    post(author, weber, "Nur für uns")
    mails = wake()
    assert set(mails) == {curious.email}
    assert "Auch für nebenan" in mails[curious.email].text and "Nur für uns" not in mails[curious.email].text


def test_a_pause_ends_with_one_issue_of_everything(weber, author, wake, client):
    reader = make_reader(weber)
    with clock.freeze(EVENING - timedelta(hours=1)):
        sign_in(client, reader)
        assert client.post("/me/digest", data={"is_on": "y", "paused_until": "2026-05-12"}).status_code == 303
    post(author, weber, "Im Urlaub verpasst")
    assert wake() == {}
    mail = wake(NEXT_MORNING)[reader.email]
    assert "Im Urlaub verpasst" in mail.text


def test_whoever_is_unproven_gets_nothing(weber, author, wake):
    reader = make_reader(weber, level="unproven")
    post(author, weber, "Nicht für Fremde")
    assert reader.email not in wake()


@pytest.mark.parametrize("more", [False, True], ids=["alone", "beside something new"])
def test_what_somebody_was_mailed_as_an_alert_does_not_come_again_in_the_issue(
    more, app, weber, author, wake, owner, jobs
):
    told, skipped, unlisted = (make_reader(weber) for _ in range(3))
    with as_owner(), atomic():
        for person in (told, skipped):
            db.session.add(Subscription(person_id=person.id, quarter_id=weber.id, list="alerts"))
    with clock.freeze(EVENING):
        with scope.use(viewer_of(author, weber)), atomic():
            where = {"author_id": author.id, "quarter_id": weber.id, "audience": Audience.QUARTER}
            posts.publish(**where, category="urgent", title="Rohrbruch", body_md="")
        owner.execute("UPDATE delivery SET state = 'skipped' WHERE person_id = %s", [skipped.id])
        jobs.run()
    if more:
        post(author, weber, "Handschuh gefunden")
    with clock.freeze(MORNING), scope.use(viewer_of(told, weber)):
        seen = sending.preview(told.id, app.extensions["config"])
        assert (seen is not None) == more and (seen is None or b"Rohrbruch" not in seen[0])
    mails = wake()
    assert (told.email in mails) == more
    assert told.email not in mails or "Rohrbruch" not in mails[told.email].text
    for reader in (skipped, unlisted):
        assert "Rohrbruch" in mails[reader.email].text, "whom no mail reached reads it here"


def test_urgent_stands_first(weber, author, wake):
    reader = make_reader(weber)
    post(author, weber, "Wasser abgestellt", category="urgent", expires_at=MORNING + timedelta(hours=9))
    post(author, weber, "Später und gewöhnlich", at=EVENING + timedelta(hours=1))
    text = wake()[reader.email].text
    assert text.index("Wasser abgestellt") < text.index("Später und gewöhnlich")


def test_a_long_day_is_cut_and_says_so(weber, author, wake):
    reader = make_reader(weber)
    for number in range(28):
        post(
            author,
            weber,
            f"Zettel {number:02}",
            at=EVENING + timedelta(minutes=number),
            body="Viele Wörter äöü. " * 200,
        )
    mail = wake()[reader.email]
    assert mail.text.count("Zettel ") == 25 and "Zettel 27" in mail.text and "Zettel 02" not in mail.text
    assert "3 weitere" in mail.text and "3 weitere" in mail.html
    assert len(mail.raw) <= 90_000


def test_withdrawn_before_sending_is_not_sent(weber, author, jobs, mailbox, owner):
    make_reader(weber)
    gone = post(author, weber, "Doch nicht")
    with clock.freeze(MORNING):
        service.open_due("Europe/Berlin")
        with scope.use(viewer_of(author, weber)), atomic():
            contributions.withdraw(db.session.get_one(Contribution, gone.id))
        jobs.run()
    assert mailbox.messages() == [] and states(owner) == ["skipped"]


def end_membership(reader):
    found = db.session.scalar(select(Membership).where(Membership.person_id == reader.id))
    found.ended_at = clock.now()


def unsubscribe(reader):
    db.session.scalar(select(Subscription).where(Subscription.person_id == reader.id)).is_on = False


def bounce(reader):
    db.session.add(Suppression(address_hash=keyed_hash("suppression", reader.email), reason="bounce"))


def lose_the_proof(reader):
    """A word was taken back, a proof has expired: nothing of the board is theirs to read until the next one."""
    with scope.use(scope.Viewer(reader.id)):
        grading.end_proofs(reader.id)


def leave_for_good(reader):
    erasing.begin(reader.id, keeps_texts=True)


@pytest.mark.parametrize("change", [end_membership, unsubscribe, bounce, lose_the_proof, leave_for_good])
def test_who_left_between_opening_and_sending_gets_nothing(change, weber, author, jobs, mailbox, owner):
    leaver, stayer = make_reader(weber), make_reader(weber)
    post(author, weber, "Für die, die noch da sind")
    with clock.freeze(MORNING):
        service.open_due("Europe/Berlin")
        with as_owner(), atomic():
            change(leaver)
        jobs.run()
    issues = [mail for mail in mailbox.messages() if "Für die, die noch da sind" in mail.text]
    assert [mail.recipients[0] for mail in issues] == [stayer.email]
    assert states(owner).count("skipped") == 1


def test_an_address_no_header_can_carry_stops_nobody_else(weber, author, wake, owner):
    make_reader(weber, email="jürgen@altenbrueck.example")
    reader = make_reader(weber)
    post(author, weber, "Trotzdem")
    assert set(wake()) == {reader.email}
    assert states(owner) == ["failed", "sent"]


def test_switching_it_on_again_does_not_bring_what_was_missed(weber, author, wake, client):
    reader = make_reader(weber, subscription={"is_on": False})
    post(author, weber, "In der Stille geschrieben")
    with clock.freeze(MORNING - timedelta(hours=2)):
        sign_in(client, reader)
        assert client.post("/me/digest", data={"is_on": "y", "includes_nearby": "y"}).status_code == 303
    assert wake() == {}


def test_opening_at_the_same_time_opens_once(app, weber, author, jobs, mailbox, owner):
    for _number in range(5):
        make_reader(weber)
    post(author, weber, "Einmal")

    def open_it():
        with app.app_context():
            service.open_due("Europe/Berlin")

    with clock.freeze(MORNING):
        threads = [Thread(target=Context().run, args=(open_it,)) for _number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        jobs.run()
    assert len(mailbox.messages()) == 5
    assert owner.execute("SELECT count(*), max(number) FROM edition").fetchone() == (1, 1)


def test_an_opening_that_was_interrupted_goes_on_with_the_rest(weber, author, wake, owner, monkeypatch):
    garden = make_quarter("Gartenstadt")
    readers = [make_reader(weber), make_reader(garden)]
    post(author, weber, "Eins")
    post(make_person(garden), garden, "Zwei")
    real, calls = service.open_quarter, []

    def dies_at_the_second(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise ConnectionError("the worker is killed here")
        return real(*arguments)

    monkeypatch.setattr(service, "open_quarter", dies_at_the_second)
    with clock.freeze(MORNING), pytest.raises(ConnectionError):
        service.open_due("Europe/Berlin")
    monkeypatch.setattr(service, "open_quarter", real)
    mails = wake()
    # the first quarter's job was lost with the process: the sweep finds its rows
    mails |= wake(MORNING + timedelta(minutes=2), Job.NOTICES_SWEEP)
    assert set(mails) == {reader.email for reader in readers}


def test_a_reader_of_english_gets_english(weber, author, wake):
    reader = make_reader(weber, language="en")
    post(author, weber, "Handschuh gefunden")
    mail = wake()[reader.email]
    assert "Unsubscribe from the digest" in mail.text and "abbestellen" not in mail.text.lower()
    assert "Handschuh gefunden" in body(mail)
