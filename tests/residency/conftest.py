"""The small town of this room's tests."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.residency.helpers import Town
from tests.residency.papers import Desk


@pytest.fixture
def town(app: Flask) -> Town:
    return Town(app)


@pytest.fixture
def desk(town: Town, visitor) -> Desk:
    """The town with people who look at proofs."""
    return Desk(town, visitor)
