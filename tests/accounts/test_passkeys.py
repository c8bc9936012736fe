"""Passkeys: made, used alone and as a second step, and every way in which one is not right."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select

from neighbour.accounts import passkeys
from neighbour.accounts.models import Challenge, LoginSession, Passkey
from neighbour.core.db import as_owner, db
from tests.accounts.factor_helpers import add_passkey, is_in, make_member, options, type_password
from tests.accounts.signing_helpers import masked
from tests.factories import sign_in
from tests.support.authenticator import Device

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def device(client, person):
    """The passkey of the person, made in a session that is over."""
    sign_in(client, person)
    made = add_passkey(client)
    client.post("/signout")
    return made


def enter(browser, device, asked=None):
    asked = asked or options(browser, "/signin/passkey/options")
    return browser.post("/signin/passkey", data={"k-answer": device.sign(asked)})


def test_a_passkey_alone_signs_in_without_the_address(client, device):
    asked = options(client, "/signin/passkey/options")
    assert asked["userVerification"] == "required" and not asked.get("allowCredentials")
    assert enter(client, device, asked).location == "/board"
    assert is_in(client)


def test_what_the_device_is_asked_to_make_is_found_again_without_an_address(client, person):
    sign_in(client, person)
    asked = options(client, "/me/passkeys/options")
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "preferred"
    assert asked["rp"]["id"] == "localhost" and str(person.id) not in asked["user"]["id"]
    add_passkey(client)
    assert len(options(client, "/me/passkeys/options")["excludeCredentials"]) == 1


@pytest.mark.parametrize(("attached", "is_kept"), [("platform", True), ("cross-platform", False), (None, False)])
def test_a_session_is_kept_on_the_device_the_passkey_belongs_to_only(client, device, attached, is_kept):
    device.attached = attached
    enter(client, device)
    with as_owner():
        assert db.session.scalars(select(LoginSession.is_kept)).all() == [is_kept]


def test_a_new_device_is_told_and_a_known_one_is_not(client, visitor, device, mailbox, jobs):
    for _time in range(2):
        enter(client, device)
        client.post("/signout")
    enter(visitor(), device)
    jobs.run()
    told = [mail.message["Subject"] for mail in mailbox.messages()]
    assert told.count("Anmeldung auf einem neuen Gerät") == 2


def test_a_passkey_is_the_second_step_after_the_password(client, visitor, device):
    browser = visitor()
    assert type_password(browser).location == "/signin/second"
    assert not is_in(browser)
    asked = options(browser, "/signin/second/options")
    assert [each["type"] for each in asked["allowCredentials"]] == ["public-key"]
    assert browser.post("/signin/second", data={"answer": device.sign(asked)}).location == "/board"
    assert is_in(browser)


WRONG = {
    "another site": {"origin": "http://evil.example"},
    "another port": {"origin": "http://localhost:8080"},
    "another relying party": {"host": "evil.example"},
    "another key": {"key": Device().key},
    "nobody's passkey": {"credential_id": b"x" * 32},
    "somebody else's handle": {"handle": b"y" * 32},
    "a copy that counts from where it was copied": {"count": -1},
    "a device that has not checked its owner": {"checks_owner": False},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_right_signs_nobody_in(client, device, wrong):
    assert enter(client, device).status_code == 303
    client.post("/signout")
    before = {name: getattr(device, name) for name in WRONG[wrong]}
    for name, value in WRONG[wrong].items():
        setattr(device, name, value)
    refused = enter(client, device)
    assert (refused.status_code, is_in(client)) == (422, False)
    for name, value in before.items():
        setattr(device, name, value)
    device.count = 5
    assert enter(client, device).status_code == 303, "the right one still works"


def test_a_second_step_does_not_need_a_device_that_checks_its_owner(client, device):
    device.checks_owner = False
    type_password(client)
    asked = options(client, "/signin/second/options")
    assert client.post("/signin/second", data={"answer": device.sign(asked)}).status_code == 303


def test_an_answer_works_once(client, visitor, device):
    asked = options(client, "/signin/passkey/options")
    answer = device.sign(asked)
    assert client.post("/signin/passkey", data={"k-answer": answer}).status_code == 303
    client.post("/signout")
    assert client.post("/signin/passkey", data={"k-answer": answer}).status_code == 422
    options(client, "/signin/passkey/options")
    assert client.post("/signin/passkey", data={"k-answer": answer}).status_code == 422
    assert not is_in(client)


def test_a_wrong_answer_uses_up_what_was_asked(client, device):
    asked = options(client, "/signin/passkey/options")
    right = device.sign(asked)
    client.post("/signin/passkey", data={"k-answer": '{"id": "x"}'})
    assert client.post("/signin/passkey", data={"k-answer": right}).status_code == 422


def test_an_answer_belongs_to_the_browser_that_asked_and_to_what_it_asked_for(client, visitor, device, person):
    asked = options(client, "/signin/passkey/options")
    assert visitor().post("/signin/passkey", data={"k-answer": device.sign(asked)}).status_code == 422
    browser = visitor()
    type_password(browser)
    for_second = options(browser, "/signin/second/options")
    assert browser.post("/signin/passkey", data={"k-answer": device.sign(for_second)}).status_code == 422
    for_alone = options(browser, "/signin/passkey/options")
    assert browser.post("/signin/second", data={"answer": device.sign(for_alone)}).status_code == 422
    assert not is_in(browser)


@pytest.mark.parametrize(("seconds", "status"), [(299, 303), (301, 422)])
def test_what_is_asked_holds_for_five_minutes(client, device, frozen_clock, seconds, status):
    asked = options(client, "/signin/passkey/options")
    frozen_clock.tick(seconds)
    assert enter(client, device, asked).status_code == status


def test_a_passkey_of_somebody_else_is_no_second_step(client, visitor, device):
    make_member("eva@altenbrueck.example")
    with_own = visitor()
    type_password(with_own, "eva@altenbrueck.example")
    add_passkey(with_own)
    thief = visitor()
    type_password(thief, "eva@altenbrueck.example")
    asked = options(thief, "/signin/second/options")
    assert thief.post("/signin/second", data={"answer": device.sign(asked)}).status_code == 422
    assert not is_in(thief)


def test_a_passkey_of_one_account_cannot_be_added_to_another(client, visitor, device):
    other = visitor()
    sign_in(other, make_member("eva@altenbrueck.example"))
    made = device.create(options(other, "/me/passkeys/options"))
    assert other.post("/me/passkeys/new", data={"name": "x", "answer": made}).status_code == 422


def test_making_one_is_bound_to_site_session_and_challenge(client, visitor, person):
    sign_in(client, person)
    for wrong in ({"origin": "http://evil.example"}, {"host": "evil.example"}):
        made = Device(**wrong).create(options(client, "/me/passkeys/options"))
        assert client.post("/me/passkeys/new", data={"name": "x", "answer": made}).status_code == 422
    asked, elsewhere = options(client, "/me/passkeys/options"), visitor()
    sign_in(elsewhere, person)
    made = Device().create(asked)
    assert elsewhere.post("/me/passkeys/new", data={"name": "x", "answer": made}).status_code == 422
    assert client.post("/me/passkeys/new", data={"name": "x", "answer": made}).status_code == 303
    assert client.post("/me/passkeys/new", data={"name": "x", "answer": made}).status_code == 422


HOSTILE = [
    "", "{", "[]", "null", "1e999", '{"id": 1}', '{"id": "x"}', '{"id": ""}', '{"id": "AAAA", "response": []}',
    '{"id": "AAAA", "response": null}', '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}',
    '{"id": "%%%"}', '{"id": "\\u0000"}', "[" * 9000, '{"id": "' + "A" * 30_000 + '"}',
]  # fmt: skip


def test_hostile_answers_are_refused_like_any_other(client, device, owner):
    good = json.loads(device.sign(options(client, "/signin/passkey/options")))
    broken = [
        json.dumps({**good, "response": {**good["response"], part: value}})
        for part in good["response"]
        for value in (None, "", "AAAA", 7, {}, [], "\x00", "é")
    ]
    statuses = set()
    for number, answer in enumerate([*HOSTILE, *broken]):
        if number % 10 == 0:
            owner.execute("TRUNCATE rate_count")
        asked = client.post("/signin/passkey/options")
        assert asked.status_code == 200
        statuses.add(client.post("/signin/passkey", data={"k-answer": answer}).status_code)
    assert statuses == {422} and not is_in(client)


def test_the_options_say_the_same_whoever_has_an_account(client, visitor, device):
    asked = [options(browser, "/signin/passkey/options") for browser in (client, visitor())]
    assert [each.pop("challenge") for each in asked] and asked[0] == asked[1]
    assert visitor().post("/signin/second/options").status_code == 403


def test_unknown_and_wrong_passkeys_are_answered_alike(client, visitor, device):
    device.origin = "http://evil.example"
    one, other = enter(visitor(), device), enter(visitor(), Device())
    assert (one.status_code, masked(one)) == (other.status_code, masked(other))


def test_a_passkey_is_listed_removed_and_works_no_more(client, person):
    sign_in(client, person)
    device = add_passkey(client)
    page = client.get("/me/access").text
    assert "Handy" in page and "noch nicht benutzt" in page
    key = re.search(r'name="passkey" value="([0-9a-f]{20})"', page).group(1)
    assert client.post("/me/passkeys/remove", data={"passkey": "f" * 20}).status_code == 404
    assert client.post("/me/passkeys/remove", data={"passkey": key}).status_code == 303
    client.post("/signout")
    assert enter(client, device).status_code == 422
    assert type_password(client).location == "/board", "nothing left to ask for"


def test_challenges_that_nobody_answered_are_forgotten(client, frozen_clock):
    from neighbour.accounts import forgetting
    from neighbour.core import clock, scope

    options(client, "/signin/passkey/options")
    frozen_clock.tick(passkeys.VALID.total_seconds() + 1)
    with scope.use(scope.NOBODY):
        forgetting.challenges(clock.now())
    with as_owner():
        assert db.session.scalars(select(Challenge.purpose)).all() == []
        assert db.session.scalars(select(Passkey.id)).all() == []


def test_riddles_are_not_given_without_end(visitor):
    answers = [visitor().post("/signin/passkey/options").status_code for _n in range(62)]
    assert answers == [200] * 60 + [429] * 2
