"""Choosing addresses, proving, moving, moving back, writing, withdrawing, waiting – in any order, and what always holds.

``make machines`` runs it 2,000 × 50 steps.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from neighbour.contributions import service as contributions
from neighbour.contributions.models import Audience
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.policy import Level
from neighbour.posts.models import Post
from neighbour.residency import grading, letters, service
from neighbour.residency.leaving import Leaving
from tests.attacks.world import mark_printed
from tests.factories import make_person, make_post
from tests.residency.patchwork import Patchwork
from tests.support.lives import START, live

COLUMNS = range(4)


def machine(owner, broom):
    """The machine's class on a city of four quarters that do not touch, each with a neighbour who wrote something; every life
    finds it new."""

    def one(query, *values):
        return owner.execute(query, values).fetchall()

    class Life(RuleBasedStateMachine):
        boards_read = 0

        """One person's life: where they live by the model is compared with what the database shows them."""

        @initialize()
        def sign_up(self):
            self.frozen = clock.freeze(START)
            self.frozen.__enter__()
            self.city = Patchwork({(2 * column, 0): f"q{column}" for column in COLUMNS})
            self.canaries = {
                f"q{c}": str(make_post(self.city.resident(2 * c, 0, "north"), self.city.quarter(f"q{c}")).id)
                for c in COLUMNS
            }
            self.me, self.level = make_person().id, Level.UNPROVEN

        def teardown(self):
            if hasattr(self, "frozen"):
                self.frozen.__exit__(None, None, None)
            db.session.rollback()
            broom.sweep()

        def eyes(self):
            quarters = one(
                "SELECT quarter_id FROM membership WHERE person_id = %s AND ended_at IS NULL AND level <> 'unproven'",
                self.me,
            )
            return scope.use(scope.Viewer(self.me, tuple(row[0] for row in quarters)))

        def seat(self):
            return next(iter(one(
                "SELECT q.key, m.level, m.quarter_id FROM membership m JOIN quarter q ON q.id = m.quarter_id"
                " WHERE m.person_id = %s AND m.ended_at IS NULL", self.me)), None)  # fmt: skip

        @rule(
            column=st.sampled_from(COLUMNS), house=st.sampled_from(["middle", "east"]), leaving=st.sampled_from(Leaving)
        )
        def take_an_address(self, column, house, leaving):
            before = self.seat()
            try:
                with self.eyes():
                    service.choose_address(
                        self.me, self.city.addresses[2 * column, 0, house].id, "Anna", leaving=leaving
                    )
            except service.MovedRecently as recently:
                assert recently.again_at > clock.now() and self.seat() == before

        @precondition(lambda self: self.seat())
        @rule(level=st.sampled_from([Level.VOUCHED, Level.VERIFIED]))
        def prove(self, level):
            with self.eyes():
                grading.grant(self.me, "test", level, None)

        @rule()
        def order_a_card(self):
            try:
                with self.eyes():
                    letters.request(self.me)
            except letters.NoLetter:
                pass

        @rule()
        def answer_a_card(self):
            waiting = one("SELECT id FROM letter WHERE person_id = %s AND state = 'requested'", self.me)
            for (letter,) in waiting:
                with as_owner(), atomic():
                    code, _refusal = mark_printed(letter)
                with self.eyes():
                    outcome = letters.redeem(self.me, code).outcome
                assert outcome in (letters.Outcome.PROVEN, letters.Outcome.HOUSE_LOCKED)

        @precondition(lambda self: (self.seat() or ("", ""))[1] == Level.VERIFIED)
        @rule()
        def write(self):
            with self.eyes(), atomic():
                contributions.publish(
                    Post,
                    author_id=self.me,
                    quarter_id=self.seat()[2],
                    category="question",
                    title="Frage",
                    body_md="",
                    audience=Audience.QUARTER,
                )

        @rule()
        def withdraw_the_newest(self):
            with self.eyes(), atomic():
                newest = db.session.query(Post).filter_by(author_id=self.me).order_by(Post.id.desc()).first()
                if newest is not None:
                    contributions.withdraw(newest)

        @rule(days=st.sampled_from([1, 40, 200]))
        def wait(self, days):
            clock.tick(days * 24 * 3600)

        @invariant()
        def lives_in_one_place(self):
            if not hasattr(self, "me"):
                return
            found = one(
                "SELECT m.quarter_id, h.quarter_id, m.level, (SELECT count(*) FROM letter l WHERE l.person_id = m.person_id"
                " AND l.state IN ('requested', 'printed') AND l.address_hash <> h.address_hash) FROM membership m"
                " LEFT JOIN home h USING (person_id) WHERE m.person_id = %s AND m.ended_at IS NULL", self.me)  # fmt: skip
            assert len(found) <= 1
            assert all(row[0] == row[1] and row[3] == 0 for row in found)
            lists = one("SELECT DISTINCT quarter_id FROM subscription WHERE person_id = %s AND is_on", self.me)
            assert lists == [(row[0],) for row in found if row[2] != Level.UNPROVEN]

        @invariant()
        def moves_rest_half_a_year(self):
            ended = (
                one(
                    "SELECT ended_at FROM membership WHERE person_id = %s AND proven_at IS NOT NULL AND ended_at IS NOT NULL ORDER BY 1",
                    self.me,
                )
                if hasattr(self, "me")
                else []
            )
            assert all(later[0] - before[0] >= service.MOVES_REST for before, later in pairwise(ended))

        @invariant()
        def reads_where_they_have_proven_to_live_and_nowhere_else(self):
            if not hasattr(self, "me"):
                return
            seat = self.seat()
            with self.eyes():
                seen = {
                    str(key)
                    for (key,) in db.session.execute(
                        db.text("SELECT id FROM contribution WHERE author_id <> :me"), {"me": self.me}
                    )
                }
            Life.boards_read += len(seen)
            assert seen == ({self.canaries[seat[0]]} if seat and seat[1] != Level.UNPROVEN else set())

        @invariant()
        def shows_a_name_only_where_they_live(self):
            if not hasattr(self, "me"):
                return
            seat = self.seat()
            named = one(
                "SELECT DISTINCT quarter_id FROM contribution WHERE author_id = %s AND state = 'published' AND NOT is_left",
                self.me,
            )
            assert named in ([], [(seat[2],)] if seat else [])

    return Life


def test_in_whatever_order_people_move_the_same_things_hold(context, owner, broom):
    life = machine(owner, broom)
    live(life, 5, 20)
    assert life.boards_read, "a machine in which nobody ever lives anywhere proves nothing"
