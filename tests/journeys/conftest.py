"""The demo city as a whole instance, and a browser: shared by the journeys through it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from neighbour.core import postgres, roles
from tests.journeys.hands import KEYS, PHONES, Hands
from tests.journeys.looking import enter
from tests.look.browser import browser
from tests.support.up import Instance

AFTERNOON = 15


def where_it_is_afternoon() -> str:
    """A time zone in which it is between three and four: no issue is cut while a test reads the next one."""
    ahead = (AFTERNOON - datetime.now(UTC).hour + 11) % 24 - 11  # -11 … 12 hours before UTC
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"  # POSIX counts the other way round


@pytest.fixture(scope="session")
def town() -> Iterator[Instance]:
    """``neighbour up`` in a folder of its own: the demo city moves in once per worker."""
    # Not in pytest's own folder: another run beside this one would close that to the database's user.
    made = Path(tempfile.mkdtemp(prefix="neighbour-town-"))
    made.chmod(0o755)
    instance = Instance(made / "instance", {"TIME_ZONE": where_it_is_afternoon(), "ARGON2_MEMORY_KIB": "64"})
    try:
        instance.start().wait_until(lambda: "is up" in instance.output, 300)
        yield instance
    finally:
        instance.kill_everything()
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def altenbrueck(town: Instance) -> Instance:
    """The demo city, with nobody's attempts counted yet."""
    with roles.connect(postgres.address(town.folder).owner_url, autocommit=True) as owner:
        owner.execute("TRUNCATE rate_count")
    return town


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser, for one file: two of them cannot stand beside each other in one process."""
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def signed_in() -> dict[str, Any]:
    """Cookies of whoever has signed in by the form, for when they come again: that form is walked elsewhere."""
    return {}


@pytest.fixture
def come(altenbrueck: Instance, chromium: Browser, signed_in: dict[str, Any]) -> Iterator[Callable[..., Hands]]:
    """Somebody of the town with their phone, in German: ``come("lena", TOUCH)``; by keyboard unless told otherwise."""
    came: list[Hands] = []

    def coming(person: str, way: str = KEYS) -> Hands:
        if person in signed_in:
            walk = enter(chromium, altenbrueck, storage_state=signed_in[person], **PHONES[way])
        else:
            walk = enter(chromium, altenbrueck, person=person, **PHONES[way])
            signed_in[person] = walk.page.context.storage_state()
        came.append(Hands(walk, way))
        return came[-1]

    yield coming
    for each in came:
        each.page.context.close()
        assert each.walk.watch.seen == []
