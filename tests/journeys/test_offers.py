"""A thing changes hands, of every kind there is: two neighbours on their phones, in German, by keyboard and without script, from the
composer to "gone", and a loan to "back again"."""

from __future__ import annotations

from datetime import timedelta

import pytest

from neighbour.core import clock
from tests.journeys.hands import KEYS, TOUCH, WAYS, Hands, rarely

pytestmark = pytest.mark.browser
#: what it is, and what the market says once it is over
THINGS = {
    "give": ("Rotes Regal", "Weg"),
    "lend": ("Lange Leiter", "Verliehen"),
    "sell": ("Kleine Lampe", "Weg"),
    "swap": ("Altes Radio", "Weg"),
    "wanted": ("Ein Babybett", "Gefunden"),
}
#: who offers and who asks: nobody pins the same thing up twice in two weeks
PEOPLE = {KEYS: ("nele", "paul"), TOUCH: ("tim", "johanna")}
WORDS = "Das passt uns gut. Morgen um fünf?"


def pins_up(giver: Hands, category: str, title: str) -> None:
    """With what belongs to this category; without a price nothing is for sale."""
    giver.go("/write?kind=offer")
    giver.choose("category", category)
    if category == "lend":
        giver.select("lend_days", "14")
    giver.type("pickup", "am Webstuhl, abends")
    giver.type("title", title)
    if category == "sell":
        giver.press(".composer__foot button[type=submit]:not([name])")
        assert "Sag, was du dafür möchtest" in giver.words
    if category in ("sell", "swap"):
        giver.type("price", "25" if category == "sell" else "gegen Blumentöpfe")
    giver.pin_up()


def tile(hands: Hands, title: str) -> str:
    """What the market says of it."""
    hands.go("/market")
    return " ".join(hands.page.locator(".tile", has_text=title).first.inner_text().split())


@pytest.mark.parametrize(
    ("category", "way"),  # by turns; the others with ``make thorough``, and what is paid for or swapped
    [
        pytest.param(
            category, way, marks=[] if way == WAYS[number % 2] and category not in ("sell", "swap") else [rarely]
        )
        for number, category in enumerate(THINGS)
        for way in WAYS
    ],
)
def test_from_the_composer_to_its_end(come, category, way):
    giver, taker = (come(person, way) for person in PEOPLE[way])
    title, over = THINGS[category]
    title += f" von {PEOPLE[way][0].title()}"
    pins_up(giver, category, title)
    assert over not in tile(taker, title)
    taker.press(f".tile__title a:has-text('{title}')")
    here = taker.path
    taker.type("words", WORDS)
    taker.press("form[action$='/ask'] button")
    assert "Du bist Nummer 1" in taker.words
    giver.go(here)
    assert WORDS in giver.words
    giver.press("form[action$='/promise'] button")
    assert ("So gut wie gefunden" if category == "wanted" else "Versprochen") in tile(taker, title)
    taker.go(here)
    code = taker.page.locator(".shown-code__code").inner_text()
    if category == "wanted":  # whoever takes it away shows the code: both see it
        assert giver.page.locator(".shown-code__code").inner_text() == code
    else:
        giver.type("code", code)
    if category == "lend":
        giver.type_day("due_on", (clock.today("Europe/Berlin") + timedelta(days=5)).isoformat())
    giver.press("form[action$='/hand-over'] button")
    assert over in tile(taker, title)
    if category == "lend":
        giver.press("form[action$='/returned'] button")
        assert over not in tile(taker, title), "and can be lent again"
        taker.go(here)
        assert "zurückgebracht" in taker.words
