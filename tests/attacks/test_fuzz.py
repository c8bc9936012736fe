"""A slice of ``make fuzz``: what no page expects is refused, and nothing fails."""

from __future__ import annotations

import pytest

from neighbour.policy.table import allows
from tests.attacks import fuzz, mapping, words
from tests.attacks.world import World

#: not one of them is a number that a form can mean
NO_NUMBERS = ("NaN", "-NaN", "inf", "1e999", "-1e999", "9" * fuzz.DIGITS)


#: steps within a form, which show it again as it was typed and judge nothing yet
SHOWS_AGAIN = {"contributions.compose_photos"}


def test_what_is_no_number_is_refused_in_every_field_for_one(town: World):
    """4xx, or the form again with what is wrong; nothing is written, and nothing fails."""
    asked = 0
    for page in (each for each in mapping.pages(town.app) if not each.is_safe):
        fields = mapping.fields(page)
        for name, form in ((each.name, each.form) for each in fields if each.kind == "IntegerField"):
            role = next(
                role for role in ("operator", "steward") if allows(town.identities[role], page.gate["permission"])
            )
            for typed in NO_NUMBERS:
                data = {**words.fill_in(page, fields), **words.tab_of(form), name: typed}
                answer = town.ask(role, page, town.things(page)[0].values, data=data)
                is_refused = 400 <= answer.status < 500 or page.endpoint in SHOWS_AGAIN
                assert is_refused and answer.written == [], (page.key, name, typed[:9], answer.status)
                assert "Not a valid" not in answer.response.text, (
                    page.key,
                    name,
                )  # said by the library, in no words of ours
                asked += 1
    assert asked >= 3 * len(NO_NUMBERS)


@pytest.mark.thorough
def test_no_request_makes_a_page_fail(world: World):
    figures = fuzz.run(world, 3 * len(mapping.pages(world.app)), is_quick=True)
    assert figures.failures == []
    assert figures.cases >= 3 * len(mapping.pages(world.app)) and {200, 303, 404, 422} <= set(figures.codes)
