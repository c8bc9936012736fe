"""Whose account it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.factor_helpers import make_member


@pytest.fixture
def person(context: Any) -> Any:
    """A verified neighbour with the password GOOD."""
    return make_member()
