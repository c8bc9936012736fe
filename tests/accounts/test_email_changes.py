"""Another mail address: both mailboxes are told, and for three days the old one can take it back whatever happens."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from neighbour.accounts import (
    confirming,
    decoys,
    dispute_deciding,
    disputes,
    email_changes,
    factors,
    forgetting,
    onetime,
    service,
)
from neighbour.accounts.models import EmailChange, Person
from neighbour.core import clock, limits, scope
from neighbour.core.db import as_owner, atomic, db
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
    make_member,
    type_password,
    with_app,
)
from tests.accounts.signing_helpers import sign_up
from tests.factories import sign_in
from tests.residency.breaking import breaks_at_each_point

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
THIRD = "dritte@altenbrueck.example"


def test_both_mailboxes_are_told_before_and_after(client, person, mailbox, jobs):
    sign_in(client, person)
    change(client, mailbox, jobs, THIEF)
    told = {(mail.recipients[0], mail.message["Subject"]) for mail in mailbox.messages()}
    assert told == {
        (MAIL, "Deine E-Mail-Adresse wird geändert"),
        (THIEF, "Bitte bestätige deine E-Mail-Adresse"),
        (MAIL, "Deine E-Mail-Adresse wurde geändert"),
        (THIEF, "Das ist jetzt deine E-Mail-Adresse"),
    }


def test_the_new_mailbox_reads_of_a_change_and_is_asked_for_no_digits(client, person, mailbox, jobs):
    sign_in(client, person)
    client.post("/me/email", data={"e-email": THIEF})
    jobs.run()
    (mail,) = (mail for mail in mailbox.messages() if mail.recipients[0] == THIEF)
    assert "für das eigene Konto" in " ".join(mail.text.split()) and "angemeldet" not in mail.text
    assert "Ziffern" not in mail.text and "Ziffern" not in mail.html
    with as_owner():
        minted = db.session.execute(text("SELECT purpose FROM one_time_token WHERE used_at IS NULL")).scalars()
        assert "confirm_code" not in set(minted), "there is no page to type them into"
    link = link_of(mailbox, "signup/confirm", THIEF)
    assert client.post(link).status_code == 303
    again = client.get(link).text
    assert f"Die Adresse deines Kontos ist {THIEF}" in again and 'href="/signin"' not in again, (
        "nobody need sign in twice"
    )


def test_the_link_in_the_old_mailbox_restores_it_ends_sessions_and_asks_for_a_new_password(
    client, visitor, person, mailbox, jobs, frozen_clock
):
    sign_in(client, person)
    change(client, mailbox, jobs, THIEF)
    client.post("/me/email", data={"e-email": THIRD})
    client.post("/forgot", data={"email": THIEF})
    jobs.run()
    owner, link = visitor(), link_of(mailbox, "undo-email", MAIL)
    page = owner.get(link)
    assert (page.status_code, page.headers["Referrer-Policy"], email_now(person)) == (200, "no-referrer", THIEF)
    assert owner.post(link).location.startswith("/dispute/") and email_now(person) == THIEF
    assert not is_in(client)
    assert visitor().post(link_of(mailbox, "signup/confirm", THIRD)).status_code == 410, "open links are void"
    assert visitor().post(link_of(mailbox, "reset", THIEF), data={"password": "drei Diebe"}).status_code == 410
    jobs.run()
    with scope.use(scope.NOBODY):
        dispute_deciding.decide(dispute_deciding.of_email(MAIL), disputes.OLD)
    jobs.run()
    assert email_now(person) == MAIL
    assert type_password(visitor()).status_code == 422, "the old password, too"
    to_set = link_of(mailbox, "reset", MAIL)
    assert owner.post(to_set, data={"password": "zehn frische Brötchen"}).status_code == 303
    assert type_password(owner, MAIL, "zehn frische Brötchen").location == "/board"
    assert visitor().post(link).status_code == 410, "once"


def test_a_second_change_and_a_new_password_do_not_defeat_it(client, visitor, person, mailbox, jobs, frozen_clock):
    sign_in(client, person)
    change(client, mailbox, jobs, THIEF)
    link = link_of(mailbox, "undo-email", MAIL)
    frozen_clock.tick(3600)
    sign_in(client, person)
    change(client, mailbox, jobs, THIRD)
    assert client.post("/me/password", data={"p-current": GOOD, "p-password": "neun alte Fahrräder"}).status_code == 303
    thiefs = link_of(mailbox, "undo-email", THIEF)
    gets_back(visitor(), link, mailbox, jobs, frozen_clock, "zehn frische Brötchen")
    assert email_now(person) == MAIL
    assert visitor().post(thiefs).status_code == 410, "the thief's own mailbox takes nothing back any more"
    assert email_now(person) == MAIL


def test_a_later_undo_leaves_the_earlier_one(client, visitor, person, mailbox, jobs, frozen_clock):
    sign_in(client, person)
    change(client, mailbox, jobs, THIEF)
    first = link_of(mailbox, "undo-email", MAIL)
    change(client, mailbox, jobs, THIRD)
    gets_back(
        visitor(), link_of(mailbox, "undo-email", THIEF), mailbox, jobs, frozen_clock, "zehn Brötchen, frisch", THIEF
    )
    assert email_now(person) == THIEF
    gets_back(visitor(), first, mailbox, jobs, frozen_clock, "zehn frische Brötchen")
    assert email_now(person) == MAIL


def test_changing_back_by_hand_leaves_the_link_and_needs_nothing_special(client, visitor, person, mailbox, jobs):
    sign_in(client, person)
    change(client, mailbox, jobs, THIEF)
    change(client, mailbox, jobs, MAIL)
    assert email_now(person) == MAIL


def test_factors_from_before_stay_and_those_of_the_thief_go(client, visitor, person, mailbox, jobs, frozen_clock):
    seed = with_app(person)
    frozen_clock.tick(60)
    sign_in(client, person)
    change(client, mailbox, jobs, THIEF)
    frozen_clock.tick(60)
    add_passkey(client)
    client.post("/me/recovery-codes")
    owner = visitor()
    gets_back(owner, link_of(mailbox, "undo-email", MAIL), mailbox, jobs, frozen_clock, "zehn frische Brötchen")
    mine = factors.of(person.id)
    assert (len(mine.passkeys), mine.authenticator is not None, mine.codes_left) == (0, True, 0)
    assert type_password(owner, MAIL, "zehn frische Brötchen").location == "/signin/second"
    assert owner.post("/signin/second", data={"code": digits(seed)}).location == "/board"


@pytest.mark.parametrize(("hours", "status"), [(72 - 1 / 60, 303), (72 + 1 / 60, 410)])
def test_it_can_be_taken_back_for_72_hours(client, visitor, person, mailbox, jobs, frozen_clock, hours, status):
    sign_in(client, person)
    change(client, mailbox, jobs, THIEF)
    frozen_clock.tick(hours * 3600)
    assert visitor().post(link_of(mailbox, "undo-email", MAIL)).status_code == status


def test_meanwhile_the_old_address_is_nobody_elses(client, visitor, operate, person, mailbox, jobs, frozen_clock):
    from neighbour.accounts.cli import person as command

    sign_in(client, person)
    change(client, mailbox, jobs, THIEF)
    stranger, other = visitor(), visitor()
    sign_up(stranger, MAIL)
    sign_in(other, make_member("eva@altenbrueck.example"))
    other.post("/me/email", data={"e-email": MAIL})
    assert "has an account already" in operate(command, "create", MAIL).stderr
    mailbox.clear()
    jobs.run()
    assert not any(mail.recipients[0] == MAIL and "/signup/confirm" in mail.text for mail in mailbox.messages())
    with as_owner():
        decoy = select(Person.email_key).where(Person.email == MAIL)
        assert [key.startswith(decoys.DECOY) for key in db.session.scalars(decoy)] == [True]
    frozen_clock.tick(73 * 3600)
    with scope.use(scope.NOBODY):
        assert email_changes.owner_of(MAIL) is None
        forgetting.left_addresses(clock.now())
    with as_owner():
        assert db.session.scalars(select(EmailChange.id)).all() == []


def test_a_mail_that_still_waits_mints_nothing_after_a_new_password(client, visitor, person, mailbox, jobs):
    """A confirmation or a link for a new password that waits in the queue while links are spoilt is not sent."""
    sign_in(client, person)
    client.post("/me/email", data={"e-email": THIEF})
    visitor().post("/forgot", data={"email": MAIL})
    assert client.post("/me/password", data={"p-current": GOOD, "p-password": "neun alte Fahrräder"}).status_code == 303
    jobs.run()
    assert not any("/reset/" in mail.text or "/signup/confirm/" in mail.text for mail in mailbox.messages())
    with as_owner():
        assert db.session.execute(text("SELECT count(*) FROM one_time_token WHERE used_at IS NULL")).scalar() == 0
    visitor().post("/forgot", data={"email": MAIL})
    jobs.run()
    assert link_of(mailbox, "reset")


@pytest.mark.parametrize("wanted", [THIEF, "eva@altenbrueck.example"])
def test_a_change_that_waits_is_shown_and_can_be_given_up(client, person, mailbox, jobs, frozen_clock, wanted):
    """The same for an address that is free and for one that is taken, or the page would tell which are."""
    make_member("eva@altenbrueck.example")
    sign_in(client, person)
    assert "/me/email/give-up" not in client.get("/me/access").text
    client.post("/me/email", data={"e-email": wanted})
    jobs.run()
    page = client.get("/me/access").text
    assert f"Du möchtest ab jetzt {wanted} benutzen" in page and "/me/email/give-up" in page
    frozen_clock.tick(3600 * 11)
    sign_in(client, person)
    assert client.post("/me/email/give-up").location == "/me/access"
    assert wanted not in client.get("/me/access").text
    if wanted == THIEF:
        assert client.post(link_of(mailbox, "signup/confirm", THIEF)).status_code == 410
    client.post("/me/email", data={"e-email": wanted})
    frozen_clock.tick(3600 * 24 + 1)
    sign_in(client, person)
    assert wanted not in client.get("/me/access").text, "the link has ended"
    with scope.use(scope.NOBODY):
        forgetting.links(clock.now())
    with as_owner():
        assert db.session.scalars(select(Person.email_wish).where(Person.id == person.id)).all() == [None]


# -- tokens serve one purpose -------------------------------------------------------------------------------------------

PURPOSES = {
    "confirm": ("/signup/confirm/{}", {}),
    "reset": ("/reset/{}", {"password": "zehn frische Brötchen"}),
    onetime.UNDO: ("/undo-email/{}", {}),
    onetime.UNDO_FACTOR: ("/undo-factor/{}", {}),
    onetime.STOP: ("/stop-reset/{}", {}),
}


@pytest.mark.parametrize("purpose", [*PURPOSES, "second_step", "confirm_code"])
def test_a_token_works_at_its_own_door_only(visitor, person, purpose):
    def mint():
        with scope.use(scope.NOBODY), atomic():
            left = EmailChange(
                person_id=person.id,
                old_email=MAIL,
                old_key=MAIL,
                undo_until=service.clock.now() + email_changes.UNDO_FOR,
            )
            db.session.add(left)
            db.session.flush()
            since = f"{clock.now().isoformat()} {MAIL}"
            bound = {"confirm": MAIL, onetime.UNDO: str(left.id), onetime.UNDO_FACTOR: since}.get(purpose, "")
            return onetime.mint(person.id, purpose, bound, onetime.RESET_FOR)

    for door, (path, fields) in PURPOSES.items():
        status = visitor().post(path.format(mint()), data=fields).status_code
        assert (status == 303) is (door == purpose), door
    browser = visitor()
    with browser.session_transaction() as cookie:
        cookie["second"] = {"token": mint(), "next": "", "kept": False}
    assert (browser.get("/signin/second").status_code == 200) is (purpose == "second_step")
    with browser.session_transaction() as cookie:
        cookie["_user_id"] = mint()
    assert not is_in(browser)


def test_wherever_it_breaks_nothing_has_changed(monkeypatch, client, person, mailbox, jobs, owner, frozen_clock):
    """Raise at every flush and at the commit of asking, confirming, taking back and the new password."""
    monkeypatch.setitem(limits.RATES, "mail", limits.Rate(1000, 3600))  # every try is counted, also those that break
    sign_in(client, person)

    def state():
        return [
            owner.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall()
            for table in (
                "person",
                "email_change",
                "dispute",
                "one_time_token",
                "login_session",
                "delivery",
                "security_event",
            )
        ]

    def breaks(flow):
        with scope.use(scope.NOBODY):
            return breaks_at_each_point(monkeypatch, flow, state)

    assert breaks(lambda: service.change_email(service.find(person.id), THIEF)) >= 3
    jobs.run()
    link = link_of(mailbox, "signup/confirm", THIEF).rpartition("/")[2]

    assert breaks(lambda: confirming.confirm_by_link(link, "", by=None, memory_kib=64)) >= 4
    jobs.run()
    undo = link_of(mailbox, "undo-email", MAIL).rpartition("/")[2]
    to_set = []
    assert breaks(lambda: to_set.append(disputes.by_email(undo)[1])) >= 4
    jobs.run()
    frozen_clock.tick(3 * 86_400 + 60)
    assert breaks(disputes.due) >= 4, "to the operator"
    assert breaks(lambda: dispute_deciding.decide(dispute_deciding.of_email(MAIL), disputes.OLD)) >= 4
    jobs.run()
    to_set.append(link_of(mailbox, "reset", MAIL).rpartition("/")[2])
    assert breaks(lambda: service.set_password(to_set[-1], "zehn frische Brötchen", 64)) >= 3
    assert email_now(person) == MAIL
