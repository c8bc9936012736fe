"""What the page of an event shows between the slip and its answers: what has changed, and the dates to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from neighbour.contributions.models import State
from neighbour.core import i18n
from neighbour.core.i18n import gettext as _
from neighbour.events import dates, words
from neighbour.events.details import wall_times
from neighbour.events.models import Event, EventException, Occurrence
from neighbour.policy import Identity

SHOWN = 8  # dates to come on the page


@dataclass(frozen=True)
class Line:
    """A date to come. was: what it would be without its change; empty where nothing is different."""

    slot: date
    leaf: date
    when: str
    place: str
    was: str
    was_place: str
    is_cancelled: bool


@dataclass(frozen=True)
class Changed:
    """What was changed for all dates: pairs of what it was and what it is."""

    at: datetime
    pairs: tuple[tuple[str, str], ...]


def page_data(event: Event, who: Identity) -> Mapping[str, Any]:
    """For the template: the event, its dates to come, what has changed, and whether it is the reader's own."""
    exceptions = dates.exceptions_of(event.id)
    coming = dates.coming(event.id, SHOWN + 1)
    lines = [_line(event, each, exceptions.get(each.slot_on)) for each in coming]
    return {
        "event": event,
        "lines": lines[:SHOWN],
        "has_more": len(lines) > SHOWN,
        "is_series": bool(event.rule or event.more_on),
        "changed": _changed(event, coming),
        "is_own": event.author_id == who.person_id and event.state == State.PUBLISHED,
    }


def _line(event: Event, coming: Occurrence, other: EventException | None) -> Line:
    begins, ends = wall_times(coming, event.zone)
    usual = datetime.combine(coming.slot_on, event.begins.time())
    has_moved = other is not None and other.begins is not None
    has_place = other is not None and other.place is not None
    return Line(
        slot=coming.slot_on,
        leaf=begins.date(),
        when=words.span(begins, ends, is_all_day=event.is_all_day),
        place=(other.place or "") if other is not None and has_place else "",
        was=words.span(usual, usual + (event.ends - event.begins), is_all_day=event.is_all_day) if has_moved else "",
        was_place=event.place if has_place else "",
        is_cancelled=coming.is_cancelled,
    )


def _changed(event: Event, coming: list[Occurrence]) -> Changed | None:
    """What was changed for all dates, as long as there is one to come."""
    if event.changed_at is None or event.cancelled_at is not None or not coming:
        return None
    pairs = []
    if event.was_begins is not None:
        pairs.append((_moment(event.was_begins, event), _moment(event.begins, event)))
    if event.was_place is not None and event.was_place != event.place:
        pairs.append((event.was_place or _("no place"), event.place or _("no place")))
    return Changed(event.changed_at, tuple(pairs))


def _moment(begins: datetime, event: Event) -> str:
    said = i18n.weekday(begins) if event.rule else words.day(begins.date())
    return said if event.is_all_day else f"{said}, {words.clock_time(begins)}"
