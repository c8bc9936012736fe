"""A series that was cut in two ("this date and all that follow"): which other events hold dates of it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from neighbour.contributions.models import State
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.events import dates, words
from neighbour.events.models import Event


def following(event: Event) -> Event | None:
    """The event that holds a series' later dates since it was cut in two, if the viewer of this session may read it and it
    hangs."""
    return None if event.goes_on_as is None else _hanging(Event.id == event.goes_on_as)


def preceding(event: Event) -> Event | None:
    """The event that holds its earlier dates, if the viewer of this session may read it and it hangs."""
    return _hanging(Event.goes_on_as == event.id)


def _hanging(which: ColumnElement[bool]) -> Event | None:
    wanted = select(Event).where(which, Event.state == State.PUBLISHED)
    return db.session.scalar(wanted.limit(1).execution_options(populate_existing=True))


def others_on(event: Event) -> list[Event]:
    """Those before and after it that have a date to come which takes place: whatever becomes of this event, the series is not
    over."""
    found = (preceding(event), following(event))
    return [each for each in found if each is not None and dates.next_days([each.id], clock.now())]


def goes_on_in_words(later: Event) -> str:
    """That a series goes on as this event, how often and from when on."""
    day = i18n.long_date(later.begins)
    often = words.repeats(later.rule, later.begins.date(), has_more=bool(later.more_on), until=later.until_on)
    if often:
        return _("The series goes on as a slip of its own: %(often)s, from %(day)s on.", often=often, day=day)
    return _("The series goes on as a slip of its own, on %(day)s.", day=day)
