"""What works and had better be different is said, and is no failure."""

from __future__ import annotations

import dataclasses

import pytest
from click.testing import CliRunner

from config import Config, Problem
from neighbour.cli import main
from neighbour.core import advice
from neighbour.up import checks
from tests.residency.helpers import Town
from tests.residency.papers import Desk


@pytest.mark.parametrize(
    ("operators", "houses", "said"),
    [
        ((), (), "are none: nobody can decide"),
        (("olga",), (), "are of one household"),
        (("olga", "otto"), ("77", "77"), "are of one household"),
        (("olga", "otto"), ("77", "78"), None),
        (("olga", "otto"), (), None),
    ],
    ids=["nobody", "one", "a couple", "neighbours", "two of whom nobody knows where they live"],
)
def test_fewer_than_two_households_that_operate_are_warned_of(app, operators, houses, said):
    town = Town(app)
    desk = Desk(town, None)
    addresses = {number: town.address(number) for number in sorted(set(houses))}
    people = [desk.operator(name) for name in operators]
    for person, number in zip(people, houses, strict=False):
        town.settle(person, addresses[number], "Familie Bach")
    found = [warning.text for warning in advice.warnings(town.app.extensions["config"])]
    assert [text.startswith(said or "") for text in found] == ([True] if said else [])


@pytest.mark.parametrize(("number", "said"), [(1, "1 proof waits"), (2, "2 proofs wait")])
def test_proofs_that_nobody_may_decide_about_are_warned_of(app, frozen_clock, number, said):
    """Whoever operates lives with them, and there is no team."""
    town = Town(app)
    desk, house = Desk(town, None), town.address("77")
    town.settle(desk.operator("olga"), house, "Familie Bach")
    for one in range(number):
        desk.deposit(desk.resident(f"anna{one}", house=house, bell="Familie Bach"))
    _operators, proofs = advice.warnings(town.app.extensions["config"])
    assert proofs.text == f"{said} that nobody at a desk may decide about" and "cases list" in proofs.mend


def test_of_a_database_that_is_away_or_behind_nothing_is_advised(settings: Config, empty_database):
    lost = dataclasses.replace(settings, database_url="postgresql+psycopg://app@127.0.0.1:1/none")
    behind = dataclasses.replace(settings, database_url=empty_database.app_url)
    assert advice.warnings(lost) == advice.warnings(behind) == []


def test_a_warning_is_printed_by_check_and_fails_nothing(monkeypatch, settings: Config):
    """Whatever else is to be said of this machine."""
    monkeypatch.setattr(checks, "problems", lambda config: [])
    monkeypatch.setattr(
        checks, "warnings", lambda config: [Problem("operators", "are of one household", "a second one")]
    )
    monkeypatch.setattr("neighbour.up.cli.instance.settle", lambda config: (settings, None))
    done = CliRunner().invoke(main, ["check"])
    assert (done.exit_code, done.output.count("? operators: are of one household")) == (0, 1)
    assert "Everything needed is there." in done.output
