"""A public event for machines: schema.org Event as JSON-LD (https://schema.org/Event, https://schema.org/Schedule).

It says what the page says to somebody without an account, and nothing more: no person, no answer, no guest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from neighbour.contributions.cards import url_of
from neighbour.core.web import site_url
from neighbour.events.models import Event, EventException, Occurrence
from neighbour.events.recurrence import WEEKDAYS
from neighbour.initiatives.models import Initiative

Json = dict[str, Any]
_SCHEMA = "https://schema.org/"
_FREE = re.compile(
    r"\s*(kostenlos|kostenfrei|umsonst|gratis|(eintritt|teilnahme)?\s*frei|free( of charge| entry)?)\s*[.!]?\s*", re.I
)
_PRICE = re.compile(r"\s*(\d{1,5})(?:[.,](\d{2}))?\s*(?:€|euro|eur)\s*", re.I)
_PERIODS = {"DAILY": "D", "WEEKLY": "W", "MONTHLY": "M"}


def structured(
    event: Event,
    coming: Sequence[Occurrence],
    exceptions: Mapping[date, EventException],
    city: str,
    host: Initiative | None,
) -> Json:
    """An event as schema.org names it; ``coming``: its next dates, those called off among them; ``host``: the initiative that
    invites, if one does. The price is said where the words for it leave no doubt."""
    first = next((each for each in coming if not each.is_cancelled), None)
    place = event.place
    if first is not None and (other := exceptions.get(first.slot_on)) is not None and other.place is not None:
        place = other.place
    begins, ends = (event.begins, event.ends) if first is None else _wall(first, event)
    found: Json = {
        "@context": "https://schema.org",
        "@type": "Event",
        "@id": site_url(url_of(event.id)),
        "url": site_url(url_of(event.id)),
        "name": event.title,
        **_times(begins, ends, event),
        **_status(is_off=event.cancelled_at is not None, was=event.was_begins, event=event),
        **_where(event, place, city),
        **_cost(event.cost),
    }
    if event.body_md:
        found["description"] = event.body_md
    if host is not None and host.is_public:
        found["organizer"] = {"@type": "Organization", "name": host.name, "url": site_url(f"/i/{host.slug}")}
    if event.rule:
        found["eventSchedule"] = _schedule(event, exceptions)
    if event.rule or event.more_on:
        found["subEvent"] = [_date(each, event, exceptions.get(each.slot_on), city) for each in coming]
    return found


def _date(day: Occurrence, event: Event, other: EventException | None, city: str) -> Json:
    """One date of a series."""
    begins, ends = _wall(day, event)
    has_moved = other is not None and other.begins is not None
    usual = datetime.combine(day.slot_on, event.begins.time()) if has_moved else None
    place = other.place if other is not None and other.place is not None else event.place
    is_off = day.is_cancelled or event.cancelled_at is not None
    return {
        "@type": "Event",
        "name": event.title,
        "url": site_url(f"{url_of(event.id)}?date={day.slot_on}"),
        **_times(begins, ends, event),
        **_status(is_off=is_off, was=usual, event=event),
        **_where(event, place, city),
    }


def _wall(day: Occurrence, event: Event) -> tuple[datetime, datetime]:
    zone = ZoneInfo(event.zone)
    return day.begins_at.astimezone(zone).replace(tzinfo=None), day.ends_at.astimezone(zone).replace(tzinfo=None)


def _times(begins: datetime, ends: datetime, event: Event) -> Json:
    """Begin and end, with the offset of their day; an end that nobody has said is left out."""
    if event.is_all_day:
        return {"startDate": f"{begins:%Y-%m-%d}", "endDate": f"{ends - timedelta(days=1):%Y-%m-%d}"}
    return {"startDate": _moment(begins, event)} | ({"endDate": _moment(ends, event)} if ends > begins else {})


def _moment(wall: datetime, event: Event) -> str:
    if event.is_all_day:
        return f"{wall:%Y-%m-%d}"
    return wall.replace(tzinfo=ZoneInfo(event.zone)).isoformat()


def _status(*, is_off: bool, was: datetime | None, event: Event) -> Json:
    if is_off:
        return {"eventStatus": _SCHEMA + "EventCancelled"}
    if was is not None:
        return {"eventStatus": _SCHEMA + "EventRescheduled", "previousStartDate": _moment(was, event)}
    return {"eventStatus": _SCHEMA + "EventScheduled"}


def _where(event: Event, place: str, city: str) -> Json:
    """The place in its city, with its point where it is known, and the way to take part online."""
    found: list[Json] = []
    is_online = bool(event.online_url) and event.cancelled_at is None
    if place or not is_online:
        at: Json = {
            "@type": "Place",
            "name": place or city,
            "address": {"@type": "PostalAddress", "addressLocality": city},
        }
        if place:
            at["address"]["streetAddress"] = place
        if event.own_point and place == event.place:
            lon, lat = event.own_point
            at["geo"] = {"@type": "GeoCoordinates", "latitude": lat, "longitude": lon}
        found.append(at)
    if is_online:
        found.append({"@type": "VirtualLocation", "url": event.online_url})
    mode = "Mixed" if len(found) == 2 else "Online" if is_online else "Offline"
    return {
        "location": found if len(found) > 1 else found[0],
        "eventAttendanceMode": f"{_SCHEMA}{mode}EventAttendanceMode",
    }


def _cost(words: str) -> Json:
    """What it costs, in words; and as a number where they are one."""
    if not words:
        return {}
    offer: Json = {"@type": "Offer", "description": words}
    if _FREE.fullmatch(words):
        return {"isAccessibleForFree": True, "offers": {**offer, "price": "0", "priceCurrency": "EUR"}}
    if price := _PRICE.fullmatch(words):
        return {"offers": {**offer, "price": f"{price[1]}.{price[2] or '00'}", "priceCurrency": "EUR"}}
    return {"offers": offer}


def _schedule(event: Event, exceptions: Mapping[date, EventException]) -> Json:
    """The rule of a series; days that are called off or moved are no days of it."""
    parts = dict(part.split("=") for part in event.rule.split(";"))
    found: Json = {
        "@type": "Schedule",
        "repeatFrequency": f"P{parts.get('INTERVAL', '1')}{_PERIODS[parts['FREQ']]}",
        "startDate": f"{event.begins:%Y-%m-%d}",
        "scheduleTimezone": event.zone,
        **({"endDate": f"{event.until_on:%Y-%m-%d}"} if event.until_on else {}),
    }
    if not event.is_all_day:
        found["startTime"] = f"{event.begins:%H:%M:%S}"
        if time() < event.ends.time() and event.ends.date() == event.begins.date() and event.ends > event.begins:
            found["endTime"] = f"{event.ends:%H:%M:%S}"
    if "BYMONTHDAY" in parts:
        found["byMonthDay"] = int(parts["BYMONTHDAY"])
    elif days := parts.get("BYDAY", WEEKDAYS[event.begins.weekday()] if parts["FREQ"] == "WEEKLY" else ""):
        found["byDay"] = _days(days.split(","))
    if off := sorted(slot for slot, row in exceptions.items() if row.is_cancelled or row.begins is not None):
        found["exceptDate"] = [_moment(datetime.combine(slot, event.begins.time()), event) for slot in off]
    return found


def _days(days: Collection[str]) -> list[str]:
    """Days of the week as schema.org calls them; such as the last Sunday of a month as iCalendar does, which it takes, too."""
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    full = {short: _SCHEMA + name for short, name in zip(WEEKDAYS, names, strict=True)}
    return [full.get(day, day) for day in days]
