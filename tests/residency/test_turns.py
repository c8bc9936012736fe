"""Whose card comes next at a house, and that nobody keeps a neighbour's back by knowing her name."""

from __future__ import annotations

from pathlib import Path

import pytest

from neighbour.core.db import as_owner
from neighbour.residency import letters, turns
from neighbour.residency.cli import letters as letters_command
from tests.residency.helpers import Town
from tests.residency.papers import Desk, text_of

pytestmark = pytest.mark.usefixtures("frozen_clock")
DAY = 86_400


@pytest.mark.parametrize("name", ["Vera Vogt", "Otto Anders"])
def test_a_card_in_her_name_does_not_put_her_own_behind_every_stranger(town: Town, tmp_path: Path, frozen_clock, name):
    """Whoever knows her name and house had one card in it, and has a made-up name order each month: hers comes first."""
    house = town.address("5")
    town.resident("ex", house, name)
    assert set(town.print_letters(tmp_path).cards) == {name}
    town.resident("vera", house, "Vera Vogt")
    got = []
    for month in range(2):
        town.resident(f"weg{month}", house, f"Wilma Weg{chr(97 + month)}burg")
        frozen_clock.tick(31 * DAY)
        got += list(town.print_letters(tmp_path).cards)
    assert got == ["Vera Vogt", "Wilma Wegaburg"]


def test_whoever_had_a_card_in_vain_comes_after_others_but_not_for_ever(town: Town, tmp_path: Path, frozen_clock):
    """Also where they ask again meanwhile: that keeps the turn."""
    house = town.address("5")
    vera = town.resident("vera", house, "Vera Vogt")
    town.print_letters(tmp_path)
    frozen_clock.tick(22 * DAY)
    with town.as_person(vera):
        letters.request(vera)  # the first was lost
    got = []
    for month in range(3):
        town.resident(f"weg{month}", house, f"Wilma Weg{chr(97 + month)}burg")
        frozen_clock.tick((9 if month == 0 else 31) * DAY)
        if month == 1:
            with town.as_person(vera):
                letters.request(vera)
        got += list(town.print_letters(tmp_path).cards)
    assert got == ["Wilma Wegaburg", "Vera Vogt", "Wilma Wegbburg"]


def test_the_desk_names_who_waits_and_who_had_a_card_before_them(desk: Desk, operate, tmp_path: Path, frozen_clock):
    town, house = desk.town, desk.town.address("5")
    vera = town.resident("vera", house, "Vera Vogt")
    town.resident("bela", town.address("6"))
    town.print_letters(tmp_path)
    frozen_clock.tick(22 * DAY)
    with town.as_person(vera):
        letters.request(vera)
    town.resident("weg", house, "Wilma Weg")
    assert "später bestellt" not in text_of(desk.browser(desk.operator("olga")).get("/desk/letters"))
    frozen_clock.tick(9 * DAY)
    assert list(town.print_letters(tmp_path).cards) == ["Wilma Weg"]
    with town.app.app_context(), as_owner():
        assert turns.overtaken() == [turns.Overtaken(["vera@example.org"], ["weg@example.org"])]
    assert "vera@example.org waits, and had ordered before weg@example.org" in operate(letters_command, "list").output
    page = text_of(desk.browser(desk.operator("otto")).get("/desk/letters"))
    assert "später bestellt" in page and "vera@example.org" in page.partition("später bestellt")[2]
