"""Who comes: yes with up to four more, no, the line where there is no place, and places that are offered for a time.

What somebody becomes is decided by ``answer_event`` in the database (migrations 0035, 0100 and 0120), under the lock of the date:
however many ask at once, no place is given twice. An offer is told by a row of the ledger written in the same transaction; a
worker that dies in between leaves both or none.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from neighbour.contributions.cards import authors
from neighbour.contributions.models import Audience
from neighbour.contributions.readers import Reader
from neighbour.core import clock, scope
from neighbour.core.columns import new_id
from neighbour.core.db import atomic, db
from neighbour.events.models import Answer, Event, EventForGuests, Occurrence, Participation
from neighbour.events.notices import PlaceFree, TooMany

MOST_COMPANIONS = 4
TOLD_BEFORE = timedelta(hours=24)  # from when on guests read what only they read
FULL, OVER, TOO_MANY = "full", "over", "too_many"
_TO_TELL = text("SELECT occurrence_id, person_id, offered_until FROM offers_to_tell(:at)")
_TAKEN_BACK = text("SELECT occurrence_id, person_id FROM fewer_places(:event)")
_GUESTS = text("SELECT person_id, companions, state FROM guests_of(:wanted)")
#: guests see of each other what a city may see of somebody, whatever they live beside
_FROM_AFAR = Reader((0,), ())


@dataclass(frozen=True)
class Guest:
    """Somebody on the list of a date."""

    name: str
    companions: int
    state: Answer


def answer(occurrence_id: uuid.UUID, *, is_coming: bool, companions: int = 0) -> str | None:
    """The viewer's answer to a date; gives what they are now (``Answer``), ``FULL`` where a place is kept but no more are free,
    ``TOO_MANY`` where there are not so many places at all, ``OVER`` for what is over or called off, None where there is no such
    date for these eyes. Inside atomic()."""
    more = min(max(companions, 0), MOST_COMPANIONS)
    said: str | None = db.session.scalar(select(func.answer_event(occurrence_id, is_coming, more, clock.now())))
    tell_offers()
    return said


def goes_to_others(state: str, waiting: int) -> bool:
    """Whether a no of somebody who is this now to a date gives away what a yes after it does not bring back: the place that is
    theirs or kept for them, or the one in line. ``waiting``: how many wait, they themselves among them."""
    others = waiting - (state == Answer.WAITING)
    return state in (Answer.COMING, Answer.WAITING, Answer.OFFERED) and others > 0


def tell_offers() -> int:
    """Promise a mail for each offer that has none yet; gives how many. Inside atomic()."""
    rows = db.session.execute(_TO_TELL, {"at": clock.now()}).all()
    for row in rows:
        PlaceFree.send(
            row.person_id,
            subject_key=str(row.occurrence_id),
            period=str(new_id()),  # each offer is given once here, and may end when one before it would have
            payload={"date": str(row.occurrence_id)},
        )
    return len(rows)


def expire() -> int:
    """Places that were offered and not taken in time go to the next in line; gives at how many dates. Commits."""
    with scope.use(scope.NOBODY), atomic():
        count = db.session.scalar(select(func.expire_offers(clock.now()))) or 0
        tell_offers()
    return int(count)


def other_places(event: Event, before: int | None) -> None:
    """After an event that had so many places ``before`` was given more, or fewer: what is free is offered to who waits, and where
    there are fewer, offers that are covered no more are taken back, and parties that do not fit any more are passed over; both
    hear of it. Inside atomic(), through the eyes of whoever invites."""
    is_fewer = event.capacity is not None and (before is None or event.capacity < before)
    held = {(row.person_id, row.occurrence_id) for row in db.session.execute(_TAKEN_BACK, {"event": event.id}).all()}
    db.session.execute(select(func.more_places(event.id, clock.now())))
    tell_offers()
    if not is_fewer:
        return
    this_change = str(new_id())  # told of once each time, though there have been so few before
    for person_id, date_id in sorted(held | _outgrown(event)):
        told = {"date": str(date_id), "was_kept": (person_id, date_id) in held}
        TooMany.send(person_id, subject_key=str(date_id), period=this_change, payload=told)


def _outgrown(event: Event) -> set[tuple[int, uuid.UUID]]:
    """Who waits for a date to come with more than it has places by now."""
    outgrown = (
        select(Participation.person_id, Participation.occurrence_id)
        .join(Occurrence, Occurrence.id == Participation.occurrence_id)
        .where(Occurrence.event_id == event.id, Occurrence.ends_at >= clock.now(), ~Occurrence.is_cancelled)
        .where(Participation.state.in_((Answer.WAITING, Answer.OFFERED)))
        .where(1 + Participation.companions > event.capacity)
    )
    return {(row.person_id, row.occurrence_id) for row in db.session.execute(outgrown)}


def let_go(event: Event, since: datetime) -> None:
    """After an event was given another reach: answers end of who cannot read it any more, and their places go to the next in
    line. They are told, and of nothing that was written at ``since`` or after it. Inside atomic()."""
    db.session.execute(select(func.leave_narrowed(event.id, since)))
    tell_offers()


def mine(occurrence_ids: Iterable[uuid.UUID], person_id: int | None) -> dict[uuid.UUID, Participation]:
    """A person's answers to these dates."""
    own = Participation.occurrence_id.in_(list(occurrence_ids)), Participation.person_id == person_id
    found = db.session.scalars(select(Participation).where(*own).execution_options(populate_existing=True))
    return {row.occurrence_id: row for row in found}


def place_in_line(date_id: uuid.UUID, own: Participation) -> int:
    """The how-manieth somebody is who waits."""
    return db.session.scalar(select(func.place_in_line(date_id, own.asked_at))) or 1


def guests(date_id: uuid.UUID, reader: Reader | None = None) -> list[Guest]:
    """Who comes to a date, and for whoever invites (their ``reader``) who waits; empty for everybody else."""
    rows = db.session.execute(_GUESTS, {"wanted": date_id}).all()
    people = authors([row.person_id for row in rows], reader or _FROM_AFAR, Audience.CITY)
    return [
        Guest(people[row.person_id].shown, row.companions, Answer(row.state)) for row in rows if row.person_id in people
    ]


def occurrence(date_id: uuid.UUID) -> Occurrence | None:
    """A date, if it exists for the viewer of this session."""
    wanted = select(Occurrence).where(Occurrence.id == date_id)
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def for_guests(event_id: uuid.UUID) -> str:
    """What only those read who come; empty for everybody else."""
    return db.session.scalar(select(EventForGuests.text).where(EventForGuests.event_id == event_id)) or ""
