"""In person: the resident's code, the editor's desk, its limits, and what happens when an initiative is suspended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from neighbour.accounts.cli import person as person_commands
from neighbour.accounts.models import Person
from neighbour.core import clock, i18n, qr
from neighbour.core.db import as_owner, db
from neighbour.initiatives import service
from neighbour.initiatives.cli import initiatives
from neighbour.initiatives.models import EditorRole
from neighbour.policy import Level
from neighbour.residency.cases import visits
from tests.initiatives.helpers import Treff
from tests.residency.papers import Desk, text_of

pytestmark = pytest.mark.usefixtures("frozen_clock")
CONFIRM = f"/i/{Treff.slug}/confirm"


@pytest.fixture
def rosa(desk: Desk, treff: Treff):
    """Rosa, who has proven nothing yet: (number, browser)."""
    person = desk.resident("rosa", bell="Rosa Lind")
    return person, desk.browser(person)


@pytest.fixture
def edda(desk: Desk, treff: Treff):
    return desk.browser(treff.editor)


def test_from_the_code_on_the_phone_to_the_board(desk: Desk, treff: Treff, rosa, edda, owner):
    person, phone = rosa
    assert "Treff Webstuhl" in text_of(phone.get("/waiting")) and "Di 16–18" in text_of(phone.get("/waiting"))
    code = treff.code_of(phone)
    drawn = qr.drawn(f"http://localhost/visit/{code.replace('-', '')}")
    assert f'd="{drawn.path}"' in phone.get("/proof/in-person").text
    assert len(code) == 9 and phone.get("/proof/in-person").headers["Referrer-Policy"] == "no-referrer"
    link = edda.get(f"/visit/{code.replace('-', '')}")
    assert f'value="{code}"' in link.text and "Lind" not in link.text
    looked = edda.post(CONFIRM, data={"code": code.lower()})
    assert "Rosa Lind" in looked.text and "Kettfadenstraße" in looked.text and "rosa@" not in looked.text
    assert edda.post(CONFIRM + "/seen", data={"code": code}).status_code == 422, "without the tick nothing"
    assert desk.level(person) is Level.UNPROVEN
    assert edda.post(CONFIRM + "/seen", data={"code": code, "seen": "y"}).status_code == 303
    assert desk.level(person) is Level.VERIFIED
    assert phone.get("/proof/in-person").location == "/board"
    asked = phone.get("/proof/in-person", headers={"HX-Request": "true"})
    assert asked.headers["HX-Redirect"] == "/board"
    source, by = owner.execute("SELECT source, by_person_id FROM proof WHERE method = 'in_person'").fetchone()
    assert source.startswith("initiative ") and by == treff.editor
    looks = owner.execute("SELECT by_person_id FROM address_access WHERE purpose = 'visit'").fetchall()
    assert looks == [(treff.editor,)] * 2, "each time the home was opened"
    assert "eine Initiative, bei der du warst" in text_of(phone.get("/settings/address"))


def test_a_code_is_good_for_a_quarter_of_an_hour_and_once(desk: Desk, treff: Treff, rosa, edda, frozen_clock):
    person, phone = rosa
    old = treff.code_of(phone)
    fresh = treff.code_of(phone)
    assert old != fresh and edda.post(CONFIRM, data={"code": old}).status_code == 422
    frozen_clock.tick(14 * 60)
    assert edda.post(CONFIRM, data={"code": fresh}).status_code == 200
    frozen_clock.tick(2 * 60)
    assert edda.post(CONFIRM + "/seen", data={"code": fresh, "seen": "y"}).status_code == 303
    assert desk.level(person) is Level.UNPROVEN
    code = treff.code_of(phone)
    treff.confirm(edda, code)
    assert edda.post(CONFIRM, data={"code": code}).status_code == 422


def test_a_code_that_claims_the_editors_household_is_answered_like_any_other(desk: Desk, treff: Treff, owner):
    """Whoever shows a code for one house after the other would learn from the answer where the editor lives."""
    home = desk.town.address("31")
    editor = desk.proven("bodo", bell="Bodo Bach", house=home)
    treff.names(editor)
    browser, pages = desk.browser(editor), {}
    for name, house in (("hit", home), ("mis", desk.town.address("33"))):
        puppet = desk.resident(name, bell="Vera Bach", house=house)
        code = treff.code_of(desk.browser(puppet))
        looked = browser.post(CONFIRM, data={"code": code})
        done = browser.post(CONFIRM + "/seen", data={"code": code, "seen": "y"})
        after = browser.get(done.location)
        texts = [re.sub(r"3[13]|[A-Z0-9]{4}-[A-Z0-9]{4}", "…", text_of(page)) for page in (looked, after)]
        pages[name] = (looked.status_code, done.status_code, done.location, *texts)
        assert "Vera Bach" in pages[name][3] and "Bestätigt." in pages[name][4]
    assert pages["hit"] == pages["mis"]
    people = "SELECT p.email, m.level FROM membership m JOIN person p ON p.id = m.person_id WHERE p.email ~ '^(hit|mis)@' ORDER BY 1"
    assert [level for _mail, level in owner.execute(people)] == ["unproven", "verified"], "of her own others look at it"
    assert owner.execute("SELECT kind FROM proof_case").fetchall() == [("held",)]


def test_nobody_confirms_themselves_and_learns_nothing_by_trying(desk: Desk, treff: Treff, owner):
    editor = desk.resident("bodo", bell="Bodo Bach")
    treff.names(editor)
    browser = desk.browser(editor)
    code = treff.code_of(browser)
    own, made_up = browser.post(CONFIRM, data={"code": code}), browser.post(CONFIRM, data={"code": "ZZZZ-ZZZZ"})
    masked = [re.sub(r'(value|content)="[^"]*"', "", page.text) for page in (own, made_up)]
    assert (own.status_code, masked[0]) == (422, masked[1])
    assert owner.execute("SELECT count(*) FROM address_access WHERE purpose = 'visit'").fetchone() == (0,)


def test_wrong_codes_are_tried_ten_times_an_hour_and_then_the_page_says_when_to_go_on(edda, frozen_clock):
    answers = [edda.post(CONFIRM, data={"code": "ZZZZ-ZZZZ"}).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    later = edda.post(CONFIRM, data={"code": "ZZZZ-ZZZZ"})
    seconds = int(later.headers["Retry-After"])
    at = i18n.clock_time(clock.now() + timedelta(seconds=seconds + 59))
    assert f"Ab {at} geht es weiter" in text_of(later) and 'value="ZZZZ-ZZZZ"' in later.text
    unticked = edda.post(CONFIRM + "/seen", data={"code": "ZZZZ-ZZZZ"})
    assert unticked.status_code == 429 and "geht es weiter" in text_of(unticked)
    frozen_clock.tick(seconds)
    assert edda.post(CONFIRM, data={"code": "ZZZZ-ZZZZ"}).status_code == 422


def test_a_right_code_uses_up_no_try_however_often_it_is_looked_at(desk: Desk, treff: Treff, rosa, edda):
    code = treff.code_of(rosa[1])
    answers = [edda.post(CONFIRM, data={"code": code}).status_code for _ in range(11)]
    assert answers == [200] * 11
    wrong = [edda.post(CONFIRM, data={"code": "ZZZZ-ZZZZ"}).status_code for _ in range(11)]
    assert wrong == [422] * 10 + [429]


def test_whoever_speaks_for_several_chooses_for_which_a_scanned_code_is(desk: Desk, treff: Treff, rosa, edda, owner):
    with desk.town.app.app_context(), as_owner():
        far = service.add("Atelier am Ufer", ["ufer"])
        service.verify(far, None)
        service.let_confirm(far, True)
        service.name_editor(far, db.session.get(Person, treff.editor), EditorRole.EDITOR)
    code = treff.code_of(rosa[1])
    page = edda.get(f"/visit/{code.replace('-', '')}").text
    ways = re.findall(r'formaction="(/i/[^"]+)"[^>]*>([^<]+)<', page)
    assert ways == [("/i/atelier-am-ufer/confirm", "Atelier am Ufer"), (CONFIRM, "Treff Webstuhl")]
    hidden = re.search(r'name="code" value="([^"]+)"', page)[1]
    assert edda.post(ways[0][0], data={"code": hidden}).status_code == 422, "not near her"
    assert "Rosa Lind" in edda.post(ways[1][0], data={"code": hidden}).text
    edda.post(CONFIRM + "/seen", data={"code": hidden, "seen": "y"})
    (source,) = owner.execute("SELECT source FROM proof WHERE method = 'in_person'").fetchone()
    (ours,) = owner.execute("SELECT public_id FROM initiative WHERE slug = %s", [Treff.slug]).fetchone()
    assert source == f"initiative {ours}"


def test_what_one_editor_has_in_hand_no_other_takes(desk: Desk, treff: Treff, rosa, edda):
    _person, phone = rosa
    other = desk.proven("otto")
    treff.names(other)
    code = treff.code_of(phone)
    assert edda.post(CONFIRM, data={"code": code}).status_code == 200
    browser = desk.browser(other)
    assert browser.post(CONFIRM, data={"code": code}).status_code == 422
    assert browser.post(CONFIRM + "/seen", data={"code": code, "seen": "y"}).location.endswith("/confirm")
    assert desk.level(rosa[0]) is Level.UNPROVEN


@pytest.mark.parametrize("who", ["resident", "steward elsewhere", "removed", "suspended", "operator"])
def test_the_desk_is_not_there_for_others(desk: Desk, treff: Treff, owner, who, operate):
    people = {
        "resident": lambda: desk.proven("rolf"),
        "steward elsewhere": lambda: desk.verifier("ulf", quarter="ufer"),
        "removed": lambda: treff.editor,
        "suspended": lambda: treff.editor,
        "operator": lambda: desk.operator("olga"),
    }
    person = people[who]()
    if who == "removed":
        assert operate(initiatives, "editor", Treff.slug, "edda@example.org", "--remove").exit_code == 0
    if who == "suspended":
        owner.execute("UPDATE person SET status = 'suspended' WHERE id = %s", [person])
    browser = desk.browser(person)
    for method, path in (
        ("get", CONFIRM),
        ("post", CONFIRM),
        ("post", CONFIRM + "/seen"),
        ("get", f"/i/{Treff.slug}/edit"),
    ):
        answer = getattr(browser, method)(path)
        nothing = getattr(browser, method)(path.replace(Treff.slug, "nirgends"))
        assert (answer.status_code, answer.data) == (404, nothing.data), path
    assert browser.get("/visit/7K2M9QXD").status_code == 404


def test_an_initiative_confirms_so_many_a_day(desk: Desk, treff: Treff, edda, monkeypatch, jobs, mailbox, owner):
    desk.operator("olga")
    for number in range(visits.OF_EDITOR.times):
        person = desk.resident(f"r{number}", bell=f"Name{number} Klingel{chr(97 + number)}")
        treff.confirm(edda, treff.code_of(desk.browser(person)))
    last = desk.resident("last", bell="Letzte Klingelei")
    done = treff.confirm(edda, treff.code_of(desk.browser(last)))
    assert done.status_code == 303 and desk.level(last) is Level.UNPROVEN
    assert "heute nicht bestätigt" in text_of(edda.get(CONFIRM))
    jobs.run()
    alarms = [mail for mail in mailbox.messages() if "Minuten" in mail.message["Subject"]]
    assert len(alarms) == 1 and list(alarms[0].recipients) == ["olga@example.org"], (
        "once an hour, however many there are"
    )


def test_suspending_ends_its_power_at_once_and_looks_again(desk: Desk, treff: Treff, rosa, edda):
    person, phone = rosa
    treff.confirm(edda, treff.code_of(phone))
    other = desk.resident("paul")
    code = treff.code_of(desk.browser(other))
    operator = desk.browser(desk.operator("olga"))
    page = text_of(operator.get(f"/desk/initiatives/{Treff.slug}"))
    assert "Edda" in page and "1 in 30 Tagen" in page and "Rosa" not in page
    assert operator.post(f"/desk/initiatives/{Treff.slug}/suspend", data={"days": "-1"}).status_code == 422
    assert operator.post(f"/desk/initiatives/{Treff.slug}/suspend", data={"days": "30"}).status_code == 303
    assert edda.post(CONFIRM, data={"code": code}).status_code == 404
    assert phone.get(f"/i/{Treff.slug}").status_code == 404
    assert desk.level(person) is Level.UNPROVEN and "Wir sehen uns deinen Nachweis an" in text_of(phone.get("/waiting"))
    assert "Treff Webstuhl" not in text_of(desk.browser(other).get("/waiting"))
    case = desk.case_of(person)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), case)
    assert desk.level(person) is Level.VERIFIED
    operator.post(f"/desk/initiatives/{Treff.slug}", data={"act": "resume"})
    assert edda.get(CONFIRM).status_code == 200


LISTS = (
    "SELECT includes_nearby, paused_until::text FROM subscription WHERE person_id = %s AND list = 'digest' AND is_on"
)


@pytest.mark.parametrize("verdict", ["matches", "doubts"])
def test_whose_board_closes_for_a_second_look_is_told_so_and_finds_everything_as_it_was(
    desk: Desk, treff: Treff, rosa, edda, owner, jobs, mailbox, frozen_clock, verdict
):
    person, phone = rosa
    treff.confirm(edda, treff.code_of(phone))
    owner.execute("UPDATE subscription SET includes_nearby = false, paused_until = '2099-01-01'")
    jobs.run()
    frozen_clock.tick(3_600)
    operator = desk.browser(desk.operator("olga"))
    operator.post(f"/desk/initiatives/{Treff.slug}/suspend", data={"days": "30"})
    jobs.run()
    assert heard(mailbox)[1:] == ["Wir sehen uns deinen Nachweis noch einmal an"]
    assert owner.execute(LISTS, [person]).fetchall() == [(False, "2099-01-01")]
    assert phone.get("/board").status_code == 303, "closed all the same"
    case = desk.case_of(person)
    for name in ("vera", "wim"):
        desk.says(desk.verifier(name), case, verdict)
    if verdict == "doubts":
        desk.hears()
    jobs.run()
    if verdict == "matches":
        assert heard(mailbox)[2:] == ["Willkommen im Quartier Weberviertel"]
        assert owner.execute(LISTS, [person]).fetchall() == [(False, "2099-01-01")]
    else:
        assert heard(mailbox)[2:] == ["Wir konnten deinen Nachweis nicht annehmen"]
        assert owner.execute(LISTS, [person]).fetchall() == []


def heard(mailbox):
    """The subjects of Rosa's mails."""
    mine = [mail for mail in mailbox.messages() if list(mail.recipients) == ["rosa@example.org"]]
    return [mail.message["Subject"] for mail in mine]


def test_an_initiative_is_public_once_it_is_verified(desk: Desk, client, operate, jobs, mailbox):
    desk.town.person("edda")
    assert operate(initiatives, "add", "Bücherei am Ufer", "--quarter", "ufer", "--hours", "Mo 10–12").exit_code == 0
    assert client.get("/i/buecherei-am-ufer").status_code == 404
    refused = operate(initiatives, "add", "Nirgends", "--quarter", "nowhere")
    assert refused.exit_code == 1 and "there is no quarter nowhere" in refused.output
    operator = desk.browser(desk.operator("olga"))
    assert "nicht geprüft" in text_of(operator.get("/desk/initiatives"))
    assert operator.post("/desk/initiatives/buecherei-am-ufer", data={"act": "allow"}).status_code == 404
    for act in ("verify", "allow"):
        assert operator.post("/desk/initiatives/buecherei-am-ufer", data={"act": act}).status_code == 303
    assert "Mo 10–12" in text_of(client.get("/i/buecherei-am-ufer"))
    assert operate(initiatives, "editor", "buecherei-am-ufer", "edda@example.org").exit_code == 0
    jobs.run()
    assert "Bücherei am Ufer" in mailbox.messages()[-1].message["Subject"]
    listed = operate(initiatives, "list").output
    assert "buecherei-am-ufer" in listed and "verified, may confirm" in listed


def test_editors_keep_its_page(desk: Desk, treff: Treff, edda, client):
    said = {
        "about": "Kaffee & Nachbarschaft",
        "address_line": "Spulengasse 6",
        "hours": "Do 9–11",
        "name": "Böse",
        "may_confirm": "",
    }
    assert edda.post(f"/i/{Treff.slug}/edit", data=said).status_code == 303
    page = client.get(f"/i/{Treff.slug}")
    assert "Kaffee &amp; Nachbarschaft" in page.text and "Böse" not in page.text
    way = f'href="/i/{Treff.slug}"'
    assert way in edda.get("/me").text and way not in desk.browser(desk.proven("other")).get("/me").text
    assert edda.get(CONFIRM).status_code == 200
    long = edda.post(f"/i/{Treff.slug}/edit", data={**said, "hours": "x" * 200})
    assert long.status_code == 422 and "x" * 200 in long.text


def test_only_initiatives_near_by_are_named(desk: Desk, treff: Treff):
    far = desk.resident("fritz", quarter="ufer")
    assert "Treff Webstuhl" not in text_of(desk.browser(far).get("/waiting"))


def test_a_confirmation_that_has_to_wait_looks_to_the_editor_like_any_other(desk: Desk, treff: Treff, edda):
    house = desk.town.address("5")
    desk.looks_at_each(house)
    twice = desk.resident("ines2", house=house, bell="Wolf", first_name="Ines", last_name="Wolf")
    phone = desk.browser(twice)
    done = treff.confirm(edda, treff.code_of(phone))
    assert (done.status_code, done.location) == (303, CONFIRM) and "Bestätigt" in text_of(edda.get(CONFIRM))
    assert desk.level(twice) is Level.UNPROVEN
    assert phone.get("/proof/in-person").location == "/waiting"


def test_verifiers_are_appointed_and_dismissed(desk: Desk, operate, owner):
    desk.proven("vera")
    desk.resident("udo")
    done = operate(person_commands, "promote", "vera@example.org", "--verifier", "weber")
    assert done.exit_code == 0 and "verifier of weber" in done.output
    assert operate(person_commands, "promote", "udo@example.org", "--verifier", "weber").exit_code == 1
    assert operate(person_commands, "promote", "vera@example.org", "--verifier", "ufer").exit_code == 1
    assert (
        operate(person_commands, "promote", "vera@example.org", "--verifier", "weber", "--steward", "weber").exit_code
        == 1
    )
    assert owner.execute("SELECT count(*) FROM membership WHERE role = 'verifier'").fetchone() == (1,)
    assert operate(person_commands, "dismiss", "vera@example.org", "weber").exit_code == 0
    assert owner.execute("SELECT count(*) FROM membership WHERE role = 'verifier'").fetchone() == (0,)


@pytest.mark.parametrize(("is_beside", "is_open"), [(False, False), (True, True)])
def test_an_initiative_confirms_where_it_works_and_next_door_and_nowhere_else(
    desk: Desk, treff: Treff, edda, owner, is_beside: bool, is_open: bool
):
    """One editor who lies opens no more than the pages of that neighbourhood say they may."""
    far = desk.resident("rita", quarter="ufer")
    if is_beside:
        weber, ufer = (desk.town.quarters[key] for key in ("weber", "ufer"))
        for pair in ((weber, ufer), (ufer, weber)):
            owner.execute("INSERT INTO adjacency (quarter_id, neighbour_id, border_m) VALUES (%s, %s, 100)", pair)
    with desk.eyes(far):
        code = visits.renew(far).code
    page = edda.post(CONFIRM, data={"code": code})
    assert (page.status_code == 200) is is_open
    assert ("Kettfadenstraße" in page.text) is is_open
