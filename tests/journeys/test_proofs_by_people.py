"""From nothing proven to the first post: by a paper that two people look at, in person with two phones, and for somebody
whose proof has to wait. The resident has a phone of 360 px; nobody needs a mouse to decide."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from neighbour.demo.verifying import paper
from tests.journeys import axe
from tests.journeys.browsing import PHONE, Visitor, Watch, arrive
from tests.journeys.deciding import TEAM, decides, somebody
from tests.journeys.looking import address
from tests.journeys.scenes_desk import TREFF_SLUG, each_waits_at_the_house_of
from tests.journeys.test_proofs import signs_up
from tests.support.up import Instance

pytestmark = pytest.mark.browser


def newcomer(town: Instance, chromium: Browser, watch: Watch, email: str, name: str, house: str) -> Visitor:
    """Somebody signs up on a phone, from the first page to the one that says how to go on."""
    phone = arrive(chromium, address(town), watch, **PHONE)
    phone.go("/signup")
    (first, last), (street, number) = name.split(), house.rsplit(" ", 1)
    signs_up(phone, town, first, number, street, last=last, email=email)
    return phone


def _opens(visitor: Visitor, method: str) -> None:
    """One of the ways on the waiting page, of which the first stands open."""
    if not visitor.page.locator(f"#proof-{method}").is_visible():
        visitor.page.locator(f"details:has(#proof-{method}) summary").click()


def fits(visitor: Visitor) -> None:
    """Nothing sideways, nothing that axe finds."""
    assert axe.sideways(visitor.page) == [] and axe.check(visitor.page) == []


def writes(visitor: Visitor, title: str) -> None:
    visitor.go("/write")
    visitor.fill(title=title, body_md="Zum ersten Mal hier.")
    visitor.press("Aushängen")
    assert title in visitor.words


def test_a_paper_is_looked_at_by_two_and_opens_the_board(altenbrueck, chromium):
    watch = Watch(address(altenbrueck))
    phone = newcomer(altenbrueck, chromium, watch, "ida@example.org", "Ida Ihrig", "Garnweg 21")
    _opens(phone, "document")
    phone.press("Ein Dokument schicken", "link")
    fits(phone)
    phone.pick("paper", "bill")
    sheet = {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": paper(["Ida Ihrig", "Garnweg 21"])}
    phone.page.set_input_files("[name=photos]", sheet)
    phone.press("Dokument schicken")
    assert "Dein Dokument ist da" in phone.words
    fits(phone)
    assert phone.page.locator(".papers img").evaluate("each => each.complete && each.naturalWidth > 500")
    for key in TEAM:
        words = decides(somebody(altenbrueck, chromium, watch, key))
        assert "Ida Ihrig" in words and "Garnweg 21" in words and "ida@example.org" not in words
    phone.go("/waiting")
    assert phone.path == "/board"
    writes(phone, "Ida sagt hallo")
    assert watch.seen == []


@pytest.mark.thorough
def test_in_person_with_two_phones_and_one_that_has_to_wait(altenbrueck, chromium):
    watch = Watch(address(altenbrueck))
    editor = somebody(altenbrueck, chromium, watch, "liselotte")
    visitors = {"Jolanda Kern": "Garnweg 23", "Henriette Wieczorek": "Spulengasse 6"}
    each_waits_at_the_house_of(altenbrueck, "hannelore")
    phones = {}
    for number, (name, house) in enumerate(visitors.items()):
        phone = newcomer(altenbrueck, chromium, watch, f"besuch{number}@example.org", name, house)
        _opens(phone, "in_person")
        phone.press("Ich bin da: Zeig meinen Code", "link")
        phone.press("Meinen Code zeigen")
        fits(phone)
        code = re.sub(r"\W", "", phone.page.locator(".shown-code__code").inner_text())
        editor.go(f"/visit/{code}")
        editor.press("Name und Adresse zeigen")
        assert name in editor.words and house in editor.words
        editor.page.check("[name=seen]")
        editor.press("Bestätigen")
        assert editor.path == f"/i/{TREFF_SLUG}/confirm" and "Bestätigt." in editor.words
        phones[name] = phone
    phones["Jolanda Kern"].page.wait_for_url("**/board", timeout=15_000)  # her phone asks by itself
    writes(phones["Jolanda Kern"], "Jolanda sagt hallo")
    held = phones["Henriette Wieczorek"]
    held.go("/waiting")
    assert "Wir sehen uns deinen Nachweis an" in held.words
    fits(held)
    for key in TEAM:
        assert "In diesem Haus gibt es mehr Konten" in decides(somebody(altenbrueck, chromium, watch, key))
    held.go("/waiting")
    assert held.path == "/board"
    assert watch.seen == []
