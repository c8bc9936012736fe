"""What people see of events: composing a series, one date changed, one called off, all called off."""

from __future__ import annotations

from datetime import timedelta

from neighbour.core import clock
from tests.journeys.looking import Walk


def host(walk: Walk) -> None:
    """Hannelore pins up a series, moves one date, calls one off, and then all of it."""
    day = clock.today("Europe/Berlin") + timedelta(days=3)
    walk.visitor.go("/write?kind=event")
    walk.look("write, an event")
    walk.send("/write", "write, an event, empty", 422, title="")
    walk.visitor.fill(day=day.isoformat(), from_time="18:00", until_time="20:00", place="Spulengasse 11, Hof")
    walk.visitor.fill(
        title="Gemeinsam kochen, was übrig ist", cost="Kostenlos", access="Stufenlos, rollstuhlgerechtes WC"
    )
    walk.page.locator("[name=repeats]").select_option("weekly")
    walk.page.locator("#event-dates li").nth(5).wait_for()
    walk.look("write, an event, its dates", picture="write-event")
    walk.send("/write", "the board, an event pinned up")
    with walk.page.expect_navigation():
        walk.page.get_by_role("link", name="Gemeinsam kochen, was übrig ist").first.click()
    here = walk.visitor.path
    walk.look("her own event")
    walk.go(f"{here}/edit", "edit, an event")
    walk.go("/events", "what is on", picture="events")
    walk.go("/events?own=1")
    walk.go("/events/month", "a month", picture="month")
    second, third = day + timedelta(days=7), day + timedelta(days=14)
    walk.go(f"{here}/date?day={second}", "a date")
    walk.send(f"{here}/date?day={second}", "a date, no day", 422, day="")
    walk.visitor.fill(day=second.isoformat(), from_time="19:00")
    walk.send(f"{here}/date?day={second}", "her own event, one date changed")
    walk.go(f"{here}/call-off?day={third}", "call a date off")
    walk.send(f"{here}/call-off?day={third}", "her own event, one date called off")
    walk.look("her own event, dates of all kinds", picture="event")
    walk.go(f"{here}/call-off", "call all off")
    walk.send(f"{here}/call-off", "her own event, called off")
