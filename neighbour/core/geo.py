"""Asking a geocoder outside, for addresses the city's register does not know. The only file that imports geopy.

Order: the register first (it never leaves this server), then the one service the operator chose with ``GEOCODER``;
another service is never asked instead, because what people type would go to somebody the operator did not choose.
``GEOCODER=gazetteer`` asks nobody. Public servers get at most one request a second from all processes of an instance
together (https://operations.osmfoundation.org/policies/nominatim/), told by a name the operator gives. Answers are
remembered in this process only, up to a bound, and never written down: they are addresses people typed. geopy is loaded
when somebody asks: most instances never do, and it would be a tenth of every start.

An answer from outside proves nothing and places nobody: it may show a visitor the likely quarter.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config import Config
from neighbour.core import clock
from neighbour.core.kept import Kept

TIMEOUT_SECONDS = 4.0
SECONDS_APART = 1.0  # between two requests to a public server
PATIENCE_SECONDS = 3.0  # waiting for one's turn; then the answer is "unavailable"
MOST_REMEMBERED = 1_000
PUBLIC = {"nominatim": "https://nominatim.openstreetmap.org", "photon": "https://photon.komoot.io"}


@dataclass(frozen=True)
class Point:
    """Where a geocoder puts an address: degrees, WGS84. is_house: it found the house, not just the street or town."""

    lon: float
    lat: float
    label: str
    is_house: bool
    source: str


class Unavailable(Exception):
    """The geocoder did not answer, or it is not our turn yet."""


class Geocoder:
    """One geocoding service. ``find`` may be called from any thread."""

    def __init__(self, name: str, ask: Callable[[str], Point | None], turn: Callable[[], Any]):
        self.name = name
        self._ask, self._turn = ask, turn
        self._remembered: Kept[str, Point | None] = Kept(MOST_REMEMBERED)

    def find(self, address: str) -> Point | None:
        """The point of an address in one line, None if the service knows none. Raises Unavailable."""
        key = " ".join(address.casefold().split())
        return self._remembered.of(key, lambda: self._fetch(address))

    def _fetch(self, address: str) -> Point | None:
        from geopy.exc import GeopyError

        self._turn()
        try:
            return self._ask(address)
        except (GeopyError, ValueError, KeyError, TypeError) as error:
            # The words of the error may repeat the address: only its kind is logged.
            logging.getLogger("neighbour.geo").warning("%s: %s", self.name, type(error).__name__)
            raise Unavailable(self.name) from None


def geocoder(config: Config) -> Geocoder | None:
    """The service of the settings, None for ``GEOCODER=gazetteer``."""
    if config.geocoder == "gazetteer":
        return None
    address = config.geocoder_url or PUBLIC[config.geocoder]
    parts = urlsplit(address)
    where: dict[str, Any] = {
        "domain": parts.netloc + parts.path.rstrip("/"),
        "scheme": parts.scheme or "https",
        "user_agent": config.geocoder_agent,
        "timeout": TIMEOUT_SECONDS,
    }
    is_public = any(address.rstrip("/") == public for public in PUBLIC.values())
    turn = _Turn(config.instance_dir / "geocoder.turn") if is_public else _no_turn
    ask = _nominatim(where, config) if config.geocoder == "nominatim" else _photon(where, config)
    return Geocoder(config.geocoder, ask, turn)


def _nominatim(where: dict[str, Any], config: Config) -> Callable[[str], Point | None]:
    from geopy.geocoders import Nominatim

    service = Nominatim(**where)

    def ask(address: str) -> Point | None:
        found = service.geocode(address, addressdetails=True, language=config.language)
        if found is None:
            return None
        is_house = "house_number" in found.raw.get("address", {})
        return Point(found.longitude, found.latitude, found.address, is_house, "nominatim")

    return ask


def _photon(where: dict[str, Any], config: Config) -> Callable[[str], Point | None]:
    from geopy.geocoders import Photon

    service = Photon(**where)

    def ask(address: str) -> Point | None:
        found = service.geocode(address, language=config.language)
        if found is None:
            return None
        is_house = "housenumber" in found.raw.get("properties", {})
        return Point(found.longitude, found.latitude, found.address, is_house, "photon")

    return ask


def _no_turn() -> None:
    """Our own server: no waiting."""


class _Turn:
    """One request a second for all processes that share an instance's folder.

    The file holds the moment of the last request on the machine's monotonic clock, which all processes share; the lock
    is held while waiting, so the queue is in order.
    """

    def __init__(self, path: Path):
        self.path = path

    def __call__(self) -> None:
        until = clock.monotonic() + PATIENCE_SECONDS
        with self._locked(until) as handle:
            now = clock.monotonic()
            wait = self._last(handle, now) + SECONDS_APART - now
            if now + wait > until:
                raise Unavailable("busy")
            if wait > 0:
                time.sleep(wait)
            os.pwrite(handle, f"{clock.monotonic():020.6f}".encode(), 0)

    @contextmanager
    def _locked(self, until: float) -> Iterator[int]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if clock.monotonic() > until:
                        raise Unavailable("busy") from None
                    time.sleep(0.02)
            yield handle
        finally:
            os.close(handle)

    def _last(self, handle: int, now: float) -> float:
        """The last request's moment; one from before a restart of the machine does not count."""
        try:
            last = float(os.pread(handle, 32, 0) or b"-inf")
        except ValueError:
            return float("-inf")
        return last if last <= now else float("-inf")
