"""What happens to offers by itself: they end, authors are asked before, loans are reminded of, and whoever was not told is.

Each of these is one function of the database that finds what is due and marks it in the same step; the rows of the ledger are
written in the same transaction. However often this runs, and wherever a worker dies, everybody hears everything once.
"""

from __future__ import annotations

from sqlalchemy import text

from neighbour.core import clock, i18n, scope
from neighbour.core.db import atomic, db
from neighbour.offers import notices, queue

_CLOSE = text("SELECT close_offers(:at)")
_ASK = text("SELECT offer_id, person_id, expires_at FROM ask_authors(:at)")
_LOANS = text("SELECT ask_id, person_id, author_id, stage, due_on FROM remind_loans(:here)")


def tend(time_zone: str) -> int:
    """Do all that is due; gives how many mails it promised. Commits."""
    with scope.use(scope.NOBODY):
        with atomic():
            db.session.execute(_CLOSE, {"at": clock.now()})
        with atomic():
            sent = queue.tell()
        with atomic():
            sent += _ask_authors()
        with atomic():
            sent += _remind(time_zone)
    return sent


def _ask_authors() -> int:
    rows = db.session.execute(_ASK, {"at": clock.now()}).all()
    return sum(
        notices.StillThere.send(
            row.person_id,
            subject_key=str(row.offer_id),
            period=row.expires_at.date().isoformat(),
            payload={"offer": str(row.offer_id)},
        )
        for row in rows
    )


def _remind(time_zone: str) -> int:
    i18n.speak(i18n.language(), time_zone)
    here = i18n.local(clock.now()).replace(tzinfo=None)
    sent = 0
    for row in db.session.execute(_LOANS, {"here": here}).all():
        for person_id in (row.person_id, row.author_id):
            key = f"{row.ask_id} {row.stage}"
            said = {"ask": str(row.ask_id), "stage": row.stage}
            sent += notices.BringBack.send(person_id, subject_key=key, period=row.due_on.isoformat(), payload=said)
    return sent
