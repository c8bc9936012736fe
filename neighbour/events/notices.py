"""What events say by mail: a place is free or there are too few, something is different, it is gone or out of reach, it is
tomorrow."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from neighbour.contributions.cards import url_of
from neighbour.contributions.models import State
from neighbour.contributions.readers import reading_as
from neighbour.core import clock, scope
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.web import site_url
from neighbour.events import words
from neighbour.events.details import wall_times
from neighbour.events.models import Answer, Event, EventException, Occurrence, Participation
from neighbour.notices.base import Notice, Skip
from neighbour.notices.ways_out import invented, ways_out

_GONE = text("SELECT title, begins_at, zone FROM date_that_is_gone(:wanted)")
_OUT_OF_REACH = text("SELECT title, zone FROM date_out_of_reach(:wanted, :since)")


class PlaceFree(Notice):
    """A place has become free and is kept for the reader for a time."""

    key = "events.place_free"
    title = __("A place is free for you")

    def subject(self, context: dict[str, Any]) -> str:
        return _("A place is free: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Until when it is kept. Taken, given back or run out in the meantime: nothing to say any more."""
        with reading_as(person_id):
            event, date, own = _answered(person_id, payload)
            if (
                own is None
                or own.state != Answer.OFFERED
                or own.offered_until is None
                or own.offered_until <= clock.now()
            ):
                raise Skip
            return {**_told_of(event, date), "until": own.offered_until}

    def preview(self) -> dict[str, Any]:
        return {**INVENTED, "until": clock.now()}


class Changed(Notice):
    """A date the reader has answered is at another time or place, called off, or takes place after all."""

    key = "events.changed"
    title = __("An event you have answered has changed")

    def subject(self, context: dict[str, Any]) -> str:
        if context["is_cancelled"]:
            return _("Called off: %(title)s", title=context["title"])
        if context["is_on_again"]:
            return _("Takes place after all: %(title)s", title=context["title"])
        return _("Changed: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """What is true when the mail is written, and what it was by the rule or before the change. ``on_again`` in the payload:
        the change was that it takes place after all."""
        with reading_as(person_id):
            event, date, own = _answered(person_id, payload)
            if own is None or own.state == Answer.DECLINED:
                raise Skip
            told = _told_of(event, date)
            usual = datetime.combine(date.slot_on, (event.was_begins or event.begins).time())
            if event.was_begins is not None and not event.rule and not event.more_on:
                usual = event.was_begins  # its only date, which went to another day
            was = words.span(usual, usual + (event.ends - event.begins), is_all_day=event.is_all_day)
            was_place = event.place if told["place"] != event.place else event.was_place or told["place"]
            why = _why(event, date)
        return {
            **told,
            "because": _because(own.state),
            "is_cancelled": date.is_cancelled,
            "is_on_again": payload.get("on_again", False) and not date.is_cancelled,
            "why": why,
            "was": was if was != told["when"] else "",
            "was_place": was_place if was_place != told["place"] else "",
        }

    def preview(self) -> dict[str, Any]:
        now = {"is_cancelled": False, "is_on_again": False, "why": "", "because": _because(Answer.COMING)}
        return {**INVENTED, **now, "was": "28. 11., 15:00–18:30", "was_place": "Werkraum 5"}


class Gone(Notice):
    """What the reader wanted to come to was taken down."""

    key = "events.gone"
    title = __("An event you wanted to come to is gone")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Does not take place: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Pinned up again in the meantime: nothing to say."""
        with scope.use(scope.Viewer(person_id)):
            row = db.session.execute(_GONE, {"wanted": uuid.UUID(payload["date"])}).first()
        if row is None:
            raise Skip
        begins = row.begins_at.astimezone(ZoneInfo(row.zone)).replace(tzinfo=None)
        return {"title": row.title, "begins": begins, "url": site_url("/board"), "words": words}

    def preview(self) -> dict[str, Any]:
        begins = datetime(2026, 11, 28, 14)  # noqa: DTZ001  on the clock of the place
        return {"title": INVENTED["title"], "begins": begins, "url": site_url("/board"), "words": words}


class OutOfReach(Notice):
    """The reader cannot read any more what they wanted to come to: it was narrowed, or they moved. Promised by the database
    (migration 0100), which keeps with it what the reader may know."""

    key = "events.out_of_reach"
    title = __("You cannot come to an event any more")

    def subject(self, context: dict[str, Any]) -> str:
        return _("No longer for you: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Read again in the meantime: nothing to say."""
        with scope.use(scope.Viewer(person_id)):
            wanted = {"wanted": uuid.UUID(payload["date"]), "since": datetime.fromisoformat(payload["at"])}
            row = db.session.execute(_OUT_OF_REACH, wanted).first()
        if row is None:
            raise Skip
        begins = datetime.fromisoformat(payload["begins"]).astimezone(ZoneInfo(row.zone)).replace(tzinfo=None)
        return {
            "title": row.title,
            "begins": begins,
            "has_moved": payload["why"] == "moved",
            "url": site_url("/board"),
            "words": words,
        }

    def preview(self) -> dict[str, Any]:
        begins = datetime(2026, 11, 28, 14)  # noqa: DTZ001  on the clock of the place
        return {
            "title": INVENTED["title"],
            "begins": begins,
            "has_moved": False,
            "url": site_url("/board"),
            "words": words,
        }


class TooMany(Notice):
    """There are fewer places now than the reader, who waits, asked for: nobody waits for them."""

    key = "events.too_many"
    title = __("There are not so many places any more")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Not so many places any more: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Fits by now, or does not want to come any more: nothing to say."""
        with reading_as(person_id):
            event, date, own = _answered(person_id, payload)
            if own is None or own.state not in (Answer.WAITING, Answer.OFFERED) or date.is_cancelled:
                raise Skip
            if event.capacity is None or 1 + own.companions <= event.capacity:
                raise Skip
            asked, because = 1 + own.companions, _because(own.state)
            return {**_told_of(event, date), "places": event.capacity, "asked": asked, "because": because}

    def preview(self) -> dict[str, Any]:
        return {**INVENTED, "places": 3, "asked": 5, "because": _because(Answer.WAITING)}


class Tomorrow(Notice):
    """The evening before a date the reader comes to."""

    key = "events.tomorrow"
    title = __("What you come to tomorrow")
    is_list = True
    list_name = "events"
    list_title = __("Reminders of events")
    list_hint = __("A mail on the evening before an event you come to.")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Tomorrow: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        with reading_as(person_id):
            event, date, own = _answered(person_id, payload)
            if own is None or own.state != Answer.COMING or date.is_cancelled or date.begins_at <= clock.now():
                raise Skip
            return {**_told_of(event, date), **ways_out(person_id, self)}

    def preview(self) -> dict[str, Any]:
        return {**INVENTED, **invented()}


#: an event for previews
INVENTED = {
    "title": "Repair-Café: Toaster, Lampen, Nähmaschinen",
    "when": "28. 11., 14:00–17:30",
    "place": "Spulengasse 11",
    "url": "http://localhost/c/beispiel",
}


def _event_and_date(date_id: uuid.UUID) -> tuple[Event, Occurrence]:
    """A date and its event as the viewer sees them; raises Skip where there is none any more."""
    date = db.session.get(Occurrence, date_id, populate_existing=True)
    event = db.session.get(Event, date.event_id, populate_existing=True) if date is not None else None
    if date is None or event is None or event.state != State.PUBLISHED:
        raise Skip
    return event, date


def _answered(person_id: int, payload: dict[str, Any]) -> tuple[Event, Occurrence, Participation | None]:
    """The date a mail is about, its event, and what the reader has answered. Through the reader's eyes."""
    event, date = _event_and_date(uuid.UUID(payload["date"]))
    return event, date, db.session.get(Participation, (date.id, person_id), populate_existing=True)


def _because(state: str) -> str:
    """Why somebody who has answered so is written to."""
    said = {
        Answer.COMING: _("You get this mail because you have said that you come."),
        Answer.WAITING: _("You get this mail because you wait in line."),
        Answer.OFFERED: _("You get this mail because a place is kept for you."),
    }
    return said.get(Answer(state)) or _("You get this mail because you have answered this event.")


def _why(event: Event, date: Occurrence) -> str:
    """Why a date is called off, by itself or with the whole event; empty where nobody said so."""
    if event.cancelled_at is not None:
        return event.cancelled_why
    mine = EventException.event_id == event.id, EventException.slot_on == date.slot_on
    return db.session.scalar(select(EventException.cancelled_why).where(*mine)) or ""


def _told_of(event: Event, date: Occurrence) -> dict[str, Any]:
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
