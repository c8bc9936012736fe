"""After an incident: who was affected, all of them and nobody else. And what may be written into the log."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import atomic
from neighbour.mydata.cli import privacy
from neighbour.residency import homes
from tests.factories import make_person, make_quarter, sign_in

pytestmark = pytest.mark.usefixtures("frozen_clock", "instance_dir")


def test_whose_home_was_opened_by_a_route_in_a_span_of_time(context, owner, visitor, operate):
    """A drill: five of twelve looked at their address while the page was broken; two before, one by another way."""
    quarter = make_quarter()
    people = [make_person(quarter) for _number in range(12)]
    for person in people:
        _home(owner, person, quarter)

    def looks(person):
        client = visitor()
        sign_in(client, person)
        assert client.post("/settings/address").status_code == 200

    for person in people[:2]:
        looks(person)
    clock.tick(3600)
    begun = clock.now()
    for person in people[2:7]:
        looks(person)
    with scope.use(scope.NOBODY), atomic():
        audit.note(Event.ADDRESS_OPENED, subject=people[7].id, about="letter 1")
    clock.tick(600)
    ended = clock.now()
    clock.tick(1)
    looks(people[8])
    said = operate(
        privacy, "affected", "--from", begun.isoformat(), "--to", ended.isoformat(), "--route", "residency.show_address"
    )
    named = {line.split("\t")[0] for line in said.stdout.splitlines()}
    assert named == {person.email for person in people[2:7]}  # all of them, and nobody else
    said = operate(privacy, "affected", "--from", begun.isoformat(), "--to", ended.isoformat())
    assert {line.split("\t")[0] for line in said.stdout.splitlines()} == {person.email for person in people[2:8]}


def test_who_has_left_since_is_counted_without_a_name(context, owner, operate):
    with scope.use(scope.NOBODY), atomic():
        audit.note(Event.ADDRESS_OPENED, subject=4711, about="own page")
    now = clock.now()
    said = operate(privacy, "affected", "--from", (now - timedelta(1)).isoformat(), "--to", now.isoformat())
    assert said.stdout.startswith("(deleted since)\t1\thome.opened")


@pytest.mark.parametrize("words", ["Spulengasse 6a\r\nHanna", "a@b.example", "\x1b[2J", "x" * 81, "Größe"])
def test_nothing_that_was_typed_gets_into_the_log(context, words):
    with scope.use(scope.NOBODY), atomic(), pytest.raises(ValueError, match="plain words"):
        audit.note(Event.SIGN_IN_REFUSED, about=words)


def test_an_event_stands_only_if_what_it_tells_of_stands(context, owner):
    with scope.use(scope.NOBODY), pytest.raises(RuntimeError), atomic():
        audit.note(Event.SIGNED_IN, subject=1)
        raise RuntimeError
    assert owner.execute("SELECT count(*) FROM security_event").fetchone() == (0,)


def test_the_application_writes_the_log_and_reads_of_it_only_what_concerns_the_viewer(context, raw, owner):
    with scope.use(scope.NOBODY), atomic():
        audit.note(Event.SIGNED_IN, subject=1)
        audit.note(Event.SIGNED_IN, subject=2)
    with raw() as connection:
        connection.execute("SELECT set_config('app.person', '1', true)")
        assert connection.execute("SELECT subject_id FROM security_event").fetchall() == [(1,)]
        connection.rollback()
    for verb in ("UPDATE security_event SET kind = 'x'", "DELETE FROM security_event"):
        with raw() as connection, pytest.raises(Exception, match="permission denied"):
            connection.execute(verb)


def test_where_the_log_cannot_be_written_nothing_happens(context, owner, client):
    quarter = make_quarter()
    ada = make_person(quarter)
    _home(owner, ada, quarter)
    sign_in(client, ada)
    owner.execute("ALTER TABLE security_event RENAME TO elsewhere")
    try:
        with pytest.raises(DBAPIError):
            client.post("/settings/address")
    finally:
        owner.execute("ALTER TABLE elsewhere RENAME TO security_event")
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == (0,)


def _home(owner, person, quarter):
    exact = {"recipient": "Ada", "care_of": "", "street": "Spulengasse", "number": "6", "postcode": "", "town": ""}
    sealed = homes.seal(json.dumps(exact).encode(), homes._belongs_to(person.id))
    owner.execute(
        "INSERT INTO home (person_id, quarter_id, sealed, address_hash, family_hashes, word_hashes) VALUES (%s, %s, %s, %s, '{}', '{}')",
        [person.id, quarter.id, sealed, b"h"],
    )
