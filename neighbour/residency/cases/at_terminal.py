"""Cases that nobody at a desk may bring to an end, and whoever holds the server does: at a terminal, with a reason, written down.

That is so where everybody who operates lives with the person or has had a part in the case, and the team is too small. The home
and the pages are not opened there: whoever decides lives with the person, or has them show the paper. Of what lies with
operators alone nothing is listed where no operator may look: that somebody protected lives with them is nothing to tell
them, and a second operator of another household finds it on their desk (``core/advice``).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import column, func, select

from neighbour.accounts.models import Person
from neighbour.core import audit, clock, scope
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.residency.cases.concluding import last_word, locked
from neighbour.residency.cases.deciding import YES
from neighbour.residency.cases.models import CaseHalf, ProofCase
from neighbour.residency.cases.queues import NotYours


@dataclass(frozen=True)
class Stuck:
    """A case that nobody may decide: which part of it is to be said (``queues.part_of``), and since when it waits."""

    case_id: uuid.UUID
    person_id: int
    part: str
    since: datetime
    email: str


def stuck() -> list[Stuck]:
    """All of them, oldest first. On the owner's connection."""
    names = "case_id", "person_id", "part", "since"
    found = func.cases_of_nobody().table_valued(*(column(name) for name in names), name="stuck")
    query = select(*(found.c[name] for name in names), Person.email).join(Person, Person.id == found.c.person_id)
    rows = db.session.execute(query.order_by(found.c.since, found.c.case_id))
    return [Stuck(row.case_id, row.person_id, row.part, row.since, row.email) for row in rows]


def decide(case_id: uuid.UUID, verdict: str, note: str) -> Stuck:
    """Say the last word on such a case: ``deciding.YES``, or one of ``deciding.REASONS`` for no; ``note`` is for the person. On
    the owner's connection; commits. Raises NotYours where somebody else may decide, or it is decided."""
    row = next((each for each in stuck() if each.case_id == case_id), None)
    if row is None:
        raise NotYours(str(case_id))
    now, says = clock.now(), "yes" if verdict == YES else "no"
    with scope.use(scope.Viewer(row.person_id)), atomic():
        case = locked(db.session.get_one(ProofCase, case_id))
        half = CaseHalf(case_id=case_id, part=row.part, says=says, reason=verdict, note=note, until=now, said_at=now)
        db.session.add(half)
        db.session.flush()
        about = f"{case.kind} {row.part} terminal {verdict}"
        audit.note(Event.PROOF_LOOKED_AT, subject=row.person_id, about=about, result=says)
        last_word(case, [half])
        db.session.flush()
    return row
