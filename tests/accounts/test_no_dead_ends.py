"""Whatever strangers do with somebody's address or in their network: its owner gets in, and gets an account of their own."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from neighbour.accounts.models import Person
from neighbour.core.db import as_owner, atomic, db
from tests.accounts.factor_helpers import GOOD, MAIL, is_in, link_of, make_member, type_password
from tests.accounts.signing_helpers import sign_up

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
HERS, NEW = "vera@altenbrueck.example", "zehn frische Brötchen"
LOOKS = {"first_name": "Vera", "last_name": "Probe", "shown": "name"}


def named(browser, first_name="Vera"):
    """Step 3, at which the mail is promised; the home is left out."""
    with as_owner(), atomic():
        db.session.execute(
            Person.__table__.update().values(signup_step="appearance").where(Person.confirmed_at.is_(None))
        )
    return browser.post("/signup/appearance", data={**LOOKS, "first_name": first_name})


def from_(visitor, address):
    browser = visitor()
    browser.environ_base["REMOTE_ADDR"] = address
    return browser


def test_a_link_for_a_new_password_never_gives_somebody_elses_sign_up(visitor, mailbox, jobs):
    """Vera has signed up; then Zed does with her address and another name. She has forgotten her password."""
    hers, zed = visitor(), visitor()
    sign_up(hers, HERS, "drei bunte Regenschirme")
    sign_up(zed, HERS, "Passwort des Angreifers")
    named(zed, "Zed")
    hers.post("/forgot", data={"email": HERS})
    jobs.run()
    assert hers.post(link_of(mailbox, "reset", HERS), data={"password": NEW}).status_code == 303
    assert not is_in(hers), "she is not left in the sign-up that can never become an account"
    assert type_password(hers, HERS, NEW).location == "/signup/next"
    assert hers.get("/signup/next").location == "/signup/address"
    with as_owner():
        mine = db.session.scalars(select(Person).where(Person.email_key == HERS)).one()
        assert (mine.first_name, mine.last_name, mine.display_name) == ("", "", "")
        assert mine.confirmed_at is not None
    assert "Zed" not in hers.get("/signup/address").text
    page = zed.get("/signup/confirm")
    assert page.status_code == 200, "and he waits like before"
    hers.post("/signout")
    assert type_password(hers, HERS, "Passwort des Angreifers").location != "/board"


def test_once_more_does_not_promise_a_mail_that_never_comes(visitor, mailbox, jobs):
    make_member(HERS)
    pages = []
    for address in (HERS, "frei@altenbrueck.example"):
        browser = visitor()
        sign_up(browser, address)
        browser.post("/signup/confirm/again")
        pages.append(browser.get("/signup/confirm").text.replace(address, "…"))
    assert all("Kommt keine, gibt es zu dieser Adresse schon ein Konto" in page for page in pages)


def test_strangers_who_ask_for_a_new_password_do_not_keep_its_owner_from_it(visitor, mailbox, jobs, frozen_clock):
    make_member()
    for number in range(40):
        page = from_(visitor, f"203.0.{number}.9").post("/forgot", data={"email": MAIL})
        assert page.status_code == 200 and "unterwegs oder schon da" in page.text
    jobs.run()
    assert len([mail for mail in mailbox.messages() if "/reset/" in mail.text]) == 1
    hers = visitor()
    assert "unterwegs oder schon da" in hers.post("/forgot", data={"email": MAIL}).text
    assert hers.post(link_of(mailbox, "reset", MAIL), data={"password": NEW}).status_code == 303
    hers.post("/forgot", data={"email": MAIL})
    jobs.run()
    assert len([mail for mail in mailbox.messages() if "/reset/" in mail.text]) == 2, "after that one was used"
    frozen_clock.tick(901)
    hers.post("/forgot", data={"email": MAIL})
    jobs.run()
    assert len([mail for mail in mailbox.messages() if "/reset/" in mail.text]) == 3


def test_what_others_try_in_the_same_network_does_not_keep_a_known_device_out(visitor):
    make_member()
    known, other = visitor(), visitor()
    type_password(known)
    known.post("/signout")
    answers = [type_password(other, f"niemand{number}@altenbrueck.example").status_code for number in range(31)]
    assert answers == [422] * 30 + [429]
    assert type_password(visitor()).status_code == 429, "a device nobody knows waits"
    assert type_password(known).status_code == 303


def test_signing_in_well_uses_nothing_up(visitor):
    make_member()
    for _time in range(35):
        browser = visitor()
        assert type_password(browser, password=GOOD).status_code == 303


def test_a_known_device_has_its_own_count(visitor):
    make_member()
    known = visitor()
    type_password(known)
    known.post("/signout")
    answers = [type_password(known, password=f"geraten {number}").status_code for number in range(6)]
    assert answers == [422] * 5 + [429]
