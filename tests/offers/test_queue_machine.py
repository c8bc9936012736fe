"""Random lives of one queue: whatever people do in whatever order, one has it, the order holds, and nobody is told twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import current_app
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from neighbour.contributions import editing, solving
from neighbour.contributions.models import Audience
from neighbour.contributions.service import NotPossible, one_at_a_time
from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.offers import kind, queue, service, taking_back, tending
from neighbour.offers.models import AskState, Offer
from neighbour.offers.service import Things
from tests.factories import make_person, make_quarter, viewer_of
from tests.offers.helpers import make_ask, make_offer, promise
from tests.support.lives import live

PEOPLE, MANY = 4, 200
#: everything the promises are about, in one question: asks in their order, the offer, and every mail but "somebody asks"
SEEN = """
SELECT (SELECT coalesce(json_agg(json_build_array(person_id, state) ORDER BY place), '[]') FROM ask),
       (SELECT json_build_array(o.stage, o.waiting, c.solved_at IS NOT NULL) FROM offer o JOIN contribution c USING (id)),
       (SELECT coalesce(json_agg(json_build_array(notice, person_id)), '[]') FROM delivery WHERE notice <> 'offers.asked')
"""


def test_no_two_have_it_the_order_holds_and_nobody_is_told_twice(context, owner):
    here = make_quarter()
    known = {"created_at": clock.now() - timedelta(days=8)}
    author, people = make_person(here), [make_person(here, **known) for _each in range(PEOPLE)]

    class Queue(RuleBasedStateMachine):
        """The model beside the real thing: who waits in which order, who holds it, what everybody was told."""

        @initialize(is_loan=st.booleans(), first=st.permutations(range(PEOPLE)))
        def hang(self, is_loan, first):
            """With a queue from the beginning: by chance alone two would seldom wait when a promise goes on."""
            self.is_loan, self.is_over = is_loan, False
            owner.execute("DELETE FROM delivery; DELETE FROM contribution")
            self.offer = make_offer(author, here, category="lend" if is_loan else "give")
            self.waiting, self.held, self.lent, self.told = [], None, False, Counter()
            #: who got it in the last ten minutes, in order; who was told no; who may come back to which place
            self.done, self.declined, self.places, self.gone = [], set(), {}, set()
            for number in first:
                self.asks(number)

        def step(self, person, do):
            with scope.use(viewer_of(person, here)), atomic():
                return do(db.session.get_one(Offer, self.offer.id, populate_existing=True))

        def ask_of(self, number):
            found = owner.execute(
                "SELECT id FROM ask WHERE person_id = %s AND state IN ('waiting', 'promised', 'lent')",
                [people[number].id],
            ).fetchone()
            return found[0] if found else self.offer.id

        def next_one(self):
            self.held = self.waiting.pop(0) if self.waiting else None
            if self.held is not None:
                self.told["promised", self.held] += 1

        @rule(number=st.integers(0, PEOPLE - 1))
        def ask(self, number):
            self.asks(number)

        def asks(self, number):
            try:
                self.step(people[number], lambda offer: queue.ask(offer, person_id=people[number].id, words="Gern"))
            except NotPossible:
                assert self.is_over or number in self.declined
                return
            if number not in self.waiting and number != self.held:
                assert not self.is_over and number not in self.declined
                self.places[number] = 1 + max(self.places.values(), default=0)
                self.waiting.append(number)

        @rule(number=st.integers(0, PEOPLE - 1))
        def step_back(self, number):
            left = self.step(people[number], lambda offer: queue.step_back(offer.id, people[number].id))
            assert left == (number in self.waiting or (number == self.held and not self.lent))
            if number in self.waiting:
                self.waiting.remove(number)
                self.gone.add(number)
            elif left:
                self.gone.discard(number)
                self.told["stepped_back", number] += 1
                self.next_one()

        @rule(number=st.integers(0, PEOPLE - 1))
        def wait_again(self, number):
            try:
                happened = self.step(people[number], lambda offer: taking_back.wait_again(offer, people[number].id))
            except NotPossible:
                assert self.is_over or number not in self.gone
                return
            assert happened == (number not in self.waiting and number != self.held)
            if happened:
                assert number in self.gone and not self.is_over
                self.waiting = sorted([*self.waiting, number], key=self.places.__getitem__)

        @rule(number=st.integers(0, PEOPLE - 1))
        def decline(self, number):
            ask = self.ask_of(number)
            assert self.step(author, lambda offer: queue.decline(offer, ask)) == (number in self.waiting)
            if number in self.waiting:
                self.waiting.remove(number)
                self.declined.add(number)
                self.gone.discard(number)
                self.told["declined", number] += 1

        @rule(number=st.integers(0, PEOPLE - 1))
        def promise(self, number):
            ask = self.ask_of(number)
            try:
                happened = self.step(author, lambda offer: queue.promise(offer, ask))
            except NotPossible:
                assert self.is_over or number not in self.waiting or self.held is not None
                return
            assert happened == (number in self.waiting)
            if happened:
                assert self.held is None
                self.waiting.remove(number)
                self.held = number
                self.told["promised", number] += 1

        @rule()
        def pass_on(self):
            happened = self.step(author, queue.pass_on)
            assert happened == (self.held is not None and not self.lent)
            if happened:
                self.told["passed_on", self.held] += 1
                self.gone.discard(self.held)
                self.next_one()

        @rule()
        def hand_over(self):
            self.step(author, lambda offer: queue.hand_over(offer, due_on=clock.today("Europe/Berlin")))
            if self.held is None or self.lent or self.is_over:
                return
            if self.is_loan:
                self.lent = True
                return
            self.is_over = True
            self.has_it()

        def has_it(self):
            self.done.append(self.held)
            self.gone.discard(self.held)
            self.held = None

        @rule()
        def returned(self):
            assert self.step(author, queue.returned) == self.lent
            if self.lent:
                self.lent = False
                self.has_it()

        @rule()
        def take_back(self):
            try:
                happened = self.step(author, taking_back.not_handed_over)
            except NotPossible:
                assert not self.lent and (not self.done or self.done[-1] in self.waiting)
                return
            assert happened == (self.held is None or self.lent)
            if self.lent:
                self.lent = False
            elif happened:
                self.held, self.lent, self.is_over = self.done.pop(), self.is_loan, False

        @rule()
        def ten_minutes_later(self):
            owner.execute("UPDATE contribution SET solved_at = solved_at - interval '11 minutes'")
            owner.execute("UPDATE ask SET ended_at = ended_at - interval '11 minutes'")
            tending.tend("Europe/Berlin")
            self.done, self.gone = [], set()
            if self.is_over:
                self.told.update({("missed", number): 1 for number in self.waiting})
                self.waiting = []

        @rule()
        def tend(self):
            tending.tend("Europe/Berlin")

        @rule(number=st.integers(0, PEOPLE - 1))
        def is_gone(self, number):
            """Erased: the row of the ask goes, whatever it is."""
            owner.execute("DELETE FROM ask WHERE person_id = %s", [people[number].id])
            self.done = [each for each in self.done if each != number]
            self.declined.discard(number)
            self.gone.discard(number)
            if number in self.waiting:
                self.waiting.remove(number)
            elif number == self.held:
                was_lent, self.lent = self.lent, False
                if was_lent:
                    self.held = None
                else:
                    self.next_one()
                tending.tend("Europe/Berlin")

        @invariant()
        def all_is_true(self):
            if not hasattr(self, "offer"):
                return
            asks, offer, rows = owner.execute(SEEN).fetchone()
            by_state = {state: [person for person, is_in in asks if is_in == state] for state in AskState}
            holding = by_state[AskState.PROMISED] + by_state[AskState.LENT]
            assert holding == ([people[self.held].id] if self.held is not None else [])
            assert by_state[AskState.WAITING] == [people[number].id for number in self.waiting]
            stage = "free" if self.held is None else "lent" if self.lent else "promised"
            assert offer == [stage, len(self.waiting), self.is_over]
            told = Counter((notice.partition(".")[2], person) for notice, person in rows if person != author.id)
            expected = {
                (what, people[number].id): n for (what, number), n in self.told.items() if what != "stepped_back"
            }
            assert told == expected

    live(Queue, runs=20, steps=30)


def test_two_hundred_at_the_same_moment_are_one_queue_and_one_promise(context, owner):
    """Each in a session of its own, as 200 requests would be; a dozen at a time, which is what the pool gives."""
    here = make_quarter()
    author, people = make_person(here), [make_person(here) for _each in range(MANY)]
    offer = make_offer(author, here)
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def ask(person):
        with app.app_context(), scope.use(viewer_of(person, here)), atomic():
            queue.ask(db.session.get_one(Offer, offer.id), person_id=person.id, words="Gern")

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(ask, people))
    rows = owner.execute("SELECT id, place FROM ask ORDER BY place").fetchall()
    assert [place for _key, place in rows] == list(range(1, MANY + 1))
    assert owner.execute("SELECT waiting FROM offer").fetchone() == (MANY,)

    def promise(key):
        with app.app_context(), scope.use(viewer_of(author, here)), atomic():
            try:
                return queue.promise(db.session.get_one(Offer, offer.id), key)
            except NotPossible:
                return False

    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(promise, [key for key, _place in rows[:40]]))
    assert sum(done) == 1
    assert owner.execute("SELECT count(*) FROM delivery WHERE notice = 'offers.promised'").fetchone() == (1,)
    assert owner.execute("SELECT stage, waiting FROM offer").fetchone() == ("promised", MANY - 1)


@pytest.mark.parametrize(
    ("other", "stage"), [("says that it is gone", "promised"), ("makes its reach smaller", "free")]
)
def test_two_windows_of_an_author_and_a_neighbour_wait_for_each_other_in_one_order(
    context, owner, monkeypatch, other, stage
):
    here = make_quarter()
    beside = make_quarter(beside=here)
    author, near, far = make_person(here), make_person(here), make_person(beside)
    offer = make_offer(author, here, title="Leiter", audience=Audience.NEARBY)
    promised = make_ask(near, here, offer)
    make_ask(far, beside, offer)
    promise(author, here, offer, promised)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    has_row, late = threading.Event(), make_person(here)
    narrower = {"category": "give", "title": "Leiter", "body_md": "", "audience": Audience.QUARTER, "things": Things()}
    form, revise = SimpleNamespace(changed_by=lambda _who: {**narrower, "editor_id": author.id}), service.revise

    def slowly(*given, **more):
        changed = revise(*given, **more)
        has_row.set()
        time.sleep(1)
        return changed

    monkeypatch.setattr(service, "revise", slowly)

    def first():
        with app.app_context(), scope.use(viewer_of(author, here)), atomic():
            mine = db.session.get_one(Offer, offer.id)
            one_at_a_time(author.id)
            if other == "makes its reach smaller":
                editing.hold(mine)
                kind.revise(None, mine, form)
            else:
                has_row.set()
                time.sleep(1)
                solving.solve(mine, True)

    def second(person):
        has_row.wait()
        with app.app_context(), scope.use(viewer_of(person, here)), atomic():
            seen = db.session.get_one(Offer, offer.id)
            if person is author:
                queue.hand_over(seen)
            else:
                with suppress(NotPossible):
                    queue.ask(seen, person_id=person.id, words="Gern")

    with ThreadPoolExecutor(3) as pool:
        for done in (pool.submit(first), pool.submit(second, author), pool.submit(second, late)):
            done.result()
    assert owner.execute("SELECT stage FROM offer").fetchone() == (stage,)
