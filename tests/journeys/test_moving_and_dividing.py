"""Two stories of one small city: somebody moves house, and a quarter is divided while its people live on in it.

Real processes, a real browser; the clock is ours, because the second story takes three weeks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from neighbour.accounts.passwords import hash_password
from neighbour.core import clock, scope
from neighbour.core.db import as_owner, atomic, hang_up
from neighbour.residency.gazetteer.loading import refresh_streets
from tests.factories import make_comment, make_post
from tests.journeys import axe
from tests.journeys.browsing import DESK, PHONE, Visitor, Watch, arrive
from tests.journeys.instance import Instance
from tests.look.browser import browser
from tests.residency.patchwork import Patchwork, file, street

pytestmark = pytest.mark.browser

AFTERNOON = datetime(2026, 5, 12, 14, 0, tzinfo=UTC)  # a Tuesday
LATER = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
PASSWORD = "sieben nasse Handschuhe"
PATCHES = {(0, 0): "a", (1, 0): "a", (2, 0): "b", (3, 0): "b"}
NAMES = {"a": "Weberviertel", "b": "Am Wehr", "n": "Webergärten"}
MOVER, STAYER, BORDER, FRIEND = (f"{name}@example.org" for name in ("anna", "bernd", "cem", "dora"))


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture
def city(spare_database, settings, tmp_path) -> Iterator[Instance]:
    """Weberviertel and Am Wehr, four people with homes, a thread, and what the mover has written."""
    instance = Instance(tmp_path, spare_database)
    instance.is_now(AFTERNOON)
    instance.start()
    try:
        _settle(instance, settings)
        instance.wait_for_site()
        yield instance
    finally:
        instance.stop()


def _settle(instance: Instance, settings) -> None:
    from neighbour.app import create_app

    urls = {"database_url": instance.database.app_url, "owner_url": instance.database.owner_url}
    app = create_app(replace(settings, **urls))
    with app.app_context(), clock.freeze(AFTERNOON):
        made = Patchwork(PATCHES, names=NAMES)
        with as_owner(), atomic():
            refresh_streets()
        secret = {"password_hash": hash_password(PASSWORD, 64)}
        people = {
            email: made.resident(*where, name=email.partition("@")[0].title(), email=email, email_key=email, **secret)
            for email, where in (
                (MOVER, (0, 0)),
                (STAYER, (1, 0, "middle")),
                (BORDER, (0, 0, "east")),
                (FRIEND, (2, 0)),
            )
        }
        quarter = made.quarter("a")
        thread = make_post(people[STAYER], quarter, title="Wer kennt die Katze?")
        make_comment(people[BORDER], quarter, thread, "Die gehört zu uns.")
        make_post(people[MOVER], quarter, title="Leiter zu verleihen")
        make_comment(people[MOVER], quarter, thread, "Ich habe sie auch gesehen.")
        scope.leave()
        hang_up()


@pytest.mark.thorough  # any move and any division is asked in tests/residency each time
def test_somebody_moves_and_a_quarter_is_divided(city, chromium):
    watch = Watch(city.site)
    mover = arrive(chromium, city.site, watch, **PHONE)
    _moves(mover)
    _is_nobody_in_the_old_quarter(city, chromium, watch)
    _proves_and_writes(mover, city)
    border = arrive(chromium, city.site, watch, **PHONE)
    _hears_of_the_change_and_chooses(border, city)
    city.is_now(LATER)
    assert "is in force" in city.command("quarters", "apply")
    _reads_on(border, city)
    assert watch.seen == []


def _moves(mover: Visitor) -> None:
    mover.sign_in(MOVER, PASSWORD)
    mover.go("/settings/address")
    mover.press("Ich ziehe um", "link")
    assert "Das Brett deines Quartiers Weberviertel schließt sich für dich sofort" in mover.words
    assert axe.check(mover.page) + axe.sideways(mover.page) == []
    mover.fill(street=street(2, 0), number="1", recipient="Anna Kowalczyk")
    mover.page.get_by_label("Ich nehme mit").check()
    mover.press("Weberviertel verlassen und umziehen")
    assert mover.path == "/waiting" and "Am Wehr" in mover.words
    mover.go("/board")
    assert mover.path == "/waiting" and "Katze" not in mover.words
    mover.go("/me/left")
    assert "Leiter zu verleihen" in mover.words and "Ich habe sie auch gesehen." in mover.words
    assert "Katze" not in mover.words
    assert axe.check(mover.page) + axe.sideways(mover.page) == []


def _is_nobody_in_the_old_quarter(city: Instance, chromium: Browser, watch: Watch) -> None:
    neighbour = arrive(chromium, city.site, watch, **DESK)
    neighbour.sign_in(STAYER, PASSWORD)
    assert "Leiter zu verleihen" not in neighbour.words
    neighbour.press("Wer kennt die Katze?", "link")
    assert "Ehemalige Nachbarschaft" in neighbour.words and "Anna" not in neighbour.page.content()


def _proves_and_writes(mover: Visitor, city: Instance) -> None:
    mover.go("/waiting")
    mover.press("Schickt mir die Postkarte")
    out = city.folder / "cards.pdf"
    city.command("letters", "print", "--out", str(out))
    found = re.search(r"(?<![-\w])[0-9A-Z]{4}-[0-9A-Z]{4}(?![-\w])", PdfReader(out).pages[0].extract_text())
    assert found is not None
    mover.go("/code")
    mover.fill(code=found.group())
    mover.press("Ich wohne hier")
    assert mover.path == "/board" and "Leiter zu verleihen" in mover.words  # it came along
    mover.go("/write")
    mover.fill(title="Hallo aus dem dritten Stock")
    mover.press("Aushängen")
    assert "Hallo aus dem dritten Stock" in mover.words


def _hears_of_the_change_and_chooses(border: Visitor, city: Instance) -> None:
    layer = city.folder / "layer.geojson"
    layer.write_bytes(file({**PATCHES, (1, 0): "n"}, NAMES))
    named = ("--id-property", "id", "--name-property", "name")
    said = city.command("quarters", "plan", str(layer), "--on", "2026-06-01", *named)
    assert "n: new" in said and "2 people are told by mail" in said
    mail = city.wait_for_mail(BORDER)
    assert "Weberviertel, Webergärten" in " ".join(mail.text.split())
    link = re.search(rf"{re.escape(city.site)}(/settings/quarter)", mail.text)
    assert link is not None
    border.sign_in(BORDER, PASSWORD)
    border.go(link.group(1))
    assert axe.check(border.page) + axe.sideways(border.page) == []
    border.page.get_by_label("Webergärten").check()
    border.press("Speichern")
    assert "Du wohnst dann im Quartier Webergärten." in border.words


def _reads_on(border: Visitor, city: Instance) -> None:
    border.sign_in(BORDER, PASSWORD)
    border.go("/board")
    assert "Webergärten" in border.words
    border.press("Wer kennt die Katze?", "link")
    assert "Die gehört zu uns." in border.words
    border.go("/settings/address")
    assert "Webergärten" in border.words and "Du wohnst hier" in border.words
