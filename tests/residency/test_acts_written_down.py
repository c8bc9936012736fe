"""What operators, the Quartiersteam, verifiers and editors do is written into the log of events: who, to whom, what."""

from __future__ import annotations

import re

import pytest

from neighbour.accounts.cli import person as people
from neighbour.accounts.models import Person
from neighbour.core import clock
from neighbour.core.db import as_owner, atomic, db
from neighbour.initiatives import service as initiatives
from neighbour.initiatives.models import EditorRole
from neighbour.mydata.cli import privacy
from neighbour.residency import flyers, homes
from neighbour.residency.cases import crowds, deciding
from neighbour.residency.flyers_cli import flyers as flyers_command
from tests.residency.helpers import Town
from tests.residency.papers import Desk, photo

pytestmark = pytest.mark.usefixtures("frozen_clock", "jobs")

#: endpoint of each page at the desk that changes something → the event it leaves, or why it leaves none
AT_THE_DESK = {
    "residency.open_case": "home.opened",
    "residency.decide_case": "proof.looked_at",
    "residency.decide_house": "house.decided",
    "residency.open_missing": "home.opened",
    "residency.answer_missing": "home.missing_answered",
    "residency.flyer_make": "flyer.made",
    "residency.flyer_stop": "flyer.ended",
    "residency.alarm_seen": "alarm.seen",
    "residency.invitation_end_at_desk": "invitation.ended",
    "residency.letters_print": "letter.printed",  # by the worker, in the name of whoever asked; tests/residency/test_letter_desk.py
    "residency.letters_fetch": "letter.fetched",  # likewise
    "accounts.open_letterbox": "home.opened",  # tests/residency/test_dispute_desk.py
    "accounts.decide_dispute": "account.dispute_decided",  # likewise
    "accounts.turn_round": "account.dispute_decided",  # likewise
    "accounts.send_dispute_links": "account.dispute_links_sent",  # tests/accounts/test_dispute_reminders.py
    "initiatives.desk_act": "initiative.verified",
    "initiatives.suspend": "initiative.suspended",
}


def test_every_page_of_the_desk_that_changes_something_is_here(app):
    there = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/desk") and "POST" in (rule.methods or ())
    }
    assert there == set(AT_THE_DESK)


@pytest.fixture
def told(owner):
    """Gives the events since the last time it was asked: (kind, who, whom, what, result)."""
    seen = [0]

    def since() -> list[tuple]:
        rows = owner.execute(
            "SELECT id, kind, actor_id, subject_id, object, result FROM security_event WHERE id > %s ORDER BY id", seen
        ).fetchall()
        seen[0] = rows[-1][0] if rows else seen[0]
        return [row[1:] for row in rows if row[1] not in ("session.opened", "role.given")]

    since()
    return since


def test_verifiers_who_look_and_say_what_they_think(desk: Desk, told):
    anna, vera, wim = desk.resident("anna"), desk.verifier("vera"), desk.verifier("wim")
    with desk.eyes(anna):
        deciding.documents.hand_in(anna, "bill", [photo()])
    case = desk.case_of(anna)
    told()
    desk.says(vera, case, "old", "")
    assert told() == [
        ("home.opened", vera, anna, "document", "done"),
        ("proof.looked_at", vera, anna, "document half", "no"),
    ]
    desk.says(wim, case, "old", "")
    assert [row[:3] for row in told()] == [
        ("home.opened", wim, anna),
        ("proof.looked_at", wim, anna),
        ("proof.refused", None, anna),
    ]


def test_operators_who_answer_about_a_house_and_a_missing_address(desk: Desk, told):
    mia, olga = desk.resident("mia"), desk.operator("olga")
    with desk.eyes(mia), atomic():
        homes.report_missing(mia, "Neue Gasse 3, hinten")
    browser = desk.browser(olga)
    which = re.search(r'name="which" value="([^"]+)"', browser.get("/desk/missing").text)[1]
    told()
    browser.post("/desk/missing/answer", data={"which": which})
    assert told() == [("home.missing_answered", olga, mia, "", "not found")]
    house = crowds.CrowdedHouse(b"house-of-many" + bytes(19), desk.town.quarters["weber"], 0, 0, clock.now())
    with desk.eyes(olga):
        crowds.decide_house(house, olga, up_to=40)
        crowds.decide_house(house, olga, up_to=None)
    key = house.key[:12]
    assert told() == [
        ("house.decided", olga, None, f"{key} up to 40", "done"),
        ("house.decided", olga, None, f"{key} one by one", "done"),
    ]


def test_the_team_and_its_flyers_alarms_and_invitations(town: Town, desk: Desk, owner, told, operate, client):
    olga, anna = desk.operator("olga"), desk.proven("anna")
    town.street("1", "2")
    browser = desk.browser(olga)
    wish = {"quarter": town.quarters["weber"], "streets": "Kettfadenstraße", "most_uses": "40", "days": "60"}
    told()
    assert browser.post("/desk/flyers", data=wish).status_code == 303
    (flyer,) = [row[0] for row in owner.execute("SELECT public_id FROM flyer").fetchall()]
    owner.execute(
        "INSERT INTO code_alarm (public_id, quarter_id, kind, source, at) VALUES ('abcabcabcabc', %s, 'flyer_full', 'flyer x', now())",
        [town.quarters["weber"]],
    )
    assert browser.post("/desk/alarms/abcabcabcabc/seen").status_code == 303
    assert browser.post(f"/desk/flyers/{flyer}/stop").status_code == 303
    assert browser.post(f"/desk/flyers/{flyer}/stop").status_code == 404
    owner.execute(
        "INSERT INTO invitation (public_id, person_id, quarter_id, depth, code_hash, most_uses, uses, refused, is_named, expires_at)"
        " VALUES ('defdefdefdef', %s, %s, 0, 'x', 5, 0, 0, true, now() + interval '14 days')",
        [anna, town.quarters["weber"]],
    )
    assert browser.post("/desk/alarms/invitations/defdefdefdef/end").status_code == 303
    assert told() == [
        ("flyer.made", olga, None, flyer, "done"),
        ("alarm.seen", olga, None, "abcabcabcabc", "done"),
        ("flyer.ended", olga, None, flyer, "done"),
        ("invitation.ended", olga, anna, "defdefdefdef", "done"),
    ]
    made = operate(flyers_command, "make", "weber", "--street", "Kettfadenstraße")
    assert made.exit_code == 0, made.output
    with town.app.app_context(), as_owner():
        name = flyers.listed()[0].flyer.public_id
    operate(flyers_command, "stop", name)
    assert told() == [("flyer.made", None, None, name, "done"), ("flyer.ended", None, None, name, "done")]


def test_initiatives_and_those_who_speak_for_them(desk: Desk, owner, told):
    olga, edda = desk.operator("olga"), desk.proven("edda")
    with desk.town.app.app_context(), as_owner():
        made = initiatives.add("Treff Webstuhl", ["weber"])
    browser, name = desk.browser(olga), made.public_id
    assert told()[-1] == ("initiative.added", None, None, name, "done")
    for act in ("verify", "allow", "forbid"):
        assert browser.post(f"/desk/initiatives/{made.slug}", data={"act": act}).status_code == 303
    assert browser.post(f"/desk/initiatives/{made.slug}/suspend", data={"days": "0"}).status_code == 303
    assert browser.post(f"/desk/initiatives/{made.slug}", data={"act": "resume"}).status_code == 303
    assert told() == [
        ("initiative.verified", olga, None, name, "done"),
        ("initiative.confirms", olga, None, name, "done"),
        ("initiative.confirms", olga, None, name, "ended"),
        ("initiative.suspended", olga, None, name, "done"),
        ("initiative.resumed", olga, None, name, "done"),
    ]
    with desk.town.app.app_context(), as_owner():
        found, person = initiatives.find(made.slug), db.session.get(Person, edda)
        initiatives.name_editor(found, person, EditorRole.EDITOR)
        initiatives.change(found, about="Weben", address_line="", hours="", by=edda)
        initiatives.remove_editor(found, person)
    assert told() == [
        ("initiative.changed", edda, None, name, "done"),
        ("role.taken", None, edda, f"editor of {name}", "done"),
    ]
    given = owner.execute("SELECT object FROM security_event WHERE kind = 'role.given' AND subject_id = %s", [edda])
    assert (f"editor of {name}",) in given.fetchall()


def test_commands_of_the_operator(town: Town, owner, told, operate):
    made = operate(people, "create", "neu@example.org", "--operator")
    assert made.exit_code == 0, made.output
    anna = town.person("anna")
    operate(people, "promote", "anna@example.org", "--operator")
    owner.execute(
        "INSERT INTO authenticator (person_id, sealed, last_step, created_at) VALUES (%s, 'x', 0, now())", [anna]
    )
    operate(people, "reset-factors", "anna@example.org")
    operate(privacy, "affected", "--from", "2026-05-12", "--to", "2026-05-13", "--route", "residency.show_address")
    neu = owner.execute("SELECT id FROM person WHERE email = 'neu@example.org'").fetchone()[0]
    assert told() == [
        ("account.made", None, neu, "operator", "done"),
        ("factor.reset_asked", None, anna, "", "done"),
        ("log.read", None, None, "residency.show_address", "done"),
    ]
    given = owner.execute("SELECT subject_id, object FROM security_event WHERE kind = 'role.given'").fetchall()
    assert given == [(anna, "operator")]
