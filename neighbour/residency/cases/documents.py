"""A paper as proof: from the upload to its end.

What is uploaded becomes plain pictures at once (``pictures``); the file itself is never written anywhere. The pictures lie
sealed under a key of their own, made from the key of the settings and a salt in ``case_key``. When the case ends – accepted,
a no told (``concluding``), withdrawn, erased, or after 14 days in any case – pages and salt are deleted. Backups leave
``case_key`` out (``core.backups``), so no backup, old or new, opens a page: a case that came back with a backup has
no key and is closed.

A person who moves leaves their case behind: the database itself ends it with the membership, so that no way of moving can
forget to. Whoever lets their account go is on no desk any more; their case goes with them, or is there when they come back.

At most three uploads in 30 days; withdrawn ones count, so that nobody tries papers out.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, text

from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.crypto import new_salt, open_under, seal_under
from neighbour.core.db import atomic, db
from neighbour.policy import Level
from neighbour.residency import grading
from neighbour.residency.cases.models import (
    UNDECIDED,
    Appeal,
    CaseHalf,
    CaseKey,
    CaseKind,
    CasePage,
    CaseState,
    ProofCase,
)
from neighbour.residency.cases.notices import DocumentForgotten
from neighbour.residency.proofs.document import DOCUMENT

KEPT_FOR = timedelta(days=14)
PER_ACCOUNT, WITHIN = 3, timedelta(days=30)
PAPERS = ("registration", "bill", "lease", "official")


class NoUpload(Exception):
    """No document may be handed in now: ``why`` is ``proven``, ``open`` or ``too many``, then ``again_at`` says from when."""

    def __init__(self, why: str, again_at: datetime | None = None):
        super().__init__(why)
        self.why, self.again_at = why, again_at


@dataclass(frozen=True)
class Standing:
    """What to tell a person about their document: the newest case, and whether one may be handed in now."""

    case: ProofCase | None
    why_not: str = ""
    again_at: datetime | None = None


def standing(person_id: int) -> Standing:
    """Through the person's own eyes."""
    mine = ProofCase.person_id == person_id, ProofCase.kind == CaseKind.DOCUMENT
    newest = db.session.scalar(select(ProofCase).where(*mine).order_by(ProofCase.created_at.desc()).limit(1))
    try:
        demand_allowed(person_id)
    except NoUpload as no:
        return Standing(newest, no.why, no.again_at)
    return Standing(newest)


def demand_allowed(person_id: int) -> None:
    """Raises NoUpload where a document may not be handed in. A granted appeal gives one more try."""
    membership = grading.current_membership(person_id)
    if membership is None or Level(membership.level) is Level.VERIFIED:
        raise NoUpload("proven")
    mine = ProofCase.person_id == person_id, ProofCase.kind == CaseKind.DOCUMENT
    rows = db.session.execute(
        select(ProofCase.created_at, ProofCase.state, ProofCase.appeal, ProofCase.appeal_decided_at)
        .where(*mine, ProofCase.created_at > clock.now() - WITHIN)
        .order_by(ProofCase.created_at)
    ).all()
    if any(row.state in UNDECIDED for row in rows):
        raise NoUpload("open")
    granted = [row.appeal_decided_at for row in rows if row.appeal == Appeal.GRANTED]
    has_one_more = bool(granted) and not any(row.created_at > max(granted) for row in rows)
    if len(rows) >= PER_ACCOUNT and not has_one_more:
        raise NoUpload("too many", rows[-PER_ACCOUNT].created_at + WITHIN)


def hand_in(person_id: int, paper: str, pages: list[bytes]) -> ProofCase:
    """Keep the pages (JPEGs made by ``pictures``) sealed and open a case. Raises NoUpload. Two clicks make one case."""
    with atomic():
        membership = grading.current_membership(person_id, lock=True)
        demand_allowed(person_id)
        assert membership is not None
        case = ProofCase(
            person_id=person_id,
            membership_id=membership.id,
            quarter_id=membership.quarter_id,
            kind=CaseKind.DOCUMENT,
            method=DOCUMENT.key,
            household_hash=membership.household_hash,
            paper=paper if paper in PAPERS else "",
            page_count=len(pages),
        )
        db.session.add(case)
        db.session.flush()
        salt = new_salt()
        db.session.execute(insert(CaseKey), [{"case_id": case.id, "salt": salt}])
        rows = [
            {"case_id": case.id, "number": number, "sealed": seal_under(salt, page, _belongs_to(case.id, number))}
            for number, page in enumerate(pages, 1)
        ]
        db.session.execute(insert(CasePage), rows)
        audit.note(Event.PROOF_ASKED, actor=person_id, subject=person_id, about=DOCUMENT.key)
        return case


def page(case_id: uuid.UUID, number: int) -> bytes | None:
    """One page as a JPEG; None where these eyes may not see it: it is neither one's own nor of a case one has in hand."""
    row = db.session.execute(
        select(CaseKey.salt, CasePage.sealed)
        .join(CasePage, CasePage.case_id == CaseKey.case_id)
        .where(CaseKey.case_id == case_id, CasePage.number == number)
    ).first()
    return open_under(bytes(row.salt), bytes(row.sealed), _belongs_to(case_id, number)) if row else None


def withdraw(person_id: int) -> bool:
    """Take one's document back; False if there is none to be decided."""
    with atomic():
        grading.current_membership(person_id, lock=True)  # before the case, as whoever moves or decides: no deadlock
        case = db.session.scalar(
            select(ProofCase)
            .where(
                ProofCase.person_id == person_id,
                ProofCase.kind == CaseKind.DOCUMENT,
                ProofCase.state.in_(UNDECIDED),
            )
            .with_for_update()
        )
        if case is not None:
            close(case, CaseState.WITHDRAWN)
        return case is not None


def close(case: ProofCase, state: CaseState) -> None:
    """End a case: its pages and what their key is made from are gone, and nobody has it in hand any more. Through its
    person's eyes, inside atomic()."""
    case.state, case.decided_at = state, clock.now()
    db.session.flush()
    for part in (CasePage, CaseKey):
        db.session.execute(delete(part).where(part.case_id == case.id))
    db.session.execute(delete(CaseHalf).where(CaseHalf.case_id == case.id, CaseHalf.says.is_(None)))


def forget_overdue(before: datetime) -> int:
    """Close documents handed in before and not decided, or whose key is gone, and tell their people; gives how many."""
    found = text("SELECT case_id, person_id FROM overdue_documents(:before)")
    with scope.use(scope.NOBODY):
        overdue = db.session.execute(found, {"before": before}).all()
    for case_id, person_id in overdue:
        with scope.use(scope.Viewer(person_id)), atomic():
            grading.current_membership(person_id, lock=True)  # before the case, likewise
            case = db.session.scalar(select(ProofCase).where(ProofCase.id == case_id).with_for_update())
            if case is not None and case.state in UNDECIDED:
                close(case, CaseState.EXPIRED)
                DocumentForgotten.send(person_id, subject_key=str(case.id))
    return len(overdue)


def _belongs_to(case_id: uuid.UUID, number: int) -> bytes:
    return f"case {case_id} page {number}".encode()
