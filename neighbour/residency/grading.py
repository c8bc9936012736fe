"""What a person's proofs are worth together.

A membership's level is never set by hand: it is counted from the proofs that stand – not over, not past their day, not held
for a second look – each time one begins, is renewed, or ends. One strong proof (card, document, in person) makes
``verified``. A neighbour's invitation or a flyer makes ``vouched``; two vouches by two verified neighbours of two households
make ``verified``, too, once two people of the desk have looked: they see whether both come from one house, and not whether
one comes from the person's own household, because the verdict would say so (``cases.deciding``). No rule decides that by
itself, because whoever has somebody's code and one other would claim to live in one house after another, and read off the one
that does not count where that somebody lives. So the words of whoever it is, for whichever house, are answered alike: they
open the board, the rest waits, and a no says nothing but that a card is the surer way. What was looked at are the words of
that day; a further one is looked at anew.

Whether a proof has to wait for somebody's look is asked of those who registered with ``looks_at`` (the household
counter does). Nobody is told why: a proof that waits looks the same whatever the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, exists, func, or_, select, update

from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.notices.service import begin_lists, stop_lists
from neighbour.policy import Level
from neighbour.residency.cases.models import Appeal, CaseKind, CaseState, ProofCase
from neighbour.residency.models import Letter, LetterState, Membership, Proof
from neighbour.residency.notices import LevelFell, Welcome

VOUCHES_FOR_VERIFIED = 2
Look = Callable[[Membership, Proof], bool]
Held = Callable[[Membership, Proof, Collection[Look]], None]
Words = Callable[[Membership, Collection[Proof]], None]
_looks: list[Look] = []
_words: list[Words] = []
_held: list[Held] = []


@dataclass(frozen=True)
class Vouch:
    """Who stands for somebody: the person, their household (keyed hash), and how many invitations they are away from
    somebody who proved their address on their own."""

    by_person_id: int
    household_hash: bytes
    depth: int


def looks_at(look: Look) -> None:
    """Ask ``look(membership, proof)`` before a proof counts: True holds it until somebody decided. Inside the transaction of
    the proof, through the eyes of the person who gives it."""
    if look not in _looks:  # the application may be made more than once in a process
        _looks.append(look)


def on_held(tell: Held) -> None:
    """Tell ``tell(membership, proof, looks)`` of each proof that has to wait, and which looks held it. Same place and eyes."""
    if tell not in _held:
        _held.append(tell)


def on_words(tell: Words) -> None:
    """Tell ``tell(membership, proofs)`` of each membership that is counted and of which only the desk's word is missing: two
    neighbours stand for it. Inside the transaction, through the eyes of its person."""
    if tell not in _words:
        _words.append(tell)


def current_membership(person_id: int, *, lock: bool = False) -> Membership | None:
    """The membership that counts now, None before an address was chosen. ``lock``: until the end of the transaction."""
    query = select(Membership).where(Membership.person_id == person_id, Membership.ended_at.is_(None))
    return db.session.scalar(query.with_for_update() if lock else query)


def grant(
    person_id: int,
    method: str,
    level: Level,
    valid_for: timedelta | None,
    *,
    source: str | None = None,
    by_person_id: int | None = None,
    vouch: Vouch | None = None,
    looks: Collection[Look] = (),
) -> Proof:
    """What every proof ends in: it is written down with its day of expiry, and the membership is counted anew.

    source: what it came from (an invitation, a flyer, a case), opaque; by_person_id: who confirmed it; vouch: who stands for
    it; looks: what is asked beside those of ``looks_at``. ``held_at`` of the proof given back says that it waits for a look.
    Raises LookupError without a membership. Runs through the person's own eyes; commits with the surrounding atomic().
    """
    with atomic():
        membership = current_membership(person_id, lock=True)
        if membership is None:
            raise LookupError("nothing to prove: no address was chosen")
        now = clock.now()
        proof = Proof(
            person_id=person_id,
            membership_id=membership.id,
            method=method,
            level=level,
            expires_at=now + valid_for if valid_for else None,
            source=source,
            by_person_id=vouch.by_person_id if vouch else by_person_id,
            vouch_household=vouch.household_hash if vouch else None,
            depth=vouch.depth + 1 if vouch else int(level is not Level.VERIFIED),
        )
        db.session.add(proof)
        db.session.flush()
        return _counted(membership, proof, [*_looks, *looks])


def _counted(membership: Membership, proof: Proof, asked: Collection[Look]) -> Proof:
    """Ask whether the proof has to wait, count the membership anew, and write it down."""
    looks = [look for look in asked if look(membership, proof)]  # each of them is asked
    if looks:
        hold(membership, proof, looks)
    db.session.flush()
    regrade(membership)
    told = {"about": proof.method, "result": "held" if proof.held_at else "done"}
    audit.note(Event.PROOF_GRANTED, actor=proof.by_person_id, subject=proof.person_id, **told)
    return proof


def hold(membership: Membership, proof: Proof, looks: Collection[Look] = ()) -> None:
    """Let a proof wait for somebody's look; ``regrade`` comes after. Inside atomic()."""
    proof.held_at = clock.now()
    db.session.flush()
    for tell in _held:
        tell(membership, proof, looks)


def regrade(membership: Membership) -> Level:
    """Count a membership's level anew from its proofs; gives it. The digest begins with the first level that opens the
    board, and a rise is welcomed; without any level left the lists end, unless a proof waits: they are as they were when it
    counts again. Inside atomic(), the membership locked."""
    now = clock.now()
    proofs = standing(membership.id, now)
    before, level = Level(membership.level), level_of(proofs, words_seen(membership.id))
    if level is not Level.VERIFIED and are_two_words(proofs):
        for tell in _words:
            tell(membership, proofs)
    if not level.reads_board and not _is_held(membership.id, now):  # also where what had waited was refused
        stop_lists(membership.person_id, membership.quarter_id)
    if level is before:
        return level
    membership.level = level
    if level.rank > before.rank:
        membership.proven_at = now
        begin_lists(membership.person_id, membership.quarter_id)
        subject = f"{membership.id} {level} {now:%Y-%m-%dT%H:%M:%S}"  # whoever fell and rises again is welcomed again
        payload = {"quarter_id": membership.quarter_id, "level": str(level)}
        Welcome.send(membership.person_id, subject_key=subject, payload=payload)
        if level is Level.VERIFIED:
            _end_orders(membership.person_id)
    db.session.flush()
    return level


def _end_orders(person_id: int) -> None:
    """A card that nobody needs any more is not printed. The code of one that was stays good, and to its person the order is
    over all the same: whoever falls again must not read off it which of the two it was."""
    states = LetterState.REQUESTED, LetterState.PRINTED, LetterState.REFUSED, LetterState.EXPIRED
    ended = case((Letter.state == LetterState.PRINTED, LetterState.RESENT), else_=LetterState.WITHDRAWN)
    mine = Letter.person_id == person_id, Letter.state.in_(states)
    db.session.execute(update(Letter).where(*mine).values(state=ended))


def _is_held(membership_id: int, at: datetime) -> bool:
    waits = Proof.membership_id == membership_id, Proof.ended_at.is_(None), Proof.held_at.is_not(None)
    return bool(db.session.scalar(select(exists().where(*waits, Proof.expires_at.is_(None) | (Proof.expires_at > at)))))


def hold_standing(person_id: int, *which: ColumnElement[bool]) -> int:
    """Let those of a person's proofs that count now and that ``which`` names wait for somebody's look, and count anew; who falls
    is told. Gives how many wait. Through the person's own eyes, inside atomic()."""
    membership = current_membership(person_id, lock=True)
    if membership is None:
        return 0
    before = Level(membership.level)
    proofs = standing(membership.id, clock.now(), *which)
    for proof in proofs:
        hold(membership, proof)
    _tell_fall(membership, before, regrade(membership), is_held=True)
    db.session.flush()
    return len(proofs)


def _tell_fall(membership: Membership, before: Level, level: Level, **why: bool) -> None:
    """Say that something holds no longer, if that changed anything; never by whom, nor why somebody looks."""
    if level.rank >= before.rank:
        return
    LevelFell.send(
        membership.person_id,
        subject_key=f"{membership.id} {clock.now():%Y-%m-%dT%H:%M}",
        payload={
            "quarter_id": membership.quarter_id,
            "level": str(level),
            "is_over_time": False,
            "is_held": False,
            **why,
        },
    )


def end_proofs(person_id: int, *which: ColumnElement[bool], past_only: bool = False) -> Level | None:
    """End those of a person's proofs that ``which`` names (``past_only``: of those past their day) and count anew; who falls
    is told, without saying by whom. Gives the level now, None without a membership. Through the person's own eyes, inside
    atomic(): what the caller has not flushed is flushed first.
    """
    now = clock.now()
    with atomic():
        db.session.flush()
        with scope.use(scope.Viewer(person_id)):
            membership = current_membership(person_id, lock=True)
            if membership is None:
                return None
            mine = [Proof.membership_id == membership.id, Proof.ended_at.is_(None), *which]
            if past_only:
                mine.append(Proof.expires_at <= now)
            if db.session.execute(update(Proof).where(*mine).values(ended_at=now).returning(Proof.id)).first():
                audit.note(Event.PROOF_WITHDRAWN, subject=person_id, result="expired" if past_only else "done")
            before = Level(membership.level)
            level = regrade(membership)
            _tell_fall(membership, before, level, is_over_time=past_only)
            return level


def standing(membership_id: int, at: datetime, *which: ColumnElement[bool]) -> list[Proof]:
    """The proofs of a membership that count at a moment (those that ``which`` names), oldest first."""
    query = select(Proof).where(
        *which,
        Proof.membership_id == membership_id,
        Proof.ended_at.is_(None),
        Proof.held_at.is_(None),
        Proof.expires_at.is_(None) | (Proof.expires_at > at),
    )
    return list(db.session.scalars(query.order_by(Proof.id)))


def level_of(proofs: Iterable[Proof], seen: int) -> Level:
    """What these proofs are worth together. seen: the number of the newest proof of which the desk has said that the words up
    to it open everything (``words_seen``)."""
    given = list(proofs)
    best = max((Level(proof.level) for proof in given), key=lambda level: level.rank, default=Level.UNPROVEN)
    return Level.VERIFIED if are_two_words(proof for proof in given if proof.id <= seen) else best


def are_two_words(proofs: Iterable[Proof]) -> bool:
    """Whether two neighbours of two households stand for somebody. Says nothing about where that somebody lives."""
    words = [
        (proof.by_person_id, bytes(proof.vouch_household)) for proof in proofs if proof.vouch_household is not None
    ]
    households = {household for _person, household in words}
    people = {person or household for person, household in words}  # who moved is no second one
    return min(len(households), len(people)) >= VOUCHES_FOR_VERIFIED


def words_seen(membership_id: int) -> int:
    """The newest proof of which the desk has said that the words up to it open everything; 0 without one. Through the person's
    own eyes."""
    said_yes = or_(ProofCase.state == CaseState.ACCEPTED, ProofCase.appeal == Appeal.GRANTED)
    about = ProofCase.membership_id == membership_id, ProofCase.kind == CaseKind.WORDS
    return db.session.scalar(select(func.max(ProofCase.proof_id)).where(*about, said_yes)) or 0


def depth_of(proofs: Collection[Proof]) -> int:
    """How many invitations away a person is from somebody who proved their address on their own: 0 with a strong proof,
    else one more than the nearest who vouched; a flyer counts as one."""
    return min((proof.depth for proof in proofs), default=0)
