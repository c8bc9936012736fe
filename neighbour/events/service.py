"""Publishing and revising events: the base's services, and the dates."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from neighbour.contributions import service as base
from neighbour.contributions.models import Audience
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.events import answers, dates, halves, telling
from neighbour.events.models import Event, EventForGuests
from neighbour.events.recurrence import LATEST, LONGEST, BadRule, checked, is_left_out, is_of_our_time
from neighbour.residency.gazetteer.service import point_of


@dataclass(frozen=True)
class Plan:
    """When and where, as the columns of ``Event`` hold it."""

    begins: datetime
    ends: datetime
    zone: str
    is_all_day: bool = False
    rule: str = ""
    until_on: date | None = None
    more_on: tuple[date, ...] = ()
    place: str = ""
    online_url: str = ""
    cost: str = ""
    access: str = ""
    capacity: int | None = None
    #: longitude and latitude, where its author has set them; otherwise the register is asked for the place
    point: tuple[float, float] | None = None


class BadPlan(base.NotPossible):
    """It cannot be at that time; ``field`` is the one to mend."""

    def __init__(self, field: str, message: Any):
        super().__init__(message)
        self.field = field


#: what calendars and guests have to be told of
TOLD = ("begins", "ends", "is_all_day", "rule", "until_on", "more_on", "place", "online_url")
#: what calendars show besides; nobody is told of it
SHOWN = ("cost", "access")


def publish(
    *,
    author_id: int,
    quarter_id: int,
    category: str,
    title: str,
    body_md: str,
    audience: Audience,
    plan: Plan,
    for_guests: str = "",
    form_key: uuid.UUID | None = None,
    is_office: bool = False,
    initiative_id: int | None = None,
) -> Event:
    """Pin up an event with its dates; ``for_guests``: what only those read who come. ``is_office``, ``initiative_id``: in whose
    name, if not in the author's own (``contributions.offices``); an initiative's is always an office's. Raises BadPlan for one
    that has no date to come."""
    judge(plan)
    base.one_at_a_time(author_id)
    form_key = base.key_of(form_key, author_id, category, title, body_md, audience, plan)
    event = base.publish(
        Event,
        author_id=author_id,
        quarter_id=quarter_id,
        category=category,
        title=title,
        body_md=body_md,
        audience=audience,
        form_key=form_key,
        is_office=is_office or initiative_id is not None,
        initiative_id=initiative_id,
        **columns(plan),
    )
    if event.dated_until is None and not dates.make(event):
        raise BadPlan("day", __("This day is over. When is it?"))
    tell_guests(event, for_guests)
    return event


def revise(
    event: Event,
    *,
    editor_id: int,
    category: str,
    title: str,
    body_md: str,
    audience: Audience,
    plan: Plan,
    for_guests: str = "",
) -> Event:
    """Change an event and all its dates to come. Dates that were changed one by one stay as they are, as far as the rule
    still gives their day. Who cannot read it any more comes no more. Raises BadPlan, and NotPossible for what was taken down
    meanwhile."""
    base.one_at_a_time(editor_id)
    hold(event)  # whoever calls it off meanwhile has done so before this, or does so after it
    judge(plan, is_kept=(plan.begins, plan.ends) == (event.begins, event.ends))
    before = event.title, event.body_md, event.category, event.sequence, *(getattr(event, name) for name in SHOWN)
    reached, since = event.audience, clock.now()
    base.revise(event, editor_id=editor_id, category=category, title=title, body_md=body_md, audience=audience)
    if audience != reached:  # before anything else changes, so that only those hear of it who can read it
        answers.let_go(event, since)
    replan(event, plan)
    if before != (
        event.title,
        event.body_md,
        event.category,
        event.sequence,
        *(getattr(event, name) for name in SHOWN),
    ):
        event.sequence, event.counted_at = before[3] + 1, clock.now()  # once, whatever and however much has changed
        db.session.flush()
    tell_guests(event, for_guests)
    return event


def hold(event: Event) -> None:
    """Until the end of the transaction nobody else changes this event or its dates; what stands there now is read anew. Whoever
    publishes as well takes ``base.one_at_a_time`` before it, as the composer does: in the other order two of them would wait for
    each other."""
    db.session.refresh(event, with_for_update={"of": Event.__table__})


def tell_guests(event: Event, words: str) -> None:
    """Keep what only those read who come, or forget it where there is nothing. Inside atomic()."""
    if words:
        row = insert(EventForGuests).values(event_id=event.id, text=words)
        db.session.execute(row.on_conflict_do_update(index_elements=["event_id"], set_={"text": words}))
    else:
        db.session.execute(delete(EventForGuests).where(EventForGuests.event_id == event.id))


def replan(event: Event, plan: Plan) -> None:
    """Give an event another plan; what it said before is kept to be shown. A series that was cut in two stays cut. Raises
    BadPlan. Inside atomic()."""
    _stays_cut(event, plan)
    carry_out(event, plan)


def _stays_cut(event: Event, plan: Plan) -> None:
    """Raises BadPlan where both halves would have dates on the same days: the form was opened before the cut, or forgets it."""
    if event.goes_on_at is None or halves.following(event) is None:
        return
    last = event.goes_on_at - timedelta(days=1)
    since = i18n.long_date(event.goes_on_at)
    if plan.rule and (plan.until_on is None or plan.until_on > max(last, event.until_on or last)):
        said = _("From %(since)s on the series is a slip of its own. This one ends on %(last)s at the latest.",
                 since=since, last=i18n.long_date(last))  # fmt: skip
        raise BadPlan("repeats_until", said)
    if any(day > last and day not in event.more_on for day in plan.more_on):
        said = _("From %(since)s on the series is a slip of its own. Put later days there.", since=since)
        raise BadPlan("more_days", said)


def carry_out(event: Event, plan: Plan) -> None:
    """As ``replan``, wherever the plan reaches: for whoever moves what is left of a series that was cut. Inside atomic()."""
    wanted = columns(plan)
    differing = {name for name, value in wanted.items() if getattr(event, name) != value}
    if not differing:
        return
    stood, was = telling.as_it_stands(event), dates.series_of(event, {})
    if differing & set(TOLD):
        event.was_begins = event.begins if "begins" in differing else None
        event.was_place = event.place if "place" in differing else None
        event.changed_at, event.is_on_again = clock.now(), False
        event.count()
    before, places = (event.begins.date(), event.rule, event.more_on), event.capacity
    for name in differing:
        setattr(event, name, wanted[name])
    db.session.flush()
    if before != (event.begins.date(), "", []) and before[1:] == (event.rule, event.more_on) == ("", []):
        dates.move(event.id, before[0], event.begins.date())
    else:
        dates.go_along(event, was)
    if differing & set(TOLD) and not event.rule and not event.more_on:
        dates.is_as_planned(event)
    is_there = dates.make(event)
    if differing & set(TOLD):
        telling.of_change(event, stood)
    if "capacity" in differing:
        answers.other_places(event, places)
    if not is_there and differing & set(TOLD):
        raise BadPlan("day", __("This day is over. When is it?"))


def judge(plan: Plan, *, is_kept: bool = False) -> None:
    """Raises BadPlan for what no calendar could hold. ``is_kept``: it is at this time already, which the clock may leave
    out: the date of a series in the night of March is held an hour later (RFC 5545 section 3.3.5)."""
    latest = clock.today(plan.zone) + LATEST
    if not is_of_our_time(plan.begins.date()):
        raise BadPlan("day", __("That is too long ago."))
    if plan.ends < plan.begins:
        raise BadPlan("until_time", __("It ends before it begins."))
    if plan.ends - plan.begins > LONGEST:
        raise BadPlan("last_day", __("That is more than three months. Better pin up a series."))
    if plan.begins.date() > latest:
        raise BadPlan("day", __("That is more than two years away."))
    if any(day > latest for day in plan.more_on):
        raise BadPlan("more_days", __("That is more than two years away."))
    if plan.until_on is not None and plan.until_on < plan.begins.date():
        raise BadPlan("repeats_until", __("The last date is before the first one."))
    if not plan.is_all_day and not is_kept:
        _judge_clock(plan)
    try:
        checked(plan.rule)
    except BadRule as error:
        raise BadPlan("repeats", __("Please choose one of these.")) from error


def _judge_clock(plan: Plan) -> None:
    """Raises BadPlan for a time that the clock of the place never shows: which one is meant instead is not ours to guess."""
    for field, wall in (("from_time", plan.begins), ("until_time", plan.ends)):
        if is_left_out(wall, plan.zone) and (field == "from_time" or wall.time() != time()):  # a day ends everywhere
            words = __("On this day there is no %(time)s: the clocks are put forward over it.", time=f"{wall:%H:%M}")
            raise BadPlan(field, words)


def of_person(event_id: uuid.UUID) -> Event | None:
    """The event, if it exists for the viewer of this session."""
    return db.session.scalar(select(Event).where(Event.id == event_id).execution_options(populate_existing=True))


def columns(plan: Plan) -> dict[str, Any]:
    """The plan as columns, with its point, or that of a place which the register knows by street and number."""
    lon, lat = plan.point or point_of(plan.place.partition(",")[0]) or (None, None)
    found = {
        **asdict(plan),
        "more_on": list(plan.more_on),
        "lon": lon,
        "lat": lat,
        "has_own_point": plan.point is not None,
    }
    del found["point"]
    return found
