"""Four eyes: two people of two households look at a case on their own and have to agree.

A case has two halves. Whoever opens it takes one for 20 minutes: home and pages open for them alone, and not a third pair
of eyes meanwhile. Neither is told what the other says. Two times yes accepts, two times no refuses, anything else goes to an
operator who is neither of them. A refused person may appeal once; that is decided by an operator who had no part in it.

Cases of protected people, and whatever is looked at quietly, lie on the operators' desk alone. On which desk a case lies
depends on nobody but its own person, and the team is told nothing of namesakes: whoever is of it and had two puppets of her
name in two houses would read off the difference where she lives. Nobody looks at their own case, at one of their household, or
at a proof or word that they or their household gave; those do not exist for them, on the list as anywhere else.

Whoever is left out so must not be read off what becomes of the case: it is an operator's as well where fewer than two households
of the team may look, or one half has waited two days for the other; and a no is told three days after the case began
(``concluding``) or when it is said, whichever is later, and so is what became of an appeal. Until then everything is as if nobody
had said anything. Where nobody at all may look, whoever holds the server decides (``at_terminal``).

Where nobody but one operator may look, they look twice, a day apart, and have to say the same; both are
written down. What a decision does to the person's proof is done through that person's eyes (``scope.use``): the wall lets no
verifier write other people's rows, and this is the one place that crosses it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from neighbour.accounts.appearance import Face, Ring, seen
from neighbour.accounts.models import NameKind, Person
from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.residency import grading, homes
from neighbour.residency.cases import crowds
from neighbour.residency.cases.concluding import conclude, halves_of, household_of, locked
from neighbour.residency.cases.models import (
    UNDECIDED,
    Appeal,
    CaseGround,
    CaseHalf,
    CaseKind,
    CaseState,
    ProofCase,
)
from neighbour.residency.cases.queues import Eyes, NotYours, OnDesk, on_desk, part_of
from neighbour.residency.models import Membership, Proof

IN_HAND = timedelta(minutes=20)
TARGET_DAYS = 2  # after so many the desk is late
YES = "matches"
_PURPOSES = {
    CaseKind.DOCUMENT: "document",
    CaseKind.HELD: "held",
    CaseKind.WORDS: "held",
    CaseKind.QUIET: homes.QUIET,
}
OF_NAMESAKES = {"person", "name"}  # grounds that say that somebody else bears the name
REASONS = ("words", "name", "address", "old", "unreadable", "paper", "doubts", "twice", "other")


class Busy(Exception):
    """Two others have the case in hand, or have said what they think."""


@dataclass(frozen=True)
class Borne:
    """How one of two who read alike bears the name, and since when it stands behind the mark. is_asked: the case is theirs."""

    is_asked: bool
    kind: NameKind
    since: datetime


@dataclass(frozen=True)
class Opened:
    """A case in hand: what has to be seen of it, and until when it is in hand."""

    case: ProofCase
    home: homes.ExactHome | None = field(repr=False)
    grounds: Sequence[str]
    until: datetime
    said: Sequence[CaseHalf] = ()  # what was said before, for the last word and for appeals; by whom is not shown
    others: Sequence[str] = ()  # how those of the same name at this house proved it
    name: str = field(repr=False, default="")  # what neighbours read, where it is about that
    borne: Sequence[Borne] = ()  # and how each of those who read alike bears it


def in_hand(eyes: Eyes, case_id: uuid.UUID) -> CaseHalf | None:
    """The half this person has taken, while it lasts."""
    mine = CaseHalf.case_id == case_id, CaseHalf.by_person_id == eyes.person_id
    return db.session.scalar(select(CaseHalf).where(*mine, CaseHalf.says.is_(None), CaseHalf.until > clock.now()))


def take(eyes: Eyes, case_id: uuid.UUID) -> Opened:
    """Take a half (or keep it for another while) and open what has to be seen; written down as a look at the address.

    Raises NotYours, and Busy where two others are at it or somebody of one's own household is.
    """
    with atomic():
        mine = on_desk(eyes, case_id)
        case, part = mine.case, part_of(mine.case)
        with scope.use(scope.Viewer(case.person_id)):
            _demand_room(locked(case), eyes, part, mine.is_alone)
            said = [half for half in halves_of(case) if half.says and half.part != part]
            about_words = _about_words(case) if case.kind == CaseKind.WORDS else []
        until = _keep_in_hand(eyes, mine, part)
        home = None
        if part != "appeal":  # an appeal is about reasons; the home has been looked at
            found = homes.open_for_verifier(case.person_id, _PURPOSES[CaseKind(case.kind)], eyes.person_id)
            home = found if isinstance(found, homes.ExactHome) else None
        grounds, others = _grounds(case, eyes)
        grounds += about_words
        face = db.session.execute(select(*Person.face()).where(Person.id == case.person_id)).one()
        name = seen(Face(*face), Ring.OWN).name if "name" in grounds else ""
        return Opened(case, home, sorted(grounds), until, said, others, name, _borne(case))


def _keep_in_hand(eyes: Eyes, mine: OnDesk, part: str) -> datetime:
    """Write down that they have this part of the case in hand, and no other; gives until when."""
    theirs = CaseHalf.case_id == mine.case.id, CaseHalf.by_person_id == eyes.person_id
    another = or_(CaseHalf.part != part, CaseHalf.is_second.is_not(mine.is_second))
    db.session.execute(delete(CaseHalf).where(*theirs, CaseHalf.says.is_(None), another))
    until = clock.now() + IN_HAND
    who = {"case_id": mine.case.id, "by_person_id": eyes.person_id, "household_hash": eyes.household_hash}
    half = insert(CaseHalf).values(**who, part=part, is_second=mine.is_second, until=until, reason="", note="")
    one = [column.key for column in (CaseHalf.case_id, CaseHalf.by_person_id, CaseHalf.part, CaseHalf.is_second)]
    valid = CaseHalf.voided_at.is_(None)
    db.session.execute(half.on_conflict_do_update(index_elements=one, index_where=valid, set_={"until": until}))
    return until


def _borne(case: ProofCase) -> list[Borne]:
    """How those whose names read alike bear it, first whom the case is about; empty for any other case, and for whoever is no
    operator."""
    rows = db.session.execute(text("SELECT is_asked, kind, since FROM names_borne(:of)"), {"of": case.id})
    return [Borne(row.is_asked, NameKind(row.kind), row.since) for row in rows]


def _grounds(case: ProofCase, eyes: Eyes) -> tuple[list[str], list[str]]:
    """Why somebody looks, and how the others of the same name at this house proved it. What there is to say of namesakes is for
    operators alone. Through the eyes of whoever looks."""
    found = list(db.session.scalars(select(CaseGround.ground).where(CaseGround.case_id == case.id)))
    if not eyes.is_operator:
        return [ground for ground in found if ground not in OF_NAMESAKES], []
    others: list[str] = []
    if db.session.scalar(select(func.has_protected_namesake(case.membership_id))):
        found.append("protected")
    if "person" in found:
        others = list(db.session.scalars(select(func.namesake_methods(case.membership_id))))
    return found, others


def ask_about_words(membership: Membership, proofs: Collection[Proof]) -> None:
    """For ``grading.on_words``: a case for the desk, unless these words have been asked about. Whose they are and where the
    person lives makes no difference. Through the person's eyes, inside atomic()."""
    newest = max(proof.id for proof in proofs if proof.vouch_household is not None)
    mine = ProofCase.membership_id == membership.id, ProofCase.kind == CaseKind.WORDS
    asked = or_(
        ProofCase.state.in_(UNDECIDED), and_(ProofCase.state == CaseState.REFUSED, ProofCase.proof_id >= newest)
    )
    if db.session.scalar(select(exists().where(*mine, asked))):
        return
    (word,) = (proof for proof in proofs if proof.id == newest)
    crowds.open_case(membership, word, ["words"], CaseKind.WORDS)


def _about_words(case: ProofCase) -> list[str]:
    """What the desk has to know of the words it looks at: whether all are of one house. Through the person's eyes.

    That a word is of the household the person says they live in is not told: it would be the one fact beside two buttons, so the
    verdict would follow it, and whoever has somebody's code would read off the verdict whether that somebody lives there."""
    standing = grading.standing(case.membership_id, clock.now(), Proof.vouch_household.is_not(None))
    words = [proof for proof in standing if proof.id <= (case.proof_id or 0)]
    return ["words_house"] if len({proof.vouch_house for proof in words}) == 1 else []


def _demand_room(case: ProofCase, eyes: Eyes, part: str, is_alone: bool) -> None:
    """Raises NotYours where there is nothing left to say, Busy where others are at it or have said it."""
    is_over = case.state not in UNDECIDED or case.refused_at is not None
    if part == "appeal":
        is_over = case.appeal_said_at is not None
    if part_of(case) != part or is_over:
        raise NotYours(str(case.id))
    now = clock.now()
    others = [half for half in halves_of(case) if half.by_person_id != eyes.person_id and half.part == part]
    live = [half for half in others if not half.says and half.until > now]
    if part != "half":
        if live:
            raise Busy
        return
    said = [half for half in others if half.says]
    if len(live) + len(said) >= 2:
        raise Busy
    theirs = {household_of(half) for half in (live if is_alone else live + said)}
    if eyes.household_hash and eyes.household_hash in theirs:
        raise Busy


def decide(eyes: Eyes, case_id: uuid.UUID, verdict: str, note: str) -> None:
    """Say what one thinks of a case in hand: YES, or one of REASONS for no; ``note`` is for the person. With the second
    half, or the last word, the case is decided. Raises NotYours when it is not in hand (any more)."""
    says = "yes" if verdict == YES else "no"
    with atomic():
        mine = on_desk(eyes, case_id)
        person_id = mine.case.person_id
        with scope.use(scope.Viewer(person_id)):
            locked(mine.case)
        half = in_hand(eyes, case_id)
        if half is None or half.is_second is not mine.is_second:
            raise NotYours(str(case_id))
        said = {"says": says, "reason": verdict, "note": note, "said_at": clock.now()}
        db.session.execute(update(CaseHalf).where(CaseHalf.id == half.id).values(**said))
        about = f"{mine.case.kind} {half.part}"
        if mine.is_alone:
            about += f" {'again' if mine.is_second else 'alone'} {verdict}"
        audit.note(Event.PROOF_LOOKED_AT, actor=eyes.person_id, subject=person_id, about=about, result=says)
        if mine.is_second:
            _take_the_newer(eyes, half)
        with scope.use(scope.Viewer(person_id)):
            conclude(locked(mine.case), half.part, mine)


def _take_the_newer(eyes: Eyes, second: CaseHalf) -> None:
    """Whoever says otherwise the second time begins anew: the first counts for nothing, and the second waits for another."""
    db.session.refresh(second)
    first = CaseHalf.case_id == second.case_id, CaseHalf.by_person_id == eyes.person_id, CaseHalf.part == second.part
    void = update(CaseHalf).where(
        *first, ~CaseHalf.is_second, CaseHalf.voided_at.is_(None), CaseHalf.says != second.says
    )
    if db.session.execute(void.values(voided_at=clock.now()).returning(CaseHalf.id)).first():
        db.session.execute(update(CaseHalf).where(CaseHalf.id == second.id).values(is_second=False))


def appeal(person_id: int, case_id: uuid.UUID, words: str) -> bool:
    """Ask the operator to look at a refusal again, once. False where there is nothing to appeal against. Through the
    person's own eyes."""
    mine = ProofCase.id == case_id, ProofCase.person_id == person_id
    with atomic():
        case = db.session.scalar(select(ProofCase).where(*mine).with_for_update())
        is_told = case is not None and case.kind != CaseKind.QUIET
        if case is None or not is_told or case.state != CaseState.REFUSED or case.appeal is not None:
            return False
        if not _is_of_now(case):
            return False
        case.appeal, case.appeal_text, case.appealed_at = Appeal.OPEN, words, clock.now()
        return True


def _is_of_now(case: ProofCase) -> bool:
    membership = grading.current_membership(case.person_id)
    return membership is not None and membership.id == case.membership_id


@dataclass(frozen=True)
class Told:
    """What a person is told about their proofs: whether one is being looked at, and the last refusal that stands."""

    is_held: bool
    refused: ProofCase | None


def looked_twice(person_id: int) -> Sequence[datetime]:
    """When one person alone decided about a proof of theirs, as long ago as looks at an address are told; newest first. Through
    the person's own eyes."""
    mine = ProofCase.person_id == person_id, ProofCase.kind != CaseKind.QUIET, ProofCase.looked_twice
    found = select(ProofCase.decided_at).where(*mine, ProofCase.decided_at <= clock.now() - homes.TOLD_AFTER)
    return [day for day in db.session.scalars(found.order_by(ProofCase.decided_at.desc())) if day]


def told(person_id: int) -> Told:
    """Through the person's own eyes. A proof that waits looks the same whatever the reason."""
    membership = grading.current_membership(person_id)
    if membership is None:
        return Told(False, None)
    held = select(Proof.id).where(
        Proof.membership_id == membership.id, Proof.held_at.is_not(None), Proof.ended_at.is_(None)
    )
    mine = ProofCase.membership_id == membership.id, ProofCase.kind != CaseKind.QUIET
    newest = db.session.scalar(select(ProofCase).where(*mine).order_by(ProofCase.created_at.desc()).limit(1))
    is_refused = newest is not None and newest.state == CaseState.REFUSED and newest.appeal != Appeal.GRANTED
    words = ProofCase.kind == CaseKind.WORDS, ProofCase.state.in_(UNDECIDED)
    asked = select(ProofCase.id).where(ProofCase.membership_id == membership.id, *words)
    is_held = any(db.session.scalar(each.limit(1)) is not None for each in (held, asked))
    return Told(is_held, newest if is_refused else None)
