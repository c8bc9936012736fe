"""Whose account it is."""

from __future__ import annotations

from typing import Any

import pytest

from neighbour.policy import Level
from tests.accounts.factor_helpers import make_member


@pytest.fixture
def person(context: Any) -> Any:
    """A verified neighbour with the password GOOD."""
    return make_member()


@pytest.fixture
def newcomer(context: Any) -> Any:
    """Has no proven home yet: there is nobody to ask."""
    return make_member("bente@altenbrueck.example", level=Level.UNPROVEN)
