"""What people see of events: composing a series, one date changed, one called off, all called off."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from neighbour.core import clock
from tests.journeys.looking import Walk

REASON = "Rohrbruch im Werkraum: Bis auf Weiteres ist kein Wasser da, und der Ersatzraum im Gemeindehaus ist belegt"


def host(walk: Walk) -> None:
    """Hannelore pins up a series, moves one date, calls one off, and then all of it; it is the template for another one."""
    day = clock.today("Europe/Berlin") + timedelta(days=3)
    walk.visitor.go("/write?kind=event")
    walk.look("write, an event")
    walk.send("/write", "write, an event, empty", 422, title="")
    walk.visitor.fill(day=day.isoformat(), from_time="18:00", until_time="20:00", place="Spulengasse 11, Hof")
    walk.visitor.fill(
        title="Gemeinsam kochen, was übrig ist", cost="Kostenlos", access="Stufenlos, rollstuhlgerechtes WC"
    )
    walk.page.locator("[data-open-map]").click()
    walk.page.locator("#map .quarter-shape--mine, #map .quarter-shape").first.wait_for(state="attached")
    walk.page.locator("#map").focus()
    walk.page.keyboard.press("Enter")
    assert walk.page.locator("[name=point]").input_value().count(",") == 1, "the middle of the map"
    walk.look("write, an event, its point", picture="write-point")
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
    walk.go("/events/calendars", "calendars to follow")
    walk.send("/events/calendars#quarter", "a calendar's secret address", picture="calendars")
    walk.go("/events/calendars", "calendars, one followed")
    second, third = day + timedelta(days=7), day + timedelta(days=14)
    walk.go(f"{here}/date?day={second}", "a date")
    walk.send(f"{here}/date?day={second}", "a date, no day", 422, day="")
    walk.visitor.fill(day=second.isoformat(), from_time="19:00")
    walk.send(f"{here}/date?day={second}", "her own event, one date changed")
    walk.go(f"{here}/call-off?day={third}", "call a date off")
    walk.send(f"{here}/call-off?day={third}", "her own event, one date called off", why="Die Küche wird gestrichen")
    walk.look("her own event, dates of all kinds", picture="event")
    walk.go(f"{here}/call-off", "call all off", picture="call-off")
    walk.send(f"{here}/call-off", "her own event, called off", picture="event-off", why=REASON)
    walk.go(
        f"/write?kind=event&copy={here.rpartition('/')[2]}", "write, an event like another one", picture="write-copy"
    )


LIST = """nr;was;begins;ends;time;place
{of}1;Repair-Café: Toaster, Lampen und alles, was sich noch reparieren lässt;{first};;14:00-17:30;Spulengasse 11
{of}2;Nachbarschaftsfrühstück;{first};{second};10:00-12:00;Werkraum
{of}3;Sommerfest;0000-00-00;;ab 15:00;Hof
{of}4;;Sonntag 32.13.2026;;Sa 10:00 und So ab ca. 11 Uhr, je nach Wetter;Donaudampfschifffahrtsgesellschaftskapitänswohnung
"""


def importer(walk: Walk) -> None:
    """Liselotte sends the calendar of the Treff; two of its rows are not right."""
    day = clock.today("Europe/Berlin") + timedelta(days=8)
    own = uuid4().hex[:6]  # no other walk has sent it
    text = LIST.format(first=day, second=day + timedelta(days=1), of=own).encode()
    walk.go("/events/import", "import a list")
    names = walk.page.locator(".table code").evaluate_all("all => all.map(each => each.getClientRects().length)")
    assert len(names) == 20 and set(names) == {1}, "names to be copied stand on one line"
    walk.send("/events/import", "import, no file", 422)
    walk.page.set_input_files("[name=file]", {"name": "liste.csv", "mimeType": "text/csv", "buffer": text})
    _press(walk, "send", "import, whose columns nobody knows")
    walk.page.locator("[name=column_uid]").select_option("nr")
    walk.page.locator("[name=column_title]").select_option("was")
    _press(walk, "look", "import, a report", "import")
    walk.page.locator("[name=several_days]").select_option("daily")
    _press(walk, "look", "import, a report of fewer faults")
    _press(walk, "import", "what is on, after an import")
    with walk.page.expect_navigation():
        walk.page.get_by_role("link", name="Nachbarschaftsfrühstück").first.click()
    walk.look("an initiative's event, for whoever keeps it", picture="event-initiative")
    assert walk.page.locator(".byline__who").first.inner_text().strip() == "Nachbarschaftstreff Webstuhl"
    walk.go("/board?kind=event", "the board, an initiative's events", picture="board-initiative")
    again = text.replace(b"Spulengasse 11", b"Werkraum").replace(b"nr;was", b"id;titel")
    walk.go("/events/import", "import the list again")
    walk.page.set_input_files("[name=file]", {"name": "liste.csv", "mimeType": "text/csv", "buffer": again})
    _press(walk, "send", "import, what the list changes")


def _press(walk: Walk, act: str, name: str, picture: str = "") -> None:
    with walk.page.expect_navigation():
        walk.page.locator(f"button[name=act][value={act}]").first.click()
    walk.look(name, picture)
