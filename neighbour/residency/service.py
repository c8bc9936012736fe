"""Where a person lives and how well that is proven.

A person has one home and one current membership. Another address is a new membership, unproven: the old quarter is
closed at once, and whoever has proven to live somewhere moves at most once in 180 days – so nobody hops from
quarter to quarter collecting neighbours. Every method of proof ends in ``grant``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text, update

from neighbour.accounts.hooks import HomeSaid, Letterbox, ProvenHome
from neighbour.accounts.locks import hold
from neighbour.accounts.models import Person
from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.notices.service import stop_lists
from neighbour.policy import Level, Role
from neighbour.quarters.models import City, Quarter, QuarterStat
from neighbour.residency import homes, renewal
from neighbour.residency.cases.words import METHODS
from neighbour.residency.grading import current_membership
from neighbour.residency.leaving import Leaving, leave
from neighbour.residency.models import (
    OPEN_LETTERS,
    Address,
    Home,
    Letter,
    LetterState,
    Membership,
    MissingAddress,
)
from neighbour.residency.notices import Moved

MOVES_REST = timedelta(days=180)


class NoQuarter(ValueError):
    """The address lies in no quarter of this instance."""


class MovedRecently(ValueError):
    """A proven member moved less than 180 days ago; ``again_at`` says from when on the next move counts."""

    def __init__(self, again_at: datetime):
        super().__init__("moved recently")
        self.again_at = again_at


@dataclass(frozen=True)
class Place:
    """What may be said about where a person lives: the quarter, and how well it is proven."""

    quarter: Quarter
    membership: Membership


def place_of(person_id: int) -> Place | None:
    """Quarter and membership of a person, None before an address was chosen."""
    query = select(Quarter, Membership).join(Membership, Membership.quarter_id == Quarter.id)
    row = db.session.execute(query.where(Membership.person_id == person_id, Membership.ended_at.is_(None))).first()
    return Place(*row) if row else None


@dataclass(frozen=True)
class Desk:
    """A quarter's desk, for asking the rule book who works there."""

    quarter_id: int


def quarters() -> Sequence[Quarter]:
    """All quarters by name."""
    return db.session.scalars(select(Quarter).order_by(Quarter.name, Quarter.id)).all()


def home_said(person_id: int) -> HomeSaid | None:
    """Quarter and proof in words for the person's own page; opens no address."""
    place = place_of(person_id)
    if place is None:
        return None
    said = place.quarter.name, str(place.membership.level)
    return HomeSaid(*said, is_asked=renewal.question_of(person_id) is not None)


def letterbox_of(person_id: int, by: int) -> Letterbox | None:
    """The envelopes to the homes of an account about which two mailboxes quarrel, for the operator ``by``: there they ask whose
    it is. As each was proven before the quarrel's beginning: whoever was in last may have changed the present one. Written down
    as a look; None where there is no home, or none that they may open. Inside atomic()."""
    found, now = homes.of_dispute(person_id, by)
    if now is None:
        return None
    proven = tuple(_proven(exact, row) for exact, row in found)
    if not proven:
        return _without(now)
    if now.method:
        return Letterbox(proven)
    return Letterbox(proven, "changed" if any(row.method for _exact, row in found) else "renamed", now.changed_at)


def _without(now: Any) -> Letterbox:
    """What is said where no home was proven before the quarrel's beginning. now: the row of the present one."""
    if now.first_at is None:
        return Letterbox((), "never")
    return Letterbox((), "later", now.first_at) if now.first_at >= now.since else Letterbox((), "moved", now.changed_at)


def _proven(exact: homes.ExactHome, row: Any) -> ProvenHome:
    """row: of the function ``homes_of_dispute`` of the database."""
    method, proven_at = row.method or row.house_method, row.proven_at or row.house_proven_at
    return ProvenHome(exact.envelope(), METHODS.get(method, method), proven_at, row.left_at)


def appoint(person_id: int, quarter_key: str, role: str) -> bool:
    """Let a person be verifier or steward (member of the Quartiersteam) of the quarter with this key, or a resident again;
    False unless they are a verified member there. Inside atomic(), on the owner's connection."""
    place = place_of(person_id)
    if place is None or place.quarter.key != quarter_key or place.membership.level != Level.VERIFIED:
        return False
    place.membership.role = Role(role)
    audit.note(Event.ROLE_GIVEN if Role(role).is_staff else Event.ROLE_TAKEN, subject=person_id, about=role)
    return True


def stat_of(quarter_id: int) -> QuarterStat | None:
    """The counts shown about a quarter."""
    return db.session.get(QuarterStat, quarter_id)


_STREETS = text("""
    SELECT DISTINCT s.name FROM street s, LATERAL (SELECT regexp_replace(replace(replace(replace(replace(lower(s.name),
      'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss'), '[^[:alpha:]]', '', 'g') AS plain) p
    WHERE length(p.plain) >= 5 AND strpos(:said, p.plain) > 0 LIMIT 20
""")


def streets_in(said: str) -> list[str]:
    """The streets of the register whose names stand in a text of small letters with umlauts written out."""
    return list(db.session.scalars(_STREETS, {"said": said}))


def street_of(person_id: int) -> str | None:
    """The name of a person's own street, without the number, for showing it if they want; None without a home."""
    with atomic():
        exact = homes.open_for_owner(person_id)
        return exact.street if exact else None


def choose_address(
    person_id: int, address_id: int, recipient: str, care_of: str = "", *, leaving: Leaving = Leaving.STAY
) -> Quarter:
    """Take a register address as the person's home: seals it, places the person in its quarter, unproven.

    recipient, care_of: the name on the letterbox, and the one it stands under if it is not the person's own. leaving:
    what becomes of what they wrote in a quarter they leave.
    The same house again (a name corrected) keeps the proof, and the household that was proven: whoever writes another name on
    the letterbox afterwards is no other neighbour. Where it reads differently, looks that are under way begin anew, once, and
    a code shown at an initiative ends (migration 0087): they were at another name. What was proven stays sealed for a while
    (``homes.settle``). A letter on its way to another house is
    withdrawn. Raises NoQuarter, MovedRecently, LookupError for an unknown address.
    """
    with atomic():
        hold(person_id)  # sent twice, the second one finds what the first has written
        address = db.session.get(Address, address_id)
        if address is None:
            raise LookupError(f"no address {address_id}")
        quarter = db.session.get(Quarter, address.quarter_id) if address.quarter_id is not None else None
        if quarter is None:
            raise NoQuarter("the address lies in no quarter")
        house = homes.address_hash(address)
        before = db.session.scalar(select(Home.address_hash).where(Home.person_id == person_id))
        membership = current_membership(person_id, lock=True)
        under = membership.id if membership is not None else None
        is_same_house = before is not None and bytes(before) == house
        if not is_same_house:
            membership = _move(person_id, membership, quarter.id, leaving)
        elif membership is not None and membership.quarter_id != quarter.id:
            quarter = db.session.get_one(
                Quarter, membership.quarter_id
            )  # chosen at a border; a corrected name keeps it
        home = homes.settle(person_id, address, quarter.id, recipient, care_of, _town(), under)
        if not is_same_house:
            home.chosen_key = None
        if membership is not None and not Level(membership.level).reads_board:
            membership.household_hash = homes.household_hash(home.address_hash, recipient)
        db.session.execute(delete(MissingAddress).where(MissingAddress.person_id == person_id))
        audit.note(Event.ADDRESS_CHOSEN, actor=person_id, subject=person_id)
        return quarter


def has_moved(person_id: int) -> bool:
    """Whether a person used to live elsewhere."""
    before = select(Membership.id).where(Membership.person_id == person_id, Membership.ended_at.is_not(None))
    return db.session.scalar(before.limit(1)) is not None


def next_move_at(person_id: int) -> datetime | None:
    """From when on a proven member may move again; None for at once."""
    proven = Membership.person_id == person_id, Membership.proven_at.is_not(None)
    last = db.session.scalar(select(func.max(Membership.ended_at)).where(*proven))
    is_resting = last is not None and clock.now() < last + MOVES_REST
    return last + MOVES_REST if is_resting and last is not None else None


def _move(person_id: int, old: Membership | None, quarter_id: int, leaving: Leaving) -> Membership:
    """End the membership before, if there is one, and begin the next, unproven."""
    if old is not None:
        if old.proven_at is not None and (again_at := next_move_at(person_id)) is not None:
            raise MovedRecently(again_at)
        if old.quarter_id != quarter_id:
            leave(person_id, old.quarter_id, leaving)
        old.ended_at = clock.now()
        audit.note(Event.MOVED, actor=person_id, subject=person_id)
    over = *OPEN_LETTERS, LetterState.RESENT, LetterState.REFUSED, LetterState.EXPIRED
    mine = Letter.person_id == person_id, Letter.state.in_(over)
    db.session.execute(update(Letter).where(*mine).values(state=LetterState.WITHDRAWN))
    db.session.execute(update(Person).where(Person.id == person_id).values(street_shown=None))
    stop_lists(person_id, quarter_id)
    db.session.flush()
    new = Membership(person_id=person_id, quarter_id=quarter_id, level=Level.UNPROVEN)
    db.session.add(new)
    if old is not None:
        Moved.send(person_id, subject_key=str(old.id), payload={"had_board": Level(old.level).reads_board})
    return new


def _town() -> str:
    return db.session.scalar(select(City.name)) or ""
