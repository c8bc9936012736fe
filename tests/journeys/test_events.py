"""A summer party, and a choir of every week: from the composer to called off, on two phones, in German, by keyboard and without
script."""

from __future__ import annotations

from datetime import timedelta

import pytest

from neighbour.core import clock
from tests.journeys.hands import KEYS, TOUCH, Hands, by

pytestmark = pytest.mark.browser
NEXT = ".answers .mini-list li"


def day(ahead: int) -> str:
    return (clock.today("Europe/Berlin") + timedelta(days=ahead)).isoformat()


def pins_up(host: Hands, title: str, **when: str) -> None:
    """Something at the Webstuhl; the first time its point makes no sense."""
    host.go("/write?kind=event")
    host.type_day("day", when["day"])
    host.type_time("from_time", when["at"])
    if repeats := when.get("repeats"):
        host.select("repeats", repeats)
    host.type("place", "Hof am Webstuhl")
    host.type("point", "nirgends")
    host.type("title", title)
    host.press(".composer__foot button[type=submit]:not([name])")
    assert "Bitte schreib ihn wie" in host.words
    host.type("point", "")
    host.pin_up()
    assert when["at"] in host.page.locator(".card", has_text=title).inner_text()


def lines(hands: Hands, title: str) -> list[str]:
    """What the list of dates says of it, date by date."""
    hands.go("/events")
    return hands.page.locator(".agenda__line", has_text=title).all_inner_texts()


def followed(hands: Hands) -> str:
    """The secret address of a calendar that follows what this person comes to."""
    hands.go("/events/calendars")
    hands.press("#mine form[action^='/events/calendars'] button:not(.btn--quiet)")
    return hands.page.locator("#address").input_value()


@by(TOUCH)
def test_a_party_to_called_off(come, way):
    host, guest = come("nele", way), come("paul", way)
    title = f"Hoffest {way}"
    pins_up(host, title, day=day(9), at="18:00")
    guest.go("/events")
    guest.press(f".agenda__title:has-text('{title}')")
    here = guest.path
    guest.press_for("#coming button[value='1']", "Du kommst")
    guest.press_for("#coming button[value='0']", "Du kommst nicht.")
    guest.press_for("form[action*='companions='] button", "Du kommst.")
    host.go(here)
    assert "1 kommt" in host.words
    host.go(f"{here}/edit")
    host.type("place", "Saal am Webstuhl")
    host.press(".composer__foot button[type=submit]:not([name])")
    guest.go(here)
    assert "Saal am Webstuhl" in guest.page.locator("ins").inner_text()
    calendar = followed(guest)
    assert title in guest.page.request.get(calendar).text()
    host.go(here)
    host.press(f"a[href$='{here}/call-off']")
    host.press("form[action$='/call-off'] button[type=submit]")
    assert ["abgesagt" in line for line in lines(guest, title)] == [True]
    assert "STATUS:CANCELLED" in guest.page.request.get(calendar).text()


@by(KEYS)
def test_a_choir_of_every_week_to_called_off(come, way):
    host, guest = come("nele", way), come("paul", way)
    title = f"Chorprobe {way}"
    pins_up(host, title, day=day(3), at="19:30", repeats="weekly")
    guest.go("/events")
    guest.press(f".agenda__title:has-text('{title}') >> nth=0")
    here = guest.path
    second, third = day(10), day(17)
    guest.press(f"{NEXT} a[href*='date={second}']")
    guest.press_for("#coming button[value='1']", "Du kommst")
    host.go(here)
    host.press(f"a[href$='/date?day={third}']")
    host.type_time("from_time", "20:15")
    host.press("main form button[type=submit]")
    host.press(f"a[href$='/call-off?day={second}']")
    host.press("form[action*='/call-off'] button[type=submit]")
    guest.go(here)
    said = guest.page.locator(NEXT).all_inner_texts()
    assert ["abgesagt" in each for each in said[:3]] == [False, True, False] and "20:15" in said[2]
    host.go(here)
    host.press(f"a[href$='{here}/call-off']")
    host.press("form[action$='/call-off'] button[type=submit]")
    assert {"abgesagt" in line for line in lines(guest, title)} == {True}
