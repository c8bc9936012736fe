"""Two accounts in one household: neither learns of the other, not by a page, a refusal, a log or a count."""

from __future__ import annotations

import re

import pytest

from neighbour.core.db import as_owner, atomic, db
from neighbour.policy import Level
from neighbour.residency import grading, homes, letters, service
from neighbour.residency.models import Letter, LetterState
from tests.factories import make_person
from tests.privacy.city import City, browser, forget_what_was_kept, paths, signed_in, walk

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")


@pytest.fixture
def city(app):
    city = City.built(app)
    for number in range(6):  # enough households for numbers to be shown
        city.neighbour(city.here, city.houses[city.here.id][number])
    return city


def joins(city, house, name="Bela"):
    """Somebody signs up at this house, gets a card and proves it."""
    person = make_person(level=Level.UNPROVEN, name=name)
    with city_eyes(person):
        service.choose_address(person.id, house.id, "Kowalczyk")
        letters.request(person.id)
    with as_owner(), atomic():
        db.session.execute(db.text("UPDATE letter SET state = 'used' WHERE person_id = :id"), {"id": person.id})
    with city_eyes(person):
        grading.grant(person.id, "postcard", Level.VERIFIED, None)
    return person


def city_eyes(person):
    from neighbour.core import scope

    return scope.use(scope.Viewer(person.id))


def everything(city, token):
    forget_what_was_kept(city.app)
    addresses = [path for path in paths(city.app, {"slug": [city.here.slug]}, ["a" * 26]) if path != "/source"]
    return walk(browser(city.app, token), addresses)


def test_whoever_lives_there_sees_nothing_of_a_second_account_in_the_household(city):
    house = city.houses[city.here.id][30]
    anna = city.neighbour(city.here, house, name="Anna", last_name="Kowalczyk")
    token = signed_in(city.app, anna)
    before = everything(city, token)
    joins(city, house)
    after = everything(city, token)
    assert [path for path in before if before[path] != after[path]] == []
    assert sum(page[0] == 200 for page in after.values()) > 20


def test_whoever_comes_second_is_told_the_same_as_in_an_empty_house(city, client):
    """Waiting page, order of a card, wrong code, own address: the words are those of a house nobody else lives in."""
    shared, empty = city.houses[city.here.id][30], city.houses[city.here.id][60]
    anna = joins(city, shared, "Anna")
    with as_owner(), atomic():
        card = Letter(person_id=anna.id, address_hash=db.session.query(homes.Home).filter_by(person_id=anna.id).one().address_hash,
                      name_hashes=[], state=LetterState.USED)  # fmt: skip
        db.session.add(card)
    told = []
    for house in (shared, empty):
        person = make_person(level=Level.UNPROVEN, name="Bela")
        with city_eyes(person):
            service.choose_address(person.id, house.id, "Kowalczyk")
        visitor = browser(city.app, signed_in(city.app, person))
        pages = [visitor.get("/waiting")]
        with city_eyes(person):
            letters.request(person.id)
        pages += [visitor.get(path) for path in ("/waiting", "/settings/address", "/me", "/code", "/signup/address")]
        with city_eyes(person):
            answers = [letters.redeem(person.id, "7K2M-9QXD") for _try in range(2)]
        told.append(([masked(page) for page in pages], answers))
    assert told[0] == told[1]


def masked(page):
    """A page without what is the person's own: tokens, addresses of their mail, colour."""
    words = re.sub(r'value="[^"]*"|content="[^"]*"|person\d+@|avatar--\d', "", page.get_data(as_text=True))
    return page.status_code, words
