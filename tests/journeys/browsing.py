"""People with browsers: phones and desks, and what must never happen while they use them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 900}}
# What the browser says about an answer that is a page with errors at the fields, or a page that does not exist.
ANSWERED = "Failed to load resource: the server responded with a status of 4"


@dataclass
class Watch:
    """Collects what a page must not do: say something on the console, throw, or ask somebody else's server."""

    site: str
    seen: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch every page of this browser from now on."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.seen.append(f"script: {error.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(ANSWERED):
            where = message.page.url if message.page else ""
            self.seen.append(f"console: {message.text} ({urlsplit(where).path})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.site + "/", "data:", "blob:", "about:")):
            self.seen.append(f"foreign: {request.url}")


@dataclass
class Visitor:
    """A person and their browser."""

    page: Page
    site: str

    def go(self, path: str) -> int:
        """Open a page; gives the status."""
        answer = self.page.goto(self.site + path if path.startswith("/") else path)
        return answer.status if answer else 0

    def press(self, name: str, role: str = "button") -> None:
        """Press the one button (or link) of this name, or the first where it stands twice."""
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
        self.page.wait_for_load_state()

    def fill(self, **values: str) -> None:
        """Type into fields by their name."""
        for name, value in values.items():
            self.page.fill(f"[name={name}]", value)

    def send(self, action: str, **values: str) -> int:
        """Fill in the form that goes to this address and send it by its first button, in whatever language; gives the status."""
        form = self.page.locator(f"form[action='{action}']").first
        for name, value in values.items():
            form.locator(f"[name='{name}']").fill(value)
        buttons = f"form[action='{action}'] button:not([type=button], [formaction]), button[formaction='{action}']"
        with self.page.expect_navigation() as sent:
            self.page.locator(buttons).first.click()
        return sent.value.status if sent.value else 0

    def choose(self, *labels: str) -> None:
        """Tick the fields with these labels."""
        for label in labels:
            self.page.get_by_label(label).check()

    def pick(self, name: str, value: str) -> None:
        """Press the one of several choices that stands for this value, in whatever language."""
        self.page.locator(f"label:has([name='{name}'][value='{value}'])").click()

    def sign_in(self, email: str, password: str) -> None:
        """By the form."""
        self.go("/signin")
        self.fill(email=email, password=password)
        self.press("Anmelden")

    def tab_to(self, selector: str) -> None:
        """Press Tab until the focus is on the last thing that the selector means, from wherever it is."""
        wanted = self.page.locator(selector).last
        for _step in range(250):
            self.page.keyboard.press("Tab")
            if wanted.evaluate("one => one === document.activeElement"):
                return
        raise AssertionError(f"Tab does not come to {selector}")

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    @property
    def words(self) -> str:
        """What is to be read on the page, in one line."""
        return " ".join(self.page.inner_text("body").split())


def arrive(chromium: Browser, site: str, watch: Watch | None = None, **settings: Any) -> Visitor:
    """Somebody comes with a browser of their own, in German unless told otherwise."""
    context = chromium.new_context(**{"locale": "de-DE", "timezone_id": "Europe/Berlin", **settings})
    context.set_default_timeout(8_000)
    if watch is not None:
        watch.over(context)
    return Visitor(context.new_page(), site)
