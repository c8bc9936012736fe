"""Verification only in order: whatever neighbours do one after the other, nobody has a level that their proofs do not give.

A few lives in the suite, 2,000 of 50 steps by ``make machines``; each finds the town new.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from neighbour.core import clock, scope
from neighbour.core.db import as_owner
from neighbour.policy import Level
from neighbour.residency import grading, invitations, letters, renewal
from neighbour.residency.invitations import NoInvitation
from neighbour.residency.letters import NoLetter
from neighbour.residency.printing import NothingToPrint
from neighbour.residency.proofs.method import Outcome
from neighbour.residency.service import MovedRecently
from tests.residency.helpers import Town, newcomer, proven, types
from tests.support.cluster import Broom
from tests.support.lives import START, live

WHO = st.integers(0, 4)
WORTH = {"postcard", "document", "in_person"}


class Flow(RuleBasedStateMachine):
    """Five neighbours, two of whom have proven their address; codes wander between them."""

    app: ClassVar[Flask]
    broom: ClassVar[Broom]
    owner: ClassVar[psycopg.Connection[Any]]
    folder: ClassVar[Path]
    lives: ClassVar[int] = 0
    let_in: ClassVar[int] = 0

    @initialize()
    def people_move_in(self) -> None:
        self.frozen = clock.freeze(START)
        self.frozen.__enter__()
        Flow.lives += 1
        self.numbers = count(1)
        self.town = Town(self.app)
        self.codes: list[str] = []
        self.cards: dict[int, str] = {}
        make = [proven, proven, newcomer, newcomer, newcomer]
        self.people = []
        for begins in make:
            number = next(self.numbers)
            self.people.append(begins(self.town, f"p{number}", str(number)))
        self.invites(0, 2)  # so that something has happened whatever the dice choose

    def teardown(self) -> None:
        if hasattr(self, "frozen"):
            self.frozen.__exit__(None, None, None)
        self.broom.sweep()

    @rule(who=WHO)
    def asks_for_a_card(self, who: int) -> None:
        try:
            with self.town.as_person(self.people[who]):
                letters.request(self.people[who])
        except NoLetter:
            pass

    @rule()
    def cards_are_printed(self) -> None:
        try:
            cards = self.town.print_letters(self.folder).cards
        except NothingToPrint:
            return
        for person in self.people:
            name = self.owner.execute("SELECT display_name FROM person WHERE id = %s", [person]).fetchone()
            mine = [code for to, (code, _no) in cards.items() if name and to.startswith(name[0] + " ")]
            self.cards.update({person: mine[0]} if mine else {})

    @rule(who=WHO)
    def types_the_cards_code(self, who: int) -> None:
        person = self.people[who]
        if person in self.cards:
            types(self.town, person, self.cards[person], str(person))

    @rule(who=WHO, other=WHO)
    def types_somebody_elses_card(self, who: int, other: int) -> None:
        if who != other and self.people[other] in self.cards:
            assert types(self.town, self.people[who], self.cards[self.people[other]]) is not Outcome.PROVEN

    @rule(who=WHO, other=WHO)
    def invites_somebody(self, who: int, other: int) -> None:
        self.invites(who, other)

    def invites(self, who: int, other: int) -> None:
        person = self.people[who]
        try:
            with self.town.as_person(person):
                self.codes.append(invitations.code_of(invitations.make(person).public_id))
        except NoInvitation:
            return
        answer = types(self.town, self.people[other], self.codes[-1], str(self.people[other]))
        Flow.let_in += answer is Outcome.PROVEN

    @rule(who=WHO, which=st.integers(0, 9))
    def types_an_invitation(self, who: int, which: int) -> None:
        if self.codes:
            types(self.town, self.people[who], self.codes[which % len(self.codes)], str(self.people[who]))

    @rule(who=WHO)
    def takes_a_word_back(self, who: int) -> None:
        with self.town.as_person(self.people[who]):
            for each in invitations.of_person(self.people[who]):
                for use in each.uses[:1]:
                    invitations.take_back(self.people[who], use.public_id)

    @rule(who=WHO, quarter=st.sampled_from(["weber", "ufer"]))
    def moves(self, who: int, quarter: str) -> None:
        number = next(self.numbers)
        name = self.owner.execute("SELECT display_name FROM person WHERE id = %s", [self.people[who]]).fetchone()
        assert name is not None
        with suppress(MovedRecently):
            self.town.settle(self.people[who], self.town.address(str(number), quarter=quarter), f"{name[0]} X{number}")

    @rule(days=st.sampled_from([1, 15, 31, 200, 400]), says_yes=st.booleans())
    def time_passes(self, days: int, says_yes: bool) -> None:
        clock.tick(days * 86_400)
        with self.town.app.app_context(), scope.use(scope.NOBODY):
            renewal.look_through("Europe/Berlin")
        for person in self.people if says_yes else ():
            with self.town.as_person(person):
                renewal.say_yes(person)

    @invariant()
    def levels_are_what_the_proofs_give(self) -> None:
        with self.town.app.app_context(), as_owner():
            for person in getattr(self, "people", ()):
                membership = grading.current_membership(person)
                assert membership is not None
                standing = grading.standing(membership.id, clock.now())
                assert membership.level == grading.level_of(standing, grading.words_seen(membership.id))
                households = {bytes(proof.vouch_house) for proof in standing if proof.vouch_house}
                is_strong = any(proof.method in WORTH for proof in standing)
                assert (membership.level == Level.VERIFIED) <= (is_strong or len(households) >= 2)
                assert (membership.level != Level.UNPROVEN) <= bool(standing)
                assert all(proof.depth <= invitations.MOST_DEPTH for proof in standing)

    @invariant()
    def counters_hold(self) -> None:
        wrong = self.owner.execute(
            "SELECT (SELECT count(*) FROM invitation i WHERE i.uses > 5 OR i.uses <>"
            " (SELECT count(*) FROM invitation_use u WHERE u.invitation_id = i.id)),"
            " (SELECT count(*) FROM letter WHERE tries > 5),"
            " (SELECT count(*) FROM (SELECT person_id FROM letter WHERE state IN ('requested', 'printed') GROUP BY 1 HAVING count(*) > 1) x),"
            " (SELECT count(*) FROM proof p JOIN invitation_use u ON p.source = 'invitation ' || u.id"
            "  WHERE u.taken_back_at IS NOT NULL AND p.ended_at IS NULL AND p.membership_id IN (SELECT id FROM membership WHERE ended_at IS NULL))"
        ).fetchone()
        assert wrong == (0, 0, 0, 0)


def test_whatever_they_do_nobody_has_more_than_their_proofs_give(app: Flask, broom: Broom, owner, tmp_path: Path):
    Flow.app, Flow.broom, Flow.owner, Flow.folder, Flow.lives, Flow.let_in = app, broom, owner, tmp_path, 0, 0
    live(Flow, 3, 12)
    print(f"{Flow.lives} lives, {Flow.let_in} let in by invitations")
    assert Flow.let_in >= Flow.lives, "a machine in which nothing happens proves nothing"
