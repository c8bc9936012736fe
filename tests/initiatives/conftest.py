"""An initiative in the small town of the residency room's tests."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.initiatives.helpers import Treff
from tests.residency.helpers import Town
from tests.residency.papers import Desk


@pytest.fixture
def desk(app: Flask, visitor) -> Desk:
    return Desk(Town(app), visitor)


@pytest.fixture
def treff(desk: Desk) -> Treff:
    """A verified initiative of the Weberviertel that confirms, and its editor."""
    return Treff(desk)
