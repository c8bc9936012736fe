"""What events say by mail: a place is free or there are too few, something is different, it is gone or out of reach, it is
tomorrow."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
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
from neighbour.events import dates, halves, words
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
    """Dates the reader has answered are at another time or place, called off, or take place after all. The payload says which,
    and how each of them was (``telling``)."""

    key = "events.changed"
    title = __("An event you have answered has changed")

    def subject(self, context: dict[str, Any]) -> str:
        if context["is_cancelled"]:
            return _("Called off: %(title)s", title=context["title"])
        if context["is_on_again"]:
            return _("Takes place after all: %(title)s", title=context["title"])
        return _("Changed: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """What is true of each date when the mail is written, and what it was before the change."""
        with reading_as(person_id):
            found = _answered_of(person_id, [uuid.UUID(each["id"]) for each in payload["dates"]])
            if not found:
                raise Skip
            given = {each["id"]: each for each in payload["dates"]}
            rows = [_different(each, given[str(each.date.id)]) for each in found]
            event, on = found[0].event, [row for row in rows if not row.is_off]
            first = next((each for each in found if not each.date.is_cancelled), found[0])
            is_left_out = any(each.is_left_out for each in found)
            return {
                "title": event.title,
                "url": site_url(f"{url_of(event.id)}?date={first.date.slot_on}#coming"),
                "because": _because(first.state),
                "rows": rows,
                "more": payload["more"],
                "is_cancelled": not on,
                "is_on_again": bool(on) and all(row.is_on_again for row in on),
                **_how_much(event),
                "why": event.cancelled_why if event.cancelled_at is not None else "",
                "were_at": list(dict.fromkeys(row.was_place for row in on if row.was_place)),
                "link": event.online_url if on and any("link" in each for each in payload["dates"]) else None,
                "goes_on": _goes_on(event, person_id) if is_left_out else "",
            }

    def preview(self) -> dict[str, Any]:
        rows = [
            Different(
                INVENTED["when"],
                INVENTED["place"],
                was="Samstag, 28. November, 15:00 bis 18:30",
                was_place="Werkraum 5",
            ),
            Different("Samstag, 5. Dezember, 14:00 bis 17:30", is_off=True, why="Dauerregen"),
        ]
        said = {"is_cancelled": False, "is_on_again": False, "off": "", "why": "", "link": None, "goes_on": ""}
        return {
            **INVENTED,
            **said,
            "rows": rows,
            "more": 0,
            "were_at": ["Werkraum 5"],
            "because": _because(Answer.COMING),
        }


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
    """There are fewer places now: the one that was kept for the reader is not any more, or they, who wait, have asked for more
    than there are, and nobody waits for them."""

    key = "events.too_many"
    title = __("There are not so many places any more")

    def subject(self, context: dict[str, Any]) -> str:
        return _("Not so many places any more: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Fits by now, is offered a place again, or does not want to come any more: nothing to say."""
        with reading_as(person_id):
            event, date, own = _answered(person_id, payload)
            if own is None or own.state not in (Answer.WAITING, Answer.OFFERED) or date.is_cancelled:
                raise Skip
            asked, was_kept = 1 + own.companions, payload.get("was_kept", False) and own.state == Answer.WAITING
            fits = event.capacity is None or asked <= event.capacity
            if fits and not was_kept:
                raise Skip
            said = {"places": event.capacity, "asked": asked, "fits": fits, "was_kept": was_kept}
            return {**_told_of(event, date), **said, "because": _because(own.state)}

    def preview(self) -> dict[str, Any]:
        said = {"places": 3, "asked": 5, "fits": False, "was_kept": False}
        return {**INVENTED, **said, "because": _because(Answer.WAITING)}


class Tomorrow(Notice):
    """The evening before a date the reader comes to. A mail may be held up for a night: it says what is true when it is
    written."""

    key = "events.tomorrow"
    title = __("What you come to tomorrow")
    is_list = True
    list_name = "events"
    list_title = __("Reminders of events")
    list_hint = __("A mail on the evening before an event you come to.")

    def subject(self, context: dict[str, Any]) -> str:
        if context["is_today"]:
            return _("Today: %(title)s", title=context["title"])
        return _("Tomorrow: %(title)s", title=context["title"])

    def context(self, person_id: int, payload: dict[str, Any]) -> dict[str, Any]:
        with reading_as(person_id):
            event, date, own = _answered(person_id, payload)
            if own is None or own.state != Answer.COMING or date.is_cancelled or date.begins_at <= clock.now():
                raise Skip
            ahead = (wall_times(date, event.zone)[0].date() - clock.today(event.zone)).days
            if ahead > 1:  # put off meanwhile: there is another mail on its new eve
                raise Skip
            return {**_told_of(event, date), **ways_out(person_id, self), "is_today": ahead == 0}

    def preview(self) -> dict[str, Any]:
        return {**INVENTED, **invented(), "is_today": False}


#: an event for previews
INVENTED = {
    "title": "Repair-Café: Toaster, Lampen, Nähmaschinen",
    "when": "Samstag, 28. November, 14:00 bis 17:30",
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


class Different(NamedTuple):
    """A date as a mail of changes says it: how it is, and how it was where that is another time or place."""

    when: str
    place: str = ""
    was: str = ""
    was_place: str = ""
    is_off: bool = False
    is_on_again: bool = False
    why: str = ""


class _Answered(NamedTuple):
    """A date the reader has answered, with what is different on it alone."""

    date: Occurrence
    event: Event
    state: Answer
    other: EventException | None

    @property
    def is_left_out(self) -> bool:
        """Whether it is off because its series has no such day any more."""
        is_called_off = self.event.cancelled_at is not None or (self.other is not None and self.other.is_cancelled)
        return self.date.is_cancelled and not is_called_off


def _answered_of(person_id: int, date_ids: Collection[uuid.UUID]) -> list[_Answered]:
    """Those of these dates that the reader still wants to come to, the soonest first. Through their eyes."""
    other, own = EventException, Participation
    wanted = (
        select(Occurrence, Event, own.state, other)
        .join(Event, Event.id == Occurrence.event_id)
        .join(own, (own.occurrence_id == Occurrence.id) & (own.person_id == person_id))
        .outerjoin(other, (other.event_id == Occurrence.event_id) & (other.slot_on == Occurrence.slot_on))
        .where(Occurrence.id.in_(date_ids), own.state != Answer.DECLINED, Event.state == State.PUBLISHED)
        .order_by(Occurrence.begins_at)
    )
    rows = db.session.execute(wanted.execution_options(populate_existing=True))
    return [_Answered(*row) for row in rows]


def place_before(event: Event, number: object) -> str | None:
    """The place of this number where the event or a date was before; None where it is kept no more."""
    places = event.places_before
    return places[number] if isinstance(number, int) and number < len(places) else None


def _different(found: _Answered, given: Mapping[str, Any]) -> Different:
    """One of these dates in words; ``given``: what the payload says of it."""
    event, other = found.event, found.other
    when = words.span(*wall_times(found.date, event.zone), is_all_day=event.is_all_day)
    place = event.place if other is None or other.place is None else other.place
    is_off = found.date.is_cancelled
    if is_off and found.date.known:  # as the reader knows it: when else it would have been is not said of what is off
        when = _span_of(event, found.date.known["was"])
    return Different(
        when,
        place,
        _span_of(event, given["was"]) if "was" in given else "",
        place_before(event, given.get("place")) or "",
        is_off,
        "on_again" in given and not is_off,
        other.cancelled_why if other is not None and event.cancelled_at is None else "",
    )


def _span_of(event: Event, kept: Sequence[Any]) -> str:
    """A time as payloads keep it – begin, end, whether all day – in words."""
    *moments, is_all_day = kept
    since, until = (datetime.fromisoformat(each).astimezone(ZoneInfo(event.zone)) for each in moments)
    return words.span(since.replace(tzinfo=None), until.replace(tzinfo=None), is_all_day=is_all_day)


def _how_much(event: Event) -> dict[str, Any]:
    """``off``: what is called off of an event with several dates, where it is more than some of them; and that the series goes on
    elsewhere."""
    if event.cancelled_at is None or not (event.rule or event.more_on):
        return {"off": ""}
    others = halves.others_on(event)
    if not others:
        return {"off": _("The whole series is called off.")}
    said = [_("The remaining dates of this slip are called off.")]
    later = halves.goes_on_as(event)
    return {"off": " ".join(said + [halves.goes_on_in_words(each) for each in others if later and each.id == later.id])}


def _goes_on(event: Event, person_id: int) -> str:
    """The next days of a series that has left others out, but for those the reader has answered."""
    coming = dates.coming(event.id, 8)
    answered = select(Participation.occurrence_id).where(
        Participation.person_id == person_id, Participation.occurrence_id.in_([each.id for each in coming])
    )
    known = set(db.session.scalars(answered))
    new = [each for each in coming if not each.is_cancelled and each.id not in known][:3]
    return "; ".join(words.span(*wall_times(each, event.zone), is_all_day=event.is_all_day) for each in new)


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
