"""A summer party from the composer to the end: on two phones, in German, by keyboard alone; and once more without any script."""

from __future__ import annotations

from datetime import timedelta

import pytest

from neighbour.core import clock
from tests.journeys.browsing import PHONE, Visitor
from tests.journeys.looking import Walk, enter

pytestmark = pytest.mark.browser
TITLE, STILL = "Hoffest mit Lampions", "Hoffest bei Kerzenschein"


def day(ahead: int) -> str:
    return (clock.today("Europe/Berlin") + timedelta(days=ahead)).isoformat()


def press(walk: Walk, selector: str) -> None:
    """Come to it by Tab, and press it."""
    walk.visitor.tab_to(selector)
    with walk.page.expect_navigation():
        walk.page.keyboard.press("Enter")


def type_in(walk: Walk, name: str, words: str) -> None:
    walk.visitor.tab_to(f"[name='{name}']")
    walk.page.keyboard.press("Control+a")
    walk.page.keyboard.type(words)


def type_parts(walk: Walk, name: str, value: str, *ways: str) -> None:
    """Into a field of the browser's own for days or times, whose parts stand in the order its user's country writes them."""
    for keys in ways:
        walk.visitor.tab_to(f"[name='{name}']")
        walk.page.keyboard.type(keys)
        if walk.page.locator(f"[name='{name}']").input_value() == value:
            return
        walk.page.locator(f"[name='{name}']").fill("")
        walk.page.locator("h1").evaluate("each => { each.tabIndex = -1; each.focus(); }")
    raise AssertionError(f"{name} does not take {value}")


def type_when(walk: Walk, on: str, at: str) -> None:
    year, month, number = on.split("-")
    type_parts(walk, "day", on, f"{month}{number}{year}", f"{number}{month}{year}", f"{year}{month}{number}")
    hour, minute = at.split(":")
    type_parts(walk, "from_time", at, f"{int(hour) - 12:02}{minute}PM", f"{hour}{minute}")


def test_from_the_composer_to_called_off_by_keyboard(altenbrueck, chromium):
    host, guest = (enter(chromium, altenbrueck, person=person, **PHONE) for person in ("nele", "paul"))
    host.visitor.go("/write?kind=event")
    type_when(host, day(9), "18:00")
    type_in(host, "place", "Hof am Webstuhl")
    type_in(host, "title", TITLE)
    press(host, ".composer__foot button[type=submit]:not([name])")
    assert host.visitor.path == "/board" and "18:00" in host.page.locator(".card", has_text=TITLE).inner_text()
    guest.visitor.go("/events")
    press(guest, f".agenda__title:has-text('{TITLE}')")
    guest.visitor.tab_to("#coming button[value='1']")
    guest.page.keyboard.press("Enter")
    guest.page.get_by_text("Du kommst").wait_for()
    here = guest.visitor.path
    host.visitor.go(here)
    assert "1 kommt" in host.visitor.words
    host.visitor.go(f"{here}/edit")
    type_in(host, "place", "Saal am Webstuhl")
    press(host, ".composer__foot button[type=submit]:not([name])")
    guest.visitor.go(here)
    assert "Saal am Webstuhl" in guest.page.locator("ins").inner_text()
    host.visitor.go(here)
    press(host, f"a[href$='{here}/call-off']")
    press(host, "form[action$='/call-off'] button[type=submit]")
    guest.visitor.go("/events")
    assert "abgesagt" in guest.page.locator(".agenda__line", has_text=TITLE).inner_text()
    for walk in (host, guest):
        walk.page.context.close()
        assert walk.watch.seen == []


def test_the_same_by_links_and_forms_only(altenbrueck, chromium):
    host, guest = (
        enter(chromium, altenbrueck, person=person, java_script_enabled=False, **PHONE) for person in ("nele", "paul")
    )
    _pins_up(host.visitor)
    guest.visitor.go("/events")
    guest.visitor.press(STILL, "link")
    guest.visitor.press("Ich komme")
    assert "Du kommst" in guest.visitor.words
    here = guest.visitor.path
    guest.visitor.go("/events/calendars")
    guest.visitor.press("Geheime Adresse anlegen")
    address = guest.page.locator("#address").input_value()
    assert STILL in guest.page.request.get(address).text()
    host.visitor.go(here)
    host.visitor.press("Den Termin absagen", "link")
    host.visitor.press("Absagen")
    assert "STATUS:CANCELLED" in guest.page.request.get(address).text()
    for walk in (host, guest):
        walk.page.context.close()
        assert walk.watch.seen == []


def _pins_up(host: Visitor) -> None:
    host.go("/write?kind=event")
    host.fill(day=day(10), from_time="19:00", place="Hof", title=STILL, point="nirgends")
    host.press("Aushängen")
    assert "Bitte schreib ihn wie" in host.words
    host.fill(point="")
    host.press("Aushängen")
    assert STILL in host.words
