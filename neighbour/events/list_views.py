"""What is on in one's quarter: as a list by day, and as a month."""

from __future__ import annotations

import uuid
from calendar import Calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from flask import abort, render_template, request

from neighbour.core import clock, i18n
from neighbour.core.tokens import from_uid
from neighbour.events import agenda, answers
from neighbour.events.views import views
from neighbour.policy import Permission, requires
from neighbour.policy.gate import identity

MOST_IN_A_DAY = 4


@views.get("/events")
@requires(Permission.BOARD_READ)
def index() -> str:
    """Dates to come, by day: ``?day=`` begins later, ``?after=`` goes on, ``?own=1`` leaves nearby out. A day that has begun or
    is over, asked for by name, stands there alone and whole, as the month counts it."""
    since, today, named = clock.now(), clock.today(i18n.zone()), None
    if "day" in request.args:
        named = _date(request.args["day"])
        since = max(since, _midnight(named))
    own_only = request.args.get("own") == "1"
    if named is not None and named <= today:
        found = agenda.whole_day(_quarter(), named, own_only=own_only)
    else:
        found, named = agenda.page(_quarter(), since, after=_after(), own_only=own_only), None
    return render_template("events/index.html", page=found, own_only=own_only, view="list", today=today, alone=named)


@views.get("/events/month")
@requires(Permission.BOARD_READ)
def month() -> str:
    """A month as a table of weeks; ``?month=`` is one of its days. What is over stands there, too."""
    today = clock.today(i18n.zone())
    first = (_date(request.args["month"]) if "month" in request.args else today).replace(day=1)
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    own_only = request.args.get("own") == "1"
    return render_template(
        "events/month.html",
        name=format_skeleton("yMMMM", first, locale=i18n.language()),
        first=first,
        weeks=weeks,
        days=agenda.month(_quarter(), weeks[0][0], weeks[-1][-1], own_only=own_only, most=MOST_IN_A_DAY),
        before=(first - timedelta(days=1)).replace(day=1),
        after=(first + timedelta(days=32)).replace(day=1),
        own_only=own_only,
        view="month",
        today=today,
    )


def _quarter() -> int:
    who = identity()
    if not who.quarters:
        abort(404)
    return who.quarters[0]


def _date(text: str) -> date:
    """A day within the years people look at; 404 for anything else."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        abort(404)
    return found if abs((found - clock.today(i18n.zone())).days) < 3_660 else abort(404)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(i18n.zone())).astimezone(UTC)


def _after() -> tuple[datetime, uuid.UUID] | None:
    """Where the page before ended: the begin of its last date, and its event."""
    if "after" not in request.args:
        return None
    try:
        last = answers.occurrence(from_uid(request.args["after"]))
    except ValueError:
        abort(404)
    return (last.begins_at, last.event_id) if last is not None else abort(404)
