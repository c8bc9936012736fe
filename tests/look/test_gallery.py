"""All components at once: axe, no sideways scrolling, large enough targets, in both themes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import axe
from tests.look.browser import browser
from tests.look.gallery import NAMES, served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


def opened(chromium: Browser, url: str, width: int) -> Page:
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme="light", reduced_motion="reduce")
    answer = page.goto(url)
    assert answer.ok
    return page


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [360, pytest.param(1280, marks=pytest.mark.thorough)])
def test_axe_finds_nothing(site, chromium, name, width):
    page = opened(chromium, f"{site}/gallery/{name}", width)
    assert axe.check(page) == []
    page.emulate_media(color_scheme="dark")
    assert axe.check(page, words=False, boxes=False) == []
    page.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["de", pytest.param("en", marks=pytest.mark.thorough)])
def test_nothing_scrolls_sideways(site, chromium, name, language):
    """At 320 px, at 160 px (200 % zoom of it), and with text alone at 200 % (WCAG 1.4.4, 1.4.10)."""
    page = opened(chromium, f"{site}/gallery/{name}?language={language}", 320)
    for width, zoom in ((320, 1), (160, 1), (320, 2), (1280, 2)):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("zoom => { document.documentElement.style.fontSize = `${zoom * 100}%`; }", zoom)
        assert axe.sideways(page) == [], f"{width} px, text × {zoom}"
    page.close()


@pytest.mark.parametrize("name", NAMES)
def test_targets_on_the_phone_are_large(site, chromium, name):
    page = opened(chromium, f"{site}/gallery/{name}", 360)
    assert axe.small_targets(page) == []
    page.close()


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_stops_nothing_of_ours_and_nothing_comes_from_elsewhere(site, chromium, name):
    page = chromium.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}/gallery/{name}")
    assert said == []
    assert [url for url in asked if not url.startswith(site)] == []
    page.close()


def test_a_draft_survives_a_reload(site, chromium):
    page = opened(chromium, f"{site}/gallery/gallery", 360)
    page.evaluate("document.querySelector('.error-list')?.remove()")
    page.fill("#body", "Viertel vor sechs passt.")
    page.wait_for_selector("[data-draft-note]")
    page.evaluate("sessionStorage.getItem('draft:gallery')")
    page.add_init_script(
        "document.addEventListener('readystatechange', () => document.querySelector('.error-list')?.remove())"
    )
    page.reload()
    assert page.input_value("#body") == "Viertel vor sechs passt."
    page.close()


def test_the_map_draws_quarters_and_writes_names_as_text(site, chromium):
    page = opened(chromium, f"{site}/gallery/map", 1280)
    page.wait_for_selector(".quarter-shape")
    assert page.locator(".quarter-shape").count() == 12
    assert "<b>Altmarkt</b> & mehr" in page.locator(".quarter-label").all_text_contents()
    assert page.locator(".quarter-shape--mine").count() == 1
    page.focus("#map")
    before = page.locator(".leaflet-map-pane").get_attribute("style")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".leaflet-map-pane")).not_to_have_attribute("style", before)
    page.focus("a[href='#AB-01']")
    assert page.locator(".quarter-shape.is-lit").count() == 1
    page.close()
