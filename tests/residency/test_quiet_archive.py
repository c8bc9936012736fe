"""The archive of whoever gave somebody else's name and house: it tells no more than the pages, now and after sixty days."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from neighbour.accounts import choosing
from neighbour.accounts.models import Person
from neighbour.core.db import atomic, db
from neighbour.mydata import archive
from tests.residency.papers import Desk
from tests.residency.test_crowds import look_quietly

pytestmark = pytest.mark.usefixtures("frozen_clock")
DAY = 86_400


@pytest.fixture
def street(desk: Desk):
    """Two operators, two more, and Ines at number 40; 42 beside it is empty."""
    desk.team = [desk.operator("vera"), desk.operator("wim")]
    desk.above = [desk.operator("olga"), desk.operator("otto")]
    desk.houses = desk.town.address("40"), desk.town.address("42"), desk.town.address("44")
    desk.ines = desk.proven("ines", house=desk.houses[0], bell="Ines Wolf", first_name="Ines", last_name="Wolf-Bär")
    return desk


def comes(desk: Desk, name: str, house: int) -> int:
    """Somebody of Ines's name proves that they live there."""
    person = desk.resident(name, house=house, bell="I. W.", first_name="WOLF-BAER", last_name="Ines")
    desk.prove(person)
    return person


def archived(desk: Desk, person: int, name: str) -> list[str]:
    """Every line of the archive; what differs between two people anyway is left out."""
    target = io.BytesIO()
    with desk.town.as_person(person):
        archive.write(target, person, "de", lambda _step: None)
    with zipfile.ZipFile(target) as made:
        files = {each: made.read(each).decode() for each in made.namelist() if not each.startswith("manifest")}
    own = rf"{name}|{name.title()}|\b4[024]\b"
    return sorted(re.sub(own, "…", line.rstrip(",")) for text in files.values() for line in text.splitlines())


def looked_at(desk: Desk, person: int, verdict: str, by: list[int]) -> None:
    case = desk.case_of(person)
    for each in by:
        assert desk.says(each, case, verdict).status_code == 303


def test_whoever_is_let_be_has_the_archive_of_one_whom_nobody_looked_at(street: Desk, frozen_clock):
    hit, miss = comes(street, "treffer", street.houses[0]), comes(street, "niete", street.houses[1])
    assert look_quietly(street) == 1
    assert archived(street, hit, "treffer") == archived(street, miss, "niete"), "while it lies on the desk"
    looked_at(street, hit, "matches", street.above)
    for _month in range(3):
        assert archived(street, hit, "treffer") == archived(street, miss, "niete")
        frozen_clock.tick(30 * DAY)


def test_a_refusal_does_not_say_that_there_is_another_nor_whether_she_is_protected(street: Desk, frozen_clock):
    other = street.proven("isa", house=street.houses[2], bell="Isa Wolf", first_name="Ines", last_name="Wolf-Bär")
    with street.town.as_person(other), atomic():
        choosing.protect(db.session.get_one(Person, other), alias="Kiesel")
    open_, hidden = comes(street, "offen", street.houses[0]), comes(street, "still", street.houses[2])
    assert look_quietly(street) == 2
    looked_at(street, open_, "twice", street.above)
    looked_at(street, hidden, "doubts", street.above)
    for _month in range(3):
        first, second = archived(street, open_, "offen"), archived(street, hidden, "still")
        assert first == second
        everything = "".join(first)
        assert "twice" not in everything and "schon ein Konto" not in everything.replace("schon ein Konto hast", "")
        assert not re.search(r"held team|held operator|Quartiersteam hat|quiet", everything)
        frozen_clock.tick(30 * DAY)
