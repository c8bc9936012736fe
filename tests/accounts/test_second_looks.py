"""What a second visit could tell: taken addresses, forms sent twice, links in old mails, devices that are known."""

from __future__ import annotations

import re
import threading

import pytest
from sqlalchemy import select

from neighbour.accounts import service
from neighbour.accounts.models import Person, SignUpStep
from neighbour.core import limits, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.policy import Level
from tests.accounts.signing_helpers import GOOD, give_password, sign_up
from tests.factories import make_person, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context")
TAKEN, FREE, OTHER = "da@altenbrueck.example", "weg@altenbrueck.example", "fünf rote Gummistiefel"


@pytest.fixture
def owner_of_taken():
    """The confirmed account of TAKEN."""
    person = make_person(make_quarter(), email=TAKEN, email_key=TAKEN)
    give_password(person, OTHER)
    return person


def links(mailbox, kind, to=""):
    mails = [mail for mail in mailbox.messages() if to in mail.recipients[0]]
    return [found for mail in mails for found in re.findall(rf"http://localhost(/{kind}/\S+)", mail.text)]


def enter(browser, email, password):
    return browser.post("/signin", data={"email": email, "password": password}).status_code


@pytest.mark.parametrize("email", [TAKEN, FREE])
def test_signing_up_out_and_in_again_is_the_same_for_taken_and_free_addresses(owner_of_taken, visitor, email):
    sign_up(visitor(), email)
    assert enter(visitor(), email, GOOD) == 303
    sign_up(visitor(), email, OTHER + "!")
    assert (enter(visitor(), email, GOOD), enter(visitor(), email, OTHER + "!")) == (303, 303)


def test_a_decoy_opens_nothing_of_the_owner(owner_of_taken, visitor):
    stranger = visitor()
    sign_up(stranger, TAKEN)
    assert enter(stranger, TAKEN, GOOD) == 303
    assert stranger.get("/board").location == "/signup/next"
    assert enter(visitor(), TAKEN, OTHER) == 303


@pytest.mark.parametrize("email", [TAKEN, FREE])
def test_another_address_can_be_given_and_confirmed_before_the_first_one_is(
    owner_of_taken, client, mailbox, jobs, email
):
    sign_up(client, email)
    page = client.post("/me/email", data={"e-email": "meine@altenbrueck.example"})
    assert page.status_code == 303
    jobs.run()
    (link,) = links(mailbox, "signup/confirm", "meine@")
    assert client.post(link).status_code == 303
    assert "meine@altenbrueck.example" in client.get("/me/access").text
    told = {mail.recipients[0] for mail in mailbox.messages()} - {"meine@altenbrueck.example"}
    assert told == ({TAKEN} if email == TAKEN else set()), "an address never confirmed may be somebody else's"


def test_the_sign_up_form_sent_twice_is_one_sign_up(client, visitor, mailbox, jobs):
    pages = []

    def send():
        browser = visitor()
        pages.append((sign_up(browser, FREE).status_code, browser))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [status for status, _browser in pages] == [303] * 4
    with as_owner():
        assert len(db.session.scalars(select(Person)).all()) == 1
    assert {browser.get("/signup/next").location for _status, browser in pages} == {"/signup/address"}
    jobs.run()
    assert mailbox.messages() == []


def test_signing_up_with_a_taken_address_makes_no_known_device(owner_of_taken, visitor):
    guesser = visitor()
    sign_up(guesser, TAKEN)
    guesser.post("/signout")
    codes = [enter(browser, TAKEN, f"geraten {n}") for n, browser in enumerate([guesser] * 3 + [visitor()] * 3)]
    assert codes == [422] * 5 + [429]


def test_a_new_password_lets_this_device_in_while_others_are_guessing(owner_of_taken, visitor, mailbox, jobs):
    for n in range(6):
        enter(visitor(), TAKEN, f"geraten {n}")
    browser = visitor()
    page = browser.post("/signin", data={"email": TAKEN, "password": OTHER})
    assert page.status_code == 429 and "setz per Mail ein neues" in page.text and f'value="{TAKEN}"' in page.text
    browser.post("/forgot", data={"email": TAKEN})
    jobs.run()
    assert browser.post(links(mailbox, "reset")[0], data={"password": GOOD}).status_code == 303
    assert enter(browser, TAKEN, GOOD) == 303


def test_a_device_stays_known_when_its_session_has_ended(owner_of_taken, client, visitor):
    assert enter(client, TAKEN, OTHER) == 303
    with as_owner(), atomic():
        service.sessions.end_all(owner_of_taken.id)
    assert client.get("/me").status_code == 303
    for n in range(6):
        enter(visitor(), TAKEN, f"geraten {n}")
    assert enter(client, TAKEN, OTHER) == 303


def test_right_passwords_are_not_counted(owner_of_taken, visitor):
    assert [enter(visitor(), TAKEN, OTHER) for _ in range(7)] == [303] * 7


def test_a_new_password_voids_every_link_sent_before(owner_of_taken, client, visitor, mailbox, jobs, frozen_clock):
    sign_in(client, owner_of_taken)
    client.post("/me/email", data={"e-email": "dieb@altenbrueck.example"})
    for _ in range(2):
        visitor().post("/forgot", data={"email": TAKEN})
        frozen_clock.tick(901)
    jobs.run()
    first, second = links(mailbox, "reset")
    (theft,) = links(mailbox, "signup/confirm", "dieb@")
    assert visitor().post(second, data={"password": GOOD}).status_code == 303
    assert visitor().post(first, data={"password": GOOD}).status_code == 410
    assert visitor().post(theft).status_code == 410
    with as_owner():
        assert db.session.get_one(Person, owner_of_taken.id, populate_existing=True).email_key == TAKEN


def test_links_in_the_old_mailbox_end_with_the_change_of_address(owner_of_taken, client, visitor, mailbox, jobs):
    sign_in(client, owner_of_taken)
    visitor().post("/forgot", data={"email": TAKEN})
    client.post("/me/email", data={"e-email": "neu@altenbrueck.example"})
    jobs.run()
    assert client.post(links(mailbox, "signup/confirm", "neu@")[0]).status_code == 303
    assert visitor().post(links(mailbox, "reset", TAKEN)[0], data={"password": GOOD}).status_code == 410


def test_whoever_sets_a_new_password_before_confirming_is_not_sent_in_circles(visitor, mailbox, jobs):
    make_person(
        make_quarter(), level=Level.UNPROVEN, email=FREE, email_key=FREE, confirmed_at=None, signup_step=SignUpStep.CONFIRM
    )  # fmt: skip
    browser = visitor()
    browser.post("/forgot", data={"email": FREE})
    jobs.run()
    browser.post(links(mailbox, "reset")[0], data={"password": GOOD})
    assert enter(browser, FREE, GOOD) == 303
    assert browser.get("/signup/next").location == "/signup/address", "whose home that was is not known"


@pytest.mark.usefixtures("waits_like_others")
def test_forgetting_takes_as_long_for_nobody_as_for_somebody(owner_of_taken):
    assert service.FORGOT_SECONDS > 0.1
    from neighbour.core import clock

    for email in (TAKEN, FREE):
        with scope.use(scope.NOBODY):
            begun = clock.monotonic()
            service.forgot(email)
            assert clock.monotonic() - begun >= service.FORGOT_SECONDS


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "192.0.2.2", False),
    ],
)
def test_a_household_with_ipv6_is_one_address_of_the_network(one, other, is_same):
    assert (limits.network(one) == limits.network(other)) is is_same
