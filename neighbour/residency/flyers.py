"""Flyers for the houses of some streets: made by the Quartiersteam or the operator, used from these houses only.

A flyer knows its houses as keyed hashes of the register's entries, as homes do, so whether somebody lives in one of them is
compared without opening anything. It opens the board (``vouched``) to as many people as it was made for and closes; a second
flyer adds nothing. Bursts, a closed one that is tried on and on, and tries from other houses raise alarms: a code that hangs in
a staircase is a weak secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select, text, update

from neighbour.core import audit, clock, tokens
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.quarters.models import Quarter
from neighbour.residency import alarms, codes, grading, guessing, homes
from neighbour.residency.code_models import Flyer, FlyerHouse
from neighbour.residency.gazetteer.spelling import street_key
from neighbour.residency.models import Address
from neighbour.residency.proofs.flyer import FLYER
from neighbour.residency.proofs.method import Answer, Outcome

CODE = tokens.kind("flyer_code", "vouches for people who say that they live in one of the houses it was hung in")
MOST_USES, MOST_DAYS, MOST_STREETS = 200, 180, 20
_NUMBERS = re.compile(
    r",? (?P<first>\d{1,4})(?: ?(?:[-–—]|bis|to) ?(?P<last>\d{1,4}))?$"
)  # white space is single by then


class BadStreets(ValueError):
    """A line names no house of the quarter; ``line`` counts from 1, ``text`` is what it says."""

    def __init__(self, line: int, text: str):
        super().__init__(f"line {line}: no house of this quarter is called {text!r}")
        self.line, self.text = line, text


@dataclass(frozen=True)
class Wish:
    """What a flyer shall be. streets: one a line, perhaps with numbers – ``Garnweg``, ``Garnweg 1–20``, ``Garnweg 7``."""

    quarter_id: int
    streets: str
    most_uses: int = 40
    days: int = 60


def make(wish: Wish, *, by: int | None) -> Flyer:
    """Make a flyer for these streets of the quarter. by: who made it, None at the operator's command.

    Raises BadStreets for a line without a house there, ValueError for a limit outside 1 … 200 uses and 1 … 180 days. Through
    the eyes of somebody at the quarter's desk, or as the owner. Commits.
    """
    if not 1 <= wish.most_uses <= MOST_USES or not 1 <= wish.days <= MOST_DAYS:
        raise ValueError(f"a flyer is for 1 to {MOST_USES} people and 1 to {MOST_DAYS} days")
    with atomic():
        lines = [" ".join(line.split()) for line in wish.streets.splitlines() if line.strip()]
        if not 1 <= len(lines) <= MOST_STREETS:
            raise ValueError(f"a flyer is for 1 to {MOST_STREETS} streets")
        houses = {house for number, line in enumerate(lines, 1) for house in _houses(wish.quarter_id, number, line)}
        public_id = codes.new_public_id()
        flyer = Flyer(
            public_id=public_id,
            quarter_id=wish.quarter_id,
            made_by_id=by,
            streets="\n".join(lines),
            code_hash=codes.marked_fingerprint(code_of(public_id)),
            most_uses=wish.most_uses,
            expires_at=clock.now() + timedelta(days=wish.days),
        )
        db.session.add(flyer)
        db.session.flush()
        db.session.add_all(FlyerHouse(flyer_id=flyer.id, address_hash=house) for house in sorted(houses))
        audit.note(Event.FLYER_MADE, actor=by, about=public_id)
        return flyer


def _houses(quarter_id: int, number: int, line: str) -> set[bytes]:
    """The houses (keyed hashes) of the quarter that a line means: the whole street first, as some end in a number."""
    for street, first, last in _readings(line):
        here = Address.quarter_id == quarter_id, Address.street_key == street_key(street)
        entries = db.session.scalars(select(Address).where(*here)).all()
        found = {homes.address_hash(entry) for entry in entries if _is_between(entry.number, first, last)}
        if found:
            return found
    raise BadStreets(number, line)


def _readings(line: str) -> list[tuple[str, int | None, int | None]]:
    ways: list[tuple[str, int | None, int | None]] = [(line, None, None)]
    if found := _NUMBERS.search(line):
        first = int(found["first"])
        ways.append((line[: found.start()], first, int(found["last"] or first)))
    return ways


def _is_between(number: str, first: int | None, last: int | None) -> bool:
    if first is None or last is None:
        return True
    return number.isdecimal() and first <= int(number) <= last


def code_of(public_id: str) -> str:
    """The code of the flyer with this id, as it is printed without hyphens."""
    return codes.derive(codes.FLYER, public_id)


@dataclass(frozen=True)
class Line:
    """A flyer as the desk lists it."""

    flyer: Flyer
    quarter: str
    houses: int
    is_live: bool

    @property
    def code(self) -> str:
        """The code as it is printed."""
        return codes.show(code_of(self.flyer.public_id))


def listed(limit: int = 50) -> list[Line]:
    """The flyers of the quarters whose desk this is, newest first: the wall shows no others."""
    return _lines(limit)


def _lines(limit: int, *which: ColumnElement[bool]) -> list[Line]:
    houses = select(func.count()).where(FlyerHouse.flyer_id == Flyer.id).scalar_subquery()
    query = select(Flyer, Quarter.name, houses).join(Quarter, Quarter.id == Flyer.quarter_id).where(*which)
    rows = db.session.execute(query.order_by(Flyer.id.desc()).limit(limit)).all()
    return [Line(flyer, name, count, _is_live(flyer)) for flyer, name, count in rows]


def find(public_id: str) -> Line | None:
    """One flyer, None where these eyes know none of this id."""
    return next(iter(_lines(1, Flyer.public_id == public_id)), None)


def _is_live(flyer: Flyer) -> bool:
    return flyer.ended_at is None and flyer.expires_at > clock.now() and flyer.uses < flyer.most_uses


def stop(public_id: str, *, by: int | None = None) -> bool:
    """End a flyer (by: who does, None at the operator's command); those it took in stay. False where there is none that could
    be ended. Commits."""
    with atomic():
        live = Flyer.public_id == public_id, Flyer.ended_at.is_(None)
        done = bool(db.session.execute(update(Flyer).where(*live).values(ended_at=clock.now())).rowcount)  # type: ignore[attr-defined]
        if done:
            audit.note(Event.FLYER_ENDED, actor=by, about=public_id)
        return done


_USE = text("SELECT outcome, use_id, place, alarm FROM use_flyer(:code, :at)")


def redeem(person_id: int, code: str, network: str) -> Answer:
    """Answer a flyer's code for somebody who says that they live in one of its houses. code: as ``codes.read_marked`` gives it.
    Tries are counted first; whoever lives elsewhere hears what a wrong code hears. Whoever used it before and has moved to
    another of its houses is let in anew, without a further use."""
    if not guessing.may_try(person_id, network):
        return Answer(Outcome.LOCKED, method=FLYER.key)
    with atomic():
        grading.current_membership(person_id, lock=True)  # nobody moves between the code's answer and the proof
        used = db.session.execute(_USE, {"code": codes.marked_fingerprint(code), "at": clock.now()}).one()
        if used.outcome in (Outcome.USED, Outcome.HELD, "good"):
            guessing.was_right(person_id, network)
        outcome = Outcome.PROVEN if used.outcome == "good" else Outcome(used.outcome)
        if outcome is Outcome.PROVEN:
            proof = grading.grant(person_id, FLYER.key, FLYER.level, FLYER.lasts, source=f"flyer {used.use_id}")
            outcome = Outcome.HELD if proof.held_at else Outcome.PROVEN
        if used.alarm:
            alarms.tell(used.alarm, codes.marked_fingerprint(code).hex()[:16], used.place)
        return Answer(outcome, method=FLYER.key)
