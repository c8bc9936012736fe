"""What is written down for the day after an incident: each event once, with nothing in it that opens or names anything."""

from __future__ import annotations

from neighbour.accounts import care
from neighbour.accounts.passwords import hash_password
from neighbour.core import scope
from tests.factories import make_person, make_quarter

PASSWORD = "sieben nasse Handschuhe"


def kinds(owner) -> list[tuple[str, str, str]]:
    return owner.execute("SELECT kind, object, result FROM security_event ORDER BY id").fetchall()


def test_coming_in_being_refused_and_going_are_noted_once_each_and_name_nobody(context, client, owner):
    person = make_person(
        make_quarter(),
        email="canary@example.org",
        email_key="canary@example.org",
        password_hash=hash_password(PASSWORD, 64),
    )
    scope.leave()
    client.post("/signin", data={"email": "canary@example.org", "password": "wrong guess, friend"})
    client.post("/signin", data={"email": "nobody-canary@example.org", "password": "wrong guess, friend"})
    client.post("/signin", data={"email": "canary@example.org", "password": PASSWORD})
    client.post("/signout")
    assert kinds(owner) == [
        ("session.refused", "", "refused"),
        ("session.refused", "", "refused"),
        ("session.opened", "password", "done"),
        ("session.ended", "", "done"),
    ]
    rows = owner.execute("SELECT e::text, actor_id, subject_id, route FROM security_event e ORDER BY id").fetchall()
    assert [(actor, subject) for _row, actor, subject, _route in rows] == [
        (None, person.id),
        (None, None),
        (person.id, person.id),
        (person.id, person.id),
    ]
    assert "canary" not in "".join(row for row, *_rest in rows) and PASSWORD not in str(rows)
    assert {route for *_rest, route in rows} == {"accounts.begin", "accounts.sign_out"}


def test_suspending_and_restoring_are_noted_with_the_change_or_not_at_all(context, owner):
    person = make_person(make_quarter())
    with scope.use(scope.NOBODY):
        care.suspend(person.email, "Werbung trotz Bitte")
        care.restore(person.email)
    assert [kind for kind, *_rest in kinds(owner)] == ["account.suspended", "account.restored"]
