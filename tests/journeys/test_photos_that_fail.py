"""One of several photos fails, on a phone: it is said as long as the page is open, and nothing is pinned up without it unasked."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.journeys.browsing import PHONE
from tests.journeys.looking import enter
from tests.support.photos import noise, photo

pytestmark = pytest.mark.browser

ALT = "#photo-sheet .photo-entry [name^=alt-]"
PIN_UP = ".composer__foot button[type=submit]:not([name])"
COLOURS = ("teal", "red", "blue", "green", "gold", "pink", "navy", "gray", "black", "white")

ALL_THERE = "() => !document.querySelector('#photo-uploads [name=photo], .htmx-request')"


@pytest.fixture
def paul(altenbrueck, chromium):
    walk = enter(chromium, altenbrueck, person="paul", **PHONE)
    walk.visitor.go("/write")
    yield walk.visitor
    walk.page.context.close()
    assert [line for line in walk.watch.seen if "422" not in line] == []


def moving():
    out = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def file(name, raw, kind="image/jpeg"):
    return {"name": name, "mimeType": kind, "buffer": raw}


def sheet(page):
    return page.locator("#photo-sheet").inner_text()


def empty(page):
    """Take off what would wait for the next slip."""
    while count := page.locator("[name=move][id^=off-]").count():
        page.locator("[name=move][id^=off-]").first.click()
        page.wait_for_function("(count) => document.querySelectorAll('[id^=off-]').length < count", arg=count)


def test_a_refused_one_of_two_is_still_named_when_the_other_is_there(paul):
    page = paul.page
    page.set_input_files("[name=photos]", [file("beweg.webp", moving(), "image/webp"), file("gut.jpg", photo())])
    page.locator(ALT).wait_for()
    page.wait_for_function(ALL_THERE)
    assert "beweg.webp" in sheet(page) and page.locator("#photo-sheet [role=alert]").count() == 1
    page.set_input_files("[name=photos]", [file("beweg.webp", photo("gold"))])  # and no longer once it has come
    page.locator(ALT).nth(1).wait_for()
    assert "beweg.webp" not in sheet(page)
    assert page.locator("form [name=photo]").count() == 2, "each goes with the form once"
    empty(page)


@pytest.mark.thorough
def test_what_was_left_out_beyond_eight_is_said_all_the_time(paul):
    page = paul.page
    page.set_input_files("[name=photos]", [file(f"{colour}.jpg", photo(colour)) for colour in COLOURS])
    assert "Höchstens 8 Fotos. Die übrigen" in sheet(page), "before any has come"
    page.locator(ALT).nth(7).wait_for(timeout=60_000)
    page.wait_for_function(ALL_THERE)
    assert "Höchstens 8 Fotos. Die übrigen" in sheet(page)
    empty(page)


def test_nothing_is_pinned_up_without_a_photo_that_failed_meanwhile_until_its_author_says_so_again(paul):
    page, held = paul.page, []

    def refuse(route):
        if route.request.method == "PATCH" and not held:
            held.append(1)
            page.wait_for_timeout(1_500)
            route.fulfill(status=422, content_type="application/json", body='{"says": "Das ist kein Foto."}')
        else:
            route.continue_()

    page.route("**/photos/*", refuse)
    paul.fill(title="Mit Foto, das nicht kommt")
    page.set_input_files("[name=photos]", [file("gross.jpg", noise((1_300, 1_000))), file("gut.jpg", photo())])
    page.locator(PIN_UP).click()
    assert page.locator("#photo-sheet progress").count() >= 1, "it was pressed while they were under way"
    page.locator(ALT).wait_for()
    page.wait_for_function("() => document.activeElement.textContent === 'gross.jpg: Das ist kein Foto.'")
    assert paul.path == "/write" and "gross.jpg: Das ist kein Foto." in sheet(page)
    assert page.locator(PIN_UP).get_attribute("aria-busy") is None
    page.locator(PIN_UP).click()
    page.wait_for_url("**/board")
    assert "Mit Foto, das nicht kommt" in page.locator("main").inner_text()


@pytest.mark.thorough
def test_a_photo_that_comes_while_another_is_taken_off_is_not_lost(paul):
    page = paul.page
    page.set_input_files("[name=photos]", [file("gut.jpg", photo())])
    page.locator(ALT).wait_for()

    def slowly(route):
        if route.request.method == "PATCH":
            page.wait_for_timeout(1_500)
        route.continue_()

    page.route("**/photos/*", slowly)
    page.set_input_files("[name=photos]", [file("neu.jpg", photo("gold"))])
    page.locator("[name=move][id^=off-]").click()
    page.wait_for_function("() => !document.querySelector('[id^=off-]')")
    assert "neu.jpg" in sheet(page), "it is under way still"
    page.locator(ALT).wait_for()
    assert page.locator("form [name=photo]").count() == 1
    empty(page)
