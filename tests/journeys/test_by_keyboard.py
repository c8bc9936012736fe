"""Nobody needs a mouse: what a neighbour does every day, by Tab, Enter, Space, arrows and Escape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.looking import PASSWORD, email_of, enter
from tests.journeys.scenes_inside import busiest_thread

pytestmark = pytest.mark.browser

TITLE = "Wer hat eine Wasserwaage?"
MOST = 250  # stops on one page

STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const label = one.closest("label") || one.labels?.[0];
  const outlined = each => { const style = getComputedStyle(each); return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0; };
  const box = (one.closest("label") || one).getBoundingClientRect();
  const x = box.left + Math.min(box.width, innerWidth) / 2, y = box.top + Math.min(box.height, 40) / 2;
  const top = document.elementFromPoint(x, y);
  const words = one.getAttribute("aria-label") || (label || one).innerText || one.value || one.name || one.className;
  return {
    words: words.replace(/\\s+/g, " ").trim(),
    shows: outlined(one) || getComputedStyle(one).boxShadow !== "none" || Boolean(one.closest("label") && outlined(one.closest("label"))),
    covered: !(top && (one.contains(top) || top.contains(one) || one.closest("label")?.contains(top))),
    skip: one.matches(".skip"),
    again: window.stoppedAt === (window.stoppedAt = one),  // a date has several parts
  };
}"""
# What Tab should come to: everything that can be pressed or typed into and is to be seen; of several choices the one that is
# made, or the first.
STOPS = """() => { const alike = one => [...one.form.elements].filter(other => other.type === "radio" && other.name === one.name);
  const stands = one => one.type !== "radio" || one.checked || !alike(one).some(other => other.checked) && alike(one)[0] === one;
  return [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea, [tabindex='0']")]
  .filter(one => one.checkVisibility({visibilityProperty: true}) && one.tabIndex >= 0 && !one.disabled && stands(one)).length; }"""


@dataclass
class Keys:
    """Somebody with a keyboard."""

    page: Page

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def stop(self) -> dict[str, Any] | None:
        """Where the focus is: its words, whether one sees it there, whether something lies over it."""
        return self.page.evaluate(STOP)

    def to(self, words: str, key: str = "Tab") -> None:
        """Go on until the focus is on what is called so."""
        passed = []
        for _step in range(MOST):
            self.press(key)
            stop = self.stop()
            passed.append(stop["words"] if stop else "–")
            if stop and stop["words"].startswith(words):
                assert stop["shows"], f"nobody sees that the focus is on {words}"
                return
        raise AssertionError(f"{words} cannot be reached, only {passed}")

    def go(self, key: str = "Enter") -> None:
        """Press what the focus is on; it leads to another page."""
        with self.page.expect_navigation():
            self.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)


@pytest.fixture
def walk(altenbrueck, chromium):
    """Katrin of the Weberviertel, signed in."""
    came = enter(chromium, altenbrueck, person="katrin")
    yield came
    came.page.context.close()
    assert came.watch.seen == []


def test_the_first_stop_leads_past_everything_to_the_content(walk):
    keys = Keys(walk.page)
    for path in ("/board", "/write", "/me"):
        walk.visitor.go(path)
        keys.press("Tab")
        stop = keys.stop()
        assert stop["skip"] and stop["shows"] and not stop["covered"], path
        keys.press("Enter")
        assert walk.page.evaluate("document.activeElement.id") == "content"
        keys.press("Tab")
        assert walk.page.evaluate("document.activeElement.closest('main') !== null"), path


ON_THE_PHONE = [
    "/board",
    "/write",
    "/me/digest",
    "/me/appearance",
    "/me/invitations",
    "/settings/address/move",
    "/me/protection",
]
AT_THE_DESK = [
    "/write",
    "/me/access",
    "/quarters",
    "/settings/address",
    "/me/email",
    "/me/app",
    "/me/data",
    "/me/leave",
]


@pytest.mark.parametrize(
    ("width", "paths"),
    [(360, ON_THE_PHONE), pytest.param(1280, AT_THE_DESK, marks=pytest.mark.thorough)],
    ids=["360", "1280"],
)
def test_every_stop_is_seen_and_none_is_a_trap(walk, altenbrueck, width, paths):
    walk.page.set_viewport_size({"width": width, "height": 740})
    for path in [*paths, busiest_thread(altenbrueck)] if width == 1280 else paths:
        walk.visitor.go(path)
        goes_round(walk)


def goes_round(walk) -> None:
    """Every stop of this page can be seen, nothing lies over it, and none is left out."""
    wanted, stops = walk.page.evaluate(STOPS), all_stops(Keys(walk.page))
    unseen = [stop["words"] for stop in stops if not stop["shows"]]
    covered = [stop["words"] for stop in stops if stop["covered"]]
    assert (unseen, covered, len(stops)) == ([], [], wanted), walk.visitor.path


def all_stops(keys: Keys) -> list[dict[str, Any]]:
    """Every stop once round the page, from the skip link to the skip link."""
    stops: list[dict[str, Any]] = []
    for _step in range(MOST):
        keys.press("Tab")
        stop = keys.stop()
        if stop and stop["skip"] and stops:
            return stops
        if stop and not stop["again"]:
            stops.append(stop)
    raise AssertionError(f"no way back to the top: {[stop['words'] for stop in stops[-5:]]}")


def test_signing_in_takes_keys_only(altenbrueck, chromium):
    walk = enter(chromium, altenbrueck)
    keys = Keys(walk.page)
    keys.to("Anmelden")
    keys.go()
    keys.to("E-Mail")
    keys.type(email_of("katrin"))
    keys.to("Passwort")
    keys.type("daneben")
    keys.go()
    assert walk.page.evaluate("document.activeElement.id") == "errors", "what is wrong is read out first"
    keys.to("Passwort")
    keys.type(PASSWORD)
    keys.to("Anmelden")
    keys.go()
    assert walk.visitor.path == "/board"
    walk.page.context.close()


def test_writing_changing_and_taking_down_take_keys_only(walk):
    keys = Keys(walk.page)
    keys.to("Schreiben")
    keys.go()
    _fills_in_the_composer(walk, keys)
    keys.to("Aushängen")
    keys.go()
    assert walk.visitor.path == "/board" and TITLE in walk.visitor.words
    _opens_and_closes_the_menu(walk, keys)
    keys.press("Space")
    keys.to("Abnehmen")
    keys.go("Space")
    assert TITLE not in walk.page.locator(".feed").inner_text()
    keys.to("Rückgängig")
    keys.go()
    assert TITLE in walk.page.locator(".feed").inner_text()


def _fills_in_the_composer(walk, keys) -> None:
    keys.to("Frage")
    keys.to("Tipp", "ArrowRight")
    keys.to("Frage", "ArrowLeft")
    keys.to("Überschrift")
    keys.type(TITLE)
    keys.to("Text")
    keys.type("Für ein Regal, bis morgen.")
    keys.to("Mein Quartier")
    before = walk.page.locator("#reach").inner_text()
    keys.to("Umgebung", "ArrowDown")
    expect(walk.page.locator("#reach")).not_to_have_text(before, use_inner_text=True)


def _opens_and_closes_the_menu(walk, keys) -> None:
    menu = walk.page.locator("details.menu").first
    keys.to(f"Mehr zu: {TITLE}")
    keys.press("Enter")
    assert menu.evaluate("menu => menu.open")
    keys.to("Ändern")
    keys.press("Escape")
    assert not menu.evaluate("menu => menu.open")
    assert keys.stop()["words"].startswith("Mehr zu"), "Escape leads back to where the menu was opened"


def test_answering_and_thanking_keep_the_place(walk, altenbrueck):
    keys = Keys(walk.page)
    keys.to("Danke")
    was = walk.page.locator("[aria-pressed]:focus").get_attribute("aria-pressed")  # she may have thanked already
    with walk.page.expect_response("**/thank"):
        keys.press("Space")
    now = {"true": "false", "false": "true"}[str(was)]
    expect(walk.page.locator(f"[aria-pressed={now}]:focus")).to_have_count(1)
    assert keys.stop()["words"].startswith("Danke")
    walk.visitor.go(busiest_thread(altenbrueck))
    keys.to("Deine Antwort")
    keys.type("Das geht auch mit der Tastatur.")
    keys.to("Antworten")
    keys.go()
    assert "Das geht auch mit der Tastatur." in walk.visitor.words


def test_going_on_to_what_is_older_goes_on_there(walk):
    keys = Keys(walk.page)
    last = walk.page.locator(".card__title").last.inner_text()
    keys.to("Ältere Beiträge")
    with walk.page.expect_response("**/board?before=*"):
        keys.press("Enter")
    titles = walk.page.locator(".card__title")
    expect(walk.page.locator(".card__title a:focus")).to_have_count(1)
    following = titles.all_inner_texts()
    assert keys.stop()["words"] == following[following.index(last) + 1]


def test_whoever_waits_types_a_code_and_chooses_another_way_by_keys_only(altenbrueck, chromium):
    waiting = enter(chromium, altenbrueck, person="mira", viewport={"width": 360, "height": 740})
    page, keys = waiting.page, Keys(waiting.page)
    waiting.visitor.go("/waiting")
    goes_round(waiting)
    keys.to("Dein Code")
    keys.type("was denn")
    keys.go()
    assert page.evaluate("document.activeElement.id") == "errors", "what is wrong is read out first"
    waiting.visitor.go("/waiting")
    keys.to("Ein Dokument")
    keys.press("Enter")
    keys.to("Ein Dokument schicken")
    keys.go()
    assert waiting.visitor.path == "/proof/document"
    goes_round(waiting)
    keys.to("Meldebescheinigung")
    keys.press("Space")
    keys.to("Rechnung", "ArrowDown")
    keys.to("Dokument schicken")
    keys.go()
    assert page.evaluate("document.activeElement.id") == "errors"
    assert page.locator("[name=paper]:checked").get_attribute("value") == "bill", "what was chosen stays"
    waiting.page.context.close()
    assert waiting.watch.seen == []


def test_what_others_see_is_chosen_and_previewed_by_keys_only(walk):
    walk.visitor.go("/me/appearance")
    keys, seen = Keys(walk.page), walk.page.locator("[data-ring=own] .byline__who")
    assert seen.inner_text().startswith("Katrin D.")
    keys.to("Wer wie viel von deinem Namen sieht")
    keys.press("Enter")
    keys.to("Vorname und Anfangsbuchstabe")
    keys.to("Nur Vorname", "ArrowRight")
    expect(seen).not_to_contain_text("Katrin D.")
    expect(seen).to_contain_text("Katrin")


def test_the_desk_needs_no_mouse(altenbrueck, chromium):
    desk = enter(chromium, altenbrueck, person="ursula")
    for path in ("/desk", "/desk/letters", "/desk/flyers"):
        desk.visitor.go(path)
        goes_round(desk)
    desk.page.context.close()
    assert desk.watch.seen == []
