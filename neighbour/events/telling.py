"""Who has to hear of a change, and of what is tomorrow: rows of the ledger, written with their cause.

A change is told once to everybody who has answered a date it touches, in one mail that names all of theirs: the ledger's key is
the event and how often it has changed (``sequence``). Who was told is not asked twice, however often the form is sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Row, null, select, text, update

from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.events.models import Answer, Event, EventException, Occurrence, Participation
from neighbour.events.notices import Changed, Tomorrow, place_before

REMINDED_AT = 18  # o'clock, on the evening before
MOST_NAMED = 20  # dates of a mail; the others are counted
_TOUCHED = (Answer.COMING, Answer.WAITING, Answer.OFFERED)
_BETWEEN = text("SELECT occurrence_id, person_id FROM guests_between(:since, :until)")


class Stood(NamedTuple):
    """What those who have answered a date know of it. online_url: None where it is another one since."""

    begins_at: datetime
    ends_at: datetime
    is_all_day: bool
    is_cancelled: bool
    place: str
    online_url: str | None


def as_it_stands(event: Event) -> dict[uuid.UUID, Stood]:
    """An event's dates to come as those who have answered them know them, to be asked for before a change and handed to
    ``of_change`` after it."""
    return {row.id: _known(event, row) or _stands(event, row) for row in _to_come(event)}


def _to_come(event: Event) -> Sequence[Row[Any]]:
    other, each = EventException, Occurrence
    wanted = (
        select(each.id, each.begins_at, each.ends_at, each.is_cancelled, each.known, other.place)
        .outerjoin(other, (other.event_id == each.event_id) & (other.slot_on == each.slot_on))
        .where(each.event_id == event.id, each.ends_at >= clock.now())
    )
    return db.session.execute(wanted).all()


def _stands(event: Event, row: Row[Any]) -> Stood:
    place = event.place if row.place is None else row.place
    return Stood(row.begins_at, row.ends_at, event.is_all_day, row.is_cancelled, place, event.online_url)


def _known(event: Event, row: Row[Any]) -> Stood | None:
    """A date that was changed while it was off, as it was before that."""
    if not row.known:
        return None
    begins, ends, is_all_day = row.known["was"]
    place = place_before(event, row.known.get("place"))
    now = _stands(event, row)
    return now._replace(
        begins_at=datetime.fromisoformat(begins),
        ends_at=datetime.fromisoformat(ends),
        is_all_day=is_all_day,
        place=now.place if place is None else place,
        online_url=None if "link" in row.known else now.online_url,
    )


def of_change(event: Event, before: Mapping[uuid.UUID, Stood], slots: Collection[date] = ()) -> int:
    """Promise one mail to everybody who has answered a date that is not as it stood ``before``, about all of theirs; gives how
    many. ``slots``: dates they hear of in any case. Through the eyes of whoever invites, inside atomic(), after the change was
    counted."""
    now, always = {row.id: _stands(event, row) for row in _to_come(event)}, set(slots)
    wanted = (
        select(Participation.person_id, Occurrence.id, Occurrence.slot_on)
        .join(Occurrence, Occurrence.id == Participation.occurrence_id)
        .where(Occurrence.event_id == event.id, Participation.state.in_(_TOUCHED), Occurrence.id.in_(before))
        .where(Participation.person_id != event.author_id)
        .order_by(Occurrence.begins_at)
    )
    mails: dict[int, list[dict[str, Any]]] = {}
    answered = [row for row in db.session.execute(wanted) if row.id in now]
    for person_id, date_id, slot in answered:
        if slot in always or _is_news(before[date_id], now[date_id]):
            mails.setdefault(person_id, []).append(_difference(event, date_id, before[date_id], now[date_id]))
    _remember(event, {row.id for row in answered}, before, now)
    for person_id, theirs in mails.items():
        payload = {"dates": theirs[:MOST_NAMED], "more": len(theirs[MOST_NAMED:])}
        Changed.send(person_id, subject_key=str(event.id), period=str(event.sequence), payload=payload)
    return len(mails)


def _is_news(was: Stood, now: Stood) -> bool:
    """Whether a date is different for those who wanted to come; nobody asks when something would be that is off."""
    return was != now and not (was.is_cancelled and now.is_cancelled)


def _remember(
    event: Event, answered: Collection[uuid.UUID], before: Mapping[uuid.UUID, Stood], now: Mapping[uuid.UUID, Stood]
) -> None:
    """Keep of dates that are off what those who have answered them know, if it is different by now: they hear of it once these
    take place after all."""
    told = [key for key in answered if before[key].is_cancelled and not now[key].is_cancelled]
    db.session.execute(update(Occurrence).where(Occurrence.id.in_(told)).values(known=null()))
    for key in answered:
        was = before[key]
        if was.is_cancelled and now[key].is_cancelled and was != now[key]:
            times = [was.begins_at.isoformat(), was.ends_at.isoformat(), was.is_all_day]
            known = {"was": times, "place": _number(event, was.place)}
            if was.online_url != now[key].online_url:
                known["link"] = True
            db.session.execute(update(Occurrence).where(Occurrence.id == key).values(known=known))


def _number(event: Event, place: str) -> int:
    """Under which number a place of before is kept."""
    if place not in event.places_before:
        event.places_before = [*event.places_before, place]
    return event.places_before.index(place)


def _difference(event: Event, date_id: uuid.UUID, was: Stood, now: Stood) -> dict[str, Any]:
    """A date of a mail, and how it was where that is to be said. Words stay out of it: a place is one of ``places_before``."""
    found: dict[str, Any] = {"id": str(date_id)}
    if (was.begins_at, was.ends_at, was.is_all_day) != (now.begins_at, now.ends_at, now.is_all_day):
        found["was"] = [was.begins_at.isoformat(), was.ends_at.isoformat(), was.is_all_day]
    if was.place != now.place:
        found["place"] = _number(event, was.place)
    if was.online_url != now.online_url:
        found["link"] = True
    if was.is_cancelled and not now.is_cancelled:
        found["on_again"] = True
    return found


def of_tomorrow(zone: str) -> int:
    """From six in the evening on: promise a reminder to everybody who comes to something tomorrow; gives how many are new.
    Commits. Asked for again it promises only to who has said so since; what was put off is reminded of on its new eve."""
    now = clock.now().astimezone(ZoneInfo(zone))
    if now.hour < REMINDED_AT:
        return 0
    first = datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=ZoneInfo(zone))
    with scope.use(scope.NOBODY), atomic():
        rows = db.session.execute(_BETWEEN, {"since": first, "until": first + timedelta(days=1)}).all()
        sent = [
            Tomorrow.send(
                row.person_id,
                subject_key=str(row.occurrence_id),
                period=f"{first:%Y-%m-%d}",
                payload={"date": str(row.occurrence_id)},
            )
            for row in rows
        ]
    return sum(sent)
