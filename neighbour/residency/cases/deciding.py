"""Four eyes: two people of two households look at a case on their own and have to agree.

A case has two halves. Whoever opens it takes one for 20 minutes: home and pages open for them alone, and not a third pair
of eyes meanwhile. Neither is told what the other says. Two times yes accepts, two times no refuses, anything else goes to an
operator who is neither of them. A refused person may appeal once; that is decided by an operator who had no part in it.

Cases of protected people, and whatever is looked at quietly, lie on the operators' desk alone. On which desk a case lies
depends on nobody but its own person, and the team is told nothing of namesakes: whoever is of it and had two puppets of her
name in two houses would read off the difference where she lives. Nobody looks at their own case or at one of their household;
those do not exist for them, on the list as anywhere else. What a decision does to the person's proof is done through that
person's eyes (``scope.use``): the wall lets no verifier write other people's rows, and this is the one place that crosses it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Boolean, TableValuedAlias, and_, column, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from neighbour.accounts.appearance import Face, Ring, seen
from neighbour.accounts.models import Person
from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.core.desk import Waiting
from neighbour.policy import Level
from neighbour.residency import grading, homes
from neighbour.residency.cases import crowds, documents
from neighbour.residency.cases.models import (
    UNDECIDED,
    Appeal,
    CaseGround,
    CaseHalf,
    CaseKind,
    CaseState,
    ProofCase,
)
from neighbour.residency.cases.notices import AppealDecided, CaseRefused
from neighbour.residency.invitations import is_taken_back
from neighbour.residency.models import Membership, Proof
from neighbour.residency.proofs.document import DOCUMENT

IN_HAND = timedelta(minutes=20)
TARGET_DAYS = 2  # told to people: usually within so many
YES = "matches"
_PURPOSES = {
    CaseKind.DOCUMENT: "document",
    CaseKind.HELD: "held",
    CaseKind.WORDS: "held",
    CaseKind.QUIET: homes.QUIET,
}
OF_NAMESAKES = {"person", "name"}  # grounds that say that somebody else bears the name
REASONS = ("words", "name", "address", "old", "unreadable", "paper", "doubts", "twice", "other")


class NotYours(LookupError):
    """The case does not exist for this person, or not any more."""


class Busy(Exception):
    """Two others have the case in hand, or have said what they think."""


@dataclass(frozen=True)
class Eyes:
    """Who looks: their number, household (keyed hash) and whether they run the instance."""

    person_id: int
    household_hash: bytes | None
    is_operator: bool


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


def eyes_of(person_id: int, *, is_operator: bool) -> Eyes:
    """The eyes of whoever works at the desk. Through those eyes."""
    mine = Membership.person_id == person_id, Membership.ended_at.is_(None)
    household = db.session.scalar(select(Membership.household_hash).where(*mine))
    return Eyes(person_id, bytes(household) if household else None, is_operator)


@dataclass(frozen=True)
class Queue:
    """What lies on somebody's desk, oldest first: cases that wait for them, and others an operator may look at."""

    mine: list[ProofCase]
    others: list[ProofCase]


def queue(eyes: Eyes) -> Queue:
    """The cases this person may look at now. Through their eyes."""
    found = _desk(eyes)
    rows = db.session.execute(
        select(ProofCase, found.c.is_theirs)
        .join(found, found.c.case_id == ProofCase.id)
        .order_by(ProofCase.created_at, ProofCase.id)
    ).all()
    return Queue(*([case for case, is_theirs in rows if is_theirs is wanted] for wanted in (True, False)))


def waiting(eyes: Eyes) -> Waiting:
    """How many cases wait for this person, and since when."""
    found = _desk(eyes)
    row = db.session.execute(select(func.count(), func.min(found.c.since)).where(found.c.is_theirs)).one()
    return Waiting(row[0], row[1])


def _desk(eyes: Eyes) -> TableValuedAlias:
    """Who may look at what: the database says it, to the pages and to the daily reminder alike (migration 0029)."""
    columns = "case_id", "since", column("is_theirs", Boolean)
    return func.desk_cases(eyes.is_operator).table_valued(*columns, name="desk")


def case_for(eyes: Eyes, case_id: uuid.UUID) -> ProofCase:
    """A case that waits for this person. Raises NotYours."""
    query = select(ProofCase).where(ProofCase.id == case_id, ProofCase.id.in_(select(_desk(eyes).c.case_id)))
    case = db.session.scalar(query)
    if case is None:
        raise NotYours(str(case_id))
    return case


def in_hand(eyes: Eyes, case_id: uuid.UUID) -> CaseHalf | None:
    """The half this person has taken, while it lasts."""
    mine = CaseHalf.case_id == case_id, CaseHalf.by_person_id == eyes.person_id
    return db.session.scalar(select(CaseHalf).where(*mine, CaseHalf.says.is_(None), CaseHalf.until > clock.now()))


def part_of(case: ProofCase) -> str:
    """Which part of a case is to be done: one of its two halves, the last word, or an appeal."""
    if case.appeal == Appeal.OPEN:
        return "appeal"
    return "final" if case.state == CaseState.CONTESTED else "half"


def take(eyes: Eyes, case_id: uuid.UUID) -> Opened:
    """Take a half (or keep it for another while) and open what has to be seen; written down as a look at the address.

    Raises NotYours, and Busy where two others are at it or the other half is of one's own household.
    """
    with atomic():
        case = case_for(eyes, case_id)
        part = part_of(case)
        with scope.use(scope.Viewer(case.person_id)):
            _demand_room(_locked(case), eyes, part)
            said = [half for half in _halves(case) if half.says and part != "half"]
            about_words = _about_words(case, eyes) if case.kind == CaseKind.WORDS else []
        until = clock.now() + IN_HAND
        values = {"case_id": case.id, "by_person_id": eyes.person_id, "part": part, "until": until}
        half = insert(CaseHalf).values(**values, household_hash=eyes.household_hash, reason="", note="")
        again = {"until": until, "part": part}
        one = CaseHalf.case_id.key, CaseHalf.by_person_id.key
        valid = CaseHalf.voided_at.is_(None)
        db.session.execute(half.on_conflict_do_update(index_elements=one, index_where=valid, set_=again))
        home = None
        if part != "appeal":  # an appeal is about reasons; the home has been looked at
            found = homes.open_for_verifier(case.person_id, _PURPOSES[CaseKind(case.kind)], eyes.person_id)
            home = found if isinstance(found, homes.ExactHome) else None
        grounds, others = _grounds(case, eyes)
        grounds += about_words
        face = db.session.execute(select(*Person.face()).where(Person.id == case.person_id)).one()
        name = seen(Face(*face), Ring.OWN).name if "name" in grounds else ""
        return Opened(case, home, sorted(grounds), until, said, others, name)


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


def _about_words(case: ProofCase, eyes: Eyes) -> list[str]:
    """What the desk has to know of the words it looks at: whether all are of one house. Through the person's eyes. Raises Busy
    where one of them is the word of whoever looks, or of their household.

    That a word is of the household the person says they live in is not told: it would be the one fact beside two buttons, so the
    verdict would follow it, and whoever has somebody's code would read off the verdict whether that somebody lives there."""
    standing = grading.standing(case.membership_id, clock.now(), Proof.vouch_household.is_not(None))
    words = [proof for proof in standing if proof.id <= (case.proof_id or 0)]
    if any(eyes.person_id == proof.by_person_id or eyes.household_hash == proof.vouch_household for proof in words):
        raise Busy
    return ["words_house"] if len({proof.vouch_house for proof in words}) == 1 else []


def _locked(case: ProofCase) -> ProofCase:
    """The case, locked until the end of the transaction. Before it its person's membership, as whoever moves, leaves or is
    graded anew takes them: the other order is a deadlock. Through its person's eyes; raises NotYours where they were quicker."""
    membership = grading.current_membership(case.person_id, lock=True)
    if membership is None or membership.id != case.membership_id:
        raise NotYours(str(case.id))
    return db.session.scalars(
        select(ProofCase).where(ProofCase.id == case.id).with_for_update().execution_options(populate_existing=True)
    ).one()


def _halves(case: ProofCase) -> list[CaseHalf]:
    counts = CaseHalf.case_id == case.id, CaseHalf.voided_at.is_(None)
    return list(db.session.scalars(select(CaseHalf).where(*counts).order_by(CaseHalf.id)))


def _demand_room(case: ProofCase, eyes: Eyes, part: str) -> None:
    if part_of(case) != part or (part != "appeal" and case.state not in UNDECIDED):
        raise NotYours(str(case.id))
    now = clock.now()
    others = [half for half in _halves(case) if half.by_person_id != eyes.person_id]
    live = [half for half in others if half.part == part and (half.says or half.until > now)]
    if len(live) >= (2 if part == "half" else 1):
        raise Busy
    households = {bytes(half.household_hash) for half in live if half.household_hash}
    if part == "half" and eyes.household_hash in households:
        raise Busy


def decide(eyes: Eyes, case_id: uuid.UUID, verdict: str, note: str) -> None:
    """Say what one thinks of a case in hand: YES, or one of REASONS for no; ``note`` is for the person. With the second
    half, or the last word, the case is decided. Raises NotYours when it is not in hand (any more)."""
    says = "yes" if verdict == YES else "no"
    with atomic():
        case = case_for(eyes, case_id)
        person_id = case.person_id
        with scope.use(scope.Viewer(person_id)):
            _locked(case)
        half = in_hand(eyes, case_id)
        if half is None:
            raise NotYours(str(case_id))
        said = {"says": says, "reason": verdict, "note": note, "said_at": clock.now()}
        db.session.execute(update(CaseHalf).where(CaseHalf.id == half.id).values(**said))
        about = f"{case.kind} {half.part}"
        audit.note(Event.PROOF_LOOKED_AT, actor=eyes.person_id, subject=person_id, about=about, result=says)
        with scope.use(scope.Viewer(person_id)):
            _conclude(_locked(case), half.part)


def _conclude(case: ProofCase, part: str) -> None:
    """What follows from what was said so far. Through the person's eyes."""
    said = [half for half in _halves(case) if half.says and half.part == part]
    if part == "appeal":
        _end_appeal(case, said[-1])
    elif part == "final":
        _end(case, said[-1:])
    elif len(said) == 2:
        if said[0].says == said[1].says:
            _end(case, said)
        else:
            case.state = CaseState.CONTESTED
    db.session.flush()


def _end(case: ProofCase, said: list[CaseHalf]) -> None:
    """Two agree, or the last word is said. Of a quiet case nothing follows today, and nobody is told (``crowds``)."""
    if said[0].says == "yes":
        documents.close(case, CaseState.ACCEPTED)
        _accept(case)
        return
    documents.close(case, CaseState.REFUSED)
    case.reason = said[0].reason
    if case.kind == CaseKind.QUIET:
        return
    if case.kind == CaseKind.WORDS:
        case.reason = "words"  # one answer to everybody; what was written is for the desk
    else:
        case.note = next((half.note for half in said if half.note), "")
    _end_proof(case)
    audit.note(Event.PROOF_REFUSED, subject=case.person_id, about=case.method)
    CaseRefused.send(case.person_id, subject_key=str(case.id), payload={"case_id": str(case.id)})


def _accept(case: ProofCase) -> None:
    if case.kind == CaseKind.HELD:
        crowds.release(case.person_id, case.proof_id)
    if case.kind == CaseKind.WORDS:
        db.session.flush()
        grading.regrade(db.session.get_one(Membership, case.membership_id))
    if case.kind != CaseKind.DOCUMENT:
        return
    proof = grading.grant(case.person_id, DOCUMENT.key, Level.VERIFIED, DOCUMENT.lasts, source=f"case {case.id}")
    case.proof_id = proof.id if proof.held_at is None else None  # one that waits has a case of its own


def _end_proof(case: ProofCase) -> None:
    """The proof that waited ends; of a document there was none yet, and words stay what they are."""
    if case.kind == CaseKind.HELD:
        waits = Proof.id == case.proof_id, Proof.ended_at.is_(None)
        db.session.execute(update(Proof).where(*waits).values(ended_at=clock.now()))
        grading.regrade(db.session.get_one(Membership, case.membership_id))


def _end_appeal(case: ProofCase, half: CaseHalf) -> None:
    """Granted, a held proof counts after all; a document may be handed in once more – its pages are gone, and nobody's
    word alone proves an address."""
    is_granted = half.says == "yes"
    case.appeal = Appeal.GRANTED if is_granted else Appeal.REJECTED
    case.appeal_decided_at = clock.now()
    if half.note and case.kind != CaseKind.WORDS:
        case.note = half.note
    db.session.flush()
    if is_granted and case.kind == CaseKind.HELD:
        # A neighbour's word that was taken back since is not given again by anybody else.
        refused = Proof.id == case.proof_id, ~is_taken_back()
        db.session.execute(update(Proof).where(*refused).values(ended_at=None))
        crowds.release(case.person_id, case.proof_id)
    if is_granted and case.kind == CaseKind.WORDS:
        grading.regrade(db.session.get_one(Membership, case.membership_id))
    AppealDecided.send(case.person_id, subject_key=str(case.id), payload={"case_id": str(case.id)})


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
