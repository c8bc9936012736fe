"""The town of the attacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.attacks.world import World, standing
from tests.support.cluster import Databases


@pytest.fixture
def world(app: Flask, database: Databases) -> Iterator[World]:
    """The town, its clock standing still."""
    with standing(app, database) as made:
        yield made
