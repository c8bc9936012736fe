"""Somebody has the password: what they do first, and that the owner's mailbox gets the account back all the same."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from neighbour.accounts import care, factors
from neighbour.accounts.cli import person as command
from neighbour.accounts.models import FactorReset, Person, Status
from neighbour.core import scope
from neighbour.core.db import as_owner, db
from tests.accounts.factor_helpers import (
    GOOD,
    MAIL,
    THIEF,
    add_passkey,
    change,
    digits,
    email_now,
    gets_back,
    is_in,
    link_of,
    options,
    type_password,
    with_app,
    with_codes,
)
from tests.accounts.signing_helpers import sign_up
from tests.factories import make_person, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
NEW, HOUR = "zehn frische Brötchen", 3600


@pytest.fixture
def thief(visitor, person):
    """Signed in with the stolen password."""
    browser = visitor()
    assert type_password(browser).status_code == 303
    return browser


def comes_by_passkey(browser, device):
    """Sign in with the passkey alone; gives the status."""
    answer = device.sign(options(browser, "/signin/passkey/options"))
    return browser.post("/signin/passkey", data={"k-answer": answer}).status_code


def takes_back(browser, link):
    """Press the button and set a new password."""
    to_set = browser.post(link)
    assert to_set.status_code == 303 and to_set.location.startswith("/reset/"), to_set.status_code
    assert browser.post(to_set.location, data={"password": NEW}).status_code == 303


# -- a way to sign in that the owner did not add -------------------------------------------------------------------------


def test_the_owner_takes_a_thiefs_passkey_back_after_all_else_has_failed(
    client, visitor, person, thief, mailbox, jobs, frozen_clock
):
    device = add_passkey(thief)
    thief.post("/me/recovery-codes")
    jobs.run()
    link = link_of(mailbox, "undo-factor", MAIL)
    client.post("/forgot", data={"email": MAIL})
    jobs.run()
    assert client.post(link_of(mailbox, "reset"), data={"password": "neun alte Fahrräder"}).status_code == 303
    assert type_password(client, password="neun alte Fahrräder").location == "/signin/second", (
        "it is the thief's factor"
    )
    assert comes_by_passkey(visitor(), device) == 303
    frozen_clock.tick(71 * HOUR)
    page = client.get(link)
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert factors.has_any(person.id), "opening the link changes nothing"
    inside = visitor()
    assert comes_by_passkey(inside, device) == 303
    takes_back(client, link)
    assert not is_in(inside) and comes_by_passkey(visitor(), device) == 422
    assert factors.of(person.id).codes_left == 0
    assert type_password(client, password=NEW).location == "/board"
    assert client.post(link).status_code == 410, "once"


def test_with_the_passkey_go_the_new_address_and_the_wish_to_leave_that_came_after_it(
    client, visitor, person, thief, mailbox, jobs, frozen_clock
):
    device = add_passkey(thief)
    frozen_clock.tick(60)
    change(thief, mailbox, jobs, THIEF)
    assert thief.post("/me/leave", data={"texts": "keep", "word": "delete"}).status_code == 303
    jobs.run()
    gets_back(client, link_of(mailbox, "undo-factor", MAIL), mailbox, jobs, frozen_clock, NEW)
    assert email_now(person) == MAIL
    assert type_password(client, password=NEW).location == "/board"
    assert comes_by_passkey(visitor(), device) == 422
    assert visitor().post(link_of(mailbox, "back", THIEF)).status_code == 409


def test_a_mail_that_waits_still_goes_where_the_account_was_when_something_was_added(
    client, person, thief, mailbox, jobs, frozen_clock
):
    """The thief is quicker than the queue: another address, and away, before any mail is written."""
    add_passkey(thief)
    thief.post("/me/email", data={"e-email": THIEF})
    for name, arguments in list(jobs.sent):  # the confirmation is all the thief waits for
        if name == "notices.deliver" and notice_of(arguments[0]) == "accounts.confirm":
            jobs.sent[:] = [each for each in jobs.sent if each != (name, arguments)]
            kept, jobs.sent[:] = list(jobs.sent), [(name, arguments)]
            jobs.run()
            jobs.sent[:] = kept
    assert thief.post(link_of(mailbox, "signup/confirm", THIEF)).status_code == 303
    assert thief.post("/me/leave", data={"texts": "keep", "word": "delete"}).status_code == 303
    jobs.run()
    gets_back(client, link_of(mailbox, "undo-factor", MAIL), mailbox, jobs, frozen_clock, NEW)
    assert (email_now(person), factors.has_any(person.id)) == (MAIL, False)


def notice_of(delivery):
    from neighbour.notices.models import Delivery

    with as_owner():
        return db.session.scalar(select(Delivery.notice).where(Delivery.id == delivery))


def test_leaving_alone_is_taken_back_with_the_address(client, person, thief, mailbox, jobs):
    add_passkey(thief)
    thief.post("/me/leave", data={"texts": "keep", "word": "delete"})
    jobs.run()
    takes_back(client, link_of(mailbox, "undo-factor", MAIL))
    with as_owner():
        now = db.session.get_one(Person, person.id, populate_existing=True)
        assert (now.email_key, now.status, now.first_name) == (MAIL, Status.ACTIVE, person.first_name)


def test_the_thiefs_mailbox_takes_nothing_back_once_the_owner_has(
    client, visitor, person, thief, mailbox, jobs, frozen_clock
):
    """A link in it would set a new password: of what was added after the change of address, the mail goes there."""
    change(thief, mailbox, jobs, THIEF)
    frozen_clock.tick(60)
    add_passkey(thief)
    jobs.run()
    thiefs = link_of(mailbox, "undo-factor", THIEF)
    gets_back(client, link_of(mailbox, "undo-email", MAIL), mailbox, jobs, frozen_clock, NEW)
    assert visitor().post(thiefs).status_code == 410
    assert 'action="/undo-factor' not in visitor().get(thiefs).text
    assert type_password(client, password=NEW).location == "/board"


def test_what_was_there_before_stays_and_is_asked_for(client, person, mailbox, jobs, frozen_clock):
    seed = with_app(person)
    frozen_clock.tick(60)
    sign_in(client, person)
    add_passkey(client)
    jobs.run()
    takes_back(client, link_of(mailbox, "undo-factor", MAIL))
    mine = factors.of(person.id)
    assert (len(mine.passkeys), mine.authenticator is not None) == (0, True)
    assert type_password(client, password=NEW).location == "/signin/second"
    assert client.post("/signin/second", data={"code": digits(seed)}).location == "/board"


@pytest.mark.parametrize(("hours", "status"), [(72 - 1 / 60, 303), (72 + 1 / 60, 410)])
def test_it_can_be_taken_back_for_72_hours(client, thief, mailbox, jobs, frozen_clock, hours, status):
    add_passkey(thief)
    jobs.run()
    frozen_clock.tick(hours * HOUR)
    assert client.post(link_of(mailbox, "undo-factor", MAIL)).status_code == status


def test_the_mail_says_so_and_what_went_has_no_such_link(client, person, mailbox, jobs):
    sign_in(client, person)
    add_passkey(client)
    client.post("/me/app/remove")
    jobs.run()
    added, removed = (" ".join(mail.text.split()) for mail in mailbox.messages())
    words = "Warst du das nicht, dann mach es rückgängig: Drei Tage lang geht das mit diesem Link"
    assert words in added and "/undo-factor/" in added
    assert "/undo-factor/" not in removed and "/forgot" in removed


def test_mails_say_no_more_than_is_known(client, person, mailbox, jobs):
    """A code shown in an open session signs nobody in; who asks for another address may have come by a passkey."""
    with_app(person)
    code = with_codes(person)[0]
    sign_in(client, person)
    assert client.post("/me/again", data={"again-code": code}).status_code == 303
    client.post("/me/email", data={"e-email": THIEF})
    jobs.run()
    told = [" ".join(mail.text.split()) for mail in mailbox.messages() if mail.recipients == (MAIL,)]
    assert any("mit einem deiner Notfallcodes gezeigt, dass du es bist" in text for text in told)
    assert any("Jemand, der in deinem Konto angemeldet ist, möchte dafür eine andere" in text for text in told)
    assert not any("zum Anmelden benutzt" in text or "dein Passwort kennt" in text for text in told)


# -- a reset that waits, and who may stop it -----------------------------------------------------------------------------


def state_of_resets():
    with as_owner():
        return db.session.scalars(select(FactorReset.state).order_by(FactorReset.id)).all()


@pytest.mark.parametrize(("hours", "state"), [(0, "done"), (71.9, "done"), (72.1, "stopped")])
def test_a_reset_is_not_stopped_by_a_passkey_that_came_shortly_before_it(
    operate, visitor, person, thief, jobs, frozen_clock, hours, state
):
    device = add_passkey(thief)
    frozen_clock.tick(hours * HOUR)
    assert operate(command, "reset-factors", MAIL).exit_code == 0
    for _day in range(3):
        assert comes_by_passkey(visitor(), device) == 303
        frozen_clock.tick(24 * HOUR + 60)
    with scope.use(scope.NOBODY):
        care.due_resets()
    assert state_of_resets() == [state]
    assert factors.has_any(person.id) is (state == "stopped")


def test_nor_by_a_new_app_or_new_codes_that_stand_in_for_an_old_one(operate, visitor, person, frozen_clock):
    with_app(person)
    frozen_clock.tick(80 * HOUR)
    codes = with_codes(person)
    operate(command, "reset-factors", MAIL)
    browser = visitor()
    type_password(browser)
    assert browser.post("/signin/second", data={"code": codes[0]}).status_code == 303
    assert state_of_resets() == ["waiting"]
    seed = with_app(person)
    frozen_clock.tick(60)
    type_password(browser := visitor())
    assert browser.post("/signin/second", data={"code": digits(seed)}).status_code == 303
    assert state_of_resets() == ["waiting"]


def test_a_factor_shown_in_an_open_session_stops_it_too(operate, client, person, frozen_clock):
    seed = with_app(person)
    frozen_clock.tick(80 * HOUR)
    sign_in(client, person)
    operate(command, "reset-factors", MAIL)
    assert client.post("/me/again", data={"again-code": digits(seed)}).status_code == 303
    assert state_of_resets() == ["stopped"]


def test_who_took_the_thiefs_factor_back_does_not_lose_their_own_new_one_to_the_reset(
    operate, client, person, thief, mailbox, jobs, frozen_clock
):
    add_passkey(thief)
    jobs.run()
    operate(command, "reset-factors", MAIL)
    takes_back(client, link_of(mailbox, "undo-factor", MAIL))
    assert state_of_resets() == ["stopped"]


# -- an address that is about to be had back -----------------------------------------------------------------------------


def test_nobody_gets_the_address_of_who_can_still_take_it_back_not_even_after_the_thief_has_left(
    client, visitor, person, thief, mailbox, jobs, frozen_clock
):
    change(thief, mailbox, jobs, THIEF)
    link = link_of(mailbox, "undo-email", MAIL)
    thief.post("/me/leave", data={"texts": "keep", "word": "delete"})
    stranger = visitor()
    sign_up(stranger, MAIL, "Passwort des Angreifers")
    stranger.post("/signup/confirm/again")
    mailbox.clear()
    jobs.run()
    assert not any("/signup/confirm" in mail.text for mail in mailbox.messages())
    hers = [" ".join(mail.text.split()) for mail in mailbox.messages() if mail.recipients == (MAIL,)]
    assert any("gehört aber noch zu einem Konto" in text for text in hers)
    gets_back(client, link, mailbox, jobs, frozen_clock, NEW)
    assert email_now(person) == MAIL
    assert type_password(client, password=NEW).location == "/board"


@pytest.mark.parametrize("who", ["the thief", "herself"])
def test_who_comes_back_finds_their_address_whoever_has_signed_up_with_it_meanwhile(
    client, visitor, person, thief, mailbox, jobs, who
):
    thief.post("/me/leave", data={"texts": "keep", "word": "delete"})
    jobs.run()
    link = link_of(mailbox, "back", MAIL)
    sign_up(visitor(), MAIL, "Passwort des Angreifers" if who == "the thief" else GOOD)
    jobs.run()
    told = mailbox.messages()[-1]
    assert told.recipients == (MAIL,) and "gehört aber noch zu einem Konto" in " ".join(told.text.split())
    assert client.post(link).status_code == 303
    assert email_now(person) == MAIL
    assert type_password(client).location == "/board"


def test_an_address_that_was_never_confirmed_is_kept_for_nobody(visitor, client, mailbox, jobs):
    """Or whoever signs up with somebody's address and leaves would keep them out for two weeks, again and again."""
    stranger = visitor()
    sign_up(stranger, "neu@altenbrueck.example", GOOD)
    assert stranger.post("/me/leave", data={"texts": "keep", "word": "delete"}).status_code == 303
    sign_up(client, "neu@altenbrueck.example", NEW)
    client.post("/signup/confirm/again")
    jobs.run()
    assert client.post(link_of(mailbox, "signup/confirm", "neu@")).status_code == 303
    assert "neu@altenbrueck.example" in client.get("/me/access").text


@pytest.mark.parametrize("kind", ["undo-email", "undo-factor", "back"])
def test_an_unconfirmed_holder_is_turned_aside_and_a_confirmed_one_stays(
    client, visitor, person, thief, mailbox, jobs, frozen_clock, owner, kind
):
    """Nobody can get the address meanwhile; if somebody has it all the same, no press of the button is an error."""
    if kind == "undo-factor":
        add_passkey(thief)
        frozen_clock.tick(60)
    if kind != "back":
        change(thief, mailbox, jobs, THIEF)
    thief.post("/me/leave", data={"texts": "keep", "word": "delete"})
    jobs.run()
    link = link_of(mailbox, kind, MAIL)
    holder = make_person(make_quarter(), email=MAIL, email_key=MAIL)
    assert visitor().post(link).status_code == (409 if kind == "back" else 410)
    owner.execute("UPDATE person SET confirmed_at = NULL WHERE id = %s", [holder.id])
    if kind == "back":
        assert client.post(link).status_code == 303
    else:
        gets_back(client, link, mailbox, jobs, frozen_clock, NEW)
    assert email_now(person) == MAIL and email_now(holder).startswith("decoy:")
