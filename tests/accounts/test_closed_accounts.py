"""What goes on without a session while two mailboxes quarrel about an account, and what silence may not decide: calendars under a
secret address, mails with others' words, accounts with an office."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import func, select, update

from neighbour.accounts import dispute_deciding, disputes, taking_back
from neighbour.accounts.models import DISPUTED, DisputeState, Person
from neighbour.contributions.notices import Answered
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.digests import sending
from neighbour.digests.service import NOTICE
from neighbour.events import feeds
from neighbour.events.models import CalendarFeed, FeedKind
from neighbour.initiatives.models import Initiative, InitiativeEditor
from neighbour.mydata import erasing
from neighbour.notices import ledger
from neighbour.notices.base import Mailbox, Notice
from neighbour.notices.models import Delivery, Subscription
from neighbour.policy import Level, Role
from neighbour.residency.models import Membership
from tests.accounts.dispute_helpers import DAY, HERS, HOUR, moves, passes
from tests.accounts.factor_helpers import GOOD, MAIL, email_now, is_in, link_of, type_password
from tests.factories import sign_in

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
NEW_WORDS = "zehn frische Brötchen"


def follows(person: Any, kind: FeedKind = FeedKind.MINE) -> str:
    """A secret address of this person's calendar is made; gives its path."""
    with scope.use(scope.Viewer(person.id)), atomic():
        return f"/calendar/{feeds.make(person.id, kind)}.ics"


def addresses() -> int:
    with as_owner():
        return db.session.scalar(select(func.count()).select_from(CalendarFeed)) or 0


def wants(person: Any, name: str) -> int:
    """This person is on a list; gives their quarter's number."""
    with as_owner(), atomic():
        quarter = db.session.scalars(select(Membership.quarter_id).where(Membership.person_id == person.id)).one()
        db.session.add(Subscription(person_id=person.id, quarter_id=quarter, list=name, token="x" * 43))
    return quarter


def is_answered(person: Any) -> None:
    with scope.use(scope.NOBODY), atomic():
        Answered.send(person.id, subject_key="an answer")


def state_of_answer() -> str:
    with as_owner():
        return db.session.scalars(select(Delivery.state).where(Delivery.notice == Answered.key)).one()


def sweep() -> None:
    with scope.use(scope.NOBODY):
        ledger.sweep()


@pytest.fixture
def moved(client, person, mailbox, jobs):
    """She has another mail address; gives the link in the mailbox that was left."""
    return moves(client, person, mailbox, jobs)


# Calendars ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [disputes.OLD, disputes.NEW])
def test_a_secret_calendar_is_shut_as_long_as_the_quarrel_lasts(moved, visitor, person, side):
    """Whoever made it: the older mailbox gets an account without it, for the newer one everything stays as it was."""
    path, program = follows(person), visitor()
    assert program.get(path).status_code == 200
    assert visitor().post(moved).location.startswith("/dispute/")
    assert program.get(path).status_code == 404
    with as_owner():
        dispute_deciding.decide(dispute_deciding.of_email(MAIL), side)
    assert (program.get(path).status_code, addresses()) == ((404, 0) if side == disputes.OLD else (200, 1))


def test_taking_a_factor_back_ends_the_calendar_whoever_made_it(client, visitor, person):
    path = follows(person)
    with scope.use(scope.NOBODY), atomic():
        taking_back.take_back(person.id, clock.now(), None)
    assert visitor().get(path).status_code == 404 and addresses() == 0


def test_with_the_old_password_the_secret_addresses_end_and_page_and_mail_say_so(
    client, visitor, person, mailbox, jobs
):
    path = follows(person)
    sign_in(client, person)
    typed = {"p-current": GOOD, "p-password": NEW_WORDS}
    page = client.post("/me/password", data=typed, follow_redirects=True)
    assert "geheimen Adressen deines Kalenders" in page.text
    assert visitor().get(path).status_code == 404 and is_in(client)
    jobs.run()
    assert "geheime Adressen deines Kalenders" in " ".join(mailbox.messages()[-1].text.split())
    typed = {"p-current": NEW_WORDS, "p-password": GOOD}
    again = client.post("/me/password", data=typed, follow_redirects=True)
    assert "Dein neues Passwort gilt" in again.text and "Kalenders" not in again.text, "there was none"


def test_a_password_set_by_a_link_ends_them_too(visitor, person, mailbox, jobs):
    path, browser = follows(person), visitor()
    browser.post("/forgot", data={"email": MAIL})
    jobs.run()
    assert browser.post(link_of(mailbox, "reset", MAIL), data={"password": NEW_WORDS}).status_code == 303
    assert visitor().get(path).status_code == 404
    assert type_password(browser, MAIL, NEW_WORDS).status_code == 303


@pytest.mark.parametrize("which", ["all", "others"])
def test_signing_out_everywhere_ends_what_reads_along(client, visitor, person, which):
    paths = [follows(person, kind) for kind in FeedKind]
    sign_in(client, person)
    page = client.get("/me/access").text
    assert "Meine Termine" in page and "Alles in meinem Quartier" in page and "enden auch diese Adressen" in page
    assert page.count('value="others"') == 1, "one browser alone can end what reads along, and stay signed in"
    assert client.post("/me/devices/end", data={"device": which}).status_code == 303
    assert [visitor().get(path).status_code for path in paths] == [404, 404]
    assert is_in(client) is (which == "others")


def test_one_calendar_is_ended_beside_the_devices_and_only_ones_own(client, visitor, person, newcomer):
    mine, quarter, theirs = follows(person), follows(person, FeedKind.QUARTER), follows(newcomer, FeedKind.QUARTER)
    sign_in(client, person)
    page = client.post("/me/devices/end", data={"device": "quarter"}, follow_redirects=True).text
    assert "zeigt deinen Kalender nicht mehr" in page and "Meine Termine" in page and is_in(client)
    assert visitor().get(mine).status_code == 200 and visitor().get(quarter).status_code == 404
    assert client.post("/me/devices/end", data={"device": "quarter"}).status_code == 404, "it has none any more"
    assert addresses() == 2 and theirs, "the other one's is untouched"


# Mails -------------------------------------------------------------------------------------------------------------------

MAY_GO = {
    "accounts.already_here", "accounts.dispute_begun", "accounts.dispute_links", "accounts.dispute_objected",
    "accounts.dispute_settled", "accounts.dispute_turned", "accounts.email_changed", "accounts.email_changing",
    "accounts.email_is_new", "accounts.factor_changed", "accounts.factor_reset", "accounts.password_changed",
    "mydata.farewell", "mydata.incident", "mydata.still_there",
}  # fmt: skip


def test_only_what_is_about_the_account_itself_goes_out_while_it_is_closed():
    """Whoever adds one here has made sure that it may be read by either of the two."""
    assert {key for key, notice in Notice.registry.items() if notice.goes_while_closed} == MAY_GO


def test_what_others_wrote_waits_until_it_is_settled_whose_account_it_is(
    moved, visitor, person, mailbox, jobs, frozen_clock, monkeypatch
):
    monkeypatch.setattr(Answered, "context", lambda *_: Answered().preview())
    said = Answered().specimen(Mailbox(MAIL, "de", "Bente")).subject
    visitor().post(moved)
    wants(person, "answers")
    is_answered(person)
    for _hour in range(4):
        jobs.run()
        frozen_clock.tick(HOUR)
        sweep()
    heard = [(mail.recipients[0], mail.message["Subject"]) for mail in mailbox.messages()]
    assert {MAIL, HERS} == {to for to, subject in heard if "Konto" in subject}, "the quarrel's own mails have gone out"
    assert said not in [subject for _to, subject in heard]
    with as_owner():
        dispute_deciding.decide(dispute_deciding.of_email(MAIL), disputes.OLD)
    frozen_clock.tick(6 * HOUR)
    sweep()
    jobs.run()
    assert [mail.recipients[0] for mail in mailbox.messages() if mail.message["Subject"] == said] == [MAIL]


def test_what_waits_for_a_quarrel_is_given_up_like_mail_to_a_server_that_is_away(
    moved, visitor, person, mailbox, jobs, frozen_clock
):
    visitor().post(moved)
    wants(person, "answers")
    is_answered(person)
    jobs.run()
    assert state_of_answer() == "pending"
    frozen_clock.tick(2 * DAY)
    sweep()
    jobs.run()
    assert state_of_answer() == "skipped"


def test_the_digest_of_a_closed_account_goes_to_neither_mailbox(moved, visitor, person):
    quarter, at = wants(person, "digest"), clock.now()
    row = ledger.Leased(uuid.uuid4(), person.id, NOTICE, "", at.date().isoformat(), quarter, {}, 1, at, at)

    def readers():
        with scope.use(scope.Viewer(None, (quarter,))):
            return set(sending.readers_of([row], quarter))

    assert readers() == {person.id}
    visitor().post(moved)
    assert readers() == set()
    with as_owner():
        dispute_deciding.decide(dispute_deciding.of_email(MAIL), disputes.NEW)
    assert readers() == {person.id}


# Offices -----------------------------------------------------------------------------------------------------------------


def is_operator(person_id: int) -> None:
    db.session.execute(update(Person).where(Person.id == person_id).values(is_operator=True))


def is_editor(person_id: int) -> None:
    place = Initiative(slug="treff", name="Treff")
    db.session.add(place)
    db.session.flush()
    db.session.add(InitiativeEditor(initiative_id=place.id, person_id=person_id))


def is_in_the_team(person_id: int) -> None:
    """Whatever became of the proof that the office came with."""
    mine = update(Membership).where(Membership.person_id == person_id)
    db.session.execute(mine.values(role=Role.STEWARD, level=Level.UNPROVEN, proven_at=None))


OFFICES = {"operator": is_operator, "editor": is_editor, "team": is_in_the_team}


@pytest.mark.parametrize("office", [*OFFICES, "none"])
def test_silence_hands_over_no_account_with_an_office(client, visitor, newcomer, mailbox, jobs, frozen_clock, office):
    """Operators and editors often live nowhere here, so that there is no home to ask at."""
    link = moves(client, newcomer, mailbox, jobs)
    if office != "none":
        with as_owner(), atomic():
            OFFICES[office](newcomer.id)
    visitor().post(link)
    jobs.run()
    frozen_clock.tick(3 * DAY + 60)
    done = passes(jobs)
    if office == "none":
        assert done == 1 and email_now(newcomer) == newcomer.email
    else:
        assert done == 0 and email_now(newcomer) == HERS
        with as_owner():
            assert disputes.open_of(newcomer.id).state == DisputeState.OBJECTED, "an operator decides"


@pytest.mark.parametrize("office", ["operator", "editor"])
def test_nor_one_that_is_being_left(client, visitor, newcomer, mailbox, jobs, frozen_clock, office):
    """The erasure has put the office aside until they come back."""
    link = moves(client, newcomer, mailbox, jobs)
    with as_owner(), atomic():
        OFFICES[office](newcomer.id)
    erasing.begin(newcomer.id, keeps_texts=False)
    with as_owner():
        assert not db.session.get(Person, newcomer.id, populate_existing=True).is_operator
    visitor().post(link)
    jobs.run()
    frozen_clock.tick(3 * DAY + 60)
    assert passes(jobs) == 0
    with as_owner():
        assert disputes.open_of(newcomer.id).state in DISPUTED


def test_an_operator_has_no_word_in_the_quarrel_about_their_own_account(
    client, visitor, newcomer, mailbox, jobs, frozen_clock
):
    link = moves(client, newcomer, mailbox, jobs)
    with as_owner(), atomic():
        is_operator(newcomer.id)
    visitor().post(link)
    with as_owner():
        number = dispute_deciding.of_email(HERS)
        assert dispute_deciding.by_account(newcomer.id) == [], "it stands on no desk of theirs"
        with pytest.raises(dispute_deciding.Undecided, match="party"):
            dispute_deciding.decide(number, disputes.NEW, by=newcomer.id)
        dispute_deciding.decide(number, disputes.NEW)  # where nobody else is left, the command line
    assert email_now(newcomer) == HERS
