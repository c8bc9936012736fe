"""The small town of this room's tests."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.residency.helpers import Town


@pytest.fixture
def town(app: Flask) -> Town:
    return Town(app)
