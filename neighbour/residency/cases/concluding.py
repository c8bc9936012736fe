"""What follows from what was said of a case, and when its person hears it. Through the eyes of that person throughout.

A yes counts at once. A no is told ``ANSWERED_AFTER`` the case began, or when it is said, whichever is later; until then the case
stands as if nobody had said anything, its pages too, and may be withdrawn. An appeal is answered likewise, from the day it was
made: when it was decided would say whether somebody had to look twice because of who lives there.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import delete, select, text, update

from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db, finish_reading
from neighbour.policy import Level
from neighbour.residency import grading
from neighbour.residency.cases import crowds, documents
from neighbour.residency.cases.models import UNDECIDED, Appeal, CaseHalf, CaseKind, CaseState, ProofCase
from neighbour.residency.cases.notices import AppealDecided, CaseRefused
from neighbour.residency.cases.queues import NotYours, OnDesk, part_of
from neighbour.residency.invitations import is_taken_back
from neighbour.residency.models import Membership, Proof
from neighbour.residency.proofs.document import DOCUMENT

ANSWERED_AFTER = timedelta(days=3)  # from the beginning of a case to a no; told to people: usually within so many days


def locked(case: ProofCase) -> ProofCase:
    """The case, locked until the end of the transaction. Before it its person's membership, as whoever moves, leaves or is
    graded anew takes them: the other order is a deadlock. Through its person's eyes; raises NotYours where they were quicker."""
    membership = grading.current_membership(case.person_id, lock=True)
    if membership is None or membership.id != case.membership_id:
        raise NotYours(str(case.id))
    return db.session.scalars(
        select(ProofCase).where(ProofCase.id == case.id).with_for_update().execution_options(populate_existing=True)
    ).one()


def halves_of(case: ProofCase) -> list[CaseHalf]:
    """What was said, or is in hand; without what counts no more."""
    counts = CaseHalf.case_id == case.id, CaseHalf.voided_at.is_(None)
    return list(db.session.scalars(select(CaseHalf).where(*counts).order_by(CaseHalf.id)))


def household_of(half: CaseHalf) -> bytes | None:
    """The household (keyed hash) of whoever says it."""
    return bytes(half.household_hash) if half.household_hash else None


def conclude(case: ProofCase, part: str, mine: OnDesk) -> None:
    """What follows from what was said so far. Through the person's eyes."""
    said = [half for half in halves_of(case) if half.says and half.part == part]
    two = _of_two(said) if part == "half" else []
    twice = [half for half in said if any(each.is_second and each.by_person_id == half.by_person_id for each in said)]
    if two and two[0].says != two[1].says:
        case.state = CaseState.CONTESTED
    elif two:
        _settle(case, two)
    elif twice:
        case.looked_twice = case.looked_twice or mine.is_known
        last_word(case, twice)
    elif part != "half" and not mine.is_alone:
        last_word(case, said[-1:])
    db.session.flush()


def _of_two(said: list[CaseHalf]) -> list[CaseHalf]:
    """The first half that was said and the first of another household; empty while there is none."""
    firsts = [half for half in said if not half.is_second]
    others = [half for half in firsts if (household_of(half) or half.id) != (household_of(firsts[0]) or firsts[0].id)]
    return [firsts[0], others[0]] if others else []


def last_word(case: ProofCase, said: list[CaseHalf]) -> None:
    """Nobody has to say more: what follows. Through the person's eyes."""
    if said[-1].part == "appeal":
        _settle_appeal(case, said[-1])
    else:
        _settle(case, said)


def _settle(case: ProofCase, said: list[CaseHalf]) -> None:
    """It is decided. What its person hears of a no waits for its day, so that when it was decided says nothing of who lives
    where; of a quiet case they hear nothing."""
    is_early = clock.now() < case.created_at + ANSWERED_AFTER
    if said[-1].says == "yes" or case.kind == CaseKind.QUIET or not is_early:
        _end(case, said)
        return
    case.refused_at = clock.now()
    _out_of_hand(case)


def _settle_appeal(case: ProofCase, half: CaseHalf) -> None:
    """What counts again counts at once. A no waits for its day, and so does a yes to a document, which may only be sent again."""
    is_early = clock.now() < (case.appealed_at or case.created_at) + ANSWERED_AFTER
    if not is_early or (half.says == "yes" and case.kind != CaseKind.DOCUMENT):
        _end_appeal(case, half)
        return
    case.appeal_said_at = clock.now()
    _out_of_hand(case)


def _out_of_hand(case: ProofCase) -> None:
    """Whoever has the case in hand need not say anything any more."""
    db.session.execute(delete(CaseHalf).where(CaseHalf.case_id == case.id, CaseHalf.says.is_(None)))


def answer_refused() -> int:
    """Tell those of whom the desk said no, or whose appeal it has decided, as soon as that is old enough; gives how many. For the
    hour's job."""
    with scope.use(scope.NOBODY):
        due = db.session.execute(text("SELECT * FROM refusals_due(:before)"), {"before": clock.now() - ANSWERED_AFTER})
        people = due.all()
        finish_reading()
    told = 0
    for case_id, person_id in people:
        with scope.use(scope.Viewer(person_id)), atomic():
            told += _answer(case_id)
    return told


def _answer(case_id: uuid.UUID) -> bool:
    """False where the person was quicker: it is withdrawn, or is looked at anew. Through the person's eyes."""
    case = db.session.get_one(ProofCase, case_id)
    try:
        case = locked(case)
    except NotYours:  # they have moved or left
        return False
    if case.appeal == Appeal.OPEN:
        _end_appeal(case, [half for half in halves_of(case) if half.says and half.part == "appeal"][-1])
        return True
    if case.state not in UNDECIDED or case.refused_at is None:
        return False
    part = part_of(case)
    _end(case, [half for half in halves_of(case) if half.says == "no" and half.part == part])
    db.session.flush()
    return True


def _end(case: ProofCase, said: list[CaseHalf]) -> None:
    """Two agree, or the last word is said, and the person hears it. Of a quiet case nothing follows today, and nobody is told
    (``crowds``)."""
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
