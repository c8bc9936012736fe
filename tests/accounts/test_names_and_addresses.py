"""Names that pretend to be the team, and addresses that mail does not reach."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from neighbour.accounts.addresses import fold
from neighbour.accounts.models import Person
from neighbour.accounts.names import skeleton, sounds_like_the_team
from neighbour.core.db import as_owner, db
from neighbour.core.mail import Outcome, Transport
from tests.accounts.signing_helpers import GOOD, sign_up
from tests.factories import make_person, make_quarter, sign_in

SPOOFS = """Moderation|MODERATION|Moderatorin|Die Moderation|Mоderation|Моderаtіоn|M0deration|Mod3rat0r|ＭＯＤＥＲＡＴＩＯＮ|Modєration
Moderatіon|M o d e r a t i o n|Mo-de-ra-tion|Ⓜoderation|𝓜oderation|ᴍᴏᴅᴇʀᴀᴛɪᴏɴ|Móderâtion|Modera\u0301tion|rnoderation|Moderatlon|Moderation✓|★ Moderation ★
Moderation2|Mod.eration|mοderatiοn|Modeгation|Quartiersteam|Quartiers-Team|Quartiers Team|Quart1ersteam|Quаrtiersteam|Quartierstearn
Admin|ADMIN|A d m i n|Adm1n|Adrnin|АDΜΙΝ|Ädmin|Ȧdmin|Adm!n|@dmin|Der Admin|Admln|Administratorin|A-d-m-i-n|аdmin
Nachbarschaftsteam|Quartier-Team|Team Nachbar|Die Redaktion|Redaktiоn|Hausverwaltung|Verwaltung|Polizei Altenbrück|Stadt Altenbrück|Bezirksamt|Neighbour|Nachbar|T e a m
Support|Suppоrt|5upport|Support-Team|$upport|Betreiber|Betrеiber|Betreiberin|Operat0r|Operator|Steward|Stewаrd|Sтeward""".replace("\n", "|").split("|")  # fmt: skip
NAMES = """Maximiliane-Theodora|Vladimir|Владимир|Nadia Dominguez|Murad Minh|Hannelore|Stewart|Ada Minna|Samira|Modesta|Oliver|Yasmin|Amin
Arnt|Arnt-Ole|Murat Hausmann|Murat Hauser|Anna Nachbar|Stadtler|Steam|Teamo|Städtler|Altstadt|Operina|Karl-Heinz|Ayşe|Zoë|Δήμητρα|Ðorđe|李雷|Die von nebenan|Fahrradkeller|Nachteule 23""".replace("\n", "|").split("|")  # fmt: skip


@pytest.mark.parametrize("name", SPOOFS)
def test_names_that_read_like_the_teams_are_recognised(name):
    assert sounds_like_the_team(name)


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_names_are_left_alone(name):
    assert not sounds_like_the_team(name)


@pytest.mark.parametrize(("field", "shown"), [("alias", "alias"), ("first_name", "name")])
@pytest.mark.parametrize("name", ["Moderation", "Mоderation"])
def test_neither_another_name_nor_a_first_name_may_pretend_to_be_the_team(context, client, field, shown, name):
    sign_in(client, make_person(make_quarter()))
    form = {"first_name": "Uwe", "last_name": "Probe", "shown": shown, "alias": "Uwe", field: name}
    page = client.post("/me/appearance", data=form)
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text and f'value="{name}"' in page.text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("\u3164", "Welcher Name"),
        ("\u2800\u2800", "Welcher Name"),
        ("🌻", "Ein Name braucht Buchstaben."),
        ("42", "Ein Name braucht Buchstaben."),
        ("www.evil.example", "Adresse in den Namen"),
        ("evil.de", "Adresse in den Namen"),
        ("uwe@a.example", "Adresse in den Namen"),
        ("Ηannelore W.", "Buchstaben aus mehreren Alphabeten"),  # a Greek Η
        ("Anna-Mаria", "Buchstaben aus mehreren Alphabeten"),  # a Cyrillic а
        ("Haռnelore", "Buchstaben aus mehreren Alphabeten"),  # an Armenian ռ
        ("あ김", "Buchstaben aus mehreren Alphabeten"),  # a word of Japanese and Korean
    ],
)
def test_a_name_is_one(context, client, name, said):
    sign_in(client, make_person(make_quarter()))
    form = {"first_name": "Uwe", "last_name": "Probe", "shown": "alias", "alias": name}
    page = client.post("/me/appearance", data=form)
    assert page.status_code == 422 and 'id="alias-error"' in page.text and said in page.text


@pytest.mark.parametrize(
    "name",
    [
        "Anna Мария",
        "Δήμητρα",
        "Đorđe",
        "Oʼneill",
        "東京タワーT",
        "김Anna",
        "漢ㄅㄆ",
        "محمد",
        "𝓜aria",
        "Straße 9b",
        "राम",
    ],
)
def test_a_name_may_have_words_of_several_alphabets_and_words_as_people_write_them(context, client, name):
    sign_in(client, make_person(make_quarter()))
    form = {"first_name": "Uwe", "last_name": "Probe", "shown": "alias", "alias": name}
    form |= {"shows_own": "short", "shows_nearby": "short", "shows_city": "first"}
    assert client.post("/me/appearance", data=form).status_code == 303


@pytest.mark.parametrize(
    "name",
    """Hannelore W.|hannelore w|HanneIore W.|Ηannelore W.|Hannelore Ԝ.|Hannelοre W.|Hanneꓡore W.|Haռnelore W.|Hannelоre W.
Нannelore W.|Ｈannelore W.|𝓗annelore W.|Hånnelörè W.|Hanne lore-W|Hannelore VV.|Ꮋannelore Ꮃ.""".replace(
        "\n", "|"
    ).split("|"),
)
def test_names_that_look_alike_read_alike(name):
    assert skeleton(name) == skeleton("Hannelore W.") != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("محمد", "فاطمة"),
        ("राम", "रमा"),
        ("李雷", "韩梅"),
        ("Анна", "Инна"),
        ("Hannelore W.", "Hannelore M."),
        ("Eule 2", "Eule 9"),
    ],
)
def test_names_that_look_different_read_differently(one, other):
    assert skeleton(one) != skeleton(other)


def test_a_name_in_other_letters_is_its_own_text_however_it_is_encoded():
    assert skeleton("ﻣﺤﻤﺪ") == skeleton("محمد")
    assert skeleton("ｱﾝﾅ") == skeleton("アンナ")


@pytest.mark.parametrize("name", ["", " ", "★", "42", "\u0301"])
def test_what_nobody_reads_is_like_nothing(name):
    assert skeleton(name) == ""


def test_a_domain_with_an_umlaut_is_written_as_mail_servers_know_it(context, client, visitor, mailbox, jobs):
    sign_up(client, "Joerg@Müller.example")
    client.post("/signup/confirm/again")
    jobs.run()
    (mail,) = mailbox.messages()
    assert mail.recipients == ("Joerg@xn--mller-kva.example",)
    page = visitor().post("/signin", data={"email": "joerg@MÜLLER.example", "password": GOOD})
    assert page.status_code == 303


def test_letters_before_the_at_that_mail_does_not_know_are_told_at_the_field(context, client):
    page = sign_up(client, "jörg@altenbrueck.example")
    assert page.status_code == 422
    assert "mit ae statt ä" in page.text and 'value="jörg@altenbrueck.example"' in page.text
    with as_owner():
        assert db.session.scalar(select(Person.id)) is None


def test_an_address_is_known_by_one_form():
    assert fold(" Tina@Demo.Example ") == fold("tina@demo.example")
    assert fold("a@MÜLLER.example") == fold("a@xn--mller-kva.example")
    assert fold("jörg@demo.example") == "jörg@demo.example"


def test_an_address_no_server_takes_is_refused_for_good_and_not_tried_again():
    with Transport("smtp://127.0.0.1:9") as transport:
        assert transport.hand_over("brett@localhost", "jörg@demo.example", b"x").outcome is Outcome.REFUSED
