"""The map by keyboard, without scripts, and with nothing from anywhere else."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.browsing import PHONE
from tests.journeys.looking import enter

pytestmark = pytest.mark.browser
FILLED = """() => {
  const height = (what) => document.querySelector(what)?.getBoundingClientRect().height ?? 0;
  return height(".leaflet-pane path.area--own") > height(".places-map") / 2;
}"""


def test_without_scripts_a_marker_leads_to_its_place_in_the_list_and_on_to_the_card(altenbrueck, chromium):
    walk = enter(chromium, altenbrueck, person="hannelore", java_script_enabled=False, **PHONE)
    walk.visitor.go("/map")
    page = walk.page
    box = page.locator(".pin .pin__reach").first.bounding_box()
    assert box is not None and min(box["width"], box["height"]) >= 40, "a finger meets it"
    count = int(page.locator(".pin text").first.text_content() or 0)
    page.locator(".pin").first.click()
    here = page.locator(".place-list h3:target")
    expect(here).to_have_count(1)
    links = here.locator("xpath=following-sibling::ul[1]").locator(".place-line > a")
    assert links.count() == count > 0
    title = links.first.inner_text()
    links.first.click()
    assert page.locator("h1").inner_text().replace("\u00ad", "") == title.replace("\u00ad", "")
    walk.visitor.go("/map")
    walk.visitor.press("Angebote", "link")
    assert "show=events" in page.url and "show=offers" not in page.url
    walk.visitor.press("Umgebung: aus", "link")
    assert "nearby=1" in page.url and "show=initiatives" in page.url
    page.context.close()
    assert walk.watch.seen == []


def test_by_keyboard_a_marker_opens_leads_on_and_gives_the_focus_back(altenbrueck, chromium):
    walk = enter(chromium, altenbrueck, person="hannelore")
    page = walk.page
    held = []
    page.route(
        "**/map.geojson?*grid=*", lambda route: held.append(route)
    )  # the finer markers come while somebody is at one of the first
    with page.expect_request("**/map.geojson?*grid=*"):
        walk.visitor.go("/map")
    pin = page.locator(".place-pin").first
    pin.focus()
    with page.expect_response("**/map.geojson?*grid=*"):
        for route in held:
            route.continue_()
    page.wait_for_timeout(200)
    pin = page.locator(".place-pin:focus")
    assert pin.get_attribute("role") == "button" and ": " in (pin.get_attribute("aria-label") or "")
    page.keyboard.press("Enter")
    expect(page.locator(".place-paper a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".place-paper")).to_have_count(0)
    expect(page.locator(".place-pin:focus")).to_have_count(1)
    page.keyboard.press("Enter")
    page.locator(".place-paper__all").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".place-list h3:target")).to_have_count(1)
    page.context.close()
    assert walk.watch.seen == []


def test_the_map_shows_the_quarter_and_asks_nobody_else(altenbrueck, chromium):
    walk = enter(chromium, altenbrueck, person="hannelore")
    asked = []
    walk.page.on("request", lambda request: asked.append(request.url))
    walk.visitor.go("/map")
    walk.page.wait_for_function(FILLED)  # the drawing that came with the page makes room for it
    expect(walk.page.locator("path.area--own")).to_have_count(1)
    assert walk.page.locator("path.street").count() >= 1
    assert {url.split("/")[2] for url in asked} == {walk.page.url.split("/")[2]}
    pins = walk.page.locator(".place-pin").count()
    before = sum(int(text) for text in walk.page.locator(".place-pin").all_inner_texts())
    for _step in range(4):
        walk.page.get_by_role("button", name="Weiter weg").click()
    walk.page.wait_for_function("count => document.querySelectorAll('.place-pin').length < count", arg=pins)
    gathered = sum(int(text) for text in walk.page.locator(".place-pin").all_inner_texts())
    assert gathered == before, "none is lost"
    walk.page.context.close()
    assert walk.watch.seen == []
