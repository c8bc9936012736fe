"""What a neighbour does on a page of the town, in words that leave open how: by keyboard alone, or by touch without a script.

So a journey is written once and walked in both ways (``WAYS``): each time in the one that is named (``by``), in the other with
``make thorough``. Selectors mean the same thing for both.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Page

from tests.journeys.browsing import PHONE
from tests.journeys.looking import Walk

KEYS, TOUCH = "by keyboard", "without script"
WAYS = (KEYS, TOUCH)
PHONES = {KEYS: PHONE, TOUCH: {**PHONE, "java_script_enabled": False}}
rarely = pytest.mark.thorough
PIN_UP = ".composer__foot button[type=submit]:not([name])"


def by(first: str) -> pytest.MarkDecorator:
    """The way this journey is walked each time; every kind has some of either."""
    return pytest.mark.parametrize("way", [first, *(pytest.param(way, marks=rarely) for way in WAYS if way != first)])


@dataclass
class Hands:
    """Somebody's hands on their phone; ``way``: one of ``WAYS``."""

    walk: Walk
    way: str

    @property
    def page(self) -> Page:
        return self.walk.page

    @property
    def words(self) -> str:
        return self.walk.visitor.words

    @property
    def path(self) -> str:
        return self.walk.visitor.path

    @property
    def has_keys(self) -> bool:
        return self.way == KEYS

    def go(self, path: str) -> None:
        """Open a page of the town."""
        self.walk.visitor.go(path)

    def to(self, selector: str) -> None:
        """Come to it by Tab."""
        self.walk.visitor.tab_to(selector)

    def press(self, selector: str) -> None:
        """Press what leads to another page: the last thing the selector means."""
        with self.page.expect_navigation():
            self._push(selector)

    def _push(self, selector: str) -> None:
        if self.has_keys:
            self.to(selector)
            self.page.keyboard.press("Enter")
        else:
            self.page.locator(selector).last.click()

    def press_for(self, selector: str, words: str) -> None:
        """Press what changes this page, or brings it anew where there is no script; then these words stand there."""
        self._push(selector)
        self.page.get_by_text(words).first.wait_for()

    def type(self, name: str, words: str) -> None:
        """Into the field of this name, whatever stood there."""
        field = f":is(input, textarea)[name='{name}']"
        if self.has_keys:
            self.to(field)
            for key in ("Control+a", "Delete"):
                self.page.keyboard.press(key)
            self.page.keyboard.type(words)
        else:
            self.page.locator(field).last.fill(words)

    def choose(self, name: str, value: str) -> None:
        """The one of several choices that stands for this value."""
        if not self.has_keys:
            self.walk.visitor.pick(name, value)
            return
        one, chosen = f"[name='{name}']", self.page.locator(f"[name='{name}']:checked")
        self.to(f"{one}:checked" if chosen.count() else f"{one} >> nth=0")
        if not chosen.count():
            self.page.keyboard.press("Space")
        for _step in range(self.page.locator(one).count()):
            if chosen.get_attribute("value") == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow leads to {value}")

    def tick(self, name: str) -> None:
        """Tick the last box of this name."""
        box = f"input[name='{name}']"
        if self.has_keys:
            self.to(box)
            self.page.keyboard.press("Space")
        else:
            self.page.locator(f"label:has({box})").last.click()
        assert self.page.locator(box).last.is_checked()

    def select(self, name: str, value: str) -> None:
        """An entry of a list that opens."""
        field = self.page.locator(f"select[name='{name}']")
        if not self.has_keys:
            field.select_option(value)
            return
        self.to(f"select[name='{name}']")
        self.page.keyboard.press("Home")
        for _step in range(field.locator("option").count()):
            if field.input_value() == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow leads to {value}")

    def unfold(self, selector: str) -> None:
        """Open a fold if it is shut."""
        fold = self.page.locator(selector).last
        if self.has_keys:
            self.to(f"{selector} > summary")
        if fold.get_attribute("open") is None:
            self.page.keyboard.press("Enter") if self.has_keys else fold.locator("> summary").click()

    def type_day(self, name: str, day: str) -> None:
        """A day (``YYYY-MM-DD``) into the browser's own field for days."""
        year, month, number = day.split("-")
        self._type_parts(name, day, f"{month}{number}{year}", f"{number}{month}{year}", f"{year}{month}{number}")

    def type_time(self, name: str, at: str) -> None:
        """A time (``HH:MM``) into the browser's own field for times."""
        hour, minute = (int(part) for part in at.split(":"))
        half = f"{hour % 12 or 12:02}{minute:02}{'PM' if hour >= 12 else 'AM'}"
        self._type_parts(name, at, half, f"{hour:02}{minute:02}")

    def _type_parts(self, name: str, value: str, *ways: str) -> None:
        """Into a field whose parts stand in the order its user's country writes them."""
        field = self.page.locator(f"[name='{name}']")
        if not self.has_keys:
            field.fill(value)
            return
        for keys in ways:
            self.to(f"[name='{name}']")
            self.page.keyboard.type(keys)
            if field.input_value() == value:
                return
            field.fill("")
            self.page.locator("h1").evaluate("each => { each.tabIndex = -1; each.focus(); }")
        raise AssertionError(f"{name} does not take {value}")

    def pin_up(self) -> None:
        """Send the composer."""
        self.press(PIN_UP)
        assert self.path != "/write", self.words

    def open_slip(self, title: str) -> str:
        """The slip of this title, by the board; gives its address."""
        self.go("/board")
        self.press(f".card__title a:has-text('{title}')")
        return self.path
