"""Step two of sign-up: what people type, and what they are asked back."""

from __future__ import annotations

import pytest

from neighbour.accounts.models import Person, SignUpStep
from neighbour.core import i18n
from neighbour.core.db import as_owner, db
from neighbour.policy import Level
from neighbour.residency import finding
from tests.factories import sign_in
from tests.residency.helpers import Town
from tests.residency.test_pages import text_of

pytestmark = pytest.mark.usefixtures("frozen_clock")


@pytest.fixture
def newcomer(town: Town, client):
    """Somebody in the middle of sign-up, in a town with a few streets: (their number, their browser)."""
    town.street("1", "17", "17 I", "18", "64")
    town.street("3", "4", name="Am Ufer")
    town.street("2", name="Schloßstraße", postcode="04873")
    town.street("2", name="Schloßstraße", postcode="04875")
    town.street("12-14", name="Mühlhof")
    town.street("7", name="Am Webstuhl")
    town.street("9", name="An der Alten Weberei")
    person = town.person("anna", is_confirmed=False, signup_step=SignUpStep.ADDRESS)
    with town.app.app_context():
        with as_owner():
            row = db.session.get(Person, person)
        sign_in(client, row)
    return person, client


def type_in(browser, street: str, number: str, postcode: str = "", **more: str):
    data = {"street": street, "number": number, "postcode": postcode, "recipient": "Anna Kowalczyk", **more}
    return browser.post("/signup/address", data=data)


@pytest.mark.parametrize(
    ("street", "number"),
    [
        ("Kettfadenstraße", "17"),
        ("kettfadenstr.", "17"),
        ("KETTFADENSTRASSE 17", ""),
        ("Kettfaden Str", "17 i"),
        ("Am Ufer", "3"),
    ],
)
def test_what_people_write_is_understood(town: Town, newcomer, street: str, number: str):
    person, browser = newcomer
    page = type_in(browser, street, number)
    assert page.status_code == 303, text_of(page)
    assert town.seat(person).quarter_id == town.quarters["weber"] and town.seat(person).level == Level.UNPROVEN
    with town.app.app_context(), as_owner():
        assert db.session.get(Person, person).signup_step == SignUpStep.APPEARANCE


@pytest.mark.parametrize(
    ("street", "number", "postcode", "field", "said"),
    [
        ("Kettfadenstraße", "171", "04873", "number", "Die Kettfadenstraße geht nur bis 64. Meinst du 17, 17 I oder 64?"),
        ("Kettfadenstraße", "19", "", "number", "Kettfadenstraße: Diese Hausnummer kennen wir nicht. Meinst du 17"),
        ("Kettfadnstrase", "17", "", "street", "„Kettfadnstrase“ kennen wir nicht. Meinst du Kettfadenstraße?"),
        ("Ketfadenstr", "17", "", "street", "„Ketfadenstr“ kennen wir nicht. Meinst du Kettfadenstraße?"),
        ("Quellgasse", "1", "", "street", "„Quellgasse“ kennen wir nicht. Schreibt man das so?"),
        ("Kettfadenstraße", "17", "10115", "postcode", "Kettfadenstraße hat eine andere Postleitzahl: 04873."),
        ("Schloßstraße", "2", "", "entry", "Davon gibt es mehrere: Schloßstraße. Welche ist deine?"),
        ("Kettfadenstraße", "Hinterhof", "", "number", "Diese Hausnummer können wir nicht lesen."),
        ("Am Ufer", "9", "", "number", "Am Ufer geht nur bis 4. Meinst du"),
        ("Mühlhof", "3", "", "number", "Mühlhof: Hier kennen wir keine Häuser."),
        ("Kettfadenstr.", "", "", "number", "Kettfadenstraße, und welche Hausnummer?"),
    ],
)  # fmt: skip
def test_questions_stand_at_their_field_and_nothing_typed_is_lost(
    newcomer, owner, street, number, postcode, field, said
):
    _person, browser = newcomer
    page = type_in(browser, street, number, postcode)
    html = page.get_data(as_text=True)
    assert page.status_code == 422 and said in text_of(page)
    assert f'href="#{field}"' in html and f'id="{field}-error"' in html
    for typed in (street, number, "Anna Kowalczyk"):
        assert f'value="{typed}"' in html
    assert owner.execute("SELECT count(*) FROM home").fetchone() == (0,)


def test_one_of_several_is_chosen(town: Town, newcomer, owner):
    person, browser = newcomer
    html = type_in(browser, "Schloßstraße", "2").get_data(as_text=True)
    assert "Schloßstraße 2, 04873" in html and "Schloßstraße 2, 04875" in html
    chosen = owner.execute("SELECT id FROM address WHERE street = 'Schloßstraße' AND postcode = '04875'").fetchone()[0]
    assert type_in(browser, "Schloßstraße", "2", entry=str(chosen)).status_code == 303
    with town.as_person(person), db.session.begin_nested():
        assert finding.find("Schloßstraße", "2", "04875").address_id == chosen


def test_an_old_choice_is_void_when_the_words_have_changed(newcomer, owner):
    _person, browser = newcomer
    other = owner.execute("SELECT id FROM address WHERE street = 'Am Ufer' AND number = '3'").fetchone()[0]
    assert type_in(browser, "Schloßstraße", "2", entry=str(other)).status_code == 422
    assert type_in(browser, "Schloßstraße", "2", entry="99999999").status_code == 422
    assert type_in(browser, "Schloßstraße", "2", entry="x").status_code == 422


def test_what_is_missing_is_asked_for_all_at_once(newcomer):
    _person, browser = newcomer
    page = browser.post("/signup/address", data={"street": "", "number": "", "recipient": ""})
    words = text_of(page)
    for said in ("Welche Straße?", "Welche Hausnummer?", "Ohne Namen kommt die Postkarte nicht an."):
        assert said in words


def test_a_name_our_typeface_lacks_is_told_at_the_field(newcomer):
    _person, browser = newcomer
    page = type_in(browser, "Kettfadenstraße", "17", recipient="王小明")
    assert page.status_code == 422 and "in lateinischen Buchstaben" in text_of(page)


def test_streets_are_offered_while_typing(newcomer):
    _person, browser = newcomer
    page = browser.post("/signup/address/streets", data={"street": "Kettf"})
    assert 'value="Kettfadenstraße"' in page.get_data(as_text=True) and "04873 Altenbrück" in page.get_data(
        as_text=True
    )
    assert browser.post("/signup/address/streets", data={"street": ""}).get_data(as_text=True).strip() == ""


@pytest.mark.parametrize(
    "street", ["'; DROP TABLE address; --", "x" * 100, "<script>alert(1)</script>", "%_%", "\\", "\u202egnal"]
)
def test_odd_input_is_just_an_unknown_street(newcomer, owner, street: str):
    _person, browser = newcomer
    page = type_in(browser, street, "17")
    assert page.status_code == 422 and "<script>alert" not in page.get_data(as_text=True)
    assert owner.execute("SELECT count(*) FROM address").fetchone()[0] > 5


def test_german_articles_where_they_can_be_told():
    with i18n.speaking("de"):
        said = [
            finding._with_article(name)
            for name in (
                "Kettfadenstraße",
                "Mühlenweg",
                "Am Ufer",
                "Spreeufer",
                "Straße der Kinder",
                "Unter den Linden",
                "Zeughof",
                "Sanssouci",
            )
        ]
    assert said == [
        "Die Kettfadenstraße",
        "Der Mühlenweg",
        "Am Ufer",
        "Das Spreeufer",
        "Die Straße der Kinder",
        "Unter den Linden",
        "Der Zeughof",
        "Sanssouci",
    ]
    with i18n.speaking("en"):
        assert finding._with_article("Kettfadenstraße") == "Kettfadenstraße"


@pytest.mark.parametrize(
    ("typed", "number", "meant"),
    [
        ("Webstul", "7", "Am Webstuhl 7"),
        ("Webstuhl", "7", "Am Webstuhl 7"),
        ("Alte Weberei", "9", "An der Alten Weberei 9"),
    ],
)
def test_a_small_word_left_out_at_the_beginning_is_forgiven(town: Town, newcomer, typed: str, number: str, meant: str):
    _person, browser = newcomer
    page = type_in(browser, typed, number)
    assert page.status_code == 422 and meant in text_of(page)
