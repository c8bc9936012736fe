"""What events tell the rest of the house about themselves."""

from __future__ import annotations

from neighbour.contributions.forms import as_uuid
from neighbour.contributions.kinds import Kind
from neighbour.contributions.models import Audience
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events import service
from neighbour.events.categories import CATEGORIES
from neighbour.events.details import details
from neighbour.events.forms import EventForm
from neighbour.events.models import Event
from neighbour.events.page import page_data
from neighbour.policy import Identity


def publish(author: Identity, form: EventForm) -> Event:
    """Pin up what the composer holds, in the author's own quarter."""
    home = author.home
    assert author.person_id is not None and home is not None  # the gate lets nobody else through
    return service.publish(
        author_id=author.person_id, quarter_id=home.quarter_id, form_key=as_uuid(form.form_key.data), **_fields(form)
    )


def revise(editor: Identity, event: Event, form: EventForm) -> Event:
    """Change an event and all its dates to what the composer holds."""
    assert editor.person_id is not None
    return service.revise(event, editor_id=editor.person_id, **_fields(form))


def _fields(form: EventForm) -> dict:
    return {
        "category": form.category.data,
        "title": form.title.data,
        "body_md": form.body_md.data,
        "audience": Audience(form.audience.data),
        "plan": form.plan,
        "for_guests": form.for_guests.data or "",
    }


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
    details=details,
    page="events/page.html",
    page_data=page_data,
    is_solvable=False,
)
