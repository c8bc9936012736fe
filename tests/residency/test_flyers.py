"""Flyers: for which houses, for how many, and what looks strange."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from neighbour.core import i18n, scope
from neighbour.core.db import as_owner
from neighbour.policy import Level
from neighbour.residency import codes, flyers, grading, slips
from neighbour.residency.flyers import BadStreets, Wish
from neighbour.residency.flyers_cli import flyers as command
from neighbour.residency.proofs.method import Outcome
from tests.residency.breaking import breaks_at_each_point
from tests.residency.helpers import Town, crowd, invited, level_of, newcomer, proven, types

pytestmark = pytest.mark.usefixtures("frozen_clock")
DAY = 86_400


def hung(town: Town, streets: str = "Kettfadenstraße", uses: int = 40, days: int = 60) -> str:
    """A flyer of the operator's; gives its code."""
    with town.app.app_context(), as_owner():
        made = flyers.make(Wish(town.quarters["weber"], streets, uses, days), by=None)
        return flyers.code_of(made.public_id)


def listed(town: Town) -> flyers.Line:
    with town.app.app_context(), as_owner():
        return flyers.listed()[0]


def alarms(owner) -> list[str]:
    return [row[0] for row in owner.execute("SELECT kind FROM code_alarm ORDER BY id")]


def test_it_opens_the_board_to_its_houses_and_to_nobody_else(town: Town):
    people = {number: newcomer(town, f"n{number}", number) for number in ("4", "17", "21")}
    town.address("9", street="Garnweg")
    code = hung(town, "kettfadenstr. 1–20")
    assert types(town, people["17"], code) is Outcome.PROVEN
    assert types(town, people["4"], codes.show(code).lower()) is Outcome.PROVEN
    assert types(town, people["21"], code) is Outcome.WRONG, "another house"
    assert [level_of(town, person) for person in people.values()] == [Level.VOUCHED, Level.VOUCHED, Level.UNPROVEN]
    assert (listed(town).houses, listed(town).flyer.uses, listed(town).flyer.strays) == (2, 2, 1)


def test_two_flyers_and_a_neighbour_never_make_more_than_vouched(town: Town):
    anna, carla = proven(town, "anna", "1"), newcomer(town, "carla", "3")
    for _again in range(2):
        assert types(town, carla, hung(town)) is Outcome.PROVEN
    assert level_of(town, carla) is Level.VOUCHED
    assert types(town, carla, invited(town, anna)) is Outcome.PROVEN
    assert level_of(town, carla) is Level.VOUCHED


def test_a_flyer_of_another_quarter_is_a_wrong_code(town: Town):
    town.address("1")
    code, person = hung(town), town.person("zora")
    town.settle(person, town.address("1", street="Uferweg", quarter="ufer"))
    with town.as_person(person):
        assert flyers.redeem(person, code, "net") == flyers.redeem(person, "F234567890A", "net")


def test_it_closes_at_its_limit_and_alarms(town: Town, owner, jobs, mailbox):
    operator = town.person("olga", is_operator=True)
    people = crowd(town, 15, "7")
    code = hung(town, uses=3)
    answers = [types(town, person, code, str(person)) for person in people]
    assert answers == [Outcome.PROVEN] * 3 + [Outcome.FULL] * 12
    assert alarms(owner) == ["flyer_limit", "flyer_full"]
    assert owner.execute("SELECT count(*) FROM delivery WHERE person_id = %s", [operator]).fetchone() == (2,)
    jobs.run()
    subjects = {str(mail.message["Subject"]) for mail in mailbox.messages() if "olga@example.org" in mail.recipients}
    assert subjects == {"Weberviertel: Ein Code fällt auf"}


def test_bursts_and_tries_from_elsewhere_alarm_once(town: Town, owner, frozen_clock):
    slow, quick, elsewhere = crowd(town, 5, "7"), crowd(town, 6, "8"), crowd(town, 21, "30")
    code = hung(town, "Kettfadenstraße 1-20")
    for person in slow:
        types(town, person, code, str(person))
        frozen_clock.tick(301)
    assert alarms(owner) == []
    for person in quick:
        types(town, person, code, str(person))
    assert alarms(owner) == ["flyer_burst"]
    for person in elsewhere:
        assert types(town, person, code, str(person)) is Outcome.WRONG
    assert alarms(owner) == ["flyer_burst", "flyer_elsewhere"]


def test_who_moves_among_its_houses_types_it_once_more(town: Town, owner):
    house = town.address("2")
    carla, dora = newcomer(town, "carla", "1"), newcomer(town, "dora", "3")
    code = hung(town)
    assert [types(town, carla, code) for _twice in range(2)] == [Outcome.PROVEN, Outcome.USED]
    town.settle(carla, house)
    assert [types(town, carla, code) for _twice in range(2)] == [Outcome.PROVEN, Outcome.USED]
    assert level_of(town, carla) is Level.VOUCHED and listed(town).flyer.uses == 1
    with town.as_person(carla):
        grading.end_proofs(carla)
    assert [types(town, who, code) for who in (carla, dora)] == [Outcome.OVER, Outcome.PROVEN]


def test_one_is_found_however_many_came_after_it(town: Town, owner):
    newcomer(town, "carla", "1")
    hung(town)
    first = listed(town).flyer.public_id
    owner.execute(
        "INSERT INTO flyer (public_id, quarter_id, streets, code_hash, most_uses, uses, refused, strays, expires_at, created_at)"
        " SELECT 'more' || n, quarter_id, streets, decode(md5(n::text), 'hex'), 40, 0, 0, 0, expires_at, created_at"
        " FROM flyer, generate_series(1, 501) n"
    )
    with town.app.app_context(), as_owner():
        found = flyers.find(first)
        assert found is not None and found.flyer.public_id == first and flyers.find("never") is None


def test_it_ends_when_it_is_stopped_and_on_its_day(town: Town, frozen_clock):
    carla = newcomer(town, "carla", "3")
    code = hung(town, days=30)
    frozen_clock.tick(30 * DAY)
    assert types(town, carla, code) is Outcome.OVER
    another = hung(town)
    with town.app.app_context(), as_owner():
        assert flyers.stop(listed(town).flyer.public_id)
    assert types(town, carla, another) is Outcome.OVER


@pytest.mark.parametrize(
    ("streets", "line"), [("Quellweg", 1), ("Kettfadenstraße\nGarnweg", 2), ("Kettfadenstraße 40-60", 1)]
)
def test_streets_the_quarter_does_not_have_are_named(town: Town, streets: str, line: int, owner):
    town.address("3")
    town.address("3", street="Garnweg", quarter="ufer")
    with pytest.raises(BadStreets) as bad:
        hung(town, streets)
    assert bad.value.line == line
    assert owner.execute("SELECT count(*) FROM flyer").fetchone() == (0,)


@pytest.mark.parametrize(("uses", "days"), [(0, 10), (201, 10), (10, 0), (10, 181)])
def test_limits_have_limits(town: Town, uses: int, days: int):
    town.address("3")
    with pytest.raises(ValueError, match="1 to"):
        hung(town, uses=uses, days=days)


def test_nothing_half_done_is_left_when_anything_breaks(town: Town, owner, monkeypatch):
    carla, code = newcomer(town, "carla", "3"), ""
    code = hung(town)
    query = "SELECT (SELECT uses FROM flyer), (SELECT count(*) FROM flyer_use), (SELECT count(*) FROM proof)"

    def flow() -> None:
        owner.execute("TRUNCATE rate_count")
        types(town, carla, code)

    assert breaks_at_each_point(monkeypatch, flow, lambda: owner.execute(query).fetchone()) >= 3
    assert owner.execute(query).fetchone() == (1, 1, 1)


def test_the_team_makes_flyers_for_its_own_quarter_only(town: Town, owner):
    team = proven(town, "stefan", "4")
    owner.execute("UPDATE membership SET role = 'steward' WHERE person_id = %s", [team])
    town.address("3", street="Uferweg", quarter="ufer")
    with town.as_person(team):
        assert flyers.make(Wish(town.quarters["weber"], "Kettfadenstraße"), by=team).public_id
        with pytest.raises(Exception, match="row-level security"):
            flyers.make(Wish(town.quarters["ufer"], "Uferweg"), by=team)
        assert len(flyers.listed()) == 1
    with town.as_person(proven(town, "bert", "2")):
        assert flyers.listed() == []


def test_the_operators_commands(town: Town, operate, tmp_path: Path, frozen_clock):
    town.address("3")
    made = operate(command, "make", "weber", "--street", "Kettfadenstraße 1-5", "--uses", "7")
    assert made.exit_code == 0, made.output
    name, code = made.output.split(":")[0], made.output.split("code ")[1].split(",")[0]
    assert f"{name}  until 2026-07-11" in operate(command, "list").output
    out = tmp_path / "flyer.pdf"
    assert operate(command, "print", name, "--out", out).exit_code == 0
    text = PdfReader(out).pages[0].extract_text()
    assert text.count(code) == 4 and "Kettfadenstraße 1-5" in text and "/genuine" in text
    assert operate(command, "print", name, "--out", out).exit_code == 1, "nothing is overwritten"
    assert operate(command, "stop", name).exit_code == 0
    assert "over" in operate(command, "list").output
    assert operate(command, "stop", name).exit_code == 1
    assert operate(command, "make", "nowhere", "--street", "x").exit_code == 1


@pytest.mark.parametrize(("paper", "code"), [("a5", "F234-5678-90A"), ("a6", "WMWM-WMWM-WMW")])
def test_every_word_of_a_slip_is_on_the_sheet_however_long(app, context, paper: str, code: str):
    i18n.speak("de", "Europe/Berlin")
    streets = "\n".join(f"Wirklich-Lange-Beispielstraße-{number} 1–200" for number in range(12))
    end = datetime(2026, 7, 1, tzinfo=UTC)
    slip = slips.for_flyer(code, "Kunstseidenspinnerei-Siedlung", streets, 40, end, app.extensions["config"])
    page = PdfReader(BytesIO(slips.sheet(slip, slips.Paper(paper)))).pages[0]
    text = " ".join(page.extract_text().split())
    copies = {"a5": 2, "a6": 4}[paper]
    for word in (code, "Wirklich-Lange-Beispielstraße-11", "/genuine", "In English"):
        assert text.count(word) >= copies, word
    scope.leave()
