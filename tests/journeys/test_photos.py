"""A phone on a bad line: photos go up in pieces that wait for the network, are put in order, and are looked at by keyboard."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image

from tests.journeys.browsing import PHONE
from tests.journeys.looking import enter
from tests.support.photos import noise, photo

pytestmark = pytest.mark.browser

TITLE = "Wer vermisst eine graue Katze?"
LARGE = noise((1_300, 1_000))  # more than two pieces, also when it is drawn at the size it is shown in
WITH_PLACE = Image.Exif()
WITH_PLACE[0x0112] = 6  # lies on its side
WITH_PLACE[0x010F] = "Kodak"

KEEP_WHAT_IS_SENT = """() => {
  const fetch = window.fetch;
  window.sent = [];
  window.fetch = async (url, how) => {
    if (how && how.method === "PATCH") window.sent.push(...new Uint8Array(await how.body.arrayBuffer()));
    return fetch(url, how);
  };
}"""


@pytest.fixture
def paul(altenbrueck, chromium):
    walk = enter(chromium, altenbrueck, person="paul", **PHONE)
    yield walk.visitor
    walk.page.context.close()
    assert [line for line in walk.watch.seen if "ERR_INTERNET_DISCONNECTED" not in line] == []


def test_two_photos_come_over_a_line_that_breaks_and_are_looked_at_by_keyboard(paul):
    page = paul.page
    paul.go("/write")
    paul.fill(title=TITLE)
    cuts = []

    def break_once(route):
        if route.request.method == "PATCH" and len(cuts) < 2:  # after the first piece the line is away twice
            cuts.append(route.request.headers.get("upload-offset"))
            if len(cuts) == 2:
                route.abort("internetdisconnected")
                return
        route.continue_()

    page.route("**/photos/*", break_once)
    files = [
        {"name": "grau.jpg", "mimeType": "image/jpeg", "buffer": LARGE},
        {"name": "napf.jpg", "mimeType": "image/jpeg", "buffer": photo("tomato")},
    ]
    page.set_input_files("[name=photos]", files)
    page.locator("#photo-sheet .photo-entry [name^=alt-]").nth(1).wait_for()
    assert len(cuts) == 2 and cuts[0] == "0" and int(cuts[1]) > 0, "it went on where it broke"
    words = page.locator("#photo-sheet [name^=alt-]")
    words.nth(0).fill("Eine graue Katze auf einer Mauer")
    words.nth(1).fill("Ein roter Napf")
    page.get_by_role("button", name="Nach vorn").click()
    page.wait_for_function("() => document.querySelector('#photo-sheet [name^=alt-]').value === 'Ein roter Napf'")
    assert page.locator("[name=title]").input_value() == TITLE
    page.set_input_files("[name=photos]", {"name": "x.svg", "mimeType": "image/png", "buffer": b"<svg/>" * 9})
    assert "JPEG, PNG, WebP oder HEIC" in page.get_by_role("alert").inner_text()
    page.locator("[name=title]").press("Enter")  # pins it up, and moves no photo
    page.wait_for_url("**/board")
    paul.press(TITLE, "link")
    deadline = time.monotonic() + 60
    while page.locator("[data-lightbox] a").count() < 2 and time.monotonic() < deadline:
        time.sleep(0.5)
        page.reload()
    _looks(page)


def test_a_large_photo_is_made_small_on_the_phone_before_it_is_sent(paul):
    """A tenth of the data, upright, and nothing of where it was taken leaves the device."""
    page = paul.page
    paul.go("/write")
    page.evaluate(KEEP_WHAT_IS_SENT)
    raw = photo("slategray", (4_000, 3_000), exif=WITH_PLACE.tobytes()) + bytes(700_000)
    page.set_input_files("[name=photos]", {"name": "grau.jpg", "mimeType": "image/jpeg", "buffer": raw})
    page.locator("#photo-sheet .photo-entry [name^=alt-]").wait_for()
    whole = bytes(page.evaluate("() => window.sent"))
    with Image.open(io.BytesIO(whole)) as image:
        assert image.size == (1_440, 1_920), "as large as it is shown, and turned"
        assert not image.getexif()
    assert len(whole) < len(raw) / 5 and b"Kodak" not in whole
    page.locator("[name=move][id^=off-]").click()  # or it waits for the next slip
    page.wait_for_function("() => !document.querySelector('#photo-sheet .photo-entry')")


def _looks(page):
    """By keyboard only: open, on, round, back to where one was. And the same without script, by links."""
    first = page.locator("[data-lightbox] a").first
    assert first.locator("img").get_attribute("alt") == "Ein roter Napf"
    first.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    assert "Ein roter Napf (1/2)" in dialog.inner_text()
    page.keyboard.press("ArrowRight")
    assert "Eine graue Katze auf einer Mauer (2/2)" in dialog.inner_text()
    page.wait_for_function("() => document.querySelector('dialog img').naturalWidth > 0")
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.activeElement === document.querySelectorAll('[data-lightbox] a')[1]")
    shift = page.evaluate(
        "() => new Promise(done => new PerformanceObserver(list => done(list.getEntries().reduce((sum, one) => sum + one.value, 0)))"
        ".observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 300))"
    )
    assert shift < 0.05
    page.goto(str(page.locator("[data-lightbox] a").nth(1).evaluate("one => one.href")))
    page.get_by_role("link", name="Voriges Foto").click()
    assert page.locator("figcaption").inner_text().startswith("Ein roter Napf")
