"""Lists of hundreds, asked for as one array."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import InstrumentedAttribute

from neighbour.accounts.models import Person
from neighbour.contributions.models import Contribution
from neighbour.core.columns import among
from neighbour.core.db import as_owner, atomic, db
from neighbour.notices.models import Suppression
from tests.factories import make_person, make_post, make_quarter
from tests.support.counting import statements

pytestmark = pytest.mark.usefixtures("context")
ODD = [b'\\x00"},{', b"", bytes(range(256))]


def found(column: InstrumentedAttribute, values):
    with as_owner():
        return set(db.session.scalars(select(column).where(among(column, values))))


def test_numbers_and_ids_are_found_and_none_finds_nothing():
    here = make_quarter()
    people = [make_person(here) for _one in range(3)]
    posts = [make_post(people[0], here) for _one in range(2)]
    assert found(Person.id, {people[0].id, people[2].id, 0}) == {people[0].id, people[2].id}
    assert found(Contribution.id, [posts[1].id, uuid.uuid4()]) == {posts[1].id}
    assert found(Person.id, []) == set()


def test_bytes_are_found_whatever_they_are():
    with as_owner(), atomic():
        for each in ODD:
            db.session.execute(
                text("INSERT INTO suppression (address_hash, reason, since) VALUES (:it, 'bounced', now())"),
                {"it": each},
            )
    assert found(Suppression.address_hash, [*ODD[1:], b"none"]) == set(ODD[1:])


def test_it_is_the_same_statement_however_many_they_are():
    with statements() as asked:
        for many in (1, 300):
            found(Person.id, range(many))
    assert len({each for each in asked if "person.id" in each}) == 1


def test_words_are_none_of_it():
    with pytest.raises(KeyError):
        among(Person.email, ["a"])
