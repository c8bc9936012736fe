"""Those of the quarter's team decide about a proof, by keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.journeys import axe
from tests.journeys.browsing import DESK, Visitor, Watch
from tests.journeys.looking import enter
from tests.support.up import Instance

TEAM = ("karlheinz", "ursula")


def somebody(town: Instance, chromium: Browser, watch: Watch, key: str) -> Visitor:
    """Signed in; whoever works at the desk has shown their second factor."""
    walk = enter(chromium, town, person=key, **DESK)
    watch.over(walk.page.context)
    return walk.visitor


def decides(visitor: Visitor, verdict: str = "matches") -> str:
    """Opens the newest case and says it by keyboard alone; gives what was to be read."""
    visitor.go("/desk/proofs")
    visitor.tab_to("a[href^='/desk/proofs/']")
    _goes_by_enter(visitor)
    visitor.tab_to("main .post-btn button")
    _goes_by_enter(visitor)
    words = visitor.words
    assert axe.check(visitor.page) == []
    visitor.tab_to(f"[name=verdict][value={verdict}]")
    visitor.page.keyboard.press("Space")
    visitor.tab_to("form[action$='/decide'] button[type=submit]")
    _goes_by_enter(visitor)
    assert "Danke fürs Ansehen" in visitor.words
    return words


def _goes_by_enter(visitor: Visitor) -> None:
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")
