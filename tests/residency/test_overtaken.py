"""Somebody is quicker: the person whose proof is looked at moves, a case is decided, an account goes – in the very moment."""

from __future__ import annotations

import pytest

from neighbour.core import clock
from neighbour.policy import Level
from neighbour.residency.cases import crowds, deciding, documents, queues
from neighbour.residency.cases.queues import NotYours
from tests.residency.papers import Desk
from tests.residency.racing import MOVES, Overtaking

pytestmark = pytest.mark.usefixtures("frozen_clock")


def eyes(desk: Desk, name: str, case=None) -> queues.Eyes:
    """Somebody of the team; with ``case``, who has it in hand."""
    person = desk.verifier(name)
    with desk.eyes(person):
        theirs = queues.eyes_of(person, is_operator=False)
        if case is not None:
            deciding.take(theirs, case)
    return theirs


def decided(desk: Desk, whose: queues.Eyes, case, verdict: str):
    def act() -> None:
        with desk.eyes(whose.person_id):
            deciding.decide(whose, case, verdict, "")

    return act


@pytest.fixture
def anna(desk: Desk) -> int:
    """Anna, whose document one of two has looked at and found good."""
    person = desk.resident("anna")
    desk.deposit(person)
    return person


@pytest.fixture
def case(anna: int, owner):
    return owner.execute("SELECT id FROM proof_case").fetchone()[0]


@pytest.mark.parametrize("verdict", ["matches", "paper"])
def test_who_moves_while_the_second_decides_is_decided_on_no_more(
    desk: Desk, anna: int, case, owner, overtaken: Overtaking, verdict: str
):
    """Whoever decides waits for the membership and holds nothing meanwhile: the other order is a deadlock."""
    first, second = eyes(desk, "vera", case), eyes(desk, "wim", case)
    decided(desk, first, case, verdict)()
    with pytest.raises(NotYours):
        overtaken(decided(desk, second, case, verdict), anna, MOVES)
    assert owner.execute("SELECT state FROM proof_case").fetchone() == ("withdrawn",)
    assert owner.execute("SELECT count(*) FROM proof WHERE person_id = %s", [anna]).fetchone() == (0,)
    told = owner.execute("SELECT count(*) FROM delivery WHERE person_id = %s", [anna]).fetchone()
    assert told == (0,), "nobody is told of a refusal for a home they have left"
    assert owner.execute("SELECT count(*) FROM case_half").fetchone() == (1,), "what was not said in time is not said"


@pytest.mark.parametrize(
    "change",
    [MOVES, "UPDATE proof_case SET state = 'contested' WHERE person_id = %s"],
    ids=["its person moves", "the others do not agree"],
)
def test_who_opens_a_case_in_the_moment_it_goes_elsewhere_sees_nothing_of_it(
    desk: Desk, anna: int, case, owner, overtaken: Overtaking, change: str
):
    vera = eyes(desk, "vera")

    def act() -> None:
        with desk.eyes(vera.person_id):
            deciding.take(vera, case)

    with pytest.raises(NotYours):
        overtaken(act, anna, change)
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == (0,)


@pytest.mark.parametrize("up_to", [None, 20], ids=["one by one", "a large house"])
def test_who_moves_while_their_house_is_answered_for_is_not_let_in_and_no_case(
    desk: Desk, owner, overtaken: Overtaking, up_to: int | None
):
    house = desk.town.address("5")
    people = [desk.resident(f"p{n}", house=house, bell=f"Name{chr(97 + n)} Klingel{chr(97 + n)}") for n in range(8)]
    for person in people:
        desk.prove(person)
    vera = desk.verifier("vera")

    def act() -> int:
        with desk.eyes(vera):
            (crowded,) = crowds.houses()
            return crowds.decide_house(crowded, vera, up_to=up_to)

    assert overtaken(act, people[6], MOVES) == (0 if up_to is None else 1)
    cases = owner.execute("SELECT person_id FROM proof_case").fetchall()
    assert cases == ([(people[7],)] if up_to is None else [])
    assert desk.level(people[7]) is (Level.UNPROVEN if up_to is None else Level.VERIFIED)
    assert owner.execute("SELECT level FROM membership WHERE person_id = %s", [people[6]]).fetchall() == [("unproven",)]


def test_a_document_whose_person_moves_while_the_night_forgets_it_is_told_of_by_nobody(
    desk: Desk, anna: int, owner, overtaken: Overtaking, frozen_clock
):
    frozen_clock.tick(documents.KEPT_FOR.total_seconds())

    def act() -> int:
        with desk.town.app.app_context():
            return documents.forget_overdue(clock.now() - documents.KEPT_FOR)

    assert overtaken(act, anna, MOVES) == 1
    assert owner.execute("SELECT state FROM proof_case").fetchone() == ("withdrawn",)
    assert owner.execute("SELECT count(*) FROM delivery WHERE person_id = %s", [anna]).fetchone() == (0,)


def test_whoever_takes_a_document_back_while_they_move_has_none_to_take_back(
    desk: Desk, anna: int, overtaken: Overtaking
):
    def act() -> bool:
        with desk.eyes(anna):
            return documents.withdraw(anna)

    assert overtaken(act, anna, MOVES) is False
