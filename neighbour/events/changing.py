"""Changing what was announced: one date, this one and all that follow, or all; calling off, and calling back on.

Whatever changes a time, a place or whether something takes place counts ``sequence`` up and says what it was before.
Every function runs in the ``atomic()`` of its caller.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select, update

from neighbour.contributions import keeping, photos
from neighbour.contributions import service as base
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events import answers, dates, halves, service, telling
from neighbour.events.models import Event, EventException, Occurrence
from neighbour.events.moving import Moved, groups, moved
from neighbour.events.recurrence import FAR, Dated, Series, expand, on, slots_ahead
from neighbour.events.service import BadPlan, Plan, hold
from neighbour.events.telling import Stood

WHY_LENGTH = 200
_DAY = timedelta(days=1)


class NoSuchDate(LookupError):
    """The event has no date to come on that day."""


def date_of(event: Event, slot: date) -> Dated:
    """The date of this day as the rule gives it, if it is still to come; raises NoSuchDate."""
    found = on(dates.series_of(event, dates.exceptions_of(event.id)), slot)
    if found is None or not dates.is_to_come(found.begins_at, found.ends_at, clock.now()):
        raise NoSuchDate(slot)
    return found


def change_one(event: Event, slot: date, begins: datetime, ends: datetime, place: str) -> None:
    """Move one date or give it another place; all others stay. What happens once is moved as a whole: its plan is all that
    there is to say of it. Raises NoSuchDate, and BadPlan for a time that is over."""
    hold(event)
    stood = telling.as_it_stands(event)
    dated = date_of(event, slot)
    _judge(event, begins, ends, is_kept=(begins, ends) == (dated.begins, dated.ends))
    usual = on(dates.series_of(event, {}), slot)
    assert usual is not None  # date_of has found it
    has_moved, has_place = (begins, ends) != (usual.begins, usual.ends), place != event.place
    _forget(event, [slot])
    if _is_once(event) and (has_moved or has_place):
        service.carry_out(event, _plan_once(event, begins, ends, place))
        return
    if has_moved or has_place:
        other = EventException(event_id=event.id, slot_on=slot, changed_at=clock.now())
        other.begins, other.ends = (begins, ends) if has_moved else (None, None)
        other.place = place if has_place else None
        db.session.add(other)
    _changed(event, slot, stood)


def call_off(event: Event, slot: date | None, why: str = "") -> None:
    """Call one date off, or (None) the whole event, and say why in one line of up to WHY_LENGTH characters. Again is the same.
    Raises NoSuchDate."""
    hold(event)
    stood = telling.as_it_stands(event)
    if slot is None:
        if event.cancelled_at is None:
            event.cancelled_at, event.cancelled_why, event.is_on_again = clock.now(), why, False
            _changed(event, None, stood)
        return
    date_of(event, slot)
    row = db.session.get(EventException, (event.id, slot), populate_existing=True)
    if row is None:
        row = EventException(event_id=event.id, slot_on=slot)
        db.session.add(row)
    elif row.is_cancelled:
        return
    row.is_cancelled, row.cancelled_why, row.is_on_again, row.changed_at = True, why, False, clock.now()
    _changed(event, slot, stood)


def call_on(event: Event, slot: date | None) -> None:
    """It takes place after all, and why it should not is forgotten. Raises NoSuchDate."""
    hold(event)
    stood = telling.as_it_stands(event)
    if slot is None:
        if event.cancelled_at is not None:
            if clock.now() - event.cancelled_at > base.UNDO:  # who has read of it in the meantime has to know
                event.changed_at, event.is_on_again = clock.now(), True
            event.cancelled_at, event.cancelled_why = None, ""
            _changed(event, None, stood)
        return
    date_of(event, slot)
    row = db.session.get(EventException, (event.id, slot), populate_existing=True)
    if row is not None and row.is_cancelled:
        was_read = clock.now() - row.changed_at > base.UNDO
        if row.begins is None and row.place is None and not was_read:
            db.session.delete(row)
        else:
            row.is_cancelled, row.cancelled_why, row.is_on_again = False, "", was_read
            row.changed_at = clock.now()
        _changed(event, slot, stood)


def change_following(event: Event, slot: date, begins: datetime, ends: datetime, place: str) -> Event:
    """Change a date and all that follow: the series ends before it, and another one, with the same words, photos and whoever has
    saved it, begins there. Gives the one that holds the date now. Raises NoSuchDate and BadPlan."""
    base.one_at_a_time(event.author_id)  # it publishes
    hold(event)
    dated = date_of(event, slot)
    is_kept = (begins, ends) == (dated.begins, dated.ends)
    _judge(event, begins, ends, is_kept=is_kept)
    shift = moved(dates.series_of(event, {}), slot, begins.date())
    plan = _plan(event, shift, begins, ends, place)
    service.judge(plan, is_kept=is_kept)
    _judge_days(event, slot, plan)
    if slot == event.begins.date():
        service.carry_out(event, plan)
        return event
    following = base.publish(
        Event,
        author_id=event.author_id,
        quarter_id=event.quarter_id,
        category=event.category,
        title=event.title,
        body_md=event.body_md,
        audience=event.audience,
        form_key=uuid.uuid5(event.id, f"from {slot} {begins} {ends} {place}"),
        is_office=event.is_office,
        initiative_id=event.initiative_id,
        **service.columns(plan),
    )
    if following.dated_until is None:  # sent twice it is there already
        _cut(event, following, slot, shift)
    return following


def _cut(event: Event, following: Event, slot: date, shift: Moved) -> None:
    """Let a series end before ``slot`` and the other one hold its dates from then on, with all that hangs on them."""
    if following.begins.time() != event.begins.time():
        following.was_begins = datetime.combine(slot, event.begins.time())
    following.was_place = event.place if following.place != event.place else None
    following.changed_at, following.places_before = clock.now(), list(event.places_before)
    following.goes_on_at, following.goes_on_as = event.goes_on_at, event.goes_on_as
    stood = telling.as_it_stands(event)
    _move_dates(event, following, slot, shift)
    _carry_over(event, following)
    event.until_on = slot - _DAY if event.rule else None
    event.more_on = [day for day in event.more_on if day < slot]
    event.goes_on_at, event.goes_on_as = slot, following.id
    event.count()
    db.session.flush()
    dates.make(event)
    dates.make(following)
    telling.of_change(following, stood)
    _is_what_is_left(event)


def _is_what_is_left(event: Event) -> None:
    """Where one date is left of days that were written one by one, the event is where that date was moved to."""
    left = dates.exceptions_of(event.id).get(event.begins.date())
    if not _is_once(event) or left is None or left.is_cancelled:
        return
    dated = on(dates.series_of(event, dates.exceptions_of(event.id)), left.slot_on)
    if dated is not None and dates.is_to_come(dated.begins_at, dated.ends_at, clock.now()):
        place = event.place if left.place is None else left.place
        service.carry_out(event, _plan_once(event, dated.begins, dated.ends, place))


def _is_once(event: Event) -> bool:
    return not event.rule and not event.more_on


def _carry_over(event: Event, following: Event) -> None:
    """What hangs on an event besides its words: what only guests read, its photos, who has saved it and who has silenced it."""
    service.tell_guests(following, answers.for_guests(event.id))
    photos.hang_also(event.id, following.id)
    keeping.carry_over(event.id, following.id)


def _move_dates(event: Event, following: Event, slot: date, shift: Moved) -> None:
    """Rows of dates go over to the series that holds them now, so that whatever hangs on a date stays with it."""
    for table in (Occurrence, EventException):
        mine = table.event_id == event.id, table.slot_on >= slot
        days = db.session.scalars(select(table.slot_on).where(*mine)).all()
        for by, group in groups(days, shift.day).items():
            these = update(table).where(table.event_id == event.id, table.slot_on.in_(group))
            db.session.execute(these.values(event_id=following.id, slot_on=table.slot_on + by.days))
    first = EventException.event_id == following.id, EventException.slot_on == shift.day(slot)
    db.session.execute(delete(EventException).where(*first))


def _plan(event: Event, shift: Moved, begins: datetime, ends: datetime, place: str) -> Plan:
    """The event's plan from where ``shift`` begins on, at this time and place."""
    first = datetime.combine(shift.begins, begins.time())
    return Plan(
        first,
        first + (ends - begins),
        event.zone,
        event.is_all_day,
        shift.rule,
        shift.until,
        shift.more,
        place,
        event.online_url,
        event.cost,
        event.access,
        event.capacity,
        event.own_point if place == event.place else None,
    )


def _plan_once(event: Event, begins: datetime, ends: datetime, place: str) -> Plan:
    """The plan of what happens once, at this time and place."""
    return _plan(event, Moved("", begins.date(), None, (), lambda day: day), begins, ends, place)


def _judge(event: Event, begins: datetime, ends: datetime, *, is_kept: bool) -> None:
    service.judge(Plan(begins, ends, event.zone, event.is_all_day), is_kept=is_kept)
    if begins.date() < clock.today(event.zone):
        raise BadPlan("day", __("This day is over. When is it?"))


def _judge_days(event: Event, slot: date, plan: Plan) -> None:
    """Raises BadPlan where dates that go from ``slot`` on to the days of ``plan`` come to one on which a date stays: of what is
    left of the series before them, or of another event that it was cut into earlier."""
    new = Series(plan.begins, plan.ends, plan.zone, plan.rule, plan.until_on, plan.more_on)
    first = plan.begins.date()
    stays = {each.begins.date() for each in _takes_place(event, first, slot - _DAY) if each.slot < slot}
    before = halves.preceding(event)
    if before is not None:
        stays |= {each.begins.date() for each in _takes_place(before, first, slot - _DAY)}
    later = halves.following(event)
    if later is not None:
        stays |= {each.begins.date() for each in _takes_place(later, max(first, slot + _DAY), first + FAR)}
    if stays & set(slots_ahead(new, first)):
        raise BadPlan("day", __("The series has a date on such a day already."))


def _takes_place(event: Event, first: date, last: date) -> list[Dated]:
    """The dates of an event on these days, without those that are called off."""
    if event.cancelled_at is not None:
        return []
    found = expand(dates.series_of(event, dates.exceptions_of(event.id)), first, last)
    return [each for each in found if not each.is_cancelled]


def _forget(event: Event, slots: Iterable[date]) -> None:
    mine = EventException.event_id == event.id, EventException.slot_on.in_(list(slots))
    for row in db.session.scalars(select(EventException).where(*mine)):
        db.session.delete(row)
    db.session.flush()


def _changed(event: Event, slot: date | None, stood: Mapping[uuid.UUID, Stood]) -> None:
    """Count the change of this date, or (None) of the whole event, make the dates anew, and tell whoever answered one that is not
    as it ``stood``; of the whole event everybody."""
    event.count()
    db.session.flush()
    slots = [each.slot for each in dates.make(event)]
    telling.of_change(event, stood, slots if slot is None else ())
