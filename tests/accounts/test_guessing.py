"""Stuffing and guessing: what 500 addresses of the network get out of an hour, and that no owner is kept out by it."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from config import Config
from neighbour.accounts import decoys, entering, passwords, service
from neighbour.accounts.entering import Browser
from neighbour.core import limits, scope
from neighbour.core.db import as_owner, atomic, db
from tests.accounts.factor_helpers import GOOD, MAIL, link_of, make_member, type_password
from tests.factories import make_person, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")


@pytest.mark.thorough
def test_ten_thousand_pairs_from_500_addresses_get_five_guesses_an_account(monkeypatch, frozen_clock, client):
    """And one of the four hundred, who is at their own device, gets in all the while."""
    make_member()
    assert type_password(client).status_code == 303
    looked_at: Counter[str] = Counter()
    accounts = [MAIL, *(f"person{number}@altenbrueck.example" for number in range(399))]
    find, judge = service._people, service._whose
    owner_tries, came_in = [False], 0

    def people(key):
        return find(key) if owner_tries[0] else [SimpleNamespace(key=key, password_round=0)]

    def whose(found, *more):
        return judge(found, *more) if owner_tries[0] else looked_at.update([found[0].key])

    monkeypatch.setattr(service, "_people", people)
    monkeypatch.setattr(service, "_whose", whose)
    addresses = [f"198.51.{number // 250}.{number % 250}" for number in range(500)]
    dice = random.Random(1)
    answers: Counter[str] = Counter()
    with scope.use(scope.NOBODY):
        for pair in range(10_000):
            frozen_clock.tick(0.36)  # an hour in all
            if pair % 1_000 == 999:
                owner_tries[0] = True
                client.post("/signout")
                came_in += type_password(client).status_code == 303
                owner_tries[0] = False
            source = dice.choice(addresses)
            browser = Browser("x", limits.network(source))  # what a whole /24 may is counted apart, see below
            try:
                service.sign_in(dice.choice(accounts), "geraten", browser, memory_kib=64)
            except (service.Refused, limits.TooMany) as error:
                answers[type(error).__name__] += 1
    assert answers["TooMany"] > 7_000 and came_in == 10
    assert looked_at[MAIL] > 0, "it is one of those that are guessed at"
    assert max(looked_at.values()) <= 5


def test_the_owner_gets_in_from_a_known_device_while_everybody_guesses(client, visitor, frozen_clock):
    make_member()
    assert type_password(client).status_code == 303
    client.post("/signout")
    for number in range(8):
        thief = visitor()
        thief.environ_base["REMOTE_ADDR"] = f"203.0.{number}.9"
        thief.post("/signin", data={"email": MAIL, "password": f"geraten {number}"})
    assert type_password(visitor()).status_code == 429
    assert type_password(client).status_code == 303


def test_five_guesses_hold_in_every_hour_not_only_in_those_of_the_clock(frozen_clock):
    """Five at the end of one hour and five at the beginning of the next would be ten within minutes."""
    frozen_clock.tick(55 * 60)
    allowed = []
    with scope.use(scope.NOBODY):
        for minute in range(0, 180, 3):
            try:
                limits.hit("auth_account", "x")
                allowed.append(minute)
            except limits.TooMany as many:
                assert 0 < many.retry_after <= 4200
            frozen_clock.tick(180)
    assert len(allowed) >= 10, "it opens again"
    assert all(sum(begun <= other < begun + 60 for other in allowed) <= 5 for begun in allowed)


def test_a_right_password_takes_back_what_was_counted_only_for_itself():
    with scope.use(scope.NOBODY):
        for _ in range(4):
            limits.hit("auth_account", "x")
        for _ in range(20):
            limits.hit("auth_account", "x")
            limits.take_back("auth_account", "x")
        limits.hit("auth_account", "x")
        with pytest.raises(limits.TooMany):
            limits.hit("auth_account", "x")


def test_one_password_tried_with_many_accounts_is_stopped_by_the_piece_of_the_network(visitor, client):
    make_member()
    assert type_password(client).status_code == 303
    client.post("/signout")
    stopped = 0
    with scope.use(scope.NOBODY):
        for number in range(120):
            browser = Browser("x", f"192.0.2.{number}", "192.0.2.0/24")
            try:
                service.sign_in(f"person{number}@altenbrueck.example", "geraten", browser, memory_kib=64)
            except limits.TooMany:
                stopped += 1
            except service.Refused:
                pass
    assert stopped == 20
    neighbour = visitor()
    neighbour.environ_base["REMOTE_ADDR"] = "192.0.2.200"
    assert type_password(neighbour).status_code == 429
    client.environ_base["REMOTE_ADDR"] = "192.0.2.200"
    assert type_password(client).status_code == 303, "a device the account knows is not"
    elsewhere = visitor()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.3.1"
    assert type_password(elsewhere).status_code == 303


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("::ffff:192.0.2.1", "192.0.2.9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("", "192.0.2.2", False),
        ("unix", "unix", True),
    ],
)
def test_a_piece_of_the_network_is_what_one_customer_can_have(one, other, is_same):
    assert (limits.block(one) == limits.block(other)) is is_same


def test_a_failed_sign_in_costs_one_hash_whoever_exists(monkeypatch, visitor):
    """Owner, nobody, a sign-up that waits, a decoy beside its owner: one computation each, so the time says nothing."""
    from tests.accounts.signing_helpers import sign_up

    make_member()
    sign_up(visitor(), MAIL, "ein ganz anderes Passwort")
    sign_up(visitor(), "neu@altenbrueck.example", "ein ganz anderes Passwort")
    type_password(visitor())  # the owner's password is made anew with the parameters of today
    costs = []
    real = passwords.compute
    monkeypatch.setattr(passwords, "compute", lambda *args: costs.append(1) or real(*args))
    for email in (MAIL, "neu@altenbrueck.example", "weg@altenbrueck.example"):
        costs.clear()
        with scope.use(scope.NOBODY), pytest.raises(service.Refused):
            service.sign_in(email, "falsch", Browser("", "1"), memory_kib=64)
        assert len(costs) == 1, email


@pytest.mark.parametrize("corrected_to", [MAIL, "frei@altenbrueck.example"])
def test_a_corrected_address_costs_the_same_whether_it_was_taken(monkeypatch, client, corrected_to):
    from tests.accounts.signing_helpers import sign_up

    make_member()
    sign_up(client, "vertippt@altenbrueck.example", "ein ganz anderes Passwort")
    assert client.post("/signup/confirm/address", data={"e-email": corrected_to}).status_code == 303
    costs = []
    real = passwords.compute
    monkeypatch.setattr(passwords, "compute", lambda *args: costs.append(1) or real(*args))
    for password, is_right in (("falsch", False), ("ein ganz anderes Passwort", True)):
        costs.clear()
        with scope.use(scope.NOBODY):
            assert (service._whose(service._people(corrected_to), password, 64) is not None) is is_right
        assert len(costs) == 2


def test_passwords_of_two_people_have_different_salts_and_a_locked_one_fits_nobody():
    one, other = passwords.hash_password(GOOD, 64), passwords.hash_password(GOOD, 64)
    assert one != other and passwords.which([other, one], GOOD, 64) == 0
    assert passwords.hash_password("anderes", 64, like=one).rpartition("$")[0] == one.rpartition("$")[0]
    assert not passwords.verify(passwords.locked(one), GOOD, 64)
    assert passwords.verify(passwords.costing_two(one), GOOD, 64)
    assert passwords.hash_password("x", 64, like=passwords.locked(passwords.costing_two(one))).startswith("$argon2id$")
    assert not passwords.verify("", GOOD, 64) and not passwords.verify("!", "!", 64)


def test_the_unknown_device_is_told_once_and_never_to_who_has_not_confirmed(client, visitor, mailbox, jobs):
    make_member()
    type_password(client)
    client.post("/signout")
    type_password(client)
    jobs.run()
    (mail,) = mailbox.messages()
    assert mail.message["Subject"] == "Anmeldung auf einem neuen Gerät" and "Browser" in mail.text
    make_person(make_quarter(), email="x@altenbrueck.example", email_key="x@altenbrueck.example", confirmed_at=None)
    with scope.use(scope.NOBODY), atomic():
        entering.admit(decoys.waiting("x@altenbrueck.example")[0], Browser("Firefox", "1"))
    jobs.run()
    assert len(mailbox.messages()) == 1


def test_suspension_stops_writing_only_and_is_told_with_its_reason(operate, client, mailbox, jobs):
    from neighbour.accounts.cli import person as command

    sign_in(client, make_member())
    assert "say why" in operate(command, "suspend", MAIL).stderr
    assert operate(command, "suspend", MAIL, "--reason", "Werbung, dreimal").exit_code == 0
    jobs.run()
    assert "Werbung, dreimal" in mailbox.messages()[-1].text
    assert client.get("/board").status_code == 200 and client.get("/write").status_code in (303, 404)
    assert operate(command, "restore", MAIL).exit_code == 0
    assert "is not suspended" in operate(command, "restore", MAIL).stderr
    jobs.run()
    assert mailbox.messages()[-1].message["Subject"] == "Du kannst wieder schreiben"
    assert client.get("/write").status_code == 200
    with as_owner():
        assert db.session.execute(text("SELECT suspension_reason FROM person")).scalars().all() == [None]


@pytest.mark.parametrize(("seconds", "status"), [(599, 303), (601, 422)])
def test_six_digits_work_for_ten_minutes_and_only_where_they_were_asked_for(
    client, visitor, mailbox, jobs, frozen_clock, seconds, status
):
    from tests.accounts.signing_helpers import sign_up

    sign_up(client, "neu@altenbrueck.example")
    client.post("/signup/confirm/again")
    jobs.run()
    code = re.search(r"\b(\d{6})\b", mailbox.messages()[0].text).group(1)
    other = visitor()
    sign_up(other, "anders@altenbrueck.example")
    assert other.post("/signup/confirm", data={"code": code}).status_code == 422
    frozen_clock.tick(seconds)
    assert client.post("/signup/confirm", data={"code": code}).status_code == status


def test_passwords_are_made_of_more_than_what_others_know_about_somebody(client, visitor, mailbox, jobs):
    sign_in(client, make_member(first_name="Maximiliane", last_name="Obermüller"))
    for own in ("Maximiliane1", "obermüller!", "altenbrueck9", "uwe@altenbrueck"):
        answer = client.post("/me/password", data={"p-current": GOOD, "p-password": own})
        assert answer.status_code == 422 and "geraten" in answer.text, own
    visitor().post("/forgot", data={"email": MAIL})
    jobs.run()
    assert visitor().post(link_of(mailbox, "reset"), data={"password": "Maximiliane1"}).status_code == 422


def test_password_managers_are_told_which_field_is_which(client, visitor, mailbox, jobs):
    assert fields_of(visitor(), "/signin") == ["username", "current-password"]
    assert "new-password" in fields_of(visitor(), "/signup")
    visitor().post("/forgot", data={"email": (make_member(), MAIL)[1]})
    jobs.run()
    assert fields_of(visitor(), link_of(mailbox, "reset")) == ["new-password"]
    type_password(client)
    assert fields_of(client, "/me/password") == ["username", "current-password", "new-password"]
    assert fields_of(client, "/me/again") == ["current-password"]
    assert fields_of(client, "/me/app") == ["one-time-code"]


def fields_of(browser, path):
    page = browser.get(path).text
    assert "onpaste" not in page
    return re.findall(r'<input[^>]* autocomplete="([^"]+)"', page.partition("<main")[2])  # the search stands in the bar


def test_every_hash_that_is_kept_costs_what_it_should(app, client, visitor, mailbox, jobs, owner, monkeypatch):
    """Signing up, a sign-up under an address that is taken, a change, a way back in: all of them, wherever they are kept."""
    config = replace(app.extensions["config"], argon2_memory_kib=Config.from_env({}).argon2_memory_kib)
    monkeypatch.setitem(app.extensions, "config", config)
    person = make_member()  # made with too little
    assert type_password(client).status_code == 303
    new = {"is_adult": "y", "accepts_rules": "y", "password": GOOD}
    for email in (MAIL, "neu@altenbrueck.example"):
        assert visitor().post("/signup", data={**new, "email": email}).status_code == 303
    kept = stored_hashes(owner)
    assert len(kept) >= 2
    assert client.post("/me/password", data={"p-current": GOOD, "p-password": "neun alte Fahrräder"}).status_code == 303
    visitor().post("/forgot", data={"email": MAIL})
    jobs.run()
    link = link_of(mailbox, "reset")
    assert visitor().post(link, data={"password": "zehn alte Fahrräder"}).status_code == 303
    kept |= stored_hashes(owner)
    assert len(kept) >= 3 and person.id
    costs = [
        re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$", each.removeprefix(passwords.TWO)) for each in kept
    ]
    assert all(cost and int(cost[1]) >= 19 * 1024 and (cost[2], cost[3]) == ("3", "4") for cost in costs), kept


def stored_hashes(owner) -> set[str]:
    """Every password's hash in every table."""
    columns = owner.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name LIKE '%password_hash%'"
    ).fetchall()
    assert columns
    found = set()
    for table, column in columns:
        found |= {row[0] for row in owner.execute(f'SELECT {column} FROM "{table}" WHERE length({column}) > 1')}
    return found


def test_hashes_are_at_least_as_costly_as_they_have_to_be():
    """Argon2id with t=3 and 32 MiB (ASVS 5.0 appendix C: at least t=3 with 12 MiB, t=2 with 19 MiB)."""
    usual = Config.from_env({}).argon2_memory_kib
    made = passwords.hash_password(GOOD, usual)
    assert re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$", made).groups() == ("32768", "3", "4")
    assert usual >= 19 * 1024 and passwords.verify(made, GOOD, usual) and not passwords.needs_rehash(made, usual)
