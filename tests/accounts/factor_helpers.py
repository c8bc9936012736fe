"""What tests of second factors share: people with one, their digits, and the way in."""

from __future__ import annotations

import json
import re
from typing import Any

import pyotp

from neighbour.accounts import dispute_deciding, disputes, factors, recovery, totp
from neighbour.accounts.models import Person
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from tests.accounts.signing_helpers import GOOD, give_password
from tests.factories import make_person, make_quarter
from tests.support.authenticator import Device

MAIL, THIEF = "uwe@altenbrueck.example", "dieb@altenbrueck.example"


def make_member(email: str = MAIL, **fields: Any) -> Any:
    """A verified neighbour with the password GOOD."""
    quarter = fields.pop("quarter", None) or make_quarter()
    person = make_person(quarter, email=email, email_key=email, **fields)
    give_password(person)
    return person


def with_app(person: Any) -> str:
    """Set an app up for the person; gives its seed. The digits of the step before now are used up."""
    seed = totp.new_seed()
    with factors.eyes_of(person.id), atomic():
        assert totp.install(person.id, seed, digits(seed, -1))
    return seed


def with_codes(person: Any) -> list[str]:
    """Recovery codes for the person."""
    with factors.eyes_of(person.id), atomic():
        return recovery.renew(person.id)


def digits(seed: str, steps: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    return pyotp.TOTP(seed).at(clock.now(), counter_offset=steps)


def type_password(browser: Any, email: str = MAIL, password: str = GOOD) -> Any:
    return browser.post("/signin", data={"email": email, "password": password})


def options(browser: Any, path: str) -> Any:
    """What the site wants signed, as the script of the page asks for it."""
    answer = browser.post(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return json.loads(answer.text)


def add_passkey(browser: Any, device: Device | None = None) -> Device:
    """Somebody signed in makes a passkey."""
    device = device or Device()
    made = device.create(options(browser, "/me/passkeys/options"))
    page = browser.post("/me/passkeys/new", data={"name": "Handy", "answer": made})
    assert page.status_code == 303, page.text
    return device


def is_in(browser: Any) -> bool:
    """Whether this browser is signed in."""
    return browser.get("/me").status_code == 200


def link_of(mailbox: Any, kind: str, to: str = "") -> str:
    """The newest link of this kind in the mails to an address."""
    mails = [mail for mail in mailbox.messages() if to in mail.recipients[0]]
    return [found for mail in mails for found in re.findall(rf"http://localhost(/{kind}/\S+)", mail.text)][-1]


__all__ = ["GOOD", "MAIL", "scope"]


def change(browser: Any, mailbox: Any, jobs: Any, to: str) -> None:
    """Ask for another mail address in this session and confirm it."""
    assert browser.post("/me/email", data={"e-email": to}).status_code == 303
    jobs.run()
    assert browser.post(link_of(mailbox, "signup/confirm", to)).status_code == 303
    jobs.run()


def email_now(person: Any) -> str:
    """The address the account has."""
    with as_owner():
        return str(db.session.get_one(Person, person.id, populate_existing=True).email_key)


def gets_back(browser: Any, link: str, mailbox: Any, jobs: Any, ticks: Any, password: str, to: str = MAIL) -> None:
    """Press the button in the mailbox that was left, wait for the operator's word, and set a new password."""
    answer = browser.post(link)
    assert answer.status_code == 303 and answer.location.startswith("/dispute/"), (answer.status_code, answer.location)
    jobs.run()
    ticks.tick(86_460)
    with scope.use(scope.NOBODY):
        assert disputes.due() == 0
        (row,) = dispute_deciding.listed()
        dispute_deciding.decide(row.id, disputes.OLD)
    jobs.run()
    assert browser.post(link_of(mailbox, "reset", to), data={"password": password}).status_code == 303
