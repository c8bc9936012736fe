"""Mail to an address nobody has confirmed: how much of it anybody can cause, and that its owner gets the mail they need."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from neighbour.accounts import confirming
from neighbour.accounts.models import Dispute, Person
from neighbour.core import clock, limits, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.mail import Answer, Outcome, Transport
from neighbour.notices import ledger, strangers
from neighbour.notices.base import Notice
from neighbour.notices.models import Delivery, DeliveryState
from tests.accounts.factor_helpers import link_of, make_member, type_password
from tests.accounts.signing_helpers import masked, sign_up
from tests.accounts.test_no_dead_ends import from_, named
from tests.factories import make_person, make_quarter
from tests.support.counting import statements
from tests.support.meeting import at_once

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
HERS, NEW = "vera@altenbrueck.example", "zehn frische Brötchen"
STRANGER, TAKEN = "unbeteiligt@woanders.example", "uwe@altenbrueck.example"
QUARTER, HOUR, MOST_NOW = 900, 3600, 8


@pytest.fixture
def unlimited(monkeypatch):
    """Nobody is stopped for asking too often from one place: what counts here is the address."""
    for name in ("auth", "mail"):
        monkeypatch.setitem(limits.RATES, name, limits.Rate(10**6, HOUR))


@pytest.fixture
def later(frozen_clock, jobs):
    """Let time pass as the beat does: the sweep every now and then, and the worker at once."""

    def pass_(seconds, step=900):
        for _time in range(seconds // step):
            frozen_clock.tick(step)
            with scope.use(scope.NOBODY):
                ledger.sweep()
            jobs.run()

    return pass_


def mails_to(mailbox, to, what=""):
    return [mail for mail in mailbox.messages() if mail.recipients == (to,) and what in mail.text]


def begin(visitor, address, email, number):
    """Somebody signs up with an address up to the step that promises the mail."""
    browser = from_(visitor, address)
    sign_up(browser, email, f"zwölf fremde Wörter {number}")
    assert named(browser).status_code == 303
    return browser


def rows(email):
    """The state and the moment of each mail to this address, in the order they were asked for."""
    mine = Delivery.mailbox_hash == strangers.fingerprint(email)
    with as_owner():
        return [
            tuple(row)
            for row in db.session.execute(select(Delivery.state, Delivery.due_at).where(mine).order_by(Delivery.turn))
        ]


def again(browser):
    """Press the button for another mail; gives what the page says."""
    assert browser.post("/signup/confirm/again").status_code == 303
    return masked(browser.get("/signup/confirm"))


# -- how much of it -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "way",
    [
        *[
            pytest.param(way, marks=pytest.mark.thorough)
            for way in ("give up and forgot", "forgot", "sign up", "correct", "again")
        ],
        "sign up and forgot",
    ],
)
def test_an_address_nobody_has_confirmed_gets_nine_mails_an_hour_and_24_a_day(
    visitor, mailbox, later, jobs, unlimited, way
):
    him, sent = begin(visitor, "203.0.113.1", STRANGER, 0), []
    for number in range(52):  # half hours: 26 hours
        source = f"203.{number}.1.7"
        other = from_(visitor, source)
        if way.startswith("give up"):
            him.post("/me/email/give-up")
        if way.startswith("sign up") and number % 4 < 2:
            begin(visitor, source, STRANGER.title() if number % 2 else STRANGER, number)
        if way.endswith("forgot"):
            assert other.post("/forgot", data={"email": STRANGER}).status_code == 200
        if way == "again":
            him.environ_base["REMOTE_ADDR"] = source
            him.post("/signup/confirm/again")
        if way == "correct":
            him.post("/signup/confirm/address", data={"e-email": STRANGER})
        jobs.run()
        sent.append(len([mail for mail in mailbox.messages() if mail.recipients[0].lower() == STRANGER]))
        later(2 * QUARTER)
    assert max(sent[n] - sent[n - 2] for n in range(2, 52)) <= 9 and sent[1] <= 9
    assert max(sent[n] - sent[n - 48] for n in range(48, 52)) <= 24 and sent[47] <= 24
    assert sent[47] > 12, "whoever it belongs to is not cut off either"


def test_mail_of_any_other_kind_counts_with_it(visitor, mailbox, jobs, later, unlimited):
    """An operator answers thirty sign-ups of one address that asked for a house."""
    for number in range(30):
        begin(visitor, f"203.0.{number}.1", STRANGER, number)
    jobs.run()
    with as_owner():
        everyone = list(db.session.scalars(select(Person.id).where(Person.email == STRANGER)))
    with scope.use(scope.NOBODY), atomic():
        for person_id in everyone:
            Notice.registry["residency.missing_answered"].send(person_id, subject_key="1", payload={"is_added": True})
    jobs.run()
    assert len(mails_to(mailbox, STRANGER)) == MOST_NOW
    states = [state for state, _due in rows(STRANGER)]
    assert states.count(DeliveryState.PENDING) <= 2 * strangers.MOST_WAITING, "and what waits stays few"
    later(24 * HOUR)
    assert len(mails_to(mailbox, STRANGER)) <= 24
    assert mails_to(mailbox, STRANGER, "/signup/address"), "they take turns with the others"


def test_many_who_ask_at_the_same_moment_do_not_get_more(app, visitor, mailbox, jobs, unlimited):
    browsers = [from_(visitor, f"203.0.{number}.1") for number in range(12)]
    for number, browser in enumerate(browsers):
        sign_up(browser, STRANGER, f"zwölf fremde Wörter {number}")
    at_once(*[lambda each=each: each.post("/signup/confirm/again") for each in browsers])
    jobs.run()
    assert len(mails_to(mailbox, STRANGER)) == MOST_NOW
    assert len({due for state, due in rows(STRANGER) if state == DeliveryState.PENDING}) == 4, "each has its own moment"


def test_a_mail_that_another_server_put_off_is_counted_once_and_goes_when_it_can(
    monkeypatch, visitor, mailbox, jobs, later
):
    real, answers = Transport.hand_over, [Answer(Outcome.LATER, "450 try later")] * MOST_NOW
    monkeypatch.setattr(Transport, "hand_over", lambda *args: answers.pop() if answers else real(*args))
    for number in range(MOST_NOW):
        begin(visitor, f"203.0.{number}.1", STRANGER, number)
    jobs.run()
    assert mails_to(mailbox, STRANGER) == []
    begin(visitor, "204.0.113.1", STRANGER, "später")
    assert rows(STRANGER)[-1] == (DeliveryState.PENDING, limits.next_window("mailbox_turn")), "their turns are used up"
    later(QUARTER)
    assert len(mails_to(mailbox, STRANGER)) == MOST_NOW


def test_an_operators_bad_news_still_reach_somebody_who_waits(visitor, mailbox, jobs):
    """A mail the law asks for is written to an address of which nothing was used up."""
    begin(visitor, "203.0.113.1", STRANGER, 0)
    jobs.run()
    with as_owner():
        person_id = db.session.scalar(select(Person.id).where(Person.email == STRANGER))
    with scope.use(scope.NOBODY), atomic():
        Notice.registry["residency.missing_answered"].send(person_id, subject_key="1", payload={"is_added": False})
    jobs.run()
    assert len(mails_to(mailbox, STRANGER)) == 2


# -- whose goes first -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "people"),
    [(5, 30), *(pytest.param(*many, marks=pytest.mark.thorough) for many in ((5, 60), (90, 90), (200, 600)))],
)
def test_strangers_put_her_confirmation_off_by_an_hour_and_a_half_at_most(
    visitor, mailbox, jobs, later, unlimited, pieces, people
):
    for number in range(people):
        begin(visitor, f"203.{number % pieces}.0.{number // pieces}", HERS, number)
        if number % 7 == 0:
            jobs.run()
    jobs.run()
    assert len(mails_to(mailbox, HERS)) == MOST_NOW
    hers = begin(visitor, "198.51.100.7", HERS, "von ihr")
    jobs.run()
    assert len(mails_to(mailbox, HERS)) == MOST_NOW, "others have used up what goes at once"
    mailbox.clear()
    later(5400)
    (mail,) = mails_to(mailbox, HERS)
    assert hers.post(link_of(mailbox, "signup/confirm", HERS)).status_code == 303, mail.text
    assert [key for (key,) in confirmed()] == [HERS]


def confirmed():
    with as_owner():
        return [
            tuple(row) for row in db.session.execute(select(Person.email_key).where(Person.confirmed_at.is_not(None)))
        ]


def test_whoever_asks_again_goes_before_all_who_never_came_back(visitor, mailbox, jobs, later, unlimited):
    """Strangers keep coming after her, each from another network."""
    for number in range(MOST_NOW + 12):
        begin(visitor, f"203.{number}.0.1", HERS, number)
    jobs.run()
    hers = begin(visitor, "198.51.100.7", HERS, "von ihr")
    for number in range(13):
        begin(visitor, f"204.{number}.0.1", HERS, number)
    again(hers)  # she had been pressed out of the line
    assert rows(HERS)[-1][0] == DeliveryState.PENDING
    for number in range(13):
        begin(visitor, f"205.{number}.0.1", HERS, number)
    jobs.run()
    mailbox.clear()
    later(5400)
    assert len(mails_to(mailbox, HERS)) == 1
    assert hers.post(link_of(mailbox, "signup/confirm", HERS)).status_code == 303


def test_twelve_wait_and_what_made_room_can_be_asked_for_again(visitor, jobs, unlimited):
    first = [begin(visitor, f"203.{number}.0.1", HERS, number) for number in range(MOST_NOW)]
    jobs.run()
    crowd = [begin(visitor, "204.0.0.1", HERS, f"viele {number}") for number in range(12)]
    others = [begin(visitor, f"205.{number}.0.1", HERS, f"andere {number}") for number in range(5)]
    states = [state for state, _due in rows(HERS)]
    assert states == ["sent"] * len(first) + ["skipped"] * len(others) + ["pending"] * strangers.MOST_WAITING
    moments = [due for state, due in rows(HERS) if state == DeliveryState.PENDING]
    assert len(set(moments)) == strangers.MOST_WAITING and max(moments[-5:]) < min(moments[:-5]), (
        "the newest network first"
    )
    again(crowd[0])
    assert rows(HERS)[-1] == ("pending", limits.next_window("mailbox_turn")), "and who comes back goes first"


def test_nobody_stands_in_line_twice(visitor, jobs, unlimited):
    for number in range(MOST_NOW):
        begin(visitor, f"203.{number}.0.1", HERS, number)
    jobs.run()
    hers = begin(visitor, "198.51.100.7", HERS, "von ihr")
    for _time in range(6):
        again(hers)
        hers.post("/signup/confirm/address", data={"e-email": HERS})
    assert [state for state, _due in rows(HERS)].count(DeliveryState.PENDING) == 1


def test_what_waits_is_not_sent_once_somebody_has_confirmed_the_address(visitor, mailbox, jobs, later, unlimited):
    hers = begin(visitor, "198.51.100.7", HERS, "von ihr")
    jobs.run()
    link = link_of(mailbox, "signup/confirm", HERS)
    again(hers)
    for number in range(30):
        begin(visitor, f"203.{number}.0.1", HERS, number)
    assert hers.post(link).status_code == 303
    mailbox.clear()
    later(24 * HOUR)
    assert [mail.subject for mail in mails_to(mailbox, HERS) if "/signup/confirm" in mail.text] == []
    assert DeliveryState.PENDING not in [state for state, _due in rows(HERS)]


# -- the ways in that always stay -----------------------------------------------------------------------------------------


def test_the_link_for_an_account_comes_whatever_strangers_do_to_theirs(visitor, mailbox, jobs, unlimited):
    """It is sent for the newest sign-up, a stranger's: giving up, correcting or confirming that takes nothing from its reader."""
    zed = begin(visitor, "203.0.113.1", HERS, "von Zed")
    visitor().post("/forgot", data={"email": HERS})
    jobs.run()
    link = link_of(mailbox, "reset", HERS)
    zed.post("/me/email/give-up")
    zed.post("/signup/confirm/address", data={"e-email": "zed@altenbrueck.example"})
    jobs.run()
    assert zed.post(link_of(mailbox, "signup/confirm", "zed@")).status_code == 303
    assert visitor().post(link, data={"password": NEW}).status_code == 303
    assert sorted(key for (key,) in confirmed()) == [HERS, "zed@altenbrueck.example"]
    assert type_password(visitor(), HERS, NEW).location == "/signup/next"
    assert type_password(visitor(), "zed@altenbrueck.example", NEW).status_code == 422, "his password is his"


def test_with_it_whoever_confirmed_meanwhile_sets_their_own_password(visitor, mailbox, jobs):
    hers = begin(visitor, "198.51.100.7", HERS, "von ihr")
    hers.post("/forgot", data={"email": HERS})
    jobs.run()
    link = link_of(mailbox, "reset", HERS)
    assert hers.post(link_of(mailbox, "signup/confirm", HERS)).status_code == 303
    assert visitor().post(link, data={"password": NEW}).status_code == 303
    assert type_password(visitor(), HERS, NEW).status_code == 303 and len(confirmed()) == 1


def test_strangers_who_do_everything_at_once_leave_her_a_link_within_three_hours(
    visitor, mailbox, jobs, later, unlimited
):
    """They sign up, come back and ask for links all the time, from ever new networks."""

    def attack(number):
        stranger = begin(visitor, f"203.{number}.0.1", HERS, number)
        again(stranger)
        from_(visitor, f"204.{number}.0.1").post("/forgot", data={"email": HERS})

    for number in range(20):
        attack(number)
        jobs.run()
    from_(visitor, "198.51.100.7").post("/forgot", data={"email": HERS})
    mailbox.clear()
    for number in range(20, 32):
        attack(number)
        later(QUARTER)
    assert mails_to(mailbox, HERS, "/reset/") and mails_to(mailbox, HERS, "/signup/confirm/")
    assert len(mails_to(mailbox, HERS)) == 2, "one of each in three hours"


def test_whoever_has_an_account_gets_a_link_whatever_strangers_ask_for(visitor, mailbox, jobs, later, unlimited):
    make_member(TAKEN)
    for number in range(16):
        begin(visitor, f"203.{number}.0.1", TAKEN, number)
        from_(visitor, f"204.{number}.0.1").post("/forgot", data={"email": TAKEN})
    jobs.run()
    assert len(mails_to(mailbox, TAKEN, "/reset/")) == 1
    later(QUARTER)
    assert links_after_one_more(visitor, mailbox, jobs) == 2
    assert visitor().post(link_of(mailbox, "reset", TAKEN), data={"password": NEW}).status_code == 303


def test_whoever_is_in_an_account_cannot_fill_its_mailbox_with_links(visitor, mailbox, jobs, later, unlimited):
    make_member(TAKEN)
    thief = visitor()
    type_password(thief, TAKEN)
    for _time in range(20):
        thief.post("/me/email/give-up")
        visitor().post("/forgot", data={"email": TAKEN})
        jobs.run()
    assert len(mails_to(mailbox, TAKEN, "/reset/")) == 3
    later(QUARTER)
    assert links_after_one_more(visitor, mailbox, jobs) == 4


def links_after_one_more(visitor, mailbox, jobs):
    visitor().post("/forgot", data={"email": TAKEN})
    jobs.run()
    return len(mails_to(mailbox, TAKEN, "/reset/"))


THREE = "203.0.113.7", "204.0.113.7", "205.0.113.7"


def gives_up(stranger):
    assert stranger.post("/me/leave", data={"texts": "all", "word": "löschen"}).status_code == 303


@pytest.mark.parametrize("leaves", [pytest.param(False, marks=pytest.mark.thorough), True])
def test_her_link_comes_though_the_sign_up_it_is_sent_for_is_given_up(visitor, mailbox, jobs, later, unlimited, leaves):
    """One stranger, three networks: he signs up with her address, asks for a link, and lets that sign-up go before its turn."""

    def attack(number):
        stranger = begin(visitor, THREE[0], HERS, number)
        from_(visitor, THREE[0]).post("/forgot", data={"email": HERS})
        if leaves:
            gives_up(stranger)

    for number in range(MOST_NOW + 1):
        again(begin(visitor, THREE[number % 3], HERS, number))
        jobs.run()
    begin(visitor, "198.51.100.7", HERS, "von ihr")
    attack(100)
    mailbox.clear()
    for number in range(101, 101 + 12):  # three hours
        from_(visitor, "198.51.100.7").post("/forgot", data={"email": HERS})
        later(QUARTER - 60, step=QUARTER - 60)
        attack(number)
        later(60, step=60)
        if mails_to(mailbox, HERS, "/reset/"):
            break
    assert visitor().post(link_of(mailbox, "reset", HERS), data={"password": NEW}).status_code == 303
    assert [key for (key,) in confirmed()] == [HERS]


def test_nor_is_it_kept_back_by_a_quarrel_about_that_sign_up(visitor, mailbox, jobs, later, unlimited):
    """He takes another address meanwhile, confirms it, and two mailboxes quarrel about his account."""
    zed = begin(visitor, THREE[0], HERS, "von Zed")
    for number in range(MOST_NOW):
        begin(visitor, f"203.{number}.0.1", HERS, number)
    jobs.run()
    with as_owner():
        mine = db.session.scalar(select(func.min(Person.id)).where(Person.confirmed_at.is_(None)))
        with scope.use(scope.NOBODY), atomic():
            confirming.offer_account(db.session.get_one(Person, mine))
    assert zed.post("/signup/confirm/address", data={"e-email": "zed@altenbrueck.example"}).status_code == 303
    jobs.run()
    assert zed.post(link_of(mailbox, "signup/confirm", "zed@")).status_code == 303
    with as_owner(), atomic():
        emails = {"old_email": "zed@altenbrueck.example", "new_email": "zoe@altenbrueck.example"}
        due_at = clock.now() + timedelta(days=3)
        db.session.add(Dispute(person_id=mine, since=clock.now(), due_at=due_at, **emails))
    mailbox.clear()
    later(2 * 5400)
    assert mails_to(mailbox, HERS, "/reset/")


def test_the_turn_of_whoever_has_left_is_the_next_ones(visitor, mailbox, jobs, later, unlimited):
    for number in range(MOST_NOW):
        begin(visitor, f"203.{number}.0.1", HERS, number)
    jobs.run()
    hers = begin(visitor, "198.51.100.7", HERS, "von ihr")
    strangers_ = [begin(visitor, f"204.{number}.0.1", HERS, f"neuer {number}") for number in range(3)]
    for stranger in strangers_:
        again(stranger)
        gives_up(stranger)
    mailbox.clear()
    later(5400)
    assert hers.post(link_of(mailbox, "signup/confirm", HERS)).status_code == 303


# -- nothing to be learnt, nothing held up --------------------------------------------------------------------------------


def test_a_taken_address_answers_at_every_turn_like_a_free_one(visitor, mailbox, jobs, later, frozen_clock, unlimited):
    """The same is done to both for hours; what a stranger sees of the line differs nowhere."""
    make_member(TAKEN)
    begun, seen = clock.now(), []
    for email in (TAKEN, HERS):
        with clock.freeze(begun):
            pages = []
            stranger = begin(visitor, "203.0.113.1", email, 0)
            for number in range(1, 20):
                if number % 2:
                    begin(visitor, f"203.{number}.0.1", email, number)
                forgot = from_(visitor, f"204.{number}.0.1").post("/forgot", data={"email": email})
                pages.append((forgot.status_code, masked(forgot)))
                if number % 3 == 0:
                    pages.append(again(stranger))
                if number == 15:
                    stranger.post("/signup/confirm/address", data={"e-email": email})
                    pages.append(masked(stranger.get("/signup/confirm")))
                jobs.run()
                later(QUARTER)
            seen.append((pages, [(state == "pending", due) for state, due in rows(email)]))
    assert seen[0] == seen[1]
    assert any(state for state, _due in seen[0][1]), "the line was long enough to show"
    assert mails_to(mailbox, TAKEN, "/signup/confirm/") == [] and mails_to(mailbox, HERS, "/signup/confirm/")


def test_nor_does_changing_to_it_from_an_account(visitor, mailbox, jobs, unlimited):
    make_member("erika@altenbrueck.example")
    make_member(TAKEN, quarter=make_quarter("norden"))
    browser, seen = visitor(), []
    type_password(browser, "erika@altenbrueck.example")
    for email in (TAKEN, HERS):
        pages = []
        for number in range(12):
            begin(visitor, f"203.{number}.0.1", email, number)
            page = browser.post("/me/email", data={"e-email": email}, follow_redirects=True)
            pages.append((page.status_code, masked(page).replace(email, "…")))
            jobs.run()
        seen.append((pages, [state == "pending" for state, _due in rows(email)]))
    assert seen[0] == seen[1]
    assert seen[0][1][-1] is True, "the line was long enough to show"
    assert mails_to(mailbox, TAKEN, "/signup/confirm/") == []
    assert mails_to(mailbox, HERS, "/signup/confirm/")


def test_while_our_mail_server_is_away_a_taken_address_waits_like_a_free_one(monkeypatch, visitor, jobs, unlimited):
    monkeypatch.setattr(Transport, "hand_over", lambda *args: Answer(Outcome.LATER, "450 try later"))
    make_member(TAKEN)
    begun, left = clock.now(), []
    for email in (TAKEN, HERS):
        with clock.freeze(begun):
            for number in range(12):
                begin(visitor, f"203.{number}.0.1", email, number)
                jobs.run()
            mailbox = strangers.fingerprint(email).hex()
            waiting = [due for _state, due in rows(email) if due > clock.now() + timedelta(minutes=20)]
            with as_owner():
                rates = [limits.left(rate, mailbox) for rate in (strangers.STEADY, strangers.RUSH)]
            left.append((rates, len(waiting)))
    assert left[0] == left[1] == ([0, 0], 4)


def test_no_page_tells_how_long_the_line_is_or_that_somebody_else_stands_in_it(visitor, jobs, unlimited):
    """He signs up with two addresses and asks now and then; with one of them she has signed up the same day."""
    pages = []
    for email, others in ((HERS, True), ("andere@altenbrueck.example", False)):
        him = begin(visitor, "203.0.113.1", email, 0)
        if others:
            begin(visitor, "198.51.100.7", email, "von ihr")
        asked = []
        for _time in range(MOST_NOW + 2):
            asked.append(again(him).replace(email, "…"))
            jobs.run()
        him.post("/signup/confirm/address", data={"e-email": email})
        pages.append([*asked, masked(him.get("/signup/confirm")).replace(email, "…")])
    assert pages[0] == pages[1]
    assert all("bis zu anderthalb Stunden" in page for page in pages[0][:4])


def test_the_sweep_asks_for_one_mail_of_an_address_however_many_wait(jobs, later, frozen_clock):
    """Five addresses with a full line each: as many questions as for one, and one job for each address and turn."""
    counted = []
    for addresses in (1, 5):
        for number in range(addresses):
            _full_line(f"voll{addresses}.{number}@woanders.example")
        jobs.run()
        frozen_clock.tick(5400)
        with statements() as seen, scope.use(scope.NOBODY):
            asked = ledger.sweep()
        counted.append((asked, len(seen)))
        jobs.run()
        frozen_clock.tick(30 * 24 * HOUR)
        with scope.use(scope.NOBODY):
            ledger.sweep()
        with as_owner(), atomic():
            db.session.execute(update(Delivery).values(state=DeliveryState.SKIPPED))
        jobs.sent.clear()
    assert [asked for asked, _questions in counted] == [1, 5]
    assert counted[0][1] == counted[1][1]


def _full_line(email):
    person = make_person(make_quarter(), email=email, email_key=email, confirmed_at=None)
    with scope.use(scope.NOBODY), atomic():
        for number in range(24):
            payload = {"email": email, "round": 0}
            strangers.promise(
                person.id, f"probe.{number}", address=email, source=str(number), subject_key="1", payload=payload
            )


def test_asking_costs_as_much_however_many_have_asked(jobs, unlimited):
    costs = []
    person_id = make_person(make_quarter(), confirmed_at=None).id
    for number in range(80):
        with scope.use(scope.NOBODY), statements() as seen, atomic():
            line = {"address": STRANGER, "source": str(number), "subject_key": "1", "payload": {}}
            strangers.promise(person_id, f"probe.{number}", **line)
        costs.append(len(seen))
    assert max(costs[40:]) == costs[30] <= 12
    with as_owner():
        waits = select(func.count()).select_from(Delivery).where(Delivery.state == DeliveryState.PENDING)
        assert db.session.scalar(waits) == strangers.MOST_WAITING
