"""A slice of ``make fuzz``: what no page expects is refused, and nothing fails."""

from __future__ import annotations

import pytest

from tests.attacks import fuzz, mapping
from tests.attacks.world import World

pytestmark = pytest.mark.thorough


def test_no_request_makes_a_page_fail(world: World):
    figures = fuzz.run(world, 3 * len(mapping.pages(world.app)), is_quick=True)
    assert figures.failures == []
    assert figures.cases >= 3 * len(mapping.pages(world.app)) and {200, 303, 404, 422} <= set(figures.codes)
