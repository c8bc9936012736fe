"""Rights of staff, asking again before important things, sessions that end: what a session is good for, and how long."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from neighbour.accounts import choosing, factors, sessions
from neighbour.accounts.models import Person
from neighbour.core import scope, tokens
from neighbour.core.db import as_owner, atomic, db
from neighbour.policy import Role
from tests.accounts.factor_helpers import (
    GOOD,
    MAIL,
    add_passkey,
    digits,
    is_in,
    make_member,
    options,
    type_password,
    with_app,
    with_codes,
)
from tests.factories import make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
MINUTE, HOUR = 60, 3600


@pytest.fixture
def steward():
    return make_member(role=Role.STEWARD)


def again(browser, **fields):
    return browser.post("/me/again", data={f"again-{name}": value for name, value in fields.items()})


# -- staff ------------------------------------------------------------------------------------------------------------


def test_a_steward_without_a_factor_is_led_to_one_and_uses_everything_else(client, steward):
    type_password(client)
    page = client.get("/desk")
    assert page.status_code == 403 and "/me/app" in page.text and "/me/passkeys/new" in page.text
    assert "Pult" in client.get("/board").text or "/desk" in client.get("/board").text, "they find the way there"
    assert client.get("/board").status_code == 200
    add_passkey(client)
    assert client.get("/desk").status_code == 200


@pytest.mark.parametrize("role", [Role.STEWARD, Role.VERIFIER])
def test_staff_pages_take_a_second_factor_in_this_session(client, role):
    sign_in(client, make_member(role=role), is_strong=False)
    assert client.get("/desk").status_code == 403


def test_the_operator_has_no_rights_without_a_second_factor_either(client):
    person = make_member(is_operator=True)
    sign_in(client, person, is_strong=False)
    assert client.get("/desk").status_code == 403
    sign_in(client, person)
    assert client.get("/desk").status_code == 200


def test_residents_are_not_told_that_there_is_a_desk(client):
    sign_in(client, make_member())
    assert client.get("/desk").status_code == 404


@pytest.mark.parametrize(
    ("minutes", "is_open"), [((29,), True), ((31,), False), ((29, 29, 29), True), ((29, 29, 31), False)]
)
def test_the_rights_of_staff_end_after_half_an_hour_without_a_page(client, steward, frozen_clock, minutes, is_open):
    sign_in(client, steward)
    statuses = []
    for passed in minutes:
        frozen_clock.tick(passed * MINUTE)
        statuses.append(client.get("/desk").status_code)
    assert statuses == [200] * (len(minutes) - 1) + [200 if is_open else 403]
    assert client.get("/board").status_code == 200, "they go on as a resident"


@pytest.mark.parametrize(("seconds", "status"), [(12 * HOUR - MINUTE, 200), (12 * HOUR + MINUTE, 403)])
def test_the_rights_of_staff_end_after_twelve_hours_in_any_case(client, steward, frozen_clock, seconds, status):
    sign_in(client, steward)
    passed = 0
    while passed + 20 * MINUTE < seconds:
        frozen_clock.tick(20 * MINUTE)
        passed += 20 * MINUTE
        assert client.get("/board").status_code == 200
    frozen_clock.tick(seconds - passed)
    assert client.get("/desk").status_code == status


def test_rights_that_have_ended_do_not_come_back_by_looking_at_pages(client, steward, frozen_clock):
    sign_in(client, steward)
    frozen_clock.tick(31 * MINUTE)
    for _ in range(3):
        client.get("/board")
        frozen_clock.tick(2 * MINUTE)
    assert client.get("/desk").status_code == 403


def test_a_second_factor_shown_again_gives_the_rights_back_under_another_session_id(client, steward, frozen_clock):
    seed = with_app(steward)
    old = sign_in(client, steward)
    frozen_clock.tick(31 * MINUTE)
    page = client.get("/desk")
    assert page.status_code == 403 and 'name="again-code"' in page.text and "again-password" not in page.text
    assert again(client, password=GOOD, only_factor="1", next="/desk").status_code == 422, "a password is none"
    assert again(client, code="000000", only_factor="1", next="/desk").status_code == 422
    assert again(client, code=digits(seed), only_factor="1", next="/desk").location == "/desk"
    assert client.get("/desk").status_code == 200
    with scope.use(scope.NOBODY):
        assert sessions.recognise(old) is None, "the old id is worth nothing"


def test_a_new_role_takes_a_new_session_whoever_gives_it(client, visitor, operate):
    from neighbour.accounts.cli import person as command

    quarter = make_quarter()
    somebody = make_member(quarter=quarter)
    sign_in(client, somebody)
    operate(command, "promote", MAIL, "--steward", quarter.key)
    assert not is_in(client)
    sign_in(client, somebody)
    operate(command, "promote", MAIL, "--operator")
    assert not is_in(client)
    sign_in(client, somebody)
    with as_owner(), atomic():
        db.session.execute(text("UPDATE membership SET role = 'resident'"))
    assert is_in(client), "losing one is seen at once, and ends nothing"


# -- is it you? --------------------------------------------------------------------------------------------------------


def fresh_routes(app):
    for rule in app.url_map.iter_rules():
        if getattr(app.view_functions[rule.endpoint], "gate", {}).get("fresh"):
            for method in rule.methods & {"GET", "POST"}:
                yield method, rule.rule


def test_every_route_marked_fresh_asks_whoever_was_signed_in_ten_minutes_ago(app, client, frozen_clock):
    """Somebody protected, of whom some of them ask that do not ask others."""
    person = make_member()
    with as_owner(), atomic():
        choosing.protect(db.session.get_one(Person, person.id), alias="Lastenrad")
    sign_in(client, person)
    frozen_clock.tick(10 * MINUTE + 1)
    found = list(fresh_routes(app))
    assert len(found) >= 15
    for method, path in found:
        path = re.sub(r"<[^>]+>", "x", re.sub(r"<uid:[^>]+>", "a" * 26, path))
        answer = client.open(path, method=method)
        if method == "GET":
            assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/me/again"), path
        else:
            assert answer.status_code == 403 and "again-password" in answer.text, path


@pytest.mark.parametrize(("seconds", "is_fresh"), [(9 * MINUTE, True), (10 * MINUTE, True), (10 * MINUTE + 1, False)])
def test_what_was_shown_holds_for_ten_minutes(client, frozen_clock, seconds, is_fresh):
    make_member()
    type_password(client)
    frozen_clock.tick(seconds)
    assert (client.get("/me/email").status_code == 200) is is_fresh


def test_password_app_and_passkey_all_show_that_it_is_you(client, frozen_clock):
    person = make_member()
    seed = with_app(person)
    sign_in(client, person)
    device = add_passkey(client)
    ways = {
        "password": lambda: {"password": GOOD},
        "app": lambda: {"code": digits(seed)},
        "passkey": lambda: {"answer": device.sign(options(client, "/me/again/options"))},
        "recovery code": lambda: {"code": with_codes(person)[0]},
    }
    for name, way in ways.items():
        frozen_clock.tick(11 * MINUTE)
        assert client.get("/me/email").location == "/me/again?next=/me/email"
        assert again(client, next="/me/email", **way()).location == "/me/email", name
        assert client.get("/me/email").status_code == 200, name


def test_wrong_answers_are_counted_and_show_nothing(client, frozen_clock):
    person = make_member()
    with_app(person)
    sign_in(client, person)
    frozen_clock.tick(11 * MINUTE)
    assert again(client).status_code == 422
    assert [again(client, password="falsch").status_code for _ in range(6)] == [422] * 5 + [429]
    assert [again(client, code="123456").status_code for _ in range(6)] == [422] * 5 + [429]
    assert client.get("/me/email").status_code == 303


def test_what_was_typed_goes_on_after_showing_who_one_is(client, frozen_clock, mailbox, jobs):
    sign_in(client, make_member())
    frozen_clock.tick(11 * MINUTE)
    page = client.post("/me/email", data={"e-email": "neu@altenbrueck.example", "x-password": "geheim"})
    assert page.status_code == 403
    assert 'value="neu@altenbrueck.example"' in page.text and "geheim" not in page.text
    assert 'name="again-then" type="hidden" value="/me/email"' in page.text
    carried = {"e-email": "neu@altenbrueck.example", "again-then": "/me/email"}
    wrong = client.post("/me/again", data={**carried, "again-password": "falsch"})
    assert wrong.status_code == 422 and 'value="neu@altenbrueck.example"' in wrong.text
    sent_on = client.post("/me/again", data={**carried, "again-password": GOOD})
    assert (sent_on.status_code, sent_on.location) == (307, "/me/email"), "the browser sends the same fields there"
    assert client.post(sent_on.location, data={**carried, "again-password": GOOD}).location == "/me/access"
    jobs.run()
    assert any("neu@altenbrueck.example" in mail.recipients for mail in mailbox.messages())


@pytest.mark.parametrize("field", ["then", "next"])
@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "javascript:x"]
)
def test_showing_who_one_is_never_leads_to_another_site(client, field, target):
    sign_in(client, make_member())
    assert again(client, password=GOOD, **{field: target}).location == "/me/access"


def test_the_page_that_asks_belongs_to_who_is_signed_in(client):
    assert client.get("/me/again").location.startswith("/signin")
    assert client.post("/me/again/options").status_code == 303


def test_ones_own_address_is_not_shown_to_who_found_the_device_open(client, frozen_clock):
    sign_in(client, make_member())
    frozen_clock.tick(11 * MINUTE)
    assert client.post("/settings/address").status_code == 403
    assert client.get("/signup/address").location == "/me/again?next=/signup/address"


def test_who_is_signing_up_is_not_asked_again_for_the_address(client, frozen_clock):
    sign_in(client, make_member(signup_step="address", confirmed_at=None))
    frozen_clock.tick(30 * MINUTE)
    assert client.get("/signup/address").status_code == 200


# -- sessions ----------------------------------------------------------------------------------------------------------


def test_sessions_are_listed_with_first_and_last_sight_and_all_can_be_ended(client, visitor):
    person = make_member()
    other = visitor()
    sign_in(client, person)
    sign_in(other, person)
    page = client.get("/me/access").text
    assert page.count("zuletzt <time") == page.count("angemeldet <time") == 2
    gone = client.post("/me/devices/end", data={"device": "all"})
    assert gone.location == "/signin" and "storage" in gone.headers["Clear-Site-Data"]
    assert not is_in(client) and not is_in(other)
    assert "überall abgemeldet" in client.get("/signin").text


def test_a_device_of_somebody_else_cannot_be_ended(client, visitor):
    other = visitor()
    sign_in(client, make_member())
    token = sign_in(other, make_member("eva@altenbrueck.example"))
    key = tokens.hash_token(tokens.hash_token(token).hex()).hex()[:20]
    assert client.post("/me/devices/end", data={"device": key}).status_code == 404
    assert is_in(other)


def test_session_ids_do_not_repeat_and_have_256_bits():
    made = {tokens.random_token() for _ in range(100_000)}
    assert len(made) == 100_000 and {len(token) for token in made} == {43}


def test_a_session_whose_factor_was_shown_is_not_strong_for_another_person(client, steward):
    with scope.use(scope.NOBODY), atomic():
        token = sessions.open_session(steward.id, is_kept=True, device="x")
        new = sessions.show_again(token, is_strong=True)
    with scope.use(scope.NOBODY):
        assert sessions.recognise(token) is None
        found = sessions.recognise(new)
    assert found is not None and found.who.has_strong_session and found.who.person_id == steward.id
    assert not factors.has_any(steward.id)
