"""The map shows of events and offers what the same reader finds on board, calendar and market, and nothing besides."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text, update

from neighbour.accounts import choosing
from neighbour.accounts.models import Person
from neighbour.contributions import muting
from neighbour.contributions import service as base
from neighbour.contributions.models import Audience, Contribution, State
from neighbour.contributions.muting import What
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, db
from neighbour.events import changing
from neighbour.events import placing as events_on_map
from neighbour.events import service as events
from neighbour.events.listing import in_quarter
from neighbour.events.models import Category
from neighbour.feed import service as board
from neighbour.map import service
from neighbour.offers import market
from neighbour.offers import placing as offers_on_map
from neighbour.offers.models import Category as Offered
from neighbour.offers.prices import Price
from neighbour.policy import Level
from tests.factories import make_event, make_person, viewer_of
from tests.map.test_map import TUESDAY, Town
from tests.offers.helpers import make_offer

pytestmark = pytest.mark.usefixtures("context", "frozen_clock")
TODAY = datetime(2026, 5, 12, 11)
FATES = ("up", "up", "up", "withdrawn", "hidden", "called off", "this date called off", "moved", "over")
PAST_THE_WALL = text("SELECT event_id FROM events_on_map(:quarter, :now, :long_ago)")


class Lot(Town):
    """A town in which many have announced something, with all that becomes of it, and readers of all sorts."""

    def __init__(self, app, client, seed):
        super().__init__(app, client)
        self.chance = random.Random(seed)
        protected = self.city.neighbour(self.here, self.houses[3])
        with as_owner(), atomic():
            choosing.protect(db.session.get_one(Person, protected.id), alias="Lastenrad")
        near, away = ((each, self.city.houses[each.id][3]) for each in (self.beside, self.far))
        self.readers = [(each, self.here) for each in (self.host, protected, self.reader)]
        self.readers += [(self.city.neighbour(quarter, house), quarter) for quarter, house in (near, away)]
        writers = list(self.readers)
        self.fates = {}
        for number in range(36):
            self._announced(number, *self.chance.choice(writers))
        for number in range(12):
            self._offered(number, *self.chance.choice(writers))
        self.readers += [
            (make_person(quarter, level=level), quarter)
            for quarter in (self.here, self.beside)
            for level in (Level.VERIFIED, Level.VOUCHED)
            for _each in range(2)
        ]

    def _announced(self, number, author, quarter):
        fate, house = FATES[number % len(FATES)], self.houses[number]
        event = make_event(
            author,
            quarter,
            TODAY if fate == "over" else TUESDAY + timedelta(hours=number),
            audience=self.chance.choice(list(Audience)),
            category=self.chance.choice(list(Category)).value,
            place=self.chance.choice(["", f"{house.street} {house.number}"]),
            rule="" if fate == "over" else self.chance.choice(["", "FREQ=WEEKLY"]),
        )
        with scope.use(viewer_of(author, quarter)), atomic():
            _befall(events.of_person(event.id), fate)
        self._hide(event, fate)

    def _offered(self, number, author, quarter):
        fate = FATES[number % 5]
        category = self.chance.choice(list(Offered)).value
        price = Price(words="ein Glas Honig") if category == Offered.SWAP else Price(cents=1000)
        offer = make_offer(author, quarter, category=category, price=price, lend_days=7)
        if fate == "withdrawn":
            with scope.use(viewer_of(author, quarter)), atomic():
                base.withdraw(base.find(offer.id))
        self._hide(offer, fate)

    def _hide(self, contribution, fate):
        self.fates[contribution.id] = fate
        if fate == "hidden":
            with as_owner(), atomic():
                mine = update(Contribution).where(Contribution.id == contribution.id)
                db.session.execute(mine.values(state=State.HIDDEN))

    def silence(self, person, quarter):
        """This reader silences three things they see, one way or another."""
        with scope.use(viewer_of(person, quarter)), atomic():
            lines = board.page(person.id, quarter.id, most=100).lines
            for line in self.chance.sample(lines, min(3, len(lines))):
                what = self.chance.choice(list(What))
                if what is not What.AUTHOR or not line.is_mine:
                    muting.mute(person.id, base.find(line.id), what)


def _befall(event, fate):
    """What becomes of it, as its author."""
    day = event.begins.date()
    if fate == "withdrawn":
        base.withdraw(event)
    elif fate == "called off":
        changing.call_off(event, None)
    elif fate == "this date called off":
        changing.call_off(event, day)
    elif fate == "moved":
        changing.change_one(event, day, event.begins + timedelta(hours=1), event.ends + timedelta(hours=1), "Hof")


def _on_map(layer, quarter, nearby):
    ((_layer, spots),) = service.find(quarter.id, [layer], nearby=nearby)
    return {spot.key for spot in spots}


def _on_board(person, quarter, nearby):
    return {line.id for line in board.page(person.id, quarter.id, own_only=not nearby, most=200).lines}


@pytest.fixture(params=range(3))
def lot(request, app, client, frozen_clock):
    made = Lot(app, client, request.param)
    frozen_clock.tick(4 * 3_600)
    for person, quarter in made.readers:
        made.silence(person, quarter)
    return made


def test_the_map_shows_what_the_readers_board_calendar_and_market_show_and_nothing_besides(lot):
    shown, now = set(), clock.now()
    values = {"now": now, "long_ago": now - timedelta(days=92)}
    for person, quarter in lot.readers:
        for nearby in (False, True):
            who = (person.display_name, nearby)
            with scope.use(viewer_of(person, quarter)):
                on_map = _on_map(events_on_map.LAYER, quarter, nearby)
                to_have = _on_map(offers_on_map.LAYER, quarter, nearby)
                on_board = _on_board(person, quarter, nearby)
                dates = in_quarter(quarter.id, now, now + timedelta(days=700), own_only=not nearby)
                shelf = market.page(person.id, quarter.id, own_only=not nearby, most=100).ids
                bare = set(db.session.scalars(PAST_THE_WALL, {**values, "quarter": quarter.id}))
                elsewhere = {
                    **values,
                    "quarter": next(each for each in (lot.here, lot.far) if each.id != quarter.id).id,
                }
                assert not db.session.scalars(PAST_THE_WALL, elsewhere).all(), "a quarter one does not read"
            assert on_map == {each.event_id for each in dates if not each.is_cancelled}, who
            assert to_have == set(shelf), who
            assert on_map | to_have <= on_board, who
            assert on_map == bare if nearby else on_map <= bare, "what reads past the wall asks for itself"
            shown |= on_map | to_have
    assert {lot.fates[each] for each in shown} <= {"up", "moved", "this date called off"}
    assert len(shown) > 15
