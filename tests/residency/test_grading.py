"""What proofs are worth together, and when they stop counting."""

from __future__ import annotations

from datetime import timedelta

import pytest

from neighbour.core.db import atomic, db
from neighbour.policy import Level
from neighbour.residency import grading
from neighbour.residency.grading import Vouch
from neighbour.residency.models import Proof
from tests.residency.helpers import Town

pytestmark = pytest.mark.usefixtures("frozen_clock")
YEAR = timedelta(days=365)


def vouched(town: Town, person: int, *neighbours: tuple[int, str], depth: int = 0) -> None:
    """Neighbours, each with their household, vouch for the person."""
    with town.as_person(person):
        for neighbour, household in neighbours:
            word = Vouch(neighbour, household.encode(), depth)
            grading.grant(person, "invitation", Level.VOUCHED, YEAR, vouch=word)


def level(town: Town, person: int) -> Level:
    seat = town.seat(person)
    assert seat is not None
    return Level(seat.level)


def regraded(town: Town, person: int) -> Level:
    with town.as_person(person), atomic():
        membership = grading.current_membership(person, lock=True)
        assert membership is not None
        return grading.regrade(membership)


def test_one_neighbours_word_lets_in_and_two_of_different_households_prove(town: Town, anna: int):
    bert, carl = town.person("bert"), town.person("carl")
    vouched(town, anna, (bert, "bert's"))
    assert level(town, anna) is Level.VOUCHED
    vouched(town, anna, (bert, "bert's"), (carl, "bert's"))
    assert level(town, anna) is Level.VOUCHED, "one household is one word"
    vouched(town, anna, (carl, "carl's"))
    assert level(town, anna) is Level.VERIFIED


def test_ones_own_household_vouches_for_nothing_more(town: Town, anna: int, owner):
    (own,) = owner.execute("SELECT household_hash FROM membership").fetchone()
    with town.as_person(anna):
        for household in (own, b"another"):
            word = Vouch(town.person(household.hex()[:6]), household, 0)
            grading.grant(anna, "invitation", Level.VOUCHED, YEAR, vouch=word)
    assert level(town, anna) is Level.VOUCHED


def test_a_proof_past_its_day_counts_no_more_and_the_digest_ends_with_the_last(
    town: Town, anna: int, frozen_clock, owner
):
    with town.as_person(anna):
        grading.grant(anna, "flyer", Level.VOUCHED, timedelta(days=730))
        grading.grant(anna, "postcard", Level.VERIFIED, YEAR)
    assert level(town, anna) is Level.VERIFIED
    frozen_clock.tick(365 * 86_400)
    assert regraded(town, anna) is Level.VOUCHED
    assert owner.execute("SELECT count(*) > 0 FROM subscription").fetchone() == (True,)
    frozen_clock.tick(365 * 86_400)
    assert regraded(town, anna) is Level.UNPROVEN
    assert owner.execute("SELECT count(*) FROM subscription").fetchone() == (0,)


def test_a_held_proof_counts_for_nothing_until_it_is_let_go(town: Town, anna: int, monkeypatch):
    monkeypatch.setattr(grading, "_looks", [lambda membership, proof: proof.method == "postcard"])
    with town.as_person(anna):
        held = grading.grant(anna, "postcard", Level.VERIFIED, YEAR)
        assert held.held_at is not None
    assert level(town, anna) is Level.UNPROVEN
    with town.as_person(anna), atomic():
        db.session.get_one(Proof, held.id).held_at = None
    assert regraded(town, anna) is Level.VERIFIED


def test_the_depth_of_a_chain_is_that_of_the_nearest_word(town: Town, anna: int):
    vouched(town, anna, (town.person("bert"), "bert's"), depth=1)
    vouched(town, anna, (town.person("carl"), "carl's"), depth=0)
    with town.as_person(anna):
        membership = grading.current_membership(anna)
        assert membership is not None
        proofs = grading.standing(membership.id, membership.created_at)
        assert grading.depth_of(proofs) == 1
        grading.grant(anna, "postcard", Level.VERIFIED, YEAR)
        assert grading.depth_of(grading.standing(membership.id, membership.created_at)) == 0


def test_nobody_proves_what_they_have_not_said(town: Town):
    with town.as_person(town.person("nobody")) as _session, pytest.raises(LookupError):
        grading.grant(1, "postcard", Level.VERIFIED, YEAR)
