"""A series that was cut in two ("this date and all that follow"): which other events hold dates of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import ColumnElement, select

from neighbour.contributions.models import State
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.events import dates, words
from neighbour.events.models import Event

MOST_CUTS = 20  # that are followed from one event


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


def _one_after_the_other(event: Event, step: Callable[[Event], Event | None]) -> Iterator[Event]:
    for _cut in range(MOST_CUTS):
        found = step(event)
        if found is None:
            return
        yield found
        event = found


def _is_on(event: Event) -> bool:
    """Whether it has a date to come that takes place."""
    return bool(dates.next_days([event.id], clock.now()))


def others_on(event: Event) -> list[Event]:
    """All before and after it, however often the series was cut, that have a date to come which takes place: whatever becomes of
    this event, the series is not over."""
    return [each for step in (preceding, following) for each in _one_after_the_other(event, step) if _is_on(each)]


def goes_on_as(event: Event) -> Event | None:
    """The next one after it that has a date to come which takes place; where there is none, the one that follows, whose dates are
    off or over."""
    later = list(_one_after_the_other(event, following))
    return next((each for each in later if _is_on(each)), later[0] if later else None)


def goes_on_in_words(later: Event) -> str:
    """That a series goes on as this event, how often and from when on; or that it does not, because this is called off."""
    if later.cancelled_at is not None:
        return _("The series went on as a slip of its own, which is called off.")
    day = i18n.long_date(later.begins)
    often = words.repeats(later.rule, later.begins.date(), has_more=bool(later.more_on), until=later.until_on)
    if often:
        return _("The series goes on as a slip of its own: %(often)s, from %(day)s on.", often=often, day=day)
    return _("The series goes on as a slip of its own, on %(day)s.", day=day)
