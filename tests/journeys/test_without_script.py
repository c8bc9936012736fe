"""An old phone that runs no script: everything a neighbour does is done by links and forms."""

from __future__ import annotations

import pytest

from tests.journeys.browsing import PHONE, Visitor
from tests.journeys.looking import enter

pytestmark = pytest.mark.browser

TITLE, LONGER = "Wer hat einen Entsafter?", "Wer hat bis Sonntag einen Entsafter?"
WORDS = "Vier Kisten Äpfel, und **nur zwei Hände**."


@pytest.fixture
def aylin(altenbrueck, chromium):
    """Aylin of the Weberviertel, on a phone without script."""
    walk = enter(chromium, altenbrueck, person="aylin", java_script_enabled=False, **PHONE)
    yield walk.visitor
    walk.page.context.close()
    assert walk.watch.seen == []


def test_reading_takes_links_only(aylin):
    everything = _slips(aylin)
    aylin.press("Beiträge", "link")
    aylin.press("Hilfe gesucht", "link")
    assert aylin.path == "/board" and "category=help_wanted" in aylin.page.url
    assert set(aylin.page.locator("article .kind").all_inner_texts()) <= {"Hilfe gesucht", "Hilfe gefunden"}
    aylin.press("Alles", "link")
    aylin.press("Ältere Beiträge", "link")
    older = _slips(aylin)
    assert older and not older & everything
    first = _titles(aylin)[0]
    aylin.page.locator(".card__title").first.click()
    assert aylin.page.locator("h1").inner_text() == first


def test_writing_answering_and_taking_down_take_forms_only(aylin, altenbrueck, chromium):
    _writes_for_next_door_too(aylin)
    _is_read_next_door(altenbrueck, chromium)
    aylin.press(TITLE, "link")
    aylin.fill(body="Ein Dampfentsafter geht auch.")
    aylin.press("Antworten")
    assert "#r-" in aylin.page.url and "Ein Dampfentsafter geht auch." in aylin.words
    _changes_it(aylin)
    _marks_it_solved(aylin)
    _takes_it_down_and_thinks_again(aylin)


def test_thanking_somebody_takes_a_button(aylin):
    thanks = aylin.page.get_by_role("button", name="Danke")
    title = str(thanks.first.text_content()).partition(" – ")[2].strip()
    thanks.first.click()
    assert aylin.page.locator("h1").inner_text() == title
    assert aylin.page.get_by_role("button", name="Danke", pressed=True).count() == 1
    aylin.press("Danke")
    assert aylin.page.get_by_role("button", name="Danke", pressed=True).count() == 0


def test_settings_and_the_way_out_take_forms_only(aylin):
    aylin.go("/me/digest")
    aylin.page.get_by_label("Auch aus den Quartieren nebenan").uncheck()
    aylin.press("Speichern")
    assert "Gespeichert" in aylin.words
    assert not aylin.page.get_by_label("Auch aus den Quartieren nebenan").is_checked()
    aylin.go("/me")
    aylin.press("Abmelden")
    aylin.go("/board")
    assert aylin.path == "/signin"


def _slips(person: Visitor) -> set[str]:
    """The slips of a page by their addresses, for two may bear one title; without what is urgent, which hangs on top of the first
    page as long as it holds, and at its time's place among the older ones besides."""
    slips = person.page.get_by_role("article").filter(has_not=person.page.locator(".kind", has_text="Dringend"))
    return {str(each.get_attribute("href")) for each in slips.locator(".card__title a").all()}


def _titles(person: Visitor) -> list[str]:
    return person.page.locator(".card__title").all_inner_texts()


def _writes_for_next_door_too(aylin: Visitor) -> None:
    aylin.press("Schreiben", "link")
    aylin.fill(title=TITLE, body_md=WORDS)
    before = aylin.page.locator("#reach").inner_text()
    aylin.pick("audience", "nearby")
    aylin.press("Wen würde das erreichen?")
    assert aylin.page.locator("#reach").inner_text() != before
    assert aylin.page.input_value("[name=body_md]") == WORDS
    aylin.press("Aushängen")
    assert aylin.path == "/board" and _titles(aylin).count(TITLE) == 1


def _is_read_next_door(altenbrueck, chromium) -> None:
    emre = enter(chromium, altenbrueck, person="emre")
    assert TITLE in _titles(emre.visitor)
    emre.page.context.close()


def _changes_it(aylin: Visitor) -> None:
    _from_the_menu(aylin, "Ändern", "link")
    aylin.fill(title=LONGER)
    aylin.press("Änderung speichern")
    assert aylin.page.locator("h1").inner_text() == LONGER
    assert "nur zwei Hände" in aylin.words


def _marks_it_solved(aylin: Visitor) -> None:
    _from_the_menu(aylin, "Erledigt")
    assert aylin.page.locator(".kind").first.inner_text() == "Frage, gelöst"
    _from_the_menu(aylin, "Wieder offen")
    assert aylin.page.locator(".kind").first.inner_text() == "Frage"


def _takes_it_down_and_thinks_again(aylin: Visitor) -> None:
    here = aylin.path
    _from_the_menu(aylin, "Abnehmen")
    assert aylin.path == "/board" and LONGER not in _titles(aylin)
    aylin.press("Rückgängig")
    assert LONGER in _titles(aylin)
    aylin.go(here)
    assert aylin.page.locator("h1").inner_text() == LONGER


def _from_the_menu(person: Visitor, name: str, role: str = "button") -> None:
    """Open the menu of the first slip that is one's own, and press."""
    person.page.locator("details.menu summary").first.click()
    person.press(name, role)
