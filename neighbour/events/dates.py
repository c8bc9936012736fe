"""The dates of an event as rows: made when its rule changes, and kept a year ahead by a job of every night.

What is over stays as it was: whatever is changed later is said of dates to come.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import delete, exists, or_, select, text, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from neighbour.core import clock, scope
from neighbour.core.columns import new_id
from neighbour.core.db import atomic, db, finish_reading
from neighbour.events import pairing
from neighbour.events.models import Event, EventException, Occurrence, Participation
from neighbour.events.recurrence import FAR, LONGEST, WINDOW, Change, Dated, Series, expand, slots_ahead

AHEAD = timedelta(days=365)  # dates are made anew once they reach less far
LONG = timedelta(days=1)
LOOK_BACK = timedelta(days=62)  # a week or a month that has begun, and a date that lasts into it
_RUNNING_OUT = text("SELECT event_id, author_id FROM events_running_out(:before)")


def exceptions_of(event_id: uuid.UUID) -> dict[date, EventException]:
    """What is different on single dates of an event, by day as the rule gives it."""
    mine = select(EventException).where(EventException.event_id == event_id)
    return {row.slot_on: row for row in db.session.scalars(mine.execution_options(populate_existing=True))}


def series_of(event: Event, exceptions: Mapping[date, EventException]) -> Series:
    """When an event is, for ``recurrence``."""
    return Series(
        event.begins,
        event.ends,
        event.zone,
        event.rule,
        event.until_on,
        tuple(event.more_on),
        {slot: change_of(row) for slot, row in exceptions.items()},
    )


def change_of(row: EventException) -> Change:
    """What is different on a date, for ``recurrence``."""
    return Change(row.is_cancelled, row.begins, row.ends)


def changes_of(event_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[date, Change]]:
    """The same of many events; those of which every date is as planned are missing."""
    found: dict[uuid.UUID, dict[date, Change]] = {}
    for row in db.session.scalars(select(EventException).where(EventException.event_id.in_(event_ids))):
        found.setdefault(row.event_id, {})[row.slot_on] = change_of(row)
    return found


def make(event: Event) -> list[Dated]:
    """Make the rows of an event's dates to come what its rule and its exceptions say; gives these dates. Inside atomic()."""
    today, now = clock.today(event.zone), clock.now()
    series = series_of(event, exceptions_of(event.id))
    first = today - timedelta(days=series.length.days + 1)
    wanted = [each for each in expand(series, first, first + FAR) if is_to_come(each.begins_at, each.ends_at, now)]
    ahead = Occurrence.event_id == event.id, or_(Occurrence.ends_at >= now, Occurrence.begins_at >= now)
    left_over = *ahead, Occurrence.slot_on.not_in([each.slot for each in wanted])
    answered = exists().where(Participation.occurrence_id == Occurrence.id)
    db.session.execute(delete(Occurrence).where(*left_over, ~answered))
    db.session.execute(update(Occurrence).where(*left_over).values(is_cancelled=True))  # guests have to hear of it
    if wanted:
        _write(event, wanted)
    event.dated_until = first + WINDOW
    db.session.flush()
    return wanted


def move(event_id: uuid.UUID, old: date, new: date) -> None:
    """The only date of an event, if it is not over, goes to another day, and whoever has answered it goes along. Inside
    atomic()."""
    mine = Occurrence.event_id == event_id
    is_to_come = or_(Occurrence.ends_at >= clock.now(), Occurrence.begins_at >= clock.now())
    is_taken = exists().where(mine, Occurrence.slot_on == new)
    if not db.session.scalar(select(is_taken)):
        there = update(Occurrence).where(mine, Occurrence.slot_on == old, is_to_come)
        db.session.execute(there.values(slot_on=new))
        theirs = EventException.event_id == event_id, EventException.slot_on == old
        db.session.execute(delete(EventException).where(*theirs))


def go_along(event: Event, was: Series) -> None:
    """An event that was ``was`` has gone to other days, a series from Tuesdays to Wednesdays: its dates go there (``pairing``),
    and with each whoever has answered it. Where it still has one of its days it has not gone, but begins or ends elsewhere.
    Inside atomic()."""
    now, today = series_of(event, {}), clock.today(event.zone)
    old, new = (set(slots_ahead(each, today - LOOK_BACK)) for each in (was, now))
    if was.begins.date() == now.begins.date() or any(day >= today for day in old & new):
        return
    ahead = Occurrence.event_id == event.id, or_(Occurrence.ends_at >= clock.now(), Occurrence.begins_at >= clock.now())
    to_come = set(db.session.scalars(select(Occurrence.slot_on).where(*ahead))) & old
    if not to_come:
        return
    goes = pairing.pairs(was, now, old, new, min(to_come))
    for table in (Occurrence, EventException):
        mine = table.event_id == event.id
        taken = set(db.session.scalars(select(table.slot_on).where(mine)))
        far: dict[timedelta, list[date]] = {}
        for day in to_come & goes.keys():
            if goes[day] >= today and goes[day] not in taken:
                far.setdefault(goes[day] - day, []).append(day)
        for by, days in far.items():
            there = update(table).where(mine, table.slot_on.in_(days))
            db.session.execute(there.values(slot_on=table.slot_on + by.days))


def is_as_planned(event: Event) -> None:
    """Of what happens once its plan says when and where: nothing else is said of its only date, but that it may be off. Inside
    atomic()."""
    mine = EventException.event_id == event.id, EventException.slot_on == event.begins.date()
    for row in db.session.scalars(select(EventException).where(*mine)):
        if row.is_cancelled:
            row.begins = row.ends = row.place = None
        else:
            db.session.delete(row)
    db.session.flush()


def _write(event: Event, wanted: Sequence[Dated]) -> None:
    rows = [
        {
            "id": new_id(),
            "event_id": event.id,
            "slot_on": each.slot,
            "begins_at": each.begins_at,
            "ends_at": each.ends_at,
            "is_long": each.ends_at - each.begins_at > LONG,
            "is_cancelled": each.is_cancelled or event.cancelled_at is not None,
        }
        for each in wanted
    ]
    row = insert(Occurrence)
    new = {name: row.excluded[name] for name in ("begins_at", "ends_at", "is_long", "is_cancelled")}
    # Row by row in one go: values written into the statement itself would have it made anew for each number of dates.
    db.session.execute(row.on_conflict_do_update(constraint="uq_occurrence_event_slot", set_=new), rows)


def is_to_come(begins_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Whether a date is not over yet."""
    return max(begins_at, ends_at) >= now


def coming(event_id: uuid.UUID, most: int, since: Occurrence | None = None) -> list[Occurrence]:
    """The next dates of an event that are not over, those called off among them; ``since``: from this one of them on."""
    now, order = clock.now(), (Occurrence.begins_at, Occurrence.id)
    mine = Occurrence.event_id == event_id, or_(Occurrence.ends_at >= now, Occurrence.begins_at >= now)
    wanted = select(Occurrence).where(*mine)
    if since is not None:
        wanted = wanted.where(tuple_(*order) >= tuple_(since.begins_at, since.id))
    return list(db.session.scalars(wanted.order_by(*order).limit(most)))


def of_slot(event_id: uuid.UUID, slot: date) -> Occurrence | None:
    """The date of an event that this day names, over or to come; None where there is none."""
    mine = Occurrence.event_id == event_id, Occurrence.slot_on == slot
    return db.session.scalar(select(Occurrence).where(*mine))


def next_days(event_ids: Iterable[uuid.UUID], since: datetime) -> dict[uuid.UUID, Occurrence]:
    """For each event the first date that was not over at ``since`` and takes place; where there is none, it is missing."""
    table = Event.__table__
    first = (
        select(Occurrence)
        .where(Occurrence.event_id == table.c.id, Occurrence.ends_at >= since, ~Occurrence.is_cancelled)
        .where(Occurrence.begins_at >= since - LONGEST)  # so that the years before are not looked through
        .order_by(Occurrence.begins_at)
        .limit(1)
        .correlate(table)
        .lateral()
    )
    found = select(aliased(Occurrence, first)).select_from(table).join(first, true())
    return {row.event_id: row for row in db.session.scalars(found.where(table.c.id.in_(list(event_ids))))}


def keep_ahead() -> int:
    """Make further dates of series whose dates reach less than a year ahead; gives how many series. Commits after each: a
    worker that dies is followed by one that goes on where it stopped."""
    with scope.use(scope.NOBODY):
        waiting = db.session.execute(_RUNNING_OUT, {"before": clock.now().date() + AHEAD}).all()
        finish_reading()
    for event_id, author_id in waiting:
        with scope.use(scope.Viewer(author_id)), atomic():
            event = db.session.get(Event, event_id, with_for_update=True)
            if event is not None:
                make(event)
    return len(waiting)
