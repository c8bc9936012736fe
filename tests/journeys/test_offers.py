"""A pair of skates changes hands: two neighbours on their phones, in German, by keyboard alone, from the composer to "gone"."""

from __future__ import annotations

import pytest

from tests.journeys.browsing import PHONE
from tests.journeys.looking import Walk, enter

pytestmark = pytest.mark.browser
TITLE = "Zwei Schlittschuhe, Größe 38"


def press(walk: Walk, selector: str) -> None:
    """Come to it by Tab, and press it."""
    walk.visitor.tab_to(selector)
    with walk.page.expect_navigation():
        walk.page.keyboard.press("Enter")


def type_in(walk: Walk, name: str, words: str) -> None:
    walk.visitor.tab_to(f"[name='{name}']")
    walk.page.keyboard.type(words)


def test_from_the_composer_to_gone(altenbrueck, chromium):
    giver, taker = (enter(chromium, altenbrueck, person=person, **PHONE) for person in ("nele", "paul"))
    giver.visitor.go("/write?kind=offer")
    type_in(giver, "pickup", "am Webstuhl, abends")
    type_in(giver, "title", TITLE)
    press(giver, ".composer__foot button[type=submit]:not([name])")
    taker.visitor.go("/market")
    press(taker, f".tile__title a:has-text('{TITLE[:14]}')")
    type_in(taker, "words", "Meine Große möchte aufs Eis. Morgen um fünf?")
    press(taker, "form[action$='/ask'] button")
    assert "Du bist Nummer 1" in taker.visitor.words
    giver.visitor.go(taker.visitor.path)
    press(giver, "form[action$='/promise'] button")
    taker.visitor.go(taker.visitor.path)
    code = taker.page.locator(".shown-code__code").inner_text()
    type_in(giver, "code", code)
    press(giver, "form[action$='/hand-over'] button")
    taker.visitor.go("/market")
    tile = taker.page.locator(".tile", has_text=TITLE[:14])
    assert "Weg" in tile.inner_text()
    for walk in (giver, taker):
        walk.page.context.close()
        assert walk.watch.seen == []
