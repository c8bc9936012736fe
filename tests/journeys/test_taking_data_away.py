"""Somebody takes her data along, leaves with the keyboard on a phone, is seen by nobody any more, and comes back."""

from __future__ import annotations

import zipfile

import pytest

from tests.journeys import axe
from tests.journeys.browsing import PHONE
from tests.journeys.looking import email_of, enter, wait_for_mail

pytestmark = pytest.mark.browser


def test_from_the_wish_to_the_archive_out_and_back_again(altenbrueck, chromium, tmp_path):
    phone = {**PHONE, "accept_downloads": True}
    samira = enter(chromium, altenbrueck, person="samira", **phone)
    hassan = enter(chromium, altenbrueck, person="hassan")
    page, visitor = samira.page, samira.visitor
    visitor.go("/write")
    visitor.pick("category", "question")
    visitor.fill(title="Wer hat Samiras Katze gesehen?")
    visitor.send("/write")
    assert "Samira H." in _board(hassan)
    archive = _takes_it_along(visitor, page, tmp_path)
    _reads_it_offline(chromium, archive, tmp_path)
    _leaves_by_keyboard(visitor, page)
    assert "Samira H." not in _board(hassan) and "Samiras Katze" not in _board(hassan)
    visitor.go("/board")
    assert visitor.path == "/signin"
    _mail, path = wait_for_mail(altenbrueck, email_of("samira"), "/back/")
    visitor.go(path)
    visitor.press("Zurückkommen")
    assert visitor.path == "/signin"
    visitor.sign_in(email_of("samira"), "linsensuppe-um-sechs")
    assert "Samira H." in _board(hassan) and "Samiras Katze" in _board(hassan)
    for walk in (samira, hassan):
        walk.page.context.close()
        assert walk.watch.seen == []


def _board(walk) -> str:
    walk.visitor.go("/board")
    return walk.visitor.words


def _takes_it_along(visitor, page, folder):
    visitor.go("/me")
    visitor.press("Meine Daten", "link")
    visitor.press("Meine Daten zusammenstellen")
    download = page.get_by_role("button", name="Herunterladen")
    download.wait_for(timeout=30_000)  # no reload: the page asks by itself
    with page.expect_download() as arriving:
        download.click()
    file = folder / arriving.value.suggested_filename
    arriving.value.save_as(file)
    assert file.name.startswith("nachbar-meine-daten-") and file.suffix == ".zip"
    return file


def _reads_it_offline(chromium, archive, folder):
    with zipfile.ZipFile(archive) as opened:
        assert "Samiras Katze" in opened.read("data/contribution.json").decode()
        opened.extract("index.html", folder)
    alone = chromium.new_context(offline=True, viewport={"width": 360, "height": 740})
    page = alone.new_page()
    page.goto((folder / "index.html").as_uri())
    assert "Samiras Katze" in page.inner_text("main")
    assert axe.sideways(page) == []
    alone.close()


def _leaves_by_keyboard(visitor, page):
    visitor.go("/me/leave")
    visitor.tab_to("[name=texts][value=keep]")
    page.keyboard.press("ArrowDown")
    assert page.locator("[name=texts][value=all]").is_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("löschen")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert visitor.path == "/goodbye" and page.locator("h1").inner_text() == "Dein Konto ist geschlossen"
