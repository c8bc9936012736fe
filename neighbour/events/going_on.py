"""Where a series goes on that was cut in two, and what became of a date that a link of before names."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from neighbour.contributions.cards import url_of
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.events import dates, halves, words
from neighbour.events.details import wall_times
from neighbour.events.models import Answer, Event, Occurrence, Participation

NEAR = 100  # dates among which the nearest is looked for: two years of weeks
_KEPT = (Answer.COMING, Answer.WAITING, Answer.OFFERED)


@dataclass(frozen=True)
class GoesOn:
    """The event a series goes on as, in words, its address, and what the way there is called."""

    said: str
    url: str
    label: str


class Became(NamedTuple):
    """What is said of a date that is not there (any more), and where the way leads instead; url: empty for the next date."""

    said: str
    url: str = ""
    label: str = ""


def goes_on(event: Event) -> GoesOn | None:
    """For the viewer of this session; None where the series does not go on, or not for these eyes."""
    later = halves.goes_on_as(event)
    if later is None:
        return None
    label = _("To where it goes on") if later.cancelled_at is None else _("To that slip")
    return GoesOn(halves.goes_on_in_words(later), url_of(later.id), label)


def became(event: Event, slot: date | None, person_id: int | None) -> Became:
    """Of a day that the event has no date on (None: no day at all): in which event it would be by now, the date this person has
    answered there, or the one that lies nearest."""
    holds = _holding(event, slot) if slot is not None else event
    if slot is None or (holds.id == event.id and event.changed_at is None):
        return Became(_("There is no such date, or no longer."))
    own = _own(holds.id, person_id, slot)
    if own is not None:
        said = _("This date is another one now, the series was changed. Yours is: %(when)s.", when=_when(holds, own))
        return Became(said, _url(holds, own), _("To your date"))
    if holds.id != event.id:
        said = _("There is no such date here any more: the series goes on as a slip of its own.")
        coming = [each for each in dates.coming(holds.id, NEAR) if not each.is_cancelled]
        if not coming and holds.cancelled_at is not None:
            said = " ".join((_("There is no such date here any more."), halves.goes_on_in_words(holds)))
            return Became(said, url_of(holds.id), _("To that slip"))
        if not coming:
            return Became(said, url_of(holds.id), _("To where it goes on"))
        nearest = _nearest(coming, slot)
        return Became(said, _url(holds, nearest), _("To %(when)s", when=_when(holds, nearest)))
    following = next((each for each in dates.coming(event.id, NEAR) if not each.is_cancelled), None)
    said = _("There is no such date any more, the series was changed.")
    if following is None:
        return Became(said)
    the_next = _("The next one: %(when)s.", when=_when(event, following))
    return Became(f"{said} {the_next}")


def _holding(event: Event, slot: date) -> Event:
    """The event that holds the dates of a series from this day on, as far as the viewer may read it."""
    for _cut in range(halves.MOST_CUTS):
        later = halves.following(event)
        if later is None or event.goes_on_at is None or slot < event.goes_on_at:
            break
        event = later
    return event


def _own(event_id: uuid.UUID, person_id: int | None, slot: date) -> Occurrence | None:
    """The date to come that lies nearest to that day among those this person wants to come to."""
    mine = Participation.person_id == person_id, Participation.state.in_(_KEPT)
    coming = {each.id: each for each in dates.coming(event_id, NEAR) if not each.is_cancelled}
    wanted = select(Participation.occurrence_id).where(*mine, Participation.occurrence_id.in_(coming))
    answered = [coming[key] for key in db.session.scalars(wanted)] if person_id is not None else []
    return _nearest(answered, slot) if answered else None


def _nearest(found: list[Occurrence], slot: date) -> Occurrence:
    return min(found, key=lambda each: (abs((each.slot_on - slot).days), each.slot_on))


def _when(event: Event, date_: Occurrence) -> str:
    return words.span(*wall_times(date_, event.zone), is_all_day=event.is_all_day)


def _url(event: Event, date_: Occurrence) -> str:
    return f"{url_of(event.id)}?date={date_.slot_on}#coming"
