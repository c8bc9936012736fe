"""Looking at a page: in both widths, light and dark, with everything that must hold wherever somebody is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.exceptions import HTTPException

from config import Config
from neighbour.app import create_app
from neighbour.core import postgres, roles
from neighbour.demo.people import people
from neighbour.demo.seed import PASSWORD
from neighbour.up.mailbox import Mail, Mailbox
from tests.journeys import axe
from tests.journeys.browsing import Visitor, Watch, arrive
from tests.support import ROOT
from tests.support.up import Instance

PICTURES = ROOT / "screenshots-run"
TAKES_PICTURES = "PICTURES" in os.environ or "THOROUGH" in os.environ  # they take a tenth of the time of looking
WIDTHS = DESK, PHONE = (1280, 360)
TINY = 320
FITS_TINY: set[str] = set()  # pages that were looked at with large letters in a narrow window: once in a run is enough
HEIGHTS = {DESK: 800, PHONE: 740}
EXAMINED: set[tuple[str, str]] = set()  # pages whose making was examined, by language
SEEN: set[str] = set()  # kinds of elements that were examined, see ``axe.unseen``
NOBODY = "postgresql://nobody@/none"


@lru_cache
def site_map() -> Flask:
    """The application as it runs in development, for its addresses; it meets no database."""
    urls = {"DATABASE_URL": NOBODY, "DATABASE_OWNER_URL": NOBODY}
    return create_app(Config.from_env({"ENVIRONMENT": "development", **urls}))


def endpoint_of(path: str) -> str | None:
    """Which page of ours answers a GET of this path."""
    try:
        return str(site_map().url_map.bind("localhost").match(path, method="GET")[0])
    except HTTPException:
        return None


def address(instance: Instance) -> str:
    """Where the town is served, as its own mails say it."""
    return f"http://localhost:{instance.port}"


@dataclass
class Walk:
    """Somebody goes through the town in one language and looks at every page they come to."""

    visitor: Visitor
    town: Instance
    language: str
    watch: Watch
    person: str = ""
    wholly: bool = False  # for everything at every width, in the dark too
    endpoints: set[str] = field(default_factory=set)  # the pages that were looked at
    wrong: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return self.visitor.page

    def look(self, name: str, picture: str = "") -> None:
        """Look at the page as it stands now: at both widths where it shows what no page before has shown, else on the phone.

        picture: names the files its pictures are kept in.
        """
        endpoint = endpoint_of(urlsplit(self.page.url).path)
        page = (self.language, endpoint or name)
        is_new = page not in EXAMINED
        EXAMINED.add(page)
        if endpoint:
            self.endpoints.add(endpoint)
        here = (self.page.viewport_size or {})["width"]
        if self.language == "de" and endpoint not in FITS_TINY:
            FITS_TINY.update([endpoint] if endpoint else [])
            self.wrong += [f"{name}, {TINY} px and large text: {line}" for line in self._tiny()]
        unseen = axe.unseen(self.page, SEEN)
        shows_more = is_new or unseen or self.wholly or (picture and TAKES_PICTURES)
        widths = WIDTHS if shows_more else (PHONE,)
        for width in sorted(widths, key=lambda each: each != here):  # beginning with what the window is now
            self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            kept = f"{picture}-{width}" if picture else ""
            found = self._shape()
            if self.wholly:
                found += self._examined_wholly(width)
            elif width == PHONE:
                found += self._examined(is_new, unseen)
            self._keep(kept)
            self.wrong += [f"{name}, {width} px: {line}" for line in found]

    def _examined(self, is_new: bool, unseen: list[str]) -> list[str]:
        """What axe finds on the phone: nearly the same stands on a page at the desk.

        Of a page that comes for the first time how it is made up, and of every page what has not been on any before. English has
        other words but the colours and boxes of German.
        """
        found = axe.check_whole(self.page) if is_new else []
        if marked := axe.mark(self.page, unseen):
            SEEN.update(marked)
            speaks_german = self.language == "de"
            found += axe.check(self.page, colours=speaks_german, boxes=speaks_german, only_marked=True)
        return found

    def _examined_wholly(self, width: int) -> list[str]:
        """What axe finds on everything at this width, and of the colours in the dark (``make thorough``)."""
        found = axe.check(self.page)
        if width == DESK:
            with self._in_the_dark():
                found += [f"dark: {line}" for line in axe.check(self.page, words=False, boxes=False)]
        return found

    @contextmanager
    def _in_the_dark(self) -> Iterator[None]:
        self.page.emulate_media(color_scheme="dark")
        yield
        self.page.emulate_media(color_scheme="light")

    def _tiny(self) -> list[str]:
        """What does not fit a narrow window for somebody who has set their browser to letters twice as large."""
        self.page.set_viewport_size({"width": TINY, "height": 640})
        browser = self.page.context.new_cdp_session(self.page)
        try:
            browser.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
            assert self.page.evaluate("matchMedia('(max-width: 15rem)').matches"), "the browser's own letters count"
            return axe.sideways(self.page) + axe.cut_off(self.page)
        finally:
            browser.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
            browser.detach()

    def go(self, path: str, name: str = "", picture: str = "", status: int = 200) -> None:
        """Open an address and look at what comes."""
        assert self.visitor.go(path) == status, path
        self.look(name or path, picture)

    def send(self, action: str, name: str, status: int = 200, picture: str = "", **values: str) -> None:
        """Send a form and look at what comes; 422 is the form again, with what is wrong at its fields."""
        assert self.visitor.send(action, **values) == status, name
        self.look(name, picture)

    def look_at(self, mail: str, name: str, picture: str = "") -> None:
        """The HTML part of a mail, as a program would show it."""
        here = self.page.url
        self.page.goto("about:blank")
        self.page.set_content(mail)
        self.look(name, picture)
        self.page.goto(here)

    def _shape(self) -> list[str]:
        heads, language, title = self.page.evaluate(
            "() => [document.querySelectorAll('h1').length, document.documentElement.lang, document.title]"
        )
        found = axe.sideways(self.page)
        found += [f"{heads} first headings"] if heads != 1 else []
        found += [f"speaks {language!r}"] if language != self.language else []
        return found + ([] if title.strip() else ["no title"])

    def _keep(self, name: str) -> None:
        """Keep pictures of the page as it stands, light and dark, where pictures are wanted."""
        if not name or not TAKES_PICTURES:
            return
        PICTURES.mkdir(exist_ok=True)
        self.page.evaluate("scrollTo(0, 0)")
        whole = os.environ.get("PICTURES") == "whole"  # not only what is seen first
        self.page.screenshot(path=PICTURES / f"{name}.jpg", type="jpeg", quality=80, full_page=whole)
        with self._in_the_dark():
            self.page.screenshot(path=PICTURES / f"{name}-dark.jpg", type="jpeg", quality=80, full_page=whole)


def enter(
    chromium: Browser, town: Instance, language: str = "de", person: str = "", is_strong: bool = True, **settings: Any
) -> Walk:
    """Somebody comes to the town, signs in if they live there (``person``: a key of people.txt), and chooses the language.

    Nobody of the demo city has a second factor, and staff need one: unless told otherwise it is as if they had shown it.
    """
    watch = Watch(address(town))
    usual = {"reduced_motion": "reduce", "viewport": {"width": 1280, "height": 800}}
    visitor = arrive(chromium, address(town), watch, **{**usual, **settings})
    axe.carry(visitor.page.context)
    if person:
        visitor.sign_in(email_of(person), PASSWORD)
        assert visitor.path in ("/board", "/waiting"), visitor.words
        if is_strong:
            has_shown_a_factor(town, email_of(person))
    else:
        visitor.go("/")
    if visitor.page.evaluate("document.documentElement.lang") != language:
        visitor.send(f"/language/{language}")
    return Walk(visitor, town, language, watch, person)


def has_shown_a_factor(town: Instance, email: str) -> None:
    """As if whoever has this address had shown a second factor just now."""
    mine = "(SELECT id FROM person WHERE email = %s)"
    with roles.connect(postgres.address(town.folder).owner_url, autocommit=True) as owner:
        owner.execute(
            f"UPDATE login_session SET strong_at = now(), active_at = now() WHERE person_id = {mine}", [email]
        )


def email_of(person: str) -> str:
    """The mail address of somebody of the demo city."""
    return next(one.email for one in people() if one.key == person)


def mails(town: Instance, to: str) -> list[Mail]:
    """The mails to this address so far, oldest first."""
    return [mail for mail in Mailbox(town.folder / "mailbox").messages() if to in mail.recipients]


def knock(town: Instance) -> None:
    """What beat does every hour: proofs that are due are looked at. Twice in an hour is once."""
    call = [sys.executable, "-m", "celery", "--quiet", "-A", "workers", "call", "residency.proofs"]
    subprocess.run(call, env=town.environment, cwd=ROOT, check=True, capture_output=True, timeout=60)


def wait_for_mail(town: Instance, to: str, with_link: str) -> tuple[Mail, str]:
    """The newest mail to this address that holds a link to a path beginning so, and the path of the link."""
    pattern = re.compile(re.escape(address(town)) + rf"({re.escape(with_link)}[\w.~-]+)")

    def found() -> list[tuple[Mail, str]]:
        return [(mail, link.group(1)) for mail in mails(town, to) if (link := pattern.search(mail.text))]

    town.wait_until(found, 30)
    return found()[-1]
