"""The pages of this room, as a person walks through them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from neighbour.accounts.models import Person
from neighbour.core.db import as_owner, db
from neighbour.policy import Level
from neighbour.residency import letters
from tests.factories import sign_in
from tests.residency.helpers import Town

pytestmark = pytest.mark.usefixtures("frozen_clock")


def visit(town: Town, client, person: int):
    """Sign the person in at this client."""
    with town.app.app_context():
        with as_owner():
            row = db.session.get(Person, person)
        sign_in(client, row)
    return client


def text_of(page) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)).split())


@pytest.fixture
def anna(town: Town, client):
    """Anna, who has chosen her address and is signed in: (her number, her browser)."""
    person = town.person("anna")
    town.settle(person, town.address(), "Anna Kowalczyk")
    return person, visit(town, client, person)


def test_the_waiting_page_says_what_happens_next_and_names_nobody(town: Town, anna, tmp_path: Path):
    _person, browser = anna
    for name in ("bela", "cem", "dora", "emil", "fatma"):
        other = town.resident(name, town.address(name), f"{name.title()} Geheim")
        card = town.print_letters(tmp_path).cards[f"{name.title()} Geheim"]
        with town.as_person(other):
            letters.redeem(other, card[0])
    page = browser.get("/waiting")
    assert page.status_code == 200
    words = text_of(page)
    assert "Weberviertel" in words and "Schickt mir die Postkarte" in words
    assert "5 Haushalte" in words
    for secret in ("Geheim", "Bela", "Cem", "Fatma", "Kettfadenstraße", "Kowalczyk"):
        assert secret not in words


def test_fewer_than_five_households_are_not_counted_out_loud(town: Town, anna):
    assert not re.search(r"\d+ Haushalt", text_of(anna[1].get("/waiting")))


def test_from_button_to_card_to_code(town: Town, anna, tmp_path: Path):
    person, browser = anna
    page = browser.post("/waiting/letter", follow_redirects=True)
    assert "Deine Postkarte ist bestellt (heute)." in text_of(page)
    assert "Schickt mir die Postkarte" not in text_of(page)
    code, _refusal = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    assert "Postkarten werden alle paar Tage gedruckt" in text_of(browser.get("/waiting"))
    link = browser.get(f"/code/{code}")
    assert f'value="{code}"' in link.get_data(as_text=True)
    assert link.headers["Referrer-Policy"] == "no-referrer" and link.headers["Cache-Control"] == "no-store"
    assert town.seat(person).level == Level.UNPROVEN  # looking at the link changed nothing
    done = browser.post("/code", data={"code": code})
    assert (done.status_code, done.location) == (303, "/board")
    assert town.seat(person).level == Level.VERIFIED


@pytest.mark.parametrize(
    "typed", ["Zahlen Sie 50 Euro an evil.de", "www.evil.example", "50 € heute", "Ruf an 0170 1234567", "a@b.de"]
)
def test_the_card_carries_a_name_and_no_message(town: Town, client, typed: str):
    town.address()
    browser = visit(town, client, town.person("anna"))
    house = {"street": "Kettfadenstraße", "number": "17", "postcode": "04873"}
    page = browser.post("/signup/address", data={**house, "recipient": typed})
    assert page.status_code == 422
    assert "nur, was am Briefkasten steht" in text_of(page) and f'value="{typed}"' in page.text


@pytest.mark.parametrize("name", ["Fam.De Luca", "Dr.De Marchi", "Müller/Schmidt", "App. 214", "WG 3. OG links"])
def test_what_stands_on_letterboxes_can_be_written(town: Town, client, name: str):
    town.address()
    browser = visit(town, client, town.person("anna"))
    house = {"street": "Kettfadenstraße", "number": "17", "postcode": "04873"}
    page = browser.post("/signup/address", data={**house, "recipient": name})
    assert "nur, was am Briefkasten steht" not in page.text


def test_pressing_the_button_twice_is_no_error(town: Town, anna, tmp_path: Path):
    _person, browser = anna
    browser.post("/waiting/letter")
    code, _ = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    assert [browser.post("/code", data={"code": code}).status_code for _ in range(2)] == [303, 303]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Der Code fehlt noch."),
        ("hallo", "acht Buchstaben und Ziffern"),
        ("ZZZZ-ZZZZ", "Du hast noch 4 Versuche."),
    ],
)
def test_what_is_wrong_with_a_code_stands_at_the_field_and_the_typed_text_stays(
    town: Town, anna, tmp_path: Path, typed: str, said: str
):
    _person, browser = anna
    browser.post("/waiting/letter")
    town.print_letters(tmp_path)
    page = browser.post("/code", data={"code": typed})
    assert page.status_code == 422
    assert said in text_of(page)
    assert 'aria-invalid="true"' in page.get_data(as_text=True) and f'value="{typed}"' in page.get_data(as_text=True)


def test_five_wrong_codes_and_the_page_offers_another_card(town: Town, anna, tmp_path: Path, frozen_clock):
    _person, browser = anna
    browser.post("/waiting/letter")
    town.print_letters(tmp_path)
    for _ in range(5):
        page = browser.post("/code", data={"code": "ZZZZ-ZZZZ"})
    assert "fünfmal falsch" in text_of(page)
    words = text_of(browser.get("/waiting"))
    assert "5-mal falsch" in words and "Schickt mir die Postkarte" in words and "höchstens eine in 30 Tagen" in words


def test_code_entry_is_limited_per_account(town: Town, anna):
    _person, browser = anna
    codes = [browser.post("/code", data={"code": "nonsense"}).status_code for _ in range(12)]
    assert codes[:10] == [422] * 10 and codes[10:] == [429, 429]


def test_a_made_up_link_fills_in_nothing(anna):
    page = anna[1].get("/code/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert page.status_code in (200, 404) and "<script>alert" not in page.get_data(as_text=True)


def test_not_me_needs_no_account_and_stops_the_cards(town: Town, anna, client, visitor, tmp_path: Path):
    _person, browser = anna
    browser.post("/waiting/letter")
    code, refusal = town.print_letters(tmp_path).cards["Anna Kowalczyk"]
    stranger = visitor()
    assert stranger.get("/not-me").status_code == 200
    unchosen = stranger.post("/not-me", data={"code": refusal})
    assert unchosen.status_code == 422 and f'value="{refusal}"' in unchosen.get_data(as_text=True)
    assert stranger.post("/not-me", data={"code": "ABCD-EFGH-JKMN", "scope": "name"}).status_code == 422
    done = stranger.post("/not-me", data={"code": refusal.lower(), "scope": "name"})
    assert done.status_code == 200 and "Es kommen keine Postkarten mehr" in text_of(done)
    assert browser.post("/code", data={"code": code}).status_code == 422
    waiting = text_of(browser.get("/waiting"))
    assert "bestellt" in waiting and "nie wieder" not in waiting, "who asked for it is not told"
    assert "Schickt mir die Postkarte" not in text_of(browser.get("/waiting"))


def test_guessing_refusal_codes_is_limited(visitor):
    stranger = visitor()
    said = [stranger.post("/not-me", data={"code": "ABCD-EFGH-JKMN", "scope": "house"}).status_code for _ in range(12)]
    assert said[:10] == [422] * 10 and said[10:] == [429, 429]


def test_ones_own_address_stays_sealed_until_the_button_is_pressed(town: Town, anna, owner):
    _person, browser = anna
    assert "Kettfadenstraße" not in text_of(browser.get("/settings/address"))
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == (0,)  # a GET opens nothing
    shown = browser.post("/settings/address")
    assert "Kettfadenstraße 17" in text_of(shown) and shown.headers["Cache-Control"] == "no-store"
    assert "du hast sie selbst angesehen" in text_of(browser.get("/settings/address"))
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == (1,)


def test_a_mistake_in_ones_appearance_opens_no_address(town: Town, anna, owner):
    _person, browser = anna
    wrong = {"first_name": "", "last_name": "Kowalczyk", "shown": "name", "shows_street": "y"}
    assert browser.post("/me/appearance", data=wrong).status_code == 422
    assert owner.execute("SELECT count(*) FROM address_access").fetchone() == (0,)
    browser.post("/me/appearance", data={**wrong, "first_name": "Anna"})
    assert owner.execute("SELECT purpose FROM address_access").fetchall() == [("own page",)]


def test_no_page_but_ones_own_shows_a_house_number(town: Town, anna, tmp_path: Path):
    _person, browser = anna
    browser.post("/waiting/letter")
    town.print_letters(tmp_path)
    for path in ("/waiting", "/code", "/settings/address", "/not-me"):
        assert "Kettfadenstraße" not in browser.get(path).get_data(as_text=True), path


@pytest.mark.parametrize(
    "path", ["/waiting", "/code", "/me/invitations", "/settings/address", "/signup/address", "/signup/address/missing"]
)
def test_strangers_are_asked_to_sign_in(visitor, path: str):
    page = visitor().get(path)
    assert page.status_code == 303 and "sign" in page.location


def test_who_is_not_confirmed_gets_no_card(town: Town, client, owner):
    person = town.person("anna", is_confirmed=False)
    town.settle(person, town.address())
    browser = visit(town, client, person)
    browser.post("/waiting/letter")
    assert owner.execute("SELECT count(*) FROM letter").fetchone() == (0,)


@pytest.mark.parametrize(
    ("language", "heading"), [("de", "Mitmachen im Quartier"), ("en", "Take part in your quarter")]
)
def test_every_step_of_signing_up_has_the_same_heading(town: Town, client, visitor, language: str, heading: str):
    browser = visit(town, client, town.person("anna", is_confirmed=False, signup_step="address", language=language))
    pages = [browser.get(path) for path in ("/signup/address", "/signup/appearance", "/signup/confirm")]
    pages.append(visitor().get("/signup", headers={"Accept-Language": language}))
    assert [re.findall(r"<h1>(.*?)</h1>", page.get_data(as_text=True)) for page in pages] == [[heading]] * 4


def test_without_an_address_the_waiting_page_leads_to_the_form(town: Town, client):
    browser = visit(town, client, town.person("anna"))
    assert browser.get("/waiting").location.endswith("/signup/address")
    assert browser.get("/settings/address").location.endswith("/signup/address")


def test_a_missing_address_is_kept_sealed_for_the_operator(town: Town, client, owner, capsys):
    person = town.person("anna")
    browser = visit(town, client, person)
    page = browser.post("/signup/address", data={"street": "Neue Gasse", "number": "3", "missing": "1"})
    assert 'value="Neue Gasse"' in page.get_data(as_text=True)
    page = browser.post(
        "/signup/address/missing", data={"street": "Neue Gasse", "number": "3", "note": "hinter der Weberei"}
    )
    assert "wir schauen nach" in text_of(page)
    (sealed,) = owner.execute("SELECT sealed FROM missing_address").fetchone()
    assert b"Neue" not in sealed
    from neighbour.core.db import atomic
    from neighbour.residency import homes

    with town.app.app_context(), as_owner(), atomic():
        assert [homes.open_for_verifier(one.person_id, "missing address", None).text for one in homes.missing()] == [
            "Neue Gasse 3, hinter der Weberei"
        ]
    town.settle(person, town.address())
    assert owner.execute("SELECT count(*) FROM missing_address").fetchone() == (0,)
