"""What all methods of proof have in common: which are offered in what order, and what is noted of each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from neighbour.core.audit import Event
from neighbour.core.db import atomic
from neighbour.policy import Level
from neighbour.residency import grading, letters, proofs
from neighbour.residency.cases import concluding, documents
from neighbour.residency.models import Proof
from neighbour.residency.proofs.method import Outcome
from tests.residency.helpers import Town
from tests.residency.papers import photo

pytestmark = pytest.mark.usefixtures("frozen_clock")
YEAR = timedelta(days=365)
NOTED = "SELECT object, result, actor_id, subject_id FROM security_event WHERE kind = %s ORDER BY id"


def offered(town: Town, person: int) -> dict[str, dict]:
    """Key of the method → what its section is given, in the order of the page."""
    with town.as_person(person):
        return {offer.method.key: offer.context for offer in proofs.offers(person)}


def test_the_surest_is_offered_first_and_what_has_begun_before_all(town: Town, anna: int):
    assert list(offered(town, anna)) == ["postcard", "invitation", "document", "flyer"]
    with town.as_person(anna):
        documents.hand_in(anna, "bill", [photo()])
    found = offered(town, anna)
    assert next(iter(found)) == "document" and found["document"]["under_way"] is True
    assert found["document"]["days"] == concluding.ANSWERED_AFTER.days
    assert found["document"]["standing"].why_not == "open"
    assert found["postcard"]["under_way"] is False


def test_a_card_that_is_asked_for_is_under_way(town: Town, anna: int):
    assert (offered(town, anna)["postcard"]["under_way"], offered(town, anna)["document"]["under_way"]) == (
        False,
        False,
    )
    with town.as_person(anna):
        letters.request(anna)
    card = offered(town, anna)["postcard"]
    assert card["under_way"] is True and card["tries"] == letters.TRIES and card["letter"].state == "ordered"


def test_a_flyer_is_offered_to_whom_it_opens_something(town: Town, anna: int):
    assert "flyer" in offered(town, anna)
    with town.as_person(anna):
        grading.grant(anna, "flyer", Level.VOUCHED, YEAR)
    assert "flyer" not in offered(town, anna)
    assert "flyer" not in offered(town, town.person("of no address"))


def test_each_proof_is_noted_with_whom_it_is_of_and_by(town: Town, anna: int, owner, monkeypatch):
    vera = town.person("vera")
    with town.as_person(anna):
        grading.grant(anna, "document", Level.VERIFIED, YEAR, by_person_id=vera)
        monkeypatch.setattr(grading, "_looks", [lambda membership, proof: True])
        grading.grant(anna, "in_person", Level.VERIFIED, YEAR, by_person_id=vera)
    assert owner.execute(NOTED, [Event.PROOF_GRANTED]).fetchall() == [
        ("document", "done", vera, anna),
        ("in_person", "held", vera, anna),
    ]


def test_whoever_lets_a_proof_wait_is_handed_on_to_those_who_tell_it(town: Town, anna: int, monkeypatch):
    told: list[tuple] = []

    def crowded(membership, proof):
        return proof.method == "postcard"

    monkeypatch.setattr(grading, "_looks", [crowded, lambda membership, proof: False])
    monkeypatch.setattr(grading, "_held", [lambda membership, proof, looks: told.append((proof.method, list(looks)))])
    with town.as_person(anna):
        grading.grant(anna, "flyer", Level.VOUCHED, YEAR)
        grading.grant(anna, "postcard", Level.VERIFIED, YEAR)
    assert told == [("postcard", [crowded])]


def test_who_looks_and_who_is_told_is_kept_once(monkeypatch):
    monkeypatch.setattr(grading, "_looks", [])
    monkeypatch.setattr(grading, "_held", [])
    for _time in range(2):  # the application is made more than once in a process
        grading.looks_at(all)
        grading.on_held(any)
    assert (grading._looks, grading._held) == ([all], [any])


def test_what_ends_is_noted_and_told_once_and_only_who_falls_is_told(town: Town, anna: int, owner, frozen_clock):
    with town.as_person(anna):
        grading.grant(anna, "postcard", Level.VERIFIED, YEAR)
        grading.grant(anna, "document", Level.VERIFIED, 2 * YEAR)
        assert grading.end_proofs(anna, Proof.method == "postcard") is Level.VERIFIED
    told = "SELECT subject_key, payload FROM delivery WHERE notice = 'residency.level_fell'"
    assert owner.execute(told).fetchall() == []
    frozen_clock.tick(2 * 365 * 86_400)  # to the moment
    with town.as_person(anna):
        assert grading.end_proofs(anna, past_only=True) is Level.UNPROVEN
    assert owner.execute(NOTED, [Event.PROOF_WITHDRAWN]).fetchall() == [
        ("", "done", None, anna),
        ("", "expired", None, anna),
    ]
    ((key, payload),) = owner.execute(told).fetchall()
    (membership,) = owner.execute("SELECT id FROM membership").fetchone()
    assert key.split(" ")[0] == str(membership) and payload["is_over_time"] is True
    assert owner.execute("SELECT count(*) FROM proof WHERE ended_at IS NULL").fetchone() == (0,)


def test_ending_proofs_waits_for_whoever_is_proving(town: Town, anna: int, raw):
    """The membership is locked while it is counted: two at once would each count the other's proofs."""
    with town.as_person(anna):
        grading.grant(anna, "postcard", Level.VERIFIED, YEAR)
        watcher = raw()
        watcher.execute("SELECT set_config('app.person', %s, false)", [str(anna)])
        free = "SELECT count(*) FROM (SELECT 1 FROM membership FOR UPDATE SKIP LOCKED) x"
        assert watcher.execute(free).fetchone() == (1,)
        watcher.rollback()
        with atomic():
            grading.end_proofs(anna)
            watcher.execute("SELECT set_config('app.person', %s, false)", [str(anna)])
            assert watcher.execute(free).fetchone() == (0,)


def test_a_wrong_code_is_noted_of_whom_it_was_typed_by(town: Town, anna: int, owner):
    with town.as_person(anna):
        letters.request(anna)
        assert proofs.redeem(anna, "N234-5678-9AB", "net").outcome is not Outcome.PROVEN
        assert proofs.redeem(anna, "hello", "net").outcome is Outcome.UNREADABLE
    assert owner.execute(NOTED, [Event.CODE_WRONG]).fetchall() == [("invitation", "refused", anna, anna)]


def test_what_is_shown_of_a_typed_code_is_as_it_was_printed():
    assert proofs.shown("abcd efgh") == "ABCD-EFGH"
    assert proofs.shown("hello") == ""


def test_a_yes_to_a_method_that_is_gone_holds_a_year():
    assert proofs.lasting("postcard") == timedelta(days=730)
    assert proofs.lasting("carrier pigeon") == timedelta(days=365)


def test_nobody_at_all_is_no_step_away():
    assert grading.depth_of([]) == 0
