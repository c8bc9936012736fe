"""What events tell the rest of the house about themselves."""

from __future__ import annotations

from neighbour.contributions.kinds import Kind
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events import service
from neighbour.events.categories import CATEGORIES
from neighbour.events.copying import copied
from neighbour.events.details import details
from neighbour.events.forms import EventForm
from neighbour.events.models import Event
from neighbour.events.page import page_data
from neighbour.policy import Identity


def publish(author: Identity, form: EventForm) -> Event:
    """Pin up what the composer holds, in the author's own quarter."""
    return service.publish(**form.said_by(author))


def revise(editor: Identity, event: Event, form: EventForm) -> Event:
    """Change an event and all its dates to what the composer holds."""
    return service.revise(event, **form.changed_by(editor))


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
    page="events/page.html",
    page_data=page_data,
    is_solvable=False,
)
