"""The main job on real input: a newcomer of Berlin, her card, her first post, and the next morning's digest.

Real processes on loopback: gunicorn, a Celery worker and beat over PostgreSQL, the local mailbox, the operator's
commands. Only the clock is ours (``tests/support/elsewhen.py``), because the story takes a night.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from html import unescape
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader
from sqlalchemy import select

from neighbour.accounts.passwords import hash_password
from neighbour.core import clock, roles, scope
from neighbour.core.db import as_owner, atomic, db, hang_up
from neighbour.quarters.models import Quarter
from neighbour.up.mailbox import Mail
from tests.digests.helpers import make_reader
from tests.factories import make_post
from tests.journeys.browsing import DESK, PHONE, Visitor, Watch, arrive
from tests.journeys.instance import Instance, post
from tests.look.browser import browser

pytestmark = [pytest.mark.browser, pytest.mark.data]

AFTERNOON = datetime(2026, 5, 12, 14, 0, tzinfo=UTC)  # a Tuesday, 16:00 in Berlin
MORNING = datetime(2026, 5, 13, 5, 0, 30, tzinfo=UTC)  # 07:00:30
HOME, BESIDE = "08100415", "08100314"  # two quarters of Neukölln that border on each other
DISTRICT = "08"
STREET, NUMBER, POSTCODE = "Anzengruberstraße", "10", "12043"
MAIL, PASSWORD = "aylin@example.org", "sieben nasse Handschuhe"
TITLE, WORDS = "Wer leiht mir eine Stehleiter?", "Am Freitag möchte ich eine Lampe aufhängen."
BEFORE = "Hofflohmarkt am Sonntag um elf"
READERS = [f"leser{number}@example.org" for number in range(1, 6)]
STRANGER = "anderswo@example.org"


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture(params=[DISTRICT, pytest.param("", marks=pytest.mark.thorough)], ids=["Neukölln", "Berlin"])
def berlin(request, spare_database, city_data, tmp_path) -> Iterator[Instance]:
    """Neukölln's quarters, or Berlin's 542, and the register of two postcodes, imported by the operator's commands."""
    instance = Instance(tmp_path, spare_database)
    instance.is_now(AFTERNOON)
    instance.start()
    try:
        layer, many = part_of_layer(city_data, request.param, tmp_path / "layer.geojson")
        named = ("--city", "Berlin", "--id-property", "id", "--name-property", "name")
        assert f"{many} added" in instance.command("quarters", "import", str(layer), *named)
        register = part_of_register(city_data / "berlin" / "addresses_plr.csv.gz", tmp_path / "register.csv")
        assert re.search(r"\d{3,} added", instance.command("addresses", "import", str(register)))
        instance.wait_for_site()
        yield instance
    finally:
        instance.stop()


def part_of_layer(city_data: Path, district: str, part: Path) -> tuple[Path, int]:
    """The real quarters of a district ("": of the whole city) as a file, and how many they are."""
    layer = json.loads((city_data / "berlin" / "quarters_plr2021.geojson").read_text(encoding="utf-8"))
    layer["features"] = [one for one in layer["features"] if one["properties"]["id"].startswith(district)]
    compact = json.dumps(layer, ensure_ascii=False, separators=(",", ":"))  # as the file was: so much may be imported
    part.write_text(compact, encoding="utf-8")
    return part, len(layer["features"])


def part_of_register(whole: Path, part: Path) -> Path:
    """The real rows of two postcodes, in a file like the whole."""
    with gzip.open(whole, "rt", encoding="utf-8", newline="") as source, part.open("w", newline="") as target:
        rows = csv.DictReader(source)
        out = csv.DictWriter(target, rows.fieldnames or [])
        out.writeheader()
        out.writerows(row for row in rows if row["plz"] in (POSTCODE, "12045"))
    return part


def settle(instance: Instance, settings) -> None:
    """Neighbours who were there before: five readers in the quarter, one of whom has written, and one next door.

    Both quarters are big enough for a board of their own; small ones would read each other's.
    """
    from neighbour.app import create_app

    urls = {"database_url": instance.database.app_url, "owner_url": instance.database.owner_url}
    app = create_app(replace(settings, **urls))
    secret = {"password_hash": hash_password(PASSWORD, 64)}
    with app.app_context(), clock.freeze(AFTERNOON):
        with as_owner(), atomic():
            found = db.session.scalars(select(Quarter).where(Quarter.key.in_([HOME, BESIDE])))
            quarters = {quarter.key: quarter for quarter in found}
            for quarter in quarters.values():
                quarter.opened_at = AFTERNOON
        for email in READERS:
            reader = make_reader(quarters[HOME], name="Bertram", email=email, email_key=email, **secret)
        make_reader(quarters[BESIDE], name="Zora", email=STRANGER, email_key=STRANGER, **secret)
        make_post(reader, quarters[HOME], title=BEFORE, category="notice")
        scope.leave()
        hang_up()


def quarter_name(city_data: Path) -> str:
    layer = json.loads((city_data / "berlin" / "quarters_plr2021.geojson").read_text(encoding="utf-8"))
    return next(one["properties"]["name"] for one in layer["features"] if one["properties"]["id"] == HOME)


def test_a_newcomer_gets_in_writes_and_the_morning_brings_it_to_her_neighbours(berlin, settings, city_data, chromium):
    settle(berlin, settings)
    watch, name = Watch(berlin.site), quarter_name(city_data)
    newcomer = arrive(chromium, berlin.site, watch, **PHONE)
    _finds_her_quarter_without_an_account(newcomer, name)
    _signs_up_in_four_steps(newcomer)
    _confirms_by_the_mail(newcomer, berlin)
    _waits_and_sees_nobody(newcomer, name)
    _proves_her_address(newcomer, _printed_code(newcomer, berlin), name)
    place = _writes(newcomer)
    reader = arrive(chromium, berlin.site, watch, **DESK)
    _is_on_the_board(reader, place)
    stranger = arrive(chromium, berlin.site, watch, **DESK)
    _is_nowhere(stranger, place)
    _the_morning_brings_it(berlin, place)
    _leaving_takes_one_click_and_looking_none(reader, berlin)
    assert watch.seen == []


def _finds_her_quarter_without_an_account(newcomer: Visitor, name: str) -> None:
    newcomer.go("/")
    newcomer.page.get_by_label("Straße").fill(f"anzengruberstr {NUMBER}, {POSTCODE}")
    newcomer.press("Quartier finden")
    assert newcomer.page.locator("h2").first.inner_text() == name


def _signs_up_in_four_steps(newcomer: Visitor) -> None:
    newcomer.press("Mitmachen", "link")
    newcomer.fill(email=MAIL, password=PASSWORD)
    newcomer.choose("Ich bin mindestens 18 Jahre alt.", "Ich habe die Regeln und den Datenschutz gelesen.")
    newcomer.press("Weiter zu deiner Adresse")
    newcomer.fill(street="Anzengruberstr.", number=NUMBER, postcode=POSTCODE, recipient="Aylin Demirtaş")
    newcomer.press("Weiter zu deinem Namen")
    newcomer.fill(first_name="Aylin", last_name="Demirtaş")
    newcomer.press("Weiter")
    assert newcomer.path == "/signup/confirm"


def _confirms_by_the_mail(newcomer: Visitor, berlin: Instance) -> None:
    """She opens the mail in the local mailbox and follows its button: a page, and only its button confirms."""
    mail = berlin.wait_for_mail(MAIL)
    newcomer.go(f"/dev/mailbox/{mail.name}/html")
    newcomer.page.context.route(re.compile(r"/signup/confirm/"), lambda route: route.continue_())
    link = newcomer.page.get_by_role("link", name="Ja, das ist meine Adresse").get_attribute("href")
    assert link is not None and link.startswith(berlin.site)
    newcomer.go(link)
    assert newcomer.go("/waiting") == 200 and newcomer.path == "/signup/confirm"
    newcomer.go(link)
    newcomer.press("Ja, das ist meine Adresse")


def _waits_and_sees_nobody(newcomer: Visitor, name: str) -> None:
    assert newcomer.path == "/waiting"
    assert newcomer.page.locator("h1").inner_text().endswith(name)
    for path in ("/waiting", "/board", "/write", "/digest/next", f"/quarters/{_slug(newcomer)}"):
        newcomer.go(path)
        html = newcomer.page.content()
        assert [secret for secret in (BEFORE, "Bertram", "Zora", "leser1") if secret in html] == [], path
    newcomer.go("/board")
    assert newcomer.path == "/waiting"


def _slug(newcomer: Visitor) -> str:
    link = newcomer.page.get_by_role("link", name="Dein Quartier auf der Karte").get_attribute("href")
    return str(link).rsplit("/", 1)[-1]


def _printed_code(newcomer: Visitor, berlin: Instance) -> str:
    """She orders the card, the operator prints it, and the code stands on the paper."""
    newcomer.press("Schickt mir die Postkarte")
    assert "bestellt" in newcomer.words.lower()
    out = berlin.folder / "cards.pdf"
    assert "1 letter " in berlin.command("letters", "print", "--out", str(out))
    (card,) = PdfReader(out).pages
    text = card.extract_text()
    assert "Aylin Demirtaş" in text and f"{STREET} {NUMBER}" in text and f"{POSTCODE} " in text
    found = re.search(r"(?<![-\w])[0-9A-Z]{4}-[0-9A-Z]{4}(?![-\w])", text)
    assert found, text
    return found.group()


def _proves_her_address(newcomer: Visitor, code: str, name: str) -> None:
    newcomer.go("/waiting")
    newcomer.fill(code=code.lower().replace("-", " "))
    newcomer.press("Ich wohne hier")
    assert newcomer.path == "/board"
    assert f"Willkommen in deinem Quartier: {name}" in newcomer.words and BEFORE in newcomer.words
    newcomer.go("/settings/address")
    assert "Du wohnst hier" in newcomer.words


def _writes(newcomer: Visitor) -> str:
    """She writes at phone size, looks at what each reach means, and pins up for her own quarter."""
    newcomer.go("/board")
    newcomer.page.locator(".write-btn").click()
    newcomer.fill(title=TITLE, body_md=WORDS)
    line = newcomer.page.locator("#reach")
    own = line.inner_text()
    assert "ca. 5 Digest" in own and "morgen, 07:00" in own
    with newcomer.page.expect_response(re.compile(r"/write/reach\?audience=nearby$")):  # and nothing of what she writes
        newcomer.page.get_by_label("Umgebung").check()
    expect(line).not_to_have_text(own, use_inner_text=True)
    with newcomer.page.expect_response(re.compile("/write/reach")):
        newcomer.page.get_by_label("Mein Quartier").check()
    expect(line).to_have_text(own, use_inner_text=True)
    newcomer.press("Aushängen")
    newcomer.press(TITLE, "link")
    assert WORDS in newcomer.words and "Aylin D." in newcomer.words
    return newcomer.path


def _is_on_the_board(reader: Visitor, place: str) -> None:
    reader.sign_in(READERS[0], PASSWORD)
    assert reader.path == "/board" and TITLE in reader.words
    reader.press(TITLE, "link")
    assert (reader.path, WORDS in reader.words) == (place, True)
    assert "Demirtaş" not in reader.page.content() and STREET not in reader.page.content()


def _is_nowhere(stranger: Visitor, place: str) -> None:
    stranger.sign_in(STRANGER, PASSWORD)
    assert stranger.path == "/board" and TITLE not in stranger.page.content()
    for path in (place, place + "/history", place + "/edit"):
        assert stranger.go(path) == 404 and TITLE not in stranger.page.content()


def _the_morning_brings_it(berlin: Instance, place: str) -> None:
    """One mail to each reader of the quarter; none to whoever wrote it, none to another quarter."""
    before = {email: len(_issues(berlin, email)) for email in (MAIL, STRANGER)}
    berlin.is_now(MORNING)
    for email in READERS:
        berlin.wait(partial(_issues, berlin, email), f"the issue for {email}")
        mail = _issues(berlin, email)[-1]
        assert TITLE in mail.text and WORDS in mail.text and berlin.site + place in mail.text
        html = unescape(mail.html)
        assert TITLE in html and WORDS in html and berlin.site + place in html
        assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    with roles.connect(berlin.database.owner_url, autocommit=True) as owner:
        berlin.wait(lambda: _unsent(owner) == 0, "the end of the ledger")
    assert [len(_issues(berlin, email)) for email in READERS] == [1] * 5
    assert len(_issues(berlin, STRANGER)) == before[STRANGER]
    hers = _issues(berlin, MAIL)[before[MAIL] :]
    assert all(TITLE not in mail.text for mail in hers) and all(BEFORE in mail.text for mail in hers)


def _issues(berlin: Instance, email: str) -> list[Mail]:
    """What came of the list; whoever signs in on a new device gets a mail about that, too."""
    return [mail for mail in berlin.mails(email) if mail.message["List-Unsubscribe"]]


def _unsent(owner: psycopg.Connection) -> int:
    row = owner.execute("SELECT count(*) FROM delivery WHERE state NOT IN ('sent', 'skipped')").fetchone()
    return row[0] if row else -1


def _leaving_takes_one_click_and_looking_none(reader: Visitor, berlin: Instance) -> None:
    by_header, by_page = (_issues(berlin, email)[0] for email in READERS[:2])
    addresses = [_one_click(mail) for mail in (by_header, by_page)]
    for address in addresses:
        for _again in range(2):
            assert reader.go(address) == 200
        assert reader.path.startswith("/unsubscribe/")
    assert _lists_left(berlin) == []
    assert post(addresses[0], b"List-Unsubscribe=One-Click") == 200
    assert _lists_left(berlin) == READERS[:1]
    reader.press("Abbestellen")
    assert "Dein Konto bleibt" in reader.words
    assert _lists_left(berlin) == READERS[:2]


def _one_click(mail) -> str:
    found = re.search(r"<(https?://[^>]+)>", mail.message["List-Unsubscribe"])
    assert found is not None
    return found.group(1)


def _lists_left(berlin: Instance) -> list[str]:
    query = "SELECT email FROM person p JOIN subscription s ON s.person_id = p.id WHERE list = 'digest' AND NOT is_on ORDER BY 1"
    with roles.connect(berlin.database.owner_url, autocommit=True) as owner:
        return [email for (email,) in owner.execute(query)]
