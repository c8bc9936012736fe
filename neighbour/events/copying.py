"""An event as the beginning of another one: everything but what is over."""

from __future__ import annotations

from typing import Any

from neighbour.core import clock
from neighbour.events import dates
from neighbour.events.forms import fields_of, when_fields
from neighbour.events.models import Event
from neighbour.events.recurrence import FAR, expand

_ALIKE = ("category", "title", "body_md", "audience", "place", "online_url", "cost", "access", "capacity")


def copied(event: Event) -> dict[str, Any]:
    """The composer's fields for one like it, by name. Its first date is the next one by its rule, whatever became of that date;
    an event that is over says its times and leaves the day open."""
    today, now = clock.today(event.zone), clock.now()
    coming = expand(dates.series_of(event, {}), today, today + FAR)
    first = next((each for each in coming if dates.is_to_come(each.begins_at, each.ends_at, now)), None)
    fields = {**fields_of(event), **{name: getattr(event, name) for name in _ALIKE}}
    if first is None:
        return {**fields, "day": None, "last_day": None, "repeats_until": None, "more_days": []}
    fields |= when_fields(first.begins, first.ends, is_all_day=event.is_all_day)
    return {**fields, "more_days": [day for day in event.more_on if day > first.slot]}
