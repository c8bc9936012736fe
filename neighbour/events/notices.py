"""What events say by mail: a place is free for you."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from neighbour.contributions.cards import url_of
from neighbour.contributions.models import State
from neighbour.contributions.readers import reader_by_number
from neighbour.core import clock, scope
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import site_url
from neighbour.events import words
from neighbour.events.details import wall_times
from neighbour.events.models import Answer, Event, EventException, Occurrence, Participation
from neighbour.notices.base import Notice, Skip


class PlaceFree(Notice):
    """A place has become free and is kept for the reader for a time."""

    key = "events.place_free"
    title = __("A place is free for you")

    def subject(self, context: dict[str, Any]) -> str:
        return _("A place is free: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Until when it is kept. Taken, given back or run out in the meantime: nothing to say any more."""
        with scope.use(eyes_of(person_id)):
            event, date = event_and_date(uuid.UUID(payload["date"]))
            own = db.session.get(Participation, (date.id, person_id), populate_existing=True)
            if (
                own is None
                or own.state != Answer.OFFERED
                or own.offered_until is None
                or own.offered_until <= clock.now()
            ):
                raise Skip
            return {**told_of(event, date), "until": own.offered_until}

    def preview(self) -> dict[str, Any]:
        return {**INVENTED, "until": clock.now()}


#: an event for previews
INVENTED = {
    "title": "Repair-Café: Toaster, Lampen, Nähmaschinen",
    "when": "28. 11., 14:00–17:30",
    "place": "Spulengasse 11",
    "url": "http://localhost/c/beispiel",
}


def eyes_of(person_id: int) -> scope.Viewer:
    """The eyes a mail to this person is written through."""
    with scope.use(scope.Viewer(person_id)):
        reader = reader_by_number(person_id)
    return scope.Viewer(person_id, reader.quarters)


def event_and_date(date_id: uuid.UUID) -> tuple[Event, Occurrence]:
    """A date and its event as the viewer sees them; raises Skip where there is none any more."""
    date = db.session.get(Occurrence, date_id, populate_existing=True)
    event = db.session.get(Event, date.event_id, populate_existing=True) if date is not None else None
    if date is None or event is None or event.state != State.PUBLISHED:
        raise Skip
    return event, date


def told_of(event: Event, date: Occurrence) -> dict[str, Any]:
    """What mails say of a date: title, when, where, and the way to it."""
    begins, ends = wall_times(date, event.zone)
    other = db.session.scalar(
        select(EventException.place).where(EventException.event_id == event.id, EventException.slot_on == date.slot_on)
    )
    return {
        "title": event.title,
        "when": words.span(begins, ends, is_all_day=event.is_all_day),
        "place": event.place if other is None else other,
        "url": site_url(f"{url_of(event.id)}?date={date.slot_on}#coming"),
    }
