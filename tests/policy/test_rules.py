"""The words the rules are made of, and the table they stand in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neighbour.policy import ANONYMOUS, Identity, Level, Permission, Role, Seat, predicates
from neighbour.policy.table import TABLE, allows, lacks_factor

HERE, ELSEWHERE, ME, OTHER = 1, 2, 7, 8


def person(level: Level = Level.VERIFIED, role: Role = Role.RESIDENT, quarter: int = HERE, **more: bool) -> Identity:
    return Identity(person_id=ME, is_confirmed=True, seats=(Seat(quarter, level, role),), **more)  # type: ignore[arg-type]


class Thing:
    """Something of a quarter, by and about somebody."""

    def __init__(self, quarter_id: int = HERE, whose: int | None = ME):
        self.quarter_id, self.author_id, self.person_id = quarter_id, whose, whose


class Case:
    """Something of a quarter that is about nobody."""

    quarter_id = HERE


def test_every_permission_has_a_line_and_every_line_takes_something():
    assert TABLE.keys() == set(Permission)
    assert all(TABLE.values())


def test_all_words_of_a_line_must_hold_and_one_of_a_nested_group(monkeypatch):
    asked = []

    def says(answer: bool):
        def predicate(identity: Identity, thing: object) -> bool:
            asked.append((identity, thing))
            return answer

        return predicate

    thing, who = Thing(), person()
    yes, no = says(True), says(False)
    for rule, expected in (
        ((yes, yes), True),
        ((yes, no), False),
        ((no, yes), False),
        (((no, yes), yes), True),
        (((no, no), yes), False),
        (((yes, no),), True),
    ):
        monkeypatch.setitem(TABLE, Permission.THANK, rule)
        assert allows(who, Permission.THANK, thing) is expected, rule
    assert set(asked) == {(who, thing)}
    asked.clear()
    allows(who, Permission.THANK)
    assert set(asked) == {(who, None)}


@pytest.mark.parametrize(
    ("identity", "is_staff"),
    [
        (ANONYMOUS, False),
        (person(), False),
        (person(role=Role.STEWARD), True),
        (person(role=Role.VERIFIER), True),
        (person(Level.VOUCHED, Role.STEWARD), False),
        (person(Level.UNPROVEN, is_operator=True), True),
    ],
)
def test_staff_are_those_who_run_something_and_live_there(identity: Identity, is_staff: bool):
    assert predicates.staff(identity, None) is is_staff
    assert identity.is_staff is is_staff


def test_a_role_counts_where_it_was_given_and_only_while_the_address_is_proven():
    steward = person(role=Role.STEWARD)
    assert steward.role_in(HERE) is Role.STEWARD
    assert steward.role_in(ELSEWHERE) is Role.RESIDENT
    assert person(Level.VOUCHED, Role.STEWARD).role_in(HERE) is Role.RESIDENT
    assert ANONYMOUS.role_in(HERE) is Role.RESIDENT


def test_who_looks_at_proofs_looks_at_their_quarters_and_never_at_their_own():
    steward, operator = person(role=Role.VERIFIER), person(is_operator=True)
    looks = predicates.looks_at_proofs
    assert looks(steward, Thing(whose=OTHER))
    assert looks(steward, Case())
    assert looks(steward, None)
    assert not looks(steward, Thing(whose=ME))
    assert not looks(steward, Thing(ELSEWHERE, OTHER))
    assert looks(operator, Thing(ELSEWHERE, OTHER))
    assert not looks(operator, Thing(ELSEWHERE, ME))
    assert not looks(person(), Thing(whose=OTHER))
    assert not looks(person(), None)


def test_levels_open_what_they_open():
    assert [level.rank for level in (Level.UNPROVEN, Level.VOUCHED, Level.VERIFIED)] == [0, 1, 2]
    assert [level.reads_board for level in (Level.UNPROVEN, Level.VOUCHED, Level.VERIFIED)] == [False, True, True]
    both = Identity(person_id=ME, seats=(Seat(HERE, Level.UNPROVEN), Seat(ELSEWHERE, Level.VOUCHED)))
    assert both.level is Level.VOUCHED
    assert both.quarters == (ELSEWHERE,)
    assert both.home == Seat(HERE, Level.UNPROVEN)
    assert (both.level_in(HERE), both.level_in(ELSEWHERE), both.level_in(3)) == (
        Level.UNPROVEN,
        Level.VOUCHED,
        Level.UNPROVEN,
    )
    assert (ANONYMOUS.level, ANONYMOUS.home, ANONYMOUS.quarters) == (Level.UNPROVEN, None, ())


def test_what_flask_login_asks_for():
    who = Identity(person_id=ME, session_token="t" * 43)
    assert (who.is_authenticated, who.is_anonymous, who.is_active, who.get_id()) == (True, False, True, "t" * 43)
    assert (ANONYMOUS.is_authenticated, ANONYMOUS.is_anonymous) == (False, True)
    assert "t" * 43 not in repr(who)


def test_the_plain_words():
    me, begun = person(), Identity(person_id=ME)
    assert predicates.anybody(ANONYMOUS, None)
    assert [predicates.signed_in(who, None) for who in (ANONYMOUS, begun, me)] == [False, True, True]
    unsure = Identity(is_confirmed=True)
    assert [predicates.confirmed(who, None) for who in (ANONYMOUS, unsure, begun, me)] == [False, False, False, True]
    assert [predicates.not_suspended(who, None) for who in (me, person(is_suspended=True))] == [True, False]
    assert [predicates.vouched(person(level), None) for level in Level] == [False, True, True]
    assert [predicates.verified(person(level), None) for level in Level] == [False, False, True]
    assert [predicates.operator(who, None) for who in (me, person(is_operator=True))] == [False, True]


def test_whose_it_is_and_where():
    me = person()
    assert predicates.proven_there(me, None)
    assert predicates.proven_there(me, Thing(HERE))
    assert not predicates.proven_there(me, Thing(ELSEWHERE))
    assert not predicates.proven_there(person(Level.VOUCHED), Thing(HERE))
    for rule in (predicates.author, predicates.owner):
        assert rule(me, Thing(whose=ME))
        assert not rule(me, Thing(whose=OTHER))
        assert not rule(ANONYMOUS, Thing(whose=None))
    assert not predicates.author(me, Case()), "what has no author has none"
    assert predicates.owner(me, Case()), "a page of one's own is one's own"
    assert not predicates.owner(ANONYMOUS, Case())


def test_staff_have_their_rights_in_a_session_that_has_shown_a_second_factor_only():
    for who in (person(role=Role.STEWARD), person(role=Role.VERIFIER), person(is_operator=True)):
        assert who.is_staff and not who.in_force.is_staff
        assert who.in_force.seats[0].level is Level.VERIFIED, "what they have proven stays"
        assert not allows(who, Permission.DESK_READ) and lacks_factor(who, Permission.DESK_READ)
        strong = replace(who, has_strong_session=True)
        assert strong.in_force is strong
        assert allows(strong, Permission.DESK_READ) and not lacks_factor(strong, Permission.DESK_READ)
    neighbour = person()
    assert neighbour.in_force is neighbour
    assert not lacks_factor(neighbour, Permission.DESK_READ), "a factor would not help"
    assert not lacks_factor(neighbour, Permission.BOARD_READ)


@pytest.mark.parametrize("permission", [Permission.OPERATE, Permission.DESK_READ, Permission.PROOF_DECIDE])
def test_whoever_is_suspended_runs_nothing_operators_included(permission: Permission):
    """An account that somebody else has got hold of is suspended first and asked about later."""
    operator = person(is_operator=True, has_strong_session=True)
    assert allows(operator, permission)
    assert not allows(replace(operator, is_suspended=True), permission)
