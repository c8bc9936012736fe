"""``neighbour quarters plan, plans, cancel, apply, opening`` as the operator types them."""

from __future__ import annotations

import pytest

from neighbour.core import clock
from neighbour.quarters.cli import quarters
from tests.residency.patchwork import Patchwork, file, on

ROW = {(0, 0): "a", (1, 0): "a", (2, 0): "b"}
NAMED = ("--id-property", "id", "--name-property", "name")


@pytest.fixture
def planned(context, frozen_clock, operate, tmp_path):
    """A city with one person, and a layer that divides their quarter; gives a way to plan it for a day."""
    city = Patchwork(ROW)
    city.resident(1, 0)
    layer = tmp_path / "divided.geojson"
    layer.write_bytes(file({**ROW, (1, 0): "n"}))
    context.pop()
    yield lambda day, *more: operate(quarters, "plan", layer, "--on", day, *NAMED, *more)
    context.push()


def test_a_change_is_planned_listed_cancelled_planned_again_and_applied(planned, operate):
    said = planned("2026-06-01")
    assert said.exit_code == 0, said.output
    assert (
        "a: redrawn\nn: new\na → n: 3 addresses, fewer than 5 households on board, fewer than 5 people" in said.output
    )
    assert "1 people are told by mail" in said.output
    assert "\t2026-06-01\tplanned\ta redrawn, n new" in operate(quarters, "plans").output
    assert "the day of plan" in operate(quarters, "apply").output
    assert "is cancelled" in operate(quarters, "cancel").output
    assert "no change of quarters is planned" in operate(quarters, "cancel").output
    assert planned("2026-06-01").exit_code == 0
    with clock.freeze(on(clock.date(2026, 6, 1))):
        assert "is in force" in operate(quarters, "apply").output
    assert [line.split()[0] for line in operate(quarters, "list").output.splitlines()[1:]] == ["a", "b", "n"]


def test_what_is_not_possible_is_said_in_one_line(planned, operate):
    soon = planned("2026-05-13")
    assert (soon.exit_code, "people are told 14 days before: 2026-05-26 is the first day" in soon.output) == (1, True)
    assert "nothing was planned, nobody was told" in planned("2026-05-13", "--soon", "--dry-run").output
    assert operate(quarters, "plans").output == ""


def test_the_threshold_for_a_board_of_its_own_is_shown_and_set(planned, operate):
    assert "from 20 households on board" in operate(quarters, "opening").output
    assert "from 35 households on board" in operate(quarters, "opening", "35").output
    assert "beside them: none" in operate(quarters, "opening").output
