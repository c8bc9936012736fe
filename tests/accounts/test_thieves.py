"""What somebody can do who has a session, a password or a mailbox that is not theirs: tried from their side."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from neighbour.accounts.models import Passkey, Person
from neighbour.core.db import as_owner, db
from neighbour.policy import Role
from tests.accounts.factor_helpers import (
    GOOD,
    add_passkey,
    digits,
    is_in,
    link_of,
    make_member,
    options,
    type_password,
    with_app,
)
from tests.accounts.signing_helpers import sign_up
from tests.factories import sign_in
from tests.support.authenticator import Device

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
MINUTE = 60
HERS = "anna@altenbrueck.example"


def number_of(email):
    with as_owner():
        return db.session.scalar(select(Person.id).where(Person.email_key == email))


# -- an account made in somebody else's name, before she comes ---------------------------------------------------------


def test_no_factor_is_set_up_before_the_address_is_confirmed(client):
    sign_up(client, HERS)
    for path in ("/me/passkeys/new", "/me/app"):
        assert client.get(path).location == "/signup/next", path
    for path in ("/me/passkeys/options", "/me/passkeys/new", "/me/app"):
        assert client.post(path, data={"answer": Device().create(_any_options()), "code": "123456"}).status_code == 303
    with as_owner():
        assert db.session.scalars(select(Passkey)).all() == []


def _any_options():
    return {"user": {"id": "AAAA"}, "challenge": "AAAA"}


def test_who_signed_up_with_her_address_before_her_keeps_no_way_in(client, visitor, mailbox, jobs, owner):
    """Prepared accounts (Sudhodanan and Paverd 2022): whatever hangs on one goes when the mailbox's owner takes it over."""
    sign_up(client, HERS, "Passwort des Angreifers")
    key = Device()
    owner.execute(
        "INSERT INTO passkey (person_id, credential_id, public_key, sign_count, transports, name)"
        " VALUES (%s, %s, %s, 0, '', 'alt')",
        [number_of(HERS), key.credential_id, b"x"],
    )
    visitor().post("/forgot", data={"email": HERS})
    jobs.run()
    assert visitor().post(link_of(mailbox, "reset", HERS), data={"password": GOOD}).status_code == 303
    with as_owner():
        keys = select(Passkey.id).where(Passkey.person_id == number_of(HERS))
        assert db.session.scalars(keys).all() == [], "theirs stays with their sign-up, which never becomes an account"
    assert client.get("/signup/next").location != "/board"
    hers = visitor()
    assert type_password(hers, HERS).location != "/signin/second"
    assert is_in(hers)


# -- a session and a password, and no factor ---------------------------------------------------------------------------


@pytest.mark.parametrize("is_staff", [True, False])
def test_who_knows_the_password_but_has_no_factor_changes_none_and_gets_no_rights(client, frozen_clock, is_staff):
    person = make_member(role=Role.STEWARD if is_staff else Role.RESIDENT)
    seed = with_app(person)
    sign_in(client, person)
    frozen_clock.tick(31 * MINUTE)
    client.post("/me/again", data={"again-password": GOOD})
    assert client.get("/me/email").status_code == 200, "the password is enough for that"
    for path in ("/me/passkeys/new", "/me/app", "/me/recovery-codes"):
        page = client.get(path)
        assert page.status_code == 403 and 'name="again-password"' not in page.text, path
        assert 'name="again-code"' in page.text and f'value="{path}"' in page.text, path
    for path in ("passkeys/options", "passkeys/new", "passkeys/remove", "app", "app/remove", "recovery-codes"):
        assert client.post(f"/me/{path}").status_code == 403, path
    with_code = {"again-code": digits(seed), "again-only_factor": "1", "again-next": "/me/passkeys/new"}
    assert client.post("/me/again", data={**with_code, "again-code": ""}).status_code == 422
    assert client.post("/me/again", data=with_code).location == "/me/passkeys/new"
    add_passkey(client)
    assert client.get("/desk").status_code == (200 if is_staff else 404)


def test_who_has_no_factor_yet_needs_the_password_only(client):
    sign_in(client, make_member(), is_strong=False)
    assert options(client, "/me/passkeys/options")["challenge"]


# -- a stolen cookie, and nothing else ---------------------------------------------------------------------------------


def test_a_stolen_session_does_not_have_the_street_shown(client, frozen_clock, monkeypatch):
    from neighbour.accounts import hooks

    monkeypatch.setattr(hooks, "street_of", lambda _person: "Kettfadenstraße")
    person = make_member()
    sign_in(client, person)
    frozen_clock.tick(11 * MINUTE)
    form = {"first_name": "Uwe", "last_name": "Probe", "shown": "name", "shows_street": "y"}
    for path in ("/me/appearance", "/signup/appearance"):
        page = client.post(path, data=form)
        assert page.status_code == 403 and "Kettfadenstraße" not in page.text, path
        assert f'name="again-then" type="hidden" value="{path}"' in page.text
    assert client.post("/me/appearance", data={**form, "preview": "1"}).status_code == 200, "opens nothing"
    assert client.post("/me/appearance", data={**form, "shows_street": ""}).status_code == 303, (
        "hides rather than shows"
    )
    client.post("/me/again", data={"again-password": GOOD})
    assert client.post("/me/appearance", data=form).status_code == 303
    frozen_clock.tick(11 * MINUTE)
    assert client.post("/me/appearance", data={**form, "shows_nearby": "first"}).status_code == 303, "was shown before"


def test_who_copied_the_cookie_of_a_known_device_guesses_five_times_an_hour_from_wherever(client, visitor):
    """A device that is shared, or was: its mark lets nobody guess anew from every address of the network."""
    make_member()
    type_password(client)
    client.post("/signout")
    with client.session_transaction() as hers:
        copied = list(hers["knows"])
    answers = []
    for number in range(8):
        thief = visitor()
        thief.environ_base["REMOTE_ADDR"] = f"203.0.{number}.9"
        with thief.session_transaction() as cookie:
            cookie["knows"] = copied
        answers.append(type_password(thief, password=f"geraten {number}").status_code)
    assert answers == [422] * 5 + [429] * 3
    assert type_password(visitor()).status_code == 303, "from elsewhere the owner still gets in"


def test_who_changes_the_address_hears_that_the_old_mailbox_opens_the_account_without_a_factor(client):
    person = make_member()
    sign_in(client, person)
    assert "Kann jemand anderes das alte Postfach lesen?" in client.get("/me/email").text
    with_app(person)
    assert "Kann jemand anderes" not in client.get("/me/email").text
