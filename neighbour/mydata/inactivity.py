"""Accounts nobody has used for two years: asked twice whether they stay, then let go.

Being here is signing in or using a session, and pressing the button in one of the two mails: whoever only reads the digest
never signs in. A day of presence begins everything anew (the trigger ``was_here`` of migration 0024).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from neighbour.accounts.models import Person
from neighbour.core import clock, scope, tokens
from neighbour.core.db import atomic, db
from neighbour.mydata import erasing, notices
from neighbour.mydata.models import Activity, ErasureReason

AFTER = timedelta(days=730)
FIRST, SECOND = timedelta(days=60), timedelta(days=14)  # before the end
BETWEEN = timedelta(days=30)  # the two mails, at least
STAY_FOR = 90 * 86_400  # seconds the link in the mails is good
PURPOSE = tokens.kind("stay", "keeps an account that nobody uses")

_QUIET = text("SELECT person_id, seen_on, reminders, reminded_at FROM quiet_people(:before)")


def look_after(before: datetime) -> int:
    """Remind whose end comes near, let go whom two reminders did not bring back; gives how many were let go. Commits.

    before: the day since which nobody came who is let go now. Each mail has its time: whoever was reminded late, because
    the instance was down, has still 13 days after the second one.
    """
    rows = db.session.execute(_QUIET, {"before": (before + FIRST).date()}).all()
    gone = 0
    for row in rows:
        last = before.date() - row.seen_on
        rest = clock.now() - row.reminded_at if row.reminded_at else None
        if rest is None or (row.reminders == 1 and last >= -SECOND and rest >= BETWEEN):
            _remind(row.person_id, row.seen_on, row.reminders + 1)
        elif row.reminders >= 2 and last > timedelta() and rest >= SECOND - timedelta(days=1):
            erasing.begin(row.person_id, keeps_texts=True, reason=ErasureReason.INACTIVE, grace=timedelta())
            gone += 1
    return gone


def _remind(person_id: int, seen_on: object, number: int) -> None:
    values = {"reminders": number, "reminded_at": clock.now()}
    with scope.use(scope.Viewer(person_id)), atomic():
        row = insert(Activity).values(person_id=person_id, seen_on=seen_on, **values)
        db.session.execute(row.on_conflict_do_update(index_elements=[Activity.person_id], set_=values))
        notices.StillThere.send(person_id, subject_key=f"{seen_on} {number}")


def token_for(public_id: str) -> str:
    """What the link in the mails carries."""
    return tokens.sign(PURPOSE, public_id)


def stay(token: str) -> bool:
    """Whoever has the link stays; False when nobody has this account any more. Raises BadToken. Commits."""
    public_id = tokens.read(PURPOSE, token, STAY_FOR)
    mine = select(Person.id).where(Person.public_id == public_id, Person.status != "erased")
    person_id = db.session.scalar(mine)
    if person_id is None:
        return False
    today = {"seen_on": clock.now().date(), "reminders": 0, "reminded_at": None}
    with scope.use(scope.Viewer(person_id)), atomic():
        row = insert(Activity).values(person_id=person_id, **today)
        db.session.execute(row.on_conflict_do_update(index_elements=[Activity.person_id], set_=today))
    return True
