"""Events are pinned up on a day that stands still: the ground of all tests of this room."""

from __future__ import annotations

from typing import Any

import pytest

from neighbour.accounts.models import Person
from tests.factories import make_person, make_signed_in
from tests.support.client import Client


@pytest.fixture
def here(frozen_clock: Any, here: Any) -> Any:
    """The quarter, on the day of ``frozen_clock``."""
    return here


@pytest.fixture
def host(here: Any) -> Person:
    """Who invites."""
    return make_person(here)


@pytest.fixture
def author(here: Any, client: Client) -> Person:
    """Whoever writes with ``client``."""
    return make_signed_in(client, here)
