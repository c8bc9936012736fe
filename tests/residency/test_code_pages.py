"""Pages about codes: the one field, what a visitor with a code sees, inviting, the desk – and what is not there for others."""

from __future__ import annotations

import re

import pytest

from neighbour.accounts.models import Person
from neighbour.core.db import as_owner, db
from neighbour.policy import Level
from neighbour.residency import codes, flyers
from neighbour.residency.proofs.method import Outcome
from tests.factories import sign_in
from tests.residency.helpers import Town, crowd, invited, level_of, newcomer, proven, types

pytestmark = pytest.mark.usefixtures("frozen_clock")
INVENTED = "N234567890A"


def steward(town: Town, owner, name: str = "stefan", number: str = "40") -> int:
    person = proven(town, name, number)
    owner.execute("UPDATE membership SET role = 'steward' WHERE person_id = %s", [person])
    return person


def text_of(page) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)).split())


def without_token(page) -> str:
    """The page, with what is different in each session taken out."""
    return re.sub(r'value="[\w.-]{60,}"', "", page.get_data(as_text=True))


def test_one_field_takes_any_code(town: Town, browser):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    client = browser(carla)
    done = client.post("/code", data={"code": codes.show(invited(town, anna)).lower()})
    assert (done.status_code, done.location) == (303, "/board")
    assert "noch einem Nachweis" in text_of(client.get("/board"))
    waiting = text_of(client.get("/waiting"))
    assert "Noch ein Nachweis" in waiting and "aus einem anderen Haus" in waiting
    assert "Aushang in deinem Haus" not in waiting, "a second weak one adds nothing"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("was denn", "Das hat dich keinen Versuch gekostet"),
        ("N234-5678-90", "Das hat dich keinen Versuch gekostet"),
        ("N234-5678-90A", "kennen wir in deinem Quartier nicht"),
        ("F234-5678-90A", "kennen wir in deinem Quartier nicht"),
        ("7K2M-9QXD", "keine Postkarte"),
    ],
)
def test_what_is_wrong_with_a_code_is_said_at_the_field(town: Town, browser, typed: str, said: str):
    client = browser(newcomer(town, "carla", "3"))
    page = client.post("/code", data={"code": typed})
    assert page.status_code == 422 and said in text_of(page) and f'value="{typed}"' in page.text


def test_whoever_was_clumsy_with_everything_else_gets_in_with_the_card_in_hand(town: Town, browser, tmp_path):
    """What is no code costs nothing; codes of one kind are no tries of another; the one after the last of a kind is refused."""
    person = town.resident("carla", town.address("3"))
    client, (code, _refusal) = browser(person), town.print_letters(tmp_path).cards["Carla Kowalczyk"]
    assert {client.post("/code", data={"code": typed}).status_code for typed in ("", "was", "7K2M-9Q", "N23") * 3} == {
        422
    }
    wrong = [client.post("/code", data={"code": f"N234567890{last}"}).status_code for last in "ABCDEFGHJK"]
    over = client.post("/code", data={"code": INVENTED})
    assert (wrong, over.status_code) == ([422] * 10, 429)
    assert 0 < int(over.headers["Retry-After"]) <= 3600 and f'value="{INVENTED}"' in over.text
    assert "eine andere Art geht weiter" in text_of(over)
    assert client.post("/code", data={"code": "was"}).status_code == 422
    assert client.post("/code", data={"code": code}).location == "/board"


def test_ten_refusal_codes_an_hour_are_looked_at_and_what_is_none_is_not_counted(client):
    given = {"scope": "name"}
    for typed in ("", "7K2M-9QXD") * 6:
        page = client.post("/not-me", data={"code": typed, **given})
        assert page.status_code == 422 and ("keinen Versuch" in page.text) is bool(typed)
    tries = [client.post("/not-me", data={"code": f"7K2M9QXD234{last}", **given}) for last in "ABCDEFGHJKM"]
    assert [page.status_code for page in tries] == [422] * 10 + [429] and "Retry-After" in tries[-1].headers


def test_a_foreign_a_full_and_an_invented_code_look_the_same_from_another_quarter(town: Town, browser):
    anna = proven(town, "anna", "1")
    live, full = invited(town, anna), invited(town, anna)
    for person in crowd(town, 5, "7"):
        types(town, person, full, str(person))
    stranger = browser(newcomer(town, "zora", "9", quarter="ufer"))
    pages = [stranger.post("/code", data={"code": code}) for code in (live, full, INVENTED)]
    bodies = {
        without_token(page).replace(code, "CODE") for page, code in zip(pages, (live, full, INVENTED), strict=True)
    }
    assert {page.status_code for page in pages} == {422} and len(bodies) == 1


def test_a_visitors_code_waits_in_the_browser_through_sign_up(town: Town, client, browser):
    anna = proven(town, "anna", "1")
    code = codes.show(invited(town, anna))
    page = client.get(f"/code/{code}")
    assert page.status_code == 200 and code in page.text and page.headers["Referrer-Policy"] == "no-referrer"
    assert client.post("/code/keep", data={"code": code}).location.endswith("/signup")
    assert client.post("/code/keep", data={"code": code, "sign-in": "1"}).location.endswith("/signin")
    carla = newcomer(town, "carla", "3")
    with town.app.app_context():
        with as_owner():
            row = db.session.get_one(Person, carla)
        sign_in(client, row)
    assert f'value="{code}"' in client.get("/waiting").text
    assert f'value="{code}"' in client.get("/code").text
    client.post("/code", data={"code": code})
    assert code not in client.get("/waiting").text, "used"


def test_the_visitors_page_tells_nothing_about_a_code(town: Town, client):
    anna = proven(town, "anna", "1")
    real, invented = codes.show(invited(town, anna)), codes.show(INVENTED)
    pages = [client.get(f"/code/{code}").text.replace(code, "CODE") for code in (real, invented)]
    assert (
        len({re.sub(r'"[\w-]+[.][\w-]+[.][\w-]+"', '"TOKEN"', page) for page in pages}) == 1
    )  # a token bears its second
    assert "CODE" not in client.get("/code/%3Cscript%3E").text


def test_looking_at_a_link_changes_nothing(town: Town, browser, owner):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    code = invited(town, anna)
    client = browser(carla)
    for _look in range(3):
        assert f'value="{codes.show(code)}"' in client.get(f"/code/{code}").text
    assert owner.execute("SELECT uses FROM invitation").fetchone() == (0,) and level_of(town, carla) is Level.UNPROVEN


def test_inviting_from_the_page_to_the_slip_and_back(town: Town, browser, owner):
    anna = proven(town, "anna", "1")
    client = browser(anna)
    assert "Nachbarn einladen" in client.get("/me").text
    made = client.post("/me/invitations", data={"is_named": "1"})
    page = client.get(made.location)
    code = re.search(r"N[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{3}", page.text)
    assert code and f"http://localhost/code/{code[0]}" in page.text and "<svg" in page.text
    slip = client.get(made.location + "/slip.pdf")
    assert slip.data.startswith(b"%PDF") and slip.headers["Cache-Control"] == "no-store"
    client.post("/me/invitations")
    overview = text_of(client.get("/me/invitations"))
    assert "Zwei deiner Einladungen gelten noch" in overview
    types(town, newcomer(town, "carla", "3"), code[0])
    assert "Carla" in client.get("/me/invitations").text and "Kettfadenstraße" not in client.get("/me/invitations").text
    use = owner.execute("SELECT public_id FROM invitation_use").fetchone()[0]
    path = f"/me/invitations/word/{use}/take-back"
    assert path in client.get("/me/invitations").text
    for _sent_twice in range(2):
        assert client.post(path).status_code == 303
    assert "zurückgenommen" in client.get("/me/invitations").text and path not in client.get("/me/invitations").text
    assert client.get(path).status_code == 303, "there is nothing left to ask"
    assert client.post(made.location + "/end").status_code == 303
    assert client.get(made.location).status_code == 404, "what is over has no code any more"


def test_before_a_word_is_taken_back_it_is_asked_once_whose_and_what_happens(town: Town, browser, owner):
    """Two people of one name are two rows; looking changes nothing; whoever came by two invitations is said to have two words."""
    anna, first, second = proven(town, "anna", "1"), newcomer(town, "carla", "3"), newcomer(town, "cora", "4")
    owner.execute("UPDATE person SET display_name = 'Anna G.' WHERE id = ANY(%s)", [[first, second]])
    code = invited(town, anna)
    assert {types(town, first, code), types(town, second, code), types(town, first, invited(town, anna))} == {
        Outcome.PROVEN
    }
    client = browser(anna)
    rows = re.findall(
        r'settings__name">([^<]+)</span> <span class="settings__now">([^<]+?), <time',
        client.get("/me/invitations").text,
    )
    assert sorted(rows) == [("Anna G.", "Nr. 1"), ("Anna G.", "Nr. 2"), ("Anna G.", "Nr. 3")]
    uses = owner.execute("SELECT public_id FROM invitation_use ORDER BY id").fetchall()
    pages = [text_of(client.get(f"/me/invitations/word/{use}/take-back")) for (use,) in uses]
    for number, page in enumerate(pages, start=1):
        assert "Wohnt Anna G. nicht hier?" in page and f"Nr. {number} von denen" in page and "sofort nicht mehr" in page
        assert ("mit 2 deiner Einladungen" in page) is (number != 2)
        assert re.search(r"Seit \w+, \d+\. \w+ 2026, \d\d:\d\d", page)
    assert owner.execute("SELECT count(taken_back_at) FROM invitation_use").fetchone() == (0,)
    client.post(f"/me/invitations/word/{uses[0][0]}/take-back")
    assert "deiner Einladungen" not in text_of(client.get(f"/me/invitations/word/{uses[2][0]}/take-back"))


def test_the_slip_names_the_inviter_only_where_they_ticked_it(town: Town, browser):
    from io import BytesIO

    from pypdf import PdfReader

    client = browser(proven(town, "annabelle", "1"))
    for data, named in (({}, False), ({"is_named": "1"}, True)):
        slip = client.get(client.post("/me/invitations", data=data).location + "/slip.pdf")
        text = PdfReader(BytesIO(slip.data)).pages[0].extract_text()
        assert ("Annabelle" in text) is named
        assert text.count("/genuine") >= 4 and "Weberviertel" in text


def test_anothers_invitation_is_the_same_as_none(town: Town, browser, owner):
    anna, bert = proven(town, "anna", "1"), proven(town, "bert", "2")
    invited(town, anna)
    types(town, newcomer(town, "carla", "3"), invited(town, anna))
    theirs = owner.execute("SELECT public_id FROM invitation LIMIT 1").fetchone()[0]
    use = owner.execute("SELECT public_id FROM invitation_use").fetchone()[0]
    client = browser(bert)
    for path in ("/me/invitations/{}", "/me/invitations/{}/slip.pdf"):
        real, none = client.get(path.format(theirs)), client.get(path.format("a" * 12))
        assert (real.status_code, without_token(real)) == (404, without_token(none))
    for path in ("/me/invitations/{}/end", "/me/invitations/word/{}/take-back"):
        for one in (theirs, use):
            real, none = client.post(path.format(one)), client.post(path.format("a" * 12))
            assert (real.status_code, without_token(real)) == (404, without_token(none))
    real, none = (client.get(f"/me/invitations/word/{each}/take-back") for each in (use, "a" * 12))
    assert (real.status_code, without_token(real)) == (404, without_token(none))


def test_the_team_makes_prints_and_stops_a_flyer(town: Town, browser, owner):
    client = browser(steward(town, owner))
    page = client.get("/desk/flyers")
    assert "Weberviertel" in page.text and "Am Ufer" not in page.text, "one's own quarters only"
    form = {
        "quarter": town.quarters["weber"],
        "streets": "Kettfadenstraße 1-50\nNirgendweg",
        "most_uses": 5,
        "days": 10,
    }
    wrong = client.post("/desk/flyers", data=form)
    assert wrong.status_code == 422 and "„Nirgendweg“" in wrong.text and "Kettfadenstraße 1-50" in wrong.text
    assert client.post("/desk/flyers", data={**form, "quarter": town.quarters["ufer"]}).status_code == 422
    assert client.post("/desk/flyers", data={**form, "streets": "Kettfadenstraße", "most_uses": 500}).status_code == 422
    made = client.post("/desk/flyers", data={**form, "streets": "Kettfadenstraße 1-50"}).location
    assert re.search(r"F[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{3}", client.get(made).text)
    for paper, status in (("a5", 200), ("a6", 200), ("a4", 404)):
        assert client.get(f"{made}/{paper}.pdf").status_code == status
    assert client.post(made + "/stop").status_code == 303
    assert client.get(f"{made}/a6.pdf").status_code == 404
    assert "vorbei" in client.get("/desk/flyers").text


def test_alarms_stand_on_the_desk_until_somebody_looked(town: Town, browser, owner):
    team, anna = steward(town, owner), proven(town, "anna", "1")
    code = invited(town, anna)
    for person in crowd(town, 3, "7"):
        types(town, person, code, str(person))
    client = browser(team)
    assert "1 wartet" in text_of(client.get("/desk"))
    page = client.get("/desk/alarms")
    assert "in zehn Minuten dreimal" in page.text and codes.show(code) not in page.text and "Anna" not in page.text
    (end,) = re.findall(r'action="(/desk/alarms/invitations/\w+/end)"', page.text)
    (seen,) = re.findall(r'action="(/desk/alarms/\w+/seen)"', page.text)
    assert client.post(end).status_code == 303
    assert "vorbei" in text_of(browser(anna).get("/me/invitations"))
    assert client.post(seen).status_code == 303
    assert "Nichts fällt auf" in client.get("/desk/alarms").text and client.post(seen).status_code == 404


@pytest.mark.parametrize("path", ["/desk/flyers", "/desk/alarms", "/desk/letters"])
def test_the_desk_is_not_there_for_neighbours_and_another_teams_things_are_not_there_for_this_one(
    town: Town, browser, owner, path: str
):
    bert = browser(proven(town, "bert", "2"))
    assert bert.get(path).status_code == 404
    town.address("3", street="Uferweg", quarter="ufer")
    with town.app.app_context(), as_owner():
        made = flyers.make(flyers.Wish(town.quarters["ufer"], "Uferweg"), by=None)
    client = browser(steward(town, owner))
    for page in (f"/desk/flyers/{made.public_id}", f"/desk/flyers/{made.public_id}/a6.pdf"):
        none = client.get(page.replace(made.public_id, "a" * 12))
        assert (client.get(page).status_code, without_token(client.get(page))) == (404, without_token(none))
    assert client.post(f"/desk/flyers/{made.public_id}/stop").status_code == 404


def test_what_a_genuine_paper_looks_like_is_there_for_everybody(client, town: Town):
    page = client.get("/genuine")
    assert page.status_code == 200 and "http://localhost" in page.text and "public" in page.headers["Cache-Control"]


def test_no_page_asks_a_browser_where_it_is():
    """A position never grants anything: nothing here reads one (the header forbids it on every page, too)."""
    from tests.support import ROOT

    house = ROOT / "neighbour"
    files = [
        path for path in house.rglob("*") if path.suffix in (".js", ".html", ".py") and "node_modules" not in path.parts
    ]
    asking = {
        path.name
        for path in files
        if re.search(r"navigator\.geolocation|getCurrentPosition|watchPosition", path.read_text("utf-8"))
    }
    assert len(files) > 100 and not asking - {path.name for path in (house / "static").rglob("map*.js")}
