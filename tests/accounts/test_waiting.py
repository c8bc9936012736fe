"""Sign-ups that wait under the same address: whoever made one confirms it and no other, and nobody keeps the owner out."""

from __future__ import annotations

import re
import threading

import pytest
from sqlalchemy import select

from neighbour.accounts import decoys, passwords, service
from neighbour.accounts.entering import Browser
from neighbour.accounts.models import Person
from neighbour.core import scope
from neighbour.core.db import as_owner, db
from tests.accounts.factor_helpers import GOOD, make_member, type_password
from tests.accounts.signing_helpers import masked, sign_up

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
HERS, OTHERS = "anna@altenbrueck.example", "Passwort des Angreifers"
TAKEN = "uwe@altenbrueck.example"


def asks(browser, mailbox, jobs):
    """Have the mail sent that asks for the confirmation; gives its link and its digits."""
    mailbox.clear()
    assert browser.post("/signup/confirm/again").status_code == 303
    jobs.run()
    (mail,) = [each for each in mailbox.messages() if "/signup/confirm/" in each.text]
    return re.search(r"http://localhost(/signup/confirm/\S+)", mail.text)[1], re.search(r"\b(\d{6})\b", mail.text)[1]


def confirmed():
    with as_owner():
        found = db.session.execute(select(Person.id, Person.email_key).where(Person.confirmed_at.is_not(None)))
        return [tuple(row) for row in found]


def test_whoever_signs_up_a_second_time_confirms_that_and_comes_in_with_its_password(
    visitor, mailbox, jobs, frozen_clock
):
    """Once begun and left, by oneself or by somebody else: nothing has to be known of it, and nothing typed is lost."""
    first, again = visitor(), visitor()
    sign_up(first, HERS, OTHERS)
    frozen_clock.tick(3600)
    sign_up(again, HERS, GOOD)
    jobs.run()
    assert mailbox.messages() == [], "nobody has an account yet who could be told of it"
    _link, digits = asks(again, mailbox, jobs)
    (mail,) = mailbox.messages()
    assert "gehört zu diesem Konto und zu keinem anderen" in " ".join(mail.text.split())
    assert again.post("/signup/confirm", data={"code": digits}).status_code == 303
    assert [key for _number, key in confirmed()] == [HERS]
    assert type_password(visitor(), HERS, GOOD).location == "/signup/next"
    type_password(page := visitor(), HERS, OTHERS)
    assert (number_of(again), number_of(page) == number_of(again)) == (confirmed()[0][0], False)


def number_of(browser):
    with browser.session_transaction() as cookie, scope.use(scope.NOBODY):
        found = service.sessions.recognise(cookie["_user_id"])
    return found.who.person_id if found else None


def test_a_link_and_digits_confirm_the_sign_up_they_belong_to_and_only_for_whoever_knows_its_password(
    visitor, mailbox, jobs, frozen_clock
):
    """Prepared accounts (Sudhodanan and Paverd 2022): a stranger signs up with her address before her, and after her again."""
    stranger, hers = visitor(), visitor()
    sign_up(stranger, HERS, OTHERS)
    his_link, his_digits = asks(stranger, mailbox, jobs)
    sign_up(hers, HERS, GOOD)
    assert "Passwort" in visitor().get(his_link).text
    for browser, typed in ((visitor(), ""), (visitor(), GOOD), (hers, GOOD)):
        page = browser.post(his_link, data={"password": typed})
        assert page.status_code == 422 and "nicht das Passwort, das beim Eröffnen dieses Kontos" in page.text
    assert hers.post("/signup/confirm", data={"code": his_digits}).status_code == 422
    link, _digits = asks(hers, mailbox, jobs)
    assert confirmed() == []
    assert visitor().post(link, data={"password": GOOD}).status_code == 303, "on another device"
    assert [key for _number, key in confirmed()] == [HERS] and confirmed()[0][0] == number_of(hers)
    assert stranger.post(his_link, data={"password": OTHERS}).status_code == 410
    assert stranger.post("/signup/confirm", data={"code": his_digits}).status_code == 422
    assert stranger.get("/signup/confirm").status_code == 200, "what he sees does not tell that she has come"
    mailbox.clear()
    assert stranger.post("/signup/confirm/again").status_code == 303
    jobs.run()
    assert mailbox.messages() == [] and len(confirmed()) == 1


def test_of_many_who_confirm_at_the_same_moment_one_has_the_address(visitor, mailbox, jobs):
    browsers = [visitor() for _each in range(4)]
    digits = []
    for number, browser in enumerate(browsers):
        sign_up(browser, HERS, f"{GOOD} {number}")
        digits.append(asks(browser, mailbox, jobs)[1])
    answers = []

    def confirm(browser, code):
        answers.append(browser.post("/signup/confirm", data={"code": code}).status_code)

    threads = [threading.Thread(target=confirm, args=pair) for pair in zip(browsers, digits, strict=True)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(answers) == [303, 422, 422, 422]
    assert [key for _number, key in confirmed()] == [HERS]


def test_a_squatter_does_not_use_up_the_mails_of_an_addresss_owner(visitor, mailbox, jobs):
    squatters = [visitor() for _each in range(4)]
    answers = []
    for number, browser in enumerate(squatters):
        browser.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
        sign_up(browser, HERS, OTHERS + str(number))
        for _time in range(4):
            answers.append(browser.post("/signup/confirm/again").status_code)
            jobs.run()
    assert answers == [303] * 16, "nobody is told apart by what others did"
    assert len(mailbox.messages()) == 5, "one piece of the network, one count, whoever signs up; the rest comes later"
    sign_up(hers := visitor(), HERS, GOOD)
    _link, digits = asks(hers, mailbox, jobs)
    assert hers.post("/signup/confirm", data={"code": digits}).status_code == 303


def test_however_many_wait_free_and_taken_addresses_answer_alike_and_cost_the_same(monkeypatch, visitor):
    make_member(TAKEN)
    tries = decoys.MOST + 2
    monkeypatch.setitem(service.limits.RATES, "auth", service.limits.Rate(1000, 900))
    seen = []
    real, costs = passwords.compute, []
    monkeypatch.setattr(passwords, "compute", lambda *args: costs.append(1) or real(*args))
    for email in (TAKEN, HERS):
        browsers = [visitor() for _each in range(tries)]
        answers = [sign_up(each, email, f"{OTHERS} {n}").status_code for n, each in enumerate(browsers)]
        pages = [masked(each.get("/signup/confirm")) for each in browsers]
        costs.clear()
        for n in range(tries):
            try:
                with scope.use(scope.NOBODY):
                    service.sign_in(email, f"{OTHERS} {n}", Browser("", str(n)), memory_kib=64)
                answers.append(1)
            except service.Refused:
                answers.append(0)
        seen.append((answers, len(set(pages)), len(costs)))
    assert seen[0] == seen[1]
    assert seen[0][0][-tries:] == [0, 0] + [1] * decoys.MOST and seen[0][2] == tries, "one computation each"


def test_a_forgotten_password_goes_to_the_owner_and_to_the_last_who_waits_while_there_is_none(visitor, mailbox, jobs):
    for password in (OTHERS, GOOD):
        sign_up(browser := visitor(), HERS, password)
    newest = number_of(browser)
    visitor().post("/forgot", data={"email": HERS})
    jobs.run()
    (mail,) = mailbox.messages()
    link = re.search(r"http://localhost(/reset/\S+)", mail.text)[1]
    assert visitor().post(link, data={"password": "neun alte Fahrräder"}).status_code == 303
    ((hers, _key),) = confirmed()
    assert hers != newest, "an account of her own, into which nobody has put anything"
    sign_up(visitor(), HERS, "noch einmal ein Fremder")
    mailbox.clear()
    visitor().post("/forgot", data={"email": HERS})
    jobs.run()
    links = [re.search(r"http://localhost(/reset/\S+)", each.text) for each in mailbox.messages()]
    (to_set,) = [found[1] for found in links if found]
    assert visitor().post(to_set, data={"password": "zehn frische Brötchen"}).status_code == 303
    assert confirmed() == [(hers, HERS)]
