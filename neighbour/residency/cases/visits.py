"""In person at an initiative: the resident shows a code, an editor types it, sees the name and the address, and confirms.

The code is good for 15 minutes and for one confirmation. It is made from a random number in the row and the key outside the
database, so the row alone shows none; it can be shown again as long as it lasts. Eight symbols are 2^40; an editor has ten
wrong tries an hour, and only editors of a verified initiative have any.

Which initiatives there are this room does not know: they register ``places`` (who confirms near a quarter).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, func, select, text, update

from neighbour.core import clock, limits, scope, tokens
from neighbour.core.crypto import keyed_hash, new_salt
from neighbour.core.db import atomic, db
from neighbour.policy import Level
from neighbour.residency import codes, grading, homes
from neighbour.residency.cases.models import Visit
from neighbour.residency.models import Membership, Proof
from neighbour.residency.proofs.in_person import IN_PERSON

LIFE = timedelta(minutes=15)
OF_PLACE = limits.Rate(20, 86_400)  # confirmations a day
OF_EDITOR = limits.Rate(12, 86_400)
TRIES = limits.Rate(10, 3_600)  # wrong codes typed by one editor
CODE = tokens.kind("visit_code", "shows an editor one resident's name and address, for a quarter of an hour")


@dataclass(frozen=True)
class Place:
    """An initiative that confirms addresses: its name, page, address and when somebody is there."""

    name: str
    url: str
    address_line: str
    hours: str


Places = Callable[[int], Sequence[Place]]
_places: list[Places] = []


def register_places(places: Places) -> None:
    """Tell residency how to learn who confirms near a quarter (initiatives does)."""
    _places[:] = [places]


def places_for(person_id: int) -> Sequence[Place]:
    """Who confirms near a person's quarter; empty without a quarter, and for protected people: no editor opens their home."""
    if homes.is_staff_only(person_id):
        return ()
    membership = grading.current_membership(person_id)
    return _places[0](membership.quarter_id) if _places and membership is not None else ()


class NoVisit(Exception):
    """No code can be shown: the address is proven, there is none, or it is the operator's alone to see."""


@dataclass(frozen=True)
class Shown:
    """The code a resident shows, and until when it is good."""

    code: str
    until: datetime


def show(person_id: int) -> Shown | None:
    """The code that is good now, None when there is none (any more). Through the resident's eyes."""
    visit = _open_visit(person_id)
    if visit is None or visit.expires_at <= clock.now():
        return None
    return Shown(_code(person_id, bytes(visit.nonce)), visit.expires_at)


def renew(person_id: int) -> Shown:
    """A fresh code; the one before is void. Raises NoVisit. Through the resident's eyes."""
    with atomic():
        membership = grading.current_membership(person_id, lock=True)
        if membership is None or Level(membership.level) is Level.VERIFIED or homes.is_staff_only(person_id):
            raise NoVisit
        db.session.execute(delete(Visit).where(Visit.person_id == person_id, Visit.confirmed_at.is_(None)))
        nonce, until = new_salt(), clock.now() + LIFE
        code = _code(person_id, nonce)
        db.session.add(Visit(person_id=person_id, nonce=nonce, code_hash=_fingerprint(code), expires_at=until))
        return Shown(code, until)


def _open_visit(person_id: int) -> Visit | None:
    return db.session.scalar(select(Visit).where(Visit.person_id == person_id, Visit.confirmed_at.is_(None)))


def _code(person_id: int, nonce: bytes) -> str:
    number = int.from_bytes(keyed_hash("visit-code", f"{person_id}:{nonce.hex()}")[:5], "big")
    return "".join(codes.ALPHABET[(number >> shift) & 31] for shift in range(35, -1, -5))


def _fingerprint(code: str) -> bytes:
    return keyed_hash("visit-code-hash", code)


@dataclass(frozen=True)
class Visitor:
    """Whom an editor has before them: the visit, and what stands on the letterbox."""

    visit_id: int
    home: homes.ExactHome = field(repr=False)
    until: datetime


_TAKE = text("SELECT take_visit(:code, :place, :at)")


def take(editor_id: int, place: str, typed: str) -> Visitor | None:
    """The visitor with this code, their home opened and written down; None for a code that is wrong, over or the editor's own –
    one answer for all. Of whose household the visitor is makes no difference, or one code after the other would say where the
    editor lives. Counts a try unless it is right; raises limits.TooMany. Through the editor's
    eyes."""
    limits.hit("visit_code", str(editor_id))  # in advance, so that of many at once none slips through
    code = codes.read(typed)
    if code is None:
        return None
    with atomic():
        found = db.session.scalar(_TAKE, {"code": _fingerprint(code), "place": place, "at": clock.now()})
        visit = db.session.get(Visit, found) if found is not None else None
        home = homes.open_for_verifier(visit.person_id, "visit", editor_id) if visit else None
        if visit is None or not isinstance(home, homes.ExactHome):
            return None
        limits.take_back("visit_code", str(editor_id))
        return Visitor(visit.id, home, visit.expires_at)


def confirm(editor_id: int, place: str, typed: str) -> bool:
    """The editor has seen a paper with this name and address: the visitor's home is proven, or held, of which the editor is not
    told. One of the editor's own household is held: others look.

    False when the code is over or not in this editor's hand. Counts per editor and place; raises limits.TooMany.
    """
    code = codes.read(typed)
    mine = Visit.taken_by == editor_id, Visit.place == place, Visit.confirmed_at.is_(None)
    with atomic():
        visit = db.session.scalar(select(Visit).where(Visit.code_hash == _fingerprint(code or ""), *mine))
        if visit is None or visit.expires_at <= clock.now():
            return False
        limits.hit("visit_of_editor", str(editor_id))
        limits.hit("visit_of_place", place)
        person_id = visit.person_id
        editors = _household(editor_id)
        with scope.use(scope.Viewer(person_id)):
            now = clock.now()
            done = db.session.execute(
                update(Visit).where(Visit.id == visit.id, Visit.confirmed_at.is_(None)).values(confirmed_at=now)
            )
            if not done.rowcount:  # type: ignore[attr-defined]
                return False
            grading.grant(
                person_id,
                IN_PERSON.key,
                IN_PERSON.level,
                IN_PERSON.lasts,
                source=f"initiative {place}",
                by_person_id=editor_id,
                looks=[partial(_is_of, editors)],
            )
            db.session.flush()
        return True


def _is_of(household: bytes | None, membership: Membership, _proof: Proof) -> bool:
    """A ``grading.Look``: whether somebody is of the editor's household."""
    return household is not None and household == membership.household_hash


def _household(person_id: int) -> bytes | None:
    """The household (keyed hash) of whoever looks. Through their eyes."""
    membership = grading.current_membership(person_id)
    return bytes(membership.household_hash) if membership and membership.household_hash else None


def counts(since: datetime) -> dict[str, int]:
    """Confirmations per place since a moment; for the operator, who sees the numbers and not the people."""
    query = select(Visit.place, func.count()).where(Visit.confirmed_at >= since).group_by(Visit.place)
    return {place: count for place, count in db.session.execute(query).all() if place}


def by_editor(editor_id: int, since: datetime) -> int:
    """How many one editor confirmed since a moment. Through the editor's or the operator's eyes."""
    query = select(func.count()).where(Visit.taken_by == editor_id, Visit.confirmed_at >= since)
    return db.session.scalar(query) or 0


def look_again(place: str, since: datetime) -> int:
    """Let the proofs that came of this place's confirmations since a moment wait for somebody's look, and tell those who fall;
    gives how many wait. For an operator, or on the owner's connection."""
    confirmed = Proof.source == f"initiative {place}", Proof.created_at >= since
    query = select(Visit.person_id).where(Visit.place == place, Visit.confirmed_at >= since).distinct()
    people = db.session.scalars(query).all()
    held = 0
    with atomic():
        for person_id in people:
            with scope.use(scope.Viewer(person_id)):
                held += grading.hold_standing(person_id, *confirmed)
    return held
