"""Who has to hear of a change, and of what is tomorrow: rows of the ledger, written with their cause.

A change is told once to everybody who has answered a date it touches: the ledger's key is the event and how often it has
changed (``sequence``). Who was told is not asked twice, however often the form is sent.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.events.models import Answer, Event, Occurrence, Participation
from neighbour.events.notices import Changed, Tomorrow

REMINDED_AT = 18  # o'clock, on the evening before
_TOUCHED = (Answer.COMING, Answer.WAITING, Answer.OFFERED)
_BETWEEN = text("SELECT occurrence_id, person_id FROM guests_between(:since, :until)")


def of_change(event: Event, slots: Collection[date] | None = None, *, is_on_again: bool = False) -> int:
    """Promise a mail to everybody who has answered one of these dates (None: any to come), about the first one they answered;
    gives how many. is_on_again: they take place after all. Through the eyes of whoever invites, inside atomic(), after the
    change was counted."""
    wanted = (
        select(Participation.person_id, Participation.occurrence_id)
        .join(Occurrence, Occurrence.id == Participation.occurrence_id)
        .where(Occurrence.event_id == event.id, Participation.state.in_(_TOUCHED), Occurrence.ends_at >= clock.now())
        .where(Participation.person_id != event.author_id)
        .order_by(Occurrence.begins_at.desc())
    )
    if slots is not None:
        wanted = wanted.where(Occurrence.slot_on.in_(list(slots)))
    firsts = {row.person_id: row.occurrence_id for row in db.session.execute(wanted)}  # the soonest comes last
    for person_id, date_id in firsts.items():
        payload = {"date": str(date_id), **({"on_again": True} if is_on_again else {})}
        Changed.send(person_id, subject_key=str(event.id), period=str(event.sequence), payload=payload)
    return len(firsts)


def of_tomorrow(zone: str) -> int:
    """From six in the evening on: promise a reminder to everybody who comes to something tomorrow; gives how many are new.
    Commits. Asked for again it promises only to who has said so since."""
    now = clock.now().astimezone(ZoneInfo(zone))
    if now.hour < REMINDED_AT:
        return 0
    first = datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=ZoneInfo(zone))
    with scope.use(scope.NOBODY), atomic():
        rows = db.session.execute(_BETWEEN, {"since": first, "until": first + timedelta(days=1)}).all()
        sent = [
            Tomorrow.send(row.person_id, subject_key=str(row.occurrence_id), payload={"date": str(row.occurrence_id)})
            for row in rows
        ]
    return sum(sent)
