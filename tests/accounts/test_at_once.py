"""What happens between looking and writing: a new password meanwhile, and everything sent twice."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from neighbour.accounts import care, entering, factors, passkeys, passwords, service, sessions, totp
from neighbour.accounts.models import FactorReset, Person
from neighbour.core import scope
from neighbour.core.db import as_owner, atomic, db
from tests.accounts.factor_helpers import (
    GOOD,
    MAIL,
    add_passkey,
    digits,
    is_in,
    link_of,
    options,
    type_password,
    with_app,
)
from tests.factories import sign_in
from tests.support.meeting import at_once, meanwhile, meet

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
NEW, THIEFS = "neun alte Fahrräder", "Passwort des Angreifers"


@pytest.fixture
def owner_at_home(visitor, person):
    """The owner, signed in, and how they set a new password."""
    browser = visitor()
    sign_in(browser, person)
    return lambda: browser.post("/me/password", data={"p-current": GOOD, "p-password": NEW})


# -- a new password meanwhile ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_dated", [False, True])
def test_who_typed_the_old_password_while_it_was_being_changed_is_not_let_in(
    monkeypatch, client, visitor, owner_at_home, is_dated
):
    """Where the old hash would be made anew, it must not be written over the new one either."""
    monkeypatch.setattr(passwords, "needs_rehash", lambda *_: is_dated)
    meanwhile(monkeypatch, passwords, "which", owner_at_home)
    assert type_password(client).status_code == 422
    assert not is_in(client)
    assert type_password(visitor(), password=NEW).status_code == 303


def test_nor_who_shows_the_second_step_after_it(monkeypatch, client, person, owner_at_home):
    seed = with_app(person)
    type_password(client)
    threads = meanwhile(monkeypatch, factors, "accept_code", owner_at_home)
    client.post("/signin/second", data={"code": digits(seed)})
    threads[0].join()
    assert not is_in(client)


def test_nor_who_comes_by_a_passkey_that_is_being_taken_off(monkeypatch, client, visitor, person):
    home = visitor()
    sign_in(home, person)
    device = add_passkey(home)
    key = re.search(r'name="passkey" value="([0-9a-f]{20})"', home.get("/me/access").text).group(1)
    asked = options(client, "/signin/passkey/options")
    threads = meanwhile(
        monkeypatch, passkeys, "is_of_this_device", lambda: home.post("/me/passkeys/remove", data={"passkey": key})
    )
    client.post("/signin/passkey", data={"k-answer": device.sign(asked)})
    threads[0].join()
    assert not is_in(client) and is_in(home)


def test_whose_new_session_is_ended_before_the_answer_stands_before_the_door(monkeypatch, client, person):
    """Signed out everywhere between the right password and the page: no error, and nobody is in."""
    come_in = service.sign_in

    def and_is_signed_out(*args, **more):
        entry = come_in(*args, **more)
        with as_owner(), atomic():
            sessions.end_all(person.id)
        return entry

    monkeypatch.setattr(service, "sign_in", and_is_signed_out)
    answer = type_password(client)
    assert (answer.status_code, answer.location) == (303, "/me/access")
    assert not is_in(client)


def test_a_thief_does_not_write_over_the_password_the_owner_sets_meanwhile(
    monkeypatch, client, visitor, person, mailbox, jobs
):
    visitor().post("/forgot", data={"email": MAIL})
    jobs.run()
    link = link_of(mailbox, "reset")
    type_password(client)
    meanwhile(monkeypatch, passwords, "which", lambda: visitor().post(link, data={"password": NEW}))
    client.post("/me/password", data={"p-current": GOOD, "p-password": THIEFS})
    assert type_password(visitor(), password=THIEFS).status_code == 422
    assert type_password(visitor(), password=NEW).status_code == 303


# -- sent twice -----------------------------------------------------------------------------------------------------------


def test_the_first_app_sent_twice_is_one_app_and_no_error(monkeypatch, client, visitor, person):
    sign_in(client, person)
    page = client.get("/me/app").text
    seed = re.search(r"secret=([A-Z2-7]{32})", page).group(1)
    carried = re.search(r'name="seed"[^>]*value="([^"]+)"', page).group(1)
    twin = visitor()
    twin.set_cookie("nachbar", client.get_cookie("nachbar").value)
    meet(monkeypatch, totp, "_step_of")
    form = {"seed": carried, "code": digits(seed)}
    answers = at_once(*(lambda each=each: each.post("/me/app", data=form) for each in (client, twin)))
    assert sorted(answer.location for answer in answers) == ["/me/access", "/me/recovery-codes"]
    assert {is_in(client), is_in(twin)} == {True, False}, "one of them has the session as it goes on"
    assert len(passkeys_and_apps(person)) == 1


def passkeys_and_apps(person):
    mine = factors.of(person.id)
    return [*mine.passkeys, *([mine.authenticator] if mine.authenticator else [])]


def test_it_is_you_said_twice_at_once_is_no_error(monkeypatch, client, visitor, person):
    seed = with_app(person)
    sign_in(client, person)
    twin = visitor()
    twin.set_cookie("nachbar", client.get_cookie("nachbar").value)
    meet(monkeypatch, entering, "since_shown")
    codes = [digits(seed), digits(seed, 1)]
    answers = at_once(
        *(lambda each=each, code=code: each.post("/me/again", data={"again-code": code})
          for each, code in zip((client, twin), codes, strict=True))
    )  # fmt: skip
    assert {answer.status_code for answer in answers} <= {303, 422}


def test_two_commands_at_once_ask_for_one_reset_and_one_objection_stops_it(monkeypatch, app, person):
    with_app(person)
    meet(monkeypatch, factors, "has_any")

    def ask():
        with app.app_context(), scope.use(scope.NOBODY):
            return care.ask_for_reset(MAIL).id

    first, second = at_once(ask, ask)
    assert first == second
    with as_owner():
        assert db.session.scalars(select(FactorReset.state)).all() == ["waiting"]


# -- what a page costs others while a password is computed ---------------------------------------------------------------


@pytest.mark.parametrize("door", ["sign in", "sign up", "set", "change", "again"])
def test_no_connection_is_held_while_a_password_is_computed(monkeypatch, client, visitor, person, mailbox, jobs, door):
    """A hundred who sign in at once must not keep everybody else from the database."""
    sign_in(client, person)
    visitor().post("/forgot", data={"email": MAIL})
    jobs.run()
    held, real = [], passwords.compute

    def compute(*args):
        held.append(db.session().in_transaction())
        return real(*args)

    monkeypatch.setattr(passwords, "compute", compute)
    if door == "sign in":
        assert type_password(visitor()).status_code == 303
    elif door == "sign up":
        form = {"email": "neu@altenbrueck.example", "password": NEW, "is_adult": "y", "accepts_rules": "y"}
        assert visitor().post("/signup", data=form).status_code == 303
    elif door == "set":
        assert visitor().post(link_of(mailbox, "reset"), data={"password": NEW}).status_code == 303
    elif door == "change":
        assert client.post("/me/password", data={"p-current": GOOD, "p-password": NEW}).status_code == 303
    else:
        assert client.post("/me/again", data={"again-password": GOOD}).status_code == 303
    assert held and not any(held)


# -- browsers an account knows ---------------------------------------------------------------------------------------------


def knows(browser):
    """Whether the account lets this browser in while everybody guesses."""
    return type_password(browser, password=NEW).status_code == 303


@pytest.mark.parametrize("way", ["change", "reset"])
def test_a_browser_of_before_the_new_password_is_a_stranger(client, visitor, person, mailbox, jobs, way):
    thief, home = visitor(), visitor()
    assert type_password(thief).status_code == 303
    assert type_password(home).status_code == 303
    if way == "change":
        assert home.post("/me/password", data={"p-current": GOOD, "p-password": NEW}).status_code == 303
    else:
        home.post("/forgot", data={"email": MAIL})
        jobs.run()
        assert home.post(link_of(mailbox, "reset"), data={"password": NEW}).status_code == 303
    home.post("/signout")
    for number in range(6):
        type_password(visitor(), password=f"geraten {number}")
    assert not knows(thief), "it is counted with all the strangers"
    assert knows(home), "where the new password was set, it is known"


def test_signing_in_to_a_sign_up_with_a_taken_address_makes_no_known_device(visitor, person):
    """Or a decoy's password would give five more guesses at its owner's, again and again."""
    from tests.accounts.signing_helpers import sign_up

    answers = []
    for number in range(8):
        thief = visitor()
        sign_up(thief, MAIL, THIEFS)
        thief.post("/signout")
        assert type_password(thief, password=THIEFS).status_code in (303, 429)
        thief.post("/signout")
        answers.append(type_password(thief, password=f"geraten {number}").status_code)
    assert answers == [422] * 5 + [429] * 3


def test_the_row_of_a_person_counts_its_passwords(client, person):
    sign_in(client, person)
    client.post("/me/password", data={"p-current": GOOD, "p-password": NEW})
    with as_owner():
        assert db.session.get_one(Person, person.id, populate_existing=True).password_round == 1
