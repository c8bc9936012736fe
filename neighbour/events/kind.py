"""What events tell the rest of the house about themselves."""

from __future__ import annotations

from datetime import timedelta

from neighbour.contributions.kinds import Kind
from neighbour.core.i18n import LazyText
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events import service
from neighbour.events.categories import CATEGORIES
from neighbour.events.copying import copied
from neighbour.events.details import details
from neighbour.events.forms import EventForm
from neighbour.events.models import Event
from neighbour.events.page import page_data
from neighbour.policy import Identity

LONGEST_NIGHT = timedelta(hours=12)  # from 20:00 to 8:00, say


def publish(author: Identity, form: EventForm) -> Event:
    """Pin up what the composer holds, in the author's own quarter."""
    return service.publish(**form.said_by(author))


def revise(editor: Identity, event: Event, form: EventForm) -> Event:
    """Change an event and all its dates to what the composer holds."""
    return service.revise(event, **form.changed_by(editor))


def doubts(form: EventForm) -> list[LazyText]:
    """What is asked before an event is pinned up: an end before its beginning is meant for the next morning, or is a slip."""
    times = None if form.is_all_day.data or form.last_day.data else form.times()
    if times is None or times[1] - times[0] <= LONGEST_NIGHT:
        return []
    ends = f"{times[1]:%H:%M}"
    return [__("It would end at %(time)s on the next day. If it takes several days, say the last one, too.", time=ends)]


KIND = Kind(
    name="event",
    label=__("Event"),
    plural=__("Events"),
    icon="calendar-days",
    order=20,
    model=Event,
    categories=CATEGORIES,
    form=EventForm,
    fields="events/fields.html",
    publish=publish,
    revise=revise,
    copied=copied,
    details=details,
    doubts=doubts,
    page="events/page.html",
    page_data=page_data,
    is_solvable=False,
)
