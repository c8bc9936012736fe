"""What proofs are worth together, and when they stop counting."""

from __future__ import annotations

from datetime import timedelta

import pytest

from neighbour.core import clock
from neighbour.core.db import atomic, db
from neighbour.policy import Level
from neighbour.residency import grading
from neighbour.residency.grading import Vouch
from neighbour.residency.models import Proof
from tests.residency.helpers import Town, looked_at

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
    assert level(town, anna) is Level.VOUCHED, "until two people have looked"
    assert looked_at(town, anna) is Level.VERIFIED


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


# -- what is written down ----------------------------------------------------------------------------------------------


def events(owner, person: int, kind: str = "proof.%") -> list[tuple[object, ...]]:
    """What was noted about somebody's proofs: kind, who did it, what about, with what result."""
    query = (
        "SELECT kind, actor_id, object, result FROM security_event WHERE subject_id = %s AND kind LIKE %s ORDER BY id"
    )
    return owner.execute(query, [person, kind]).fetchall()


def told(owner, person: int, notice: str) -> list[tuple[str, dict[str, object]]]:
    """What somebody is told: (of what exactly, in which words)."""
    query = "SELECT subject_key, payload FROM delivery WHERE person_id = %s AND notice = %s ORDER BY created_at, id"
    return owner.execute(query, [person, f"residency.{notice}"]).fetchall()


def seat(owner, person: int) -> tuple[int, int]:
    """(membership, quarter) of somebody now."""
    query = "SELECT id, quarter_id FROM membership WHERE person_id = %s AND ended_at IS NULL"
    return owner.execute(query, [person]).fetchone()


def test_a_proof_says_what_it_is_of_whom_from_where_and_until_when(town: Town, anna: int, owner):
    bert = town.person("bert")
    with town.as_person(anna):
        grading.grant(anna, "postcard", Level.VERIFIED, YEAR, source="letter 5")
        grading.grant(anna, "in_person", Level.VERIFIED, None, source="initiative x", by_person_id=bert)
        grading.grant(anna, "flyer", Level.VOUCHED, YEAR)
        word = Vouch(bert, b"bert's", 1)
        grading.grant(anna, "invitation", Level.VOUCHED, YEAR, source="invitation 7", by_person_id=anna, vouch=word)
    said = "method, level, source, by_person_id, vouch_household, depth, expires_at, held_at, ended_at, membership_id, person_id"
    end, home = clock.now() + YEAR, (seat(owner, anna)[0], anna)
    assert owner.execute(f"SELECT {said} FROM proof ORDER BY id").fetchall() == [
        ("postcard", "verified", "letter 5", None, None, 0, end, None, None, *home),
        ("in_person", "verified", "initiative x", bert, None, 0, None, None, None, *home),
        ("flyer", "vouched", None, None, None, 1, end, None, None, *home),
        ("invitation", "vouched", "invitation 7", bert, b"bert's", 2, end, None, None, *home),
    ], "whoever vouches is who confirmed it"
    assert events(owner, anna, "proof.granted") == [
        ("proof.granted", None, "postcard", "done"),
        ("proof.granted", bert, "in_person", "done"),
        ("proof.granted", None, "flyer", "done"),
        ("proof.granted", bert, "invitation", "done"),
    ]


def test_a_proof_that_has_to_wait_is_noted_as_such_and_each_look_and_listener_is_asked(
    town: Town, anna: int, owner, monkeypatch
):
    asked, heard = [], []

    def look(name: str, answer: bool):
        return lambda membership, proof: asked.append((name, proof.method)) or answer

    looks = [look("one", True), look("two", False), look("three", True)]
    monkeypatch.setattr(grading, "_looks", looks)
    listeners = [lambda *given, who=who: heard.append((who, *given)) for who in "ab"]
    monkeypatch.setattr(grading, "_held", listeners)
    with town.as_person(anna):
        proof = grading.grant(anna, "postcard", Level.VERIFIED, YEAR)
        membership = grading.current_membership(anna)
    assert asked == [(name, "postcard") for name in ("one", "two", "three")], "no answer stops the questions"
    assert heard == [(who, membership, proof, [looks[0], looks[2]]) for who in "ab"], "and which of them held it"
    assert proof.held_at == clock.now()
    assert events(owner, anna, "proof.granted") == [("proof.granted", None, "postcard", "held")]


def test_a_look_and_a_listener_are_kept_once_however_often_the_application_is_made(monkeypatch):
    for name, register in (("_looks", grading.looks_at), ("_held", grading.on_held)):
        monkeypatch.setattr(grading, name, [])
        for given in (str, str, int):
            register(given)
        assert getattr(grading, name) == [str, int]


# -- rising and falling ------------------------------------------------------------------------------------------------


def test_each_rise_is_welcomed_once_with_its_level_and_no_fall_is(town: Town, anna: int, owner, frozen_clock):
    membership, quarter = seat(owner, anna)
    began = clock.now()
    vouched(town, anna, (town.person("bert"), "bert's"))
    vouched(town, anna, (town.person("carl"), "bert's"))  # changes nothing
    frozen_clock.tick(60)
    with town.as_person(anna):
        grading.grant(anna, "postcard", Level.VERIFIED, timedelta(days=100))
    rose = clock.now()
    assert told(owner, anna, "welcome") == [
        (f"{membership} vouched {began:%Y-%m-%dT%H:%M:%S}", {"quarter_id": quarter, "level": "vouched"}),
        (f"{membership} verified {rose:%Y-%m-%dT%H:%M:%S}", {"quarter_id": quarter, "level": "verified"}),
    ]
    frozen_clock.tick(100 * 86_400)
    assert regraded(town, anna) is Level.VOUCHED is level(town, anna)
    proven_at = owner.execute("SELECT proven_at FROM membership").fetchone()[0]
    assert len(told(owner, anna, "welcome")) == 2 and proven_at == rose, "it says when the level last rose"


def test_a_card_is_withdrawn_when_everything_is_open_and_not_before(town: Town, owner, tmp_path):
    printed, waits, other = (
        town.resident(name, town.address(number)) for name, number in (("anna", "1"), ("bert", "2"), ("carl", "3"))
    )
    owner.execute("UPDATE letter SET state = 'printed' WHERE person_id = %s", [printed])
    states = "SELECT person_id, state FROM letter ORDER BY person_id"
    for person in (printed, waits):
        vouched(town, person, (other, "theirs"))
    before = [(printed, "printed"), (waits, "requested"), (other, "requested")]
    assert owner.execute(states).fetchall() == before
    for person in (printed, waits):
        vouched(town, person, (town.person(f"n{person}"), "another"))
        assert looked_at(town, person) is Level.VERIFIED
    assert owner.execute(states).fetchall() == [(printed, "resent"), (waits, "withdrawn"), before[2]]


def lists(owner, person: int) -> bool:
    return bool(owner.execute("SELECT count(*) FROM subscription WHERE person_id = %s", [person]).fetchone()[0])


def test_lists_stay_while_a_proof_waits_and_end_on_its_day(town: Town, anna: int, owner, frozen_clock):
    with town.as_person(anna), atomic():
        grading.grant(anna, "postcard", Level.VERIFIED, YEAR)
        assert grading.hold_standing(anna) == 1
    assert level(town, anna) is Level.UNPROVEN and lists(owner, anna)
    frozen_clock.tick(YEAR.total_seconds() - 1)
    assert regraded(town, anna) is Level.UNPROVEN and lists(owner, anna), "as they were when it counts again"
    frozen_clock.tick(1)
    assert regraded(town, anna) is Level.UNPROVEN and not lists(owner, anna)


@pytest.mark.parametrize("waits", ["without an end", "refused", "of the home before"])
def test_only_a_proof_of_this_home_that_still_waits_keeps_the_lists(town: Town, anna: int, owner, waits: str):
    with town.as_person(anna), atomic():
        grading.grant(anna, "postcard", Level.VERIFIED, None)
        grading.hold_standing(anna)
    if waits == "refused":
        owner.execute("UPDATE proof SET ended_at = now()")
    if waits == "of the home before":
        row = "UPDATE membership SET ended_at = now(); INSERT INTO membership (person_id, quarter_id, level, role) "
        owner.execute(
            row + f"SELECT person_id, quarter_id, 'unproven', 'resident' FROM membership WHERE person_id = {anna}"
        )
    regraded(town, anna)
    assert lists(owner, anna) is (waits == "without an end")


def test_those_that_are_named_and_stand_wait_for_another_look_and_the_fall_is_told_without_a_reason(
    town: Town, anna: int, owner
):
    membership, quarter = seat(owner, anna)
    with town.as_person(anna):
        ended = grading.grant(anna, "postcard", Level.VERIFIED, YEAR, source="initiative x")
        named = grading.grant(anna, "in_person", Level.VERIFIED, YEAR, source="initiative x")
        other = grading.grant(anna, "flyer", Level.VOUCHED, YEAR, source="flyer 1")
        with atomic():
            db.session.get_one(Proof, ended.id).ended_at = clock.now()
        with atomic():
            assert grading.hold_standing(anna, Proof.source == "initiative x") == 1
    held = owner.execute("SELECT id, held_at FROM proof WHERE held_at IS NOT NULL").fetchall()
    assert held == [(named.id, clock.now())] and other.held_at is None
    assert level(town, anna) is Level.VOUCHED
    fell = {"quarter_id": quarter, "level": "vouched", "is_over_time": False, "is_held": True}
    assert told(owner, anna, "level_fell") == [(f"{membership} {clock.now():%Y-%m-%dT%H:%M}", fell)]
    with town.as_person(anna), atomic():
        assert grading.hold_standing(anna, Proof.source == "initiative x") == 0
    assert len(told(owner, anna, "level_fell")) == 1, "what falls no further is told no more"


def test_of_somebody_who_has_left_nothing_is_looked_at_again(town: Town, anna: int, owner):
    with town.as_person(anna):
        grading.grant(anna, "in_person", Level.VERIFIED, YEAR)
    owner.execute("UPDATE membership SET ended_at = now()")
    with town.as_person(anna), atomic():
        assert grading.hold_standing(anna) == 0
    assert owner.execute("SELECT held_at FROM proof").fetchone() == (None,)


def test_those_that_are_named_end_now_and_those_of_the_home_before_stay_as_they_were(
    town: Town, anna: int, owner, frozen_clock
):
    with town.as_person(anna):
        grading.grant(anna, "flyer", Level.VOUCHED, YEAR)
    town.settle(anna, town.address("9"))
    membership, quarter = seat(owner, anna)
    with town.as_person(anna):
        for method, worth in (("flyer", Level.VOUCHED), ("postcard", Level.VERIFIED), ("document", Level.VERIFIED)):
            grading.grant(anna, method, worth, YEAR)
        frozen_clock.tick(3_600)
        assert grading.end_proofs(anna, Proof.method == "document") is Level.VERIFIED
        assert told(owner, anna, "level_fell") == [], "another one holds it"
        frozen_clock.tick(3_600)
        assert grading.end_proofs(anna, Proof.method.in_(("flyer", "document", "postcard"))) is Level.UNPROVEN
    now, before = clock.now(), clock.now() - timedelta(hours=1)
    rows = owner.execute("SELECT method, ended_at FROM proof ORDER BY id").fetchall()
    assert rows == [("flyer", None), ("flyer", now), ("postcard", now), ("document", before)]
    assert events(owner, anna, "proof.withdrawn") == [("proof.withdrawn", None, "", "done")] * 2
    fell = {"quarter_id": quarter, "level": "unproven", "is_over_time": False, "is_held": False}
    assert told(owner, anna, "level_fell") == [(f"{membership} {now:%Y-%m-%dT%H:%M}", fell)]
    with town.as_person(anna):
        assert grading.end_proofs(anna, Proof.method == "flyer") is Level.UNPROVEN
    assert len(events(owner, anna, "proof.withdrawn")) == 2, "where nothing ends nothing is noted"


def test_a_proof_ends_on_its_day_to_the_second_and_the_others_stay(town: Town, anna: int, owner, frozen_clock):
    _membership, quarter = seat(owner, anna)
    with town.as_person(anna):
        grading.grant(anna, "postcard", Level.VERIFIED, timedelta(days=10))
        grading.grant(anna, "flyer", Level.VOUCHED, timedelta(days=10, seconds=1))
        grading.grant(anna, "flyer", Level.VOUCHED, None)
        frozen_clock.tick(10 * 86_400 - 1)
        assert grading.end_proofs(anna, past_only=True) is Level.VERIFIED
        assert events(owner, anna, "proof.withdrawn") == []
        frozen_clock.tick(1)
        assert grading.end_proofs(anna, past_only=True) is Level.VOUCHED
    ended = owner.execute("SELECT method, ended_at FROM proof ORDER BY id").fetchall()
    assert ended == [("postcard", clock.now()), ("flyer", None), ("flyer", None)]
    assert events(owner, anna, "proof.withdrawn") == [("proof.withdrawn", None, "", "expired")]
    fell = {"quarter_id": quarter, "level": "vouched", "is_over_time": True, "is_held": False}
    assert [payload for _of, payload in told(owner, anna, "level_fell")] == [fell]


def test_what_stands_at_a_moment_is_neither_over_nor_held_nor_past_its_day(town: Town, anna: int, owner):
    with town.as_person(anna):
        proofs = [grading.grant(anna, method, Level.VOUCHED, YEAR) for method in ("a", "b", "c", "d")]
        with atomic():
            db.session.get_one(Proof, proofs[1].id).ended_at = clock.now()
            db.session.get_one(Proof, proofs[2].id).held_at = clock.now()
        at = {
            "now": clock.now(),
            "the second before": clock.now() + YEAR - timedelta(seconds=1),
            "the day": clock.now() + YEAR,
        }
        found = {}
        for name, moment in at.items():
            found[name] = [proof.method for proof in grading.standing(proofs[0].membership_id, moment)]
        assert found == {"now": ["a", "d"], "the second before": ["a", "d"], "the day": []}
        assert [one.method for one in grading.standing(proofs[0].membership_id, clock.now(), Proof.method > "a")] == [
            "d"
        ]
        assert grading.standing(proofs[0].membership_id + 1, clock.now()) == []


# -- what words are worth ----------------------------------------------------------------------------------------------


def word(by: int | None, household: bytes | None, level: Level = Level.VOUCHED, *, house: bytes | None = None) -> Proof:
    return Proof(level=level, by_person_id=by, vouch_household=household, vouch_house=house or household)


@pytest.mark.parametrize(
    ("proofs", "worth"),
    [
        ([], Level.UNPROVEN),
        ([word(None, None)], Level.VOUCHED),
        ([word(None, None), word(None, None)], Level.VOUCHED),  # flyers: nobody's word
        ([word(None, None), word(2, b"b")], Level.VOUCHED),
        ([word(None, None), word(None, None, Level.VERIFIED)], Level.VERIFIED),
        ([word(None, None, Level.VERIFIED), word(None, None)], Level.VERIFIED),
        ([word(2, b"b"), word(3, b"c")], Level.VERIFIED),
        ([word(2, b"b"), word(2, b"c")], Level.VOUCHED),  # who moved is no second one
        ([word(2, b"b"), word(3, b"b")], Level.VOUCHED),  # two of one household
        ([word(None, b"b"), word(None, b"c")], Level.VERIFIED),  # given by two who have left since
        ([word(None, b"b"), word(None, b"b")], Level.VOUCHED),
        ([word(2, b"b"), word(None, b"c")], Level.VERIFIED),
    ],
)
def test_what_words_are_worth_together(proofs: list[Proof], worth: Level):
    for number, proof in enumerate(proofs, 1):
        proof.id = number
    assert grading.level_of(iter(proofs), len(proofs)) is worth


def test_nobody_proves_what_they_have_not_said(town: Town):
    with town.as_person(town.person("nobody")) as _session, pytest.raises(LookupError):
        grading.grant(1, "postcard", Level.VERIFIED, YEAR)


def test_words_nobody_has_looked_at_open_the_board_and_no_more():
    words = [word(2, b"b"), word(3, b"c"), word(4, b"d")]
    for number, proof in enumerate(words, 1):
        proof.id = number
    assert [grading.level_of(words, seen) for seen in range(4)] == [Level.VOUCHED] * 2 + [Level.VERIFIED] * 2
