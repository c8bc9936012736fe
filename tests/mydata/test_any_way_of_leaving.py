"""Leaving, coming back, waiting, a worker that knocks or dies, an old link, a backup that is played back – in any order.

``make machines`` runs it 2,000 × 50 steps.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.mydata import erasing, marks, notices
from neighbour.mydata.models import Erasure
from neighbour.notices.base import Skip
from tests.factories import make_person, make_post, make_quarter
from tests.support.lives import START, live


class Dies(RuntimeError):
    """A worker, in the middle of a step."""


def machine(owner, quarter):
    """The machine's class: what the database says of one person is compared with what the model says."""

    def one(query, *values):
        return owner.execute(query, values).fetchall()

    class Life(RuleBasedStateMachine):
        """here → hidden → here or gone; never anything else."""

        @initialize()
        def begin(self):
            self.frozen = clock.freeze(START)
            self.frozen.__enter__()
            person = make_person(quarter, name="Ada")
            self.me, self.posts, self.links = person.id, [make_post(person, quarter).id], []
            self.is_in, self.keeps, self.due, self.is_started = "here", True, None, False

        def teardown(self):
            if hasattr(self, "frozen"):
                self.frozen.__exit__(None, None, None)

        def wish(self):
            return next(iter(one("SELECT id FROM erasure WHERE person_id = %s", self.me)), (None,))[0]

        @precondition(lambda self: self.is_in == "here")
        @rule()
        def write(self):
            with as_owner():
                self.posts.append(make_post(db.session.get_one(erasing.Person, self.me), quarter).id)

        @precondition(lambda self: self.is_in != "gone")
        @rule(keeps=st.booleans())
        def leave(self, keeps):
            erasing.begin(self.me, keeps_texts=keeps)
            if self.is_in == "here":
                self.is_in, self.keeps, self.due, self.is_started = "hidden", keeps, clock.now() + erasing.GRACE, False

        @precondition(lambda self: self.is_in == "hidden")
        @rule()
        def read_the_mail(self):
            try:
                with scope.use(scope.NOBODY), atomic():
                    told = notices.Farewell().context(self.me, {"erasure": str(self.wish())})
                self.links.append(told["url"].rpartition("/")[2])
            except Skip:
                assert self.is_started

        @precondition(lambda self: self.links)
        @rule(which=st.integers(0, 9))
        def use_a_link(self, which):
            link = self.links[which % len(self.links)]
            is_good = (
                self.is_in == "hidden" and not self.is_started and link == self.links[-1] and self.is_of_this_wish(link)
            )
            try:
                erasing.come_back(link)
                assert is_good
                self.is_in = "here"
            except erasing.NotPossible:
                assert not is_good

        def is_of_this_wish(self, link):
            with scope.use(scope.Viewer(self.me)):
                wish = db.session.get(Erasure, self.wish(), populate_existing=True)
                return wish is not None and wish.back_hash == notices.tokens.hash_token(link)

        @rule(days=st.sampled_from([1, 6, 15]))
        def wait(self, days):
            clock.tick(days * 86_400)

        @precondition(lambda self: self.is_in == "hidden")
        @rule(dies_in=st.sampled_from(["", "start", "contribution", "membership", "person"]))
        def a_worker_knocks(self, dies_in):
            steps, real = erasing.steps(), erasing.steps
            ((done,),) = one("SELECT steps_done FROM erasure WHERE person_id = %s", self.me)
            dies_in = "" if dies_in in done else dies_in  # what is done is not done again, so nobody dies in it
            if dies_in:

                def dies(wish, step=steps[dies_in]):
                    step(wish)
                    raise Dies

                erasing.steps = lambda: steps | {dies_in: dies}
            is_due = clock.now() >= self.due
            try:
                with scope.use(scope.NOBODY):
                    assert erasing.run(self.wish()) is (is_due and not dies_in)
                self.is_in = "gone" if is_due else self.is_in
            except Dies:
                assert is_due
                self.is_started = self.is_started or dies_in != "start"
            finally:
                erasing.steps = real

        @precondition(lambda self: self.is_in == "here")
        @rule()
        def a_backup_is_played_back(self):
            """Whoever is here by the last word stays here."""
            with scope.use(scope.NOBODY):
                assert erasing.replay() == 0

        @invariant()
        def is_what_the_model_says(self):
            if not hasattr(self, "me"):
                return
            person = one("SELECT first_name, display_name, email_key FROM person WHERE id = %s", self.me)
            lives = one("SELECT count(*) FROM membership WHERE person_id = %s AND ended_at IS NULL", self.me)[0][0]
            shown = one("SELECT count(*) FROM contribution WHERE id = ANY (%s) AND state = 'published'", self.posts)[0][
                0
            ]
            signed = one(
                "SELECT count(*) FROM contribution WHERE id = ANY (%s) AND author_id = %s", self.posts, self.me
            )[0][0]
            if self.is_in == "here":
                assert [row[0] for row in person] == ["Ada"] and lives == 1 and shown == len(self.posts)
                assert self.wish() is None
            elif self.is_in == "hidden":
                assert [row[0] for row in person] == [""] and "Ada" not in person[0][1] and "@" not in person[0][2]
                assert lives == 0 and self.wish() is not None
                assert self.keeps or shown == 0
            else:
                stays = self.keeps and bool(self.posts)  # the emptied row, where a former neighbour's texts hang on it
                assert [row[:2] for row in person] == ([("", "")] if stays else [])
                assert self.wish() is None and lives == 0
                assert shown == signed == (len(self.posts) if self.keeps else 0)
                assert [line.state for line in marks.read()][-1] == "done"

    return Life


def test_in_whatever_order_people_leave_they_are_here_hidden_or_gone(context, owner, instance_dir):
    with clock.freeze(START):
        quarter = make_quarter()
    live(machine(owner, quarter), 6, 15)
