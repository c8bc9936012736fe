"""A neighbour's name behind the mark of the proven is looked at, whenever it was taken and however short it was worn."""

from __future__ import annotations

import pytest

from neighbour.accounts import choosing
from neighbour.accounts.appearance import Chosen, Shows
from neighbour.accounts.models import Person
from neighbour.core import clock
from neighbour.core.db import atomic, db
from neighbour.policy import Level
from neighbour.residency import grading
from neighbour.residency.cases import crowds
from tests.residency.helpers import invited, types
from tests.residency.papers import Desk, text_of
from tests.residency.racing import MOVES

pytestmark = pytest.mark.usefixtures("frozen_clock")
HOUR, DAY = 3_600, 86_400
CASES = "SELECT person_id, kind, state FROM proof_case ORDER BY created_at, id"
WORN = "SELECT count(*), count(until), count(due) FROM worn_name WHERE person_id = %s"
FORM = {
    "first_name": "Jochen",
    "last_name": "Bös",
    "shows_own": "short",
    "shows_nearby": "short",
    "shows_city": "first",
}


def looks_quietly(desk: Desk) -> int:
    with desk.town.app.app_context():
        return crowds.look_quietly()


def called(desk: Desk, person: int, first: str, last: str, **chosen: object) -> None:
    with desk.town.as_person(person), atomic():
        mine = db.session.get_one(Person, person)
        choosing.set_appearance(mine, first=first, last=last, chosen=Chosen(**chosen))


def resident(desk: Desk, name: str, first: str = "Jochen", last: str = "Bös", **more: str) -> int:
    """Somebody who has typed a name and proven nothing."""
    person = desk.resident(name, first_name="", last_name="", bell=f"{name} {name}sen", **more)
    called(desk, person, first, last)
    return person


def proven(desk: Desk, name: str, first: str = "Jochen", last: str = "Bös", **more: str) -> int:
    person = resident(desk, name, first, last, **more)
    desk.prove(person)
    return person


@pytest.fixture
def hannelore(desk: Desk, frozen_clock) -> int:
    """Hannelore Wiechert, proven and known as Hannelore W. for months."""
    hers = proven(desk, "hannelore", "Hannelore", "Wiechert")
    frozen_clock.tick(90 * DAY)
    assert looks_quietly(desk) == 0
    return hers


# -- every way to wear it ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hannelore")
@pytest.mark.parametrize("alias", ["Hannelore W.", "Hannelore Wiechert", "hannelore  wiechert", "Ηannelore Ԝ."])
def test_as_another_name_as_neighbours_read_hers_or_in_full(desk: Desk, alias):
    called(desk, proven(desk, "jochen"), "Jochen", "Bös", alias=alias)
    assert [looks_quietly(desk) for _hour in range(3)] == [1, 0, 0]


@pytest.mark.usefixtures("hannelore")
def test_typed_as_first_and_last_name_at_sign_up_while_the_card_goes_to_another_bell(desk: Desk, owner):
    his = resident(desk, "jochen", "Hannelore", "Wiechert")
    assert looks_quietly(desk) == 0, "no mark stands behind it"
    desk.prove(his)
    assert looks_quietly(desk) == 1
    assert owner.execute(CASES).fetchall() == [(his, "quiet", "open")]


@pytest.mark.usefixtures("hannelore")
def test_taken_between_the_order_of_a_card_and_its_coming(desk: Desk, frozen_clock):
    his = resident(desk, "jochen")
    called(desk, his, "Hannelore", "Wulff")
    assert looks_quietly(desk) == 0
    frozen_clock.tick(8 * DAY)
    desk.prove(his)
    assert looks_quietly(desk) == 1


@pytest.mark.usefixtures("hannelore")
def test_taken_after_an_earlier_proof_has_ended(desk: Desk, frozen_clock):
    his = resident(desk, "jochen")
    types(desk.town, his, invited(desk.town, proven(desk, "mate", "Marte", "Meier")))
    with desk.town.as_person(his):
        grading.end_proofs(his)
    called(desk, his, "Jochen", "Bös", alias="Hannelore W.")
    assert looks_quietly(desk) == 0
    frozen_clock.tick(8 * DAY)
    desk.prove(his)
    assert looks_quietly(desk) == 1


@pytest.mark.usefixtures("hannelore")
def test_taken_while_a_proof_waits_for_a_second_look(desk: Desk, frozen_clock):
    house = desk.town.address("77")
    desk.looks_at_each(house)
    his = desk.resident("jochen", first_name="Jochen", last_name="Bös", house=house)
    called(desk, his, "Jochen", "Bös", alias="Hannelore W.")
    desk.prove(his)
    assert looks_quietly(desk) == 0
    frozen_clock.tick(8 * DAY)
    case = desk.case_of(his)
    for name in ("eva", "wim"):
        desk.says(desk.verifier(name), case)
    assert desk.level(his) is Level.VERIFIED
    assert looks_quietly(desk) == 1


@pytest.mark.usefixtures("hannelore")
def test_worn_for_59_minutes_between_two_looks(desk: Desk, owner, frozen_clock):
    his = proven(desk, "jochen")
    looks_quietly(desk)
    browser = desk.browser(his)
    assert browser.post("/me/appearance", data={**FORM, "shown": "alias", "alias": "Hannelore W."}).status_code == 303
    assert owner.execute("SELECT display_name FROM person WHERE id = %s", [his]).fetchone() == ("Hannelore W.",)
    frozen_clock.tick(59 * 60)
    assert browser.post("/me/appearance", data={**FORM, "shown": "name", "alias": ""}).status_code == 303
    assert owner.execute("SELECT display_name FROM person WHERE id = %s", [his]).fetchone() == ("Jochen B.",)
    assert [looks_quietly(desk) for _hour in range(2)] == [1, 0]
    assert owner.execute(WORN, [his]).fetchone() == (2, 0, 0), "of what was taken off nothing is kept"
    noted = "SELECT count(*) FROM security_event WHERE kind = 'account.renamed' AND subject_id = %s AND actor_id = %s"
    assert owner.execute(noted, [his, his]).fetchone() == (2,), "there and back"


@pytest.mark.parametrize("shown", [Shows.SHORT, Shows.FULL])
def test_as_a_ring_further_out_reads_it(desk: Desk, hannelore, shown):
    called(desk, hannelore, "Hannelore", "Wiechert", own=shown)
    looks_quietly(desk)
    called(desk, proven(desk, "jochen"), "Hannelore", "Wulff", own=Shows.FULL)
    assert looks_quietly(desk) == 1


def test_a_protected_neighbours_name_in_full(desk: Desk, hannelore, owner):
    with desk.town.as_person(hannelore), atomic():
        choosing.protect(db.session.get_one(Person, hannelore), alias="Kiesel")
    assert looks_quietly(desk) == 0
    his = proven(desk, "jochen", "Hannelore", "Wiechert")
    called(desk, his, "Hannelore", "Wiechert", own=Shows.FULL)
    assert looks_quietly(desk) == 1
    assert [row[0] for row in owner.execute(CASES).fetchall()] == [his]


# -- where another name was there first --------------------------------------------------------------------------------


@pytest.fixture
def rosa(desk: Desk, hannelore, frozen_clock) -> int:
    """Hannelore, protected and known as Rosa Linde for months."""
    with desk.town.as_person(hannelore), atomic():
        choosing.protect(db.session.get_one(Person, hannelore), alias="Rosa Linde")
    assert looks_quietly(desk) == 0
    frozen_clock.tick(90 * DAY)
    return hannelore


@pytest.mark.parametrize("shown", [Shows.SHORT, Shows.FULL])
def test_whoever_types_her_other_name_as_their_own_is_asked_and_not_she(desk: Desk, rosa, owner, frozen_clock, shown):
    """Also by a neighbour's word, also the next one who does it; and she loses nothing by what is said."""
    mate = proven(desk, "mate", "Marte", "Meier")
    for name in ("jochen", "jens"):
        his = resident(desk, name)
        called(desk, his, "Rosa", "Linde", own=shown)
        types(desk.town, his, invited(desk.town, mate))
        assert looks_quietly(desk) == 1
        settled(desk, frozen_clock, his, "name", eyes=(f"vera {name}", f"wim {name}"))
    cases = owner.execute("SELECT person_id, state FROM proof_case WHERE kind = 'quiet'").fetchall()
    assert {state for _person, state in cases} == {"refused"} and rosa not in [person for person, _state in cases]
    with desk.town.as_person(rosa):
        membership = grading.current_membership(rosa)
        assert membership is not None and not crowds.is_doubted(membership.id)


def test_whoever_comes_with_it_as_their_own_name_is_asked_and_the_desk_sees_who_bore_it_first(
    desk: Desk, owner, frozen_clock
):
    his = proven(desk, "jochen")
    called(desk, his, "Jochen", "Bös", alias="Hannelore W.")
    frozen_clock.tick(90 * DAY)
    assert looks_quietly(desk) == 0
    hers = proven(desk, "hannelore", "Hannelore", "Wiechert")
    assert looks_quietly(desk) == 1
    assert [row[0] for row in owner.execute(CASES).fetchall()] == [hers]
    case = desk.case_of(hers)
    page = text_of(desk.browser(desk.operator("olga")).post(case))
    assert "Dieses Konto trägt den Namen seit 10. August 2026: als eigenen Namen" in page
    assert "Das andere Konto trägt den Namen seit 12. Mai 2026: als anderen Namen" in page
    (number,) = owner.execute("SELECT id FROM proof_case").fetchone()
    with desk.town.as_person(hers):
        assert db.session.execute(db.text("SELECT * FROM names_borne(:of)"), {"of": number}).all() == []


def test_whoever_takes_it_as_another_name_after_she_came_is_asked(desk: Desk, hannelore, owner):
    his = proven(desk, "jochen", "Rosa", "Linde")
    assert looks_quietly(desk) == 0
    clock.tick(60)
    called(desk, hannelore, "Hannelore", "Wiechert", alias="Rosa Linde")
    assert looks_quietly(desk) == 1
    assert [row[0] for row in owner.execute(CASES).fetchall()] == [hannelore] != [his]


def test_whoever_typed_it_before_she_came_and_shows_it_after_is_asked(desk: Desk, owner, frozen_clock):
    his = resident(desk, "jochen", "Hannelore", "Wiechert")
    called(desk, his, "Hannelore", "Wiechert", alias="Kiesel")
    desk.prove(his)
    frozen_clock.tick(DAY)
    hers = proven(desk, "hannelore", "Hannelore", "Wiechert")
    called(desk, hers, "Hannelore", "Wiechert", own=Shows.FULL)
    frozen_clock.tick(60)
    called(desk, his, "Hannelore", "Wiechert", own=Shows.FULL, nearby=Shows.QUARTER)
    assert looks_quietly(desk) == 1
    assert [row[0] for row in owner.execute(CASES).fetchall()] == [his]


# -- what is no such case ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hannelore")
@pytest.mark.parametrize("alias", ["Hannelore K.", "Anneliese W.", "Kiesel"])
def test_another_name_that_reads_otherwise_is_none(desk: Desk, alias):
    called(desk, proven(desk, "jochen"), "Jochen", "Bös", alias=alias)
    assert looks_quietly(desk) == 0


@pytest.mark.usefixtures("hannelore")
def test_a_first_name_in_the_rest_of_the_city_is_none(desk: Desk):
    proven(desk, "kern", "Hannelore", "Kern")
    assert looks_quietly(desk) == 0


@pytest.mark.usefixtures("hannelore")
def test_a_name_in_another_quarter_is_none(desk: Desk):
    proven(desk, "fern", "Hannelore", "Wiechert", quarter="ufer")
    assert looks_quietly(desk) == 0


def test_whoever_moves_to_a_quarter_is_compared_there(desk: Desk, hannelore, owner):
    far = proven(desk, "fern", "Hannelore", "Wulff", quarter="ufer")
    assert looks_quietly(desk) == 0
    hers = "(SELECT quarter_id FROM membership WHERE person_id = %s)"
    owner.execute(f"UPDATE membership SET quarter_id = {hers} WHERE person_id = %s", [hannelore, far])
    assert looks_quietly(desk) == 1


@pytest.mark.usefixtures("hannelore")
def test_a_name_worn_without_the_mark_and_taken_off_before_it_is_none(desk: Desk, owner, frozen_clock):
    his = resident(desk, "jochen", "Hannelore", "Wulff")
    frozen_clock.tick(60)
    called(desk, his, "Jochen", "Bös")
    desk.prove(his)
    assert looks_quietly(desk) == 0
    assert owner.execute(WORN, [his]).fetchone() == (2, 0, 0)


@pytest.mark.usefixtures("hannelore")
def test_whoever_lost_the_mark_has_no_turn_and_nothing_of_names_taken_off(desk: Desk, owner, frozen_clock):
    his = proven(desk, "jochen")
    for alias in ("Hannelore W.", "Kiesel"):
        called(desk, his, "Jochen", "Bös", alias=alias)
        frozen_clock.tick(60)
    assert owner.execute(WORN, [his]).fetchone() == (4, 2, 4)
    with desk.town.as_person(his):
        grading.end_proofs(his)
    assert owner.execute(WORN, [his]).fetchone() == (2, 0, 0)
    assert looks_quietly(desk) == 0


@pytest.mark.parametrize("names", [("محمد", "فاطمة"), ("राम", "रमा"), ("李雷", "韩梅")])
def test_names_in_other_letters_are_not_all_alike(desk: Desk, names):
    for number, name in enumerate(names):
        proven(desk, f"leute{number}", name, "")
    assert looks_quietly(desk) == 0


def test_two_of_one_name_in_other_letters_are(desk: Desk, frozen_clock):
    for number in range(2):
        proven(desk, f"leute{number}", "محمد", "")
        frozen_clock.tick(60)
    assert looks_quietly(desk) == 1


# -- namesakes are no cases without end --------------------------------------------------------------------------------


def settled(
    desk: Desk, frozen_clock, person: int, verdict: str = "matches", eyes: tuple[str, ...] = ("vera", "wim")
) -> None:
    """Two operators look, an hour later."""
    frozen_clock.tick(HOUR)
    case = desk.case_of(person)
    for name in eyes:
        desk.says(desk.operator(name), case, verdict)


def test_two_real_namesakes_are_looked_at_once_until_one_takes_another_name(desk: Desk, owner, hannelore, frozen_clock):
    other = proven(desk, "wulff", "Hannelore", "Wulff")
    assert looks_quietly(desk) == 1
    settled(desk, frozen_clock, other)
    assert owner.execute(CASES).fetchall() == [(other, "quiet", "accepted")]
    called(desk, hannelore, "Hannelore", "Wiechert", city=Shows.QUARTER)
    with desk.town.as_person(other):
        grading.end_proofs(other)
    desk.prove(other)
    assert looks_quietly(desk) == 0, "neither by what the city reads nor by a new proof"
    called(desk, hannelore, "Hannelore", "Weber")
    assert looks_quietly(desk) == 1, "another name is another question"
    assert looks_quietly(desk) == 0


def test_three_namesakes_are_one_case_for_whoever_came_last(desk: Desk, owner, hannelore, frozen_clock):
    second = proven(desk, "wulff", "Hannelore", "Wulff")
    assert looks_quietly(desk) == 1
    frozen_clock.tick(60)
    third = proven(desk, "weber", "Hannelore", "Weber")
    assert [looks_quietly(desk) for _hour in range(2)] == [1, 0]
    assert [row[0] for row in owner.execute(CASES).fetchall()] == [second, third]
    pairs = owner.execute("SELECT person_id, other_id FROM name_pair ORDER BY person_id, other_id").fetchall()
    assert pairs == [(second, hannelore), (third, hannelore), (third, second)]


def test_her_new_name_asks_nothing_about_which_somebody_is_being_asked(desk: Desk, hannelore, frozen_clock):
    called(desk, proven(desk, "jochen"), "Jochen", "Bös", alias="Hannelore W.")
    assert looks_quietly(desk) == 1
    frozen_clock.tick(HOUR)
    called(desk, hannelore, "Hannelore", "Weber")
    assert looks_quietly(desk) == 0


def test_what_was_withdrawn_is_asked_anew_with_the_next_proof(desk: Desk, owner, hannelore):
    his = proven(desk, "jochen", "Hannelore", "Wulff")
    assert looks_quietly(desk) == 1
    with desk.town.as_person(his):
        grading.end_proofs(his)
    assert owner.execute(CASES).fetchall() == [(his, "quiet", "withdrawn")]
    desk.prove(his)
    assert looks_quietly(desk) == 1


# -- how it is done ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hannelore")
def test_whoever_moves_away_in_that_moment_is_no_case_and_the_others_have_their_turn_again(
    desk: Desk, overtaken, owner
):
    his, hers = (proven(desk, name, "Hannelore", "Wulff") for name in ("jochen", "wulff"))
    made = overtaken(lambda: looks_quietly(desk), his, MOVES)
    assert made == 1
    assert [row[0] for row in owner.execute(CASES).fetchall()] == [hers]
    assert owner.execute(WORN, [hers]).fetchone()[2] > 0
    assert looks_quietly(desk) == 0
    assert owner.execute(WORN, [hers]).fetchone()[2] == 0


@pytest.mark.usefixtures("hannelore")
def test_an_hour_compares_so_many_names_and_the_next_one_the_others(desk: Desk, owner, monkeypatch):
    monkeypatch.setattr(crowds, "MOST_NAMES", 1)
    called(desk, proven(desk, "jochen"), "Jochen", "Bös", alias="Hannelore W.")
    waits = "SELECT count(*) FROM worn_name WHERE due IS NOT NULL"
    turns = []
    while waiting := owner.execute(waits).fetchone()[0]:
        turns.append((waiting, looks_quietly(desk)))
    assert [waiting for waiting, _made in turns] == list(range(len(turns), 0, -1))
    assert sum(made for _waiting, made in turns) == 1


@pytest.mark.usefixtures("hannelore")
def test_a_name_that_was_written_by_other_hands_is_compared_too(desk: Desk, owner):
    his = proven(desk, "jochen")
    looks_quietly(desk)
    owner.execute("UPDATE person SET alias = 'Hannelore W.', display_name = 'Hannelore W.' WHERE id = %s", [his])
    assert looks_quietly(desk) == 1


def test_a_name_without_anything_to_read_is_compared_with_nobodys(desk: Desk, owner):
    for number in range(2):
        person = proven(desk, f"leute{number}", "★", "")
        assert looks_quietly(desk) == 0
        assert owner.execute(WORN, [person]).fetchone()[0] == 0


@pytest.mark.usefixtures("hannelore")
def test_nobody_reads_who_reads_like_whom_nor_what_others_wear(desk: Desk):
    his = proven(desk, "jochen", "Hannelore", "Wulff")
    looks_quietly(desk)
    with desk.town.as_person(his):
        seen = db.session.scalars(db.text("SELECT DISTINCT person_id FROM worn_name")).all()
        assert seen == [his]
        assert not db.session.scalar(db.text("SELECT has_table_privilege('name_pair', 'SELECT')"))
