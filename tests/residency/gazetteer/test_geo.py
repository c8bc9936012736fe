"""The geocoders, against servers on loopback that speak Nominatim's and Photon's protocols."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from config import Config
from neighbour.core import geo, scope
from neighbour.residency.gazetteer import outside
from tests.residency.helpers import Town

# Answers in the format of https://nominatim.org/release-docs/latest/api/Search/ (jsonv2/json) and
# https://github.com/komoot/photon#search-api (GeoJSON).
NOMINATIM = [{
    "place_id": 1, "osm_type": "way", "osm_id": 2, "lat": "51.6031", "lon": "12.7810", "class": "building", "type": "yes",
    "display_name": "17, Kettfadenstraße, Altenbrück, 04873, Deutschland",
    "address": {"house_number": "17", "road": "Kettfadenstraße", "postcode": "04873"},
}]  # fmt: skip
PHOTON = {"type": "FeatureCollection", "features": [{
    "type": "Feature", "geometry": {"type": "Point", "coordinates": [12.7810, 51.6031]},
    "properties": {"osm_id": 2, "osm_type": "W", "type": "house", "street": "Kettfadenstraße", "housenumber": "17",
                   "postcode": "04873", "city": "Altenbrück", "country": "Deutschland"},
}]}  # fmt: skip


class Server:
    """Remembers what it was asked and when; answers what the test says."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str, dict[str, list[str]], str]] = []
        self.answers: dict[str, Any] = {"/search": NOMINATIM, "/api": PHOTON}
        self.status, self.delay, self.stopping = 200, 0.0, threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                where = urlsplit(self.path)
                server.asked.append((time.monotonic(), where.path, parse_qs(where.query), self.headers["User-Agent"]))
                server.stopping.wait(server.delay)
                self.send_response(server.status)
                self.end_headers()
                with suppress(BrokenPipeError):
                    self.wfile.write(json.dumps(server.answers[where.path]).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def stop(self) -> None:
        self.stopping.set()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    running = Server()
    yield running
    running.stop()


def _settings(server: Server, name: str, folder: Path) -> Config:
    base = Config.from_env({"ENVIRONMENT": "test", "INSTANCE_DIR": str(folder)})
    return replace(base, geocoder=name, geocoder_url=server.url, geocoder_agent="neighbour-tests")


@pytest.mark.parametrize(("name", "path"), [("nominatim", "/search"), ("photon", "/api")])
def test_both_protocols(server: Server, tmp_path: Path, name: str, path: str) -> None:
    service = geo.geocoder(_settings(server, name, tmp_path))
    assert service is not None
    point = service.find("Kettfadenstraße 17, Altenbrück")
    assert point is not None
    assert (point.lon, point.lat, point.is_house, point.source) == (12.781, 51.6031, True, name)
    _when, asked, query, agent = server.asked[0]
    assert (asked, query["q"], agent) == (path, ["Kettfadenstraße 17, Altenbrück"], "neighbour-tests")


@pytest.mark.parametrize("name", ["nominatim", "photon"])
def test_nothing_found_is_remembered_and_a_failure_is_not(server: Server, tmp_path: Path, name: str) -> None:
    service = geo.geocoder(_settings(server, name, tmp_path))
    assert service is not None
    server.status = 503
    for _ in range(2):
        with pytest.raises(geo.Unavailable):
            service.find("Xyzzy 1")
    assert len(server.asked) == 2
    server.status, server.answers = 200, {"/search": [], "/api": {"type": "FeatureCollection", "features": []}}
    assert service.find("Xyzzy 1") is None and service.find("  XYZZY  1 ") is None
    assert len(server.asked) == 3


def test_a_street_is_no_house(server: Server, tmp_path: Path) -> None:
    server.answers = {"/search": [{**NOMINATIM[0], "address": {"road": "Kettfadenstraße"}}]}
    service = geo.geocoder(_settings(server, "nominatim", tmp_path))
    point = service.find("Kettfadenstraße") if service else None
    assert point is not None and not point.is_house


def test_a_slow_server_is_given_up(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo, "TIMEOUT_SECONDS", 0.2)
    server.delay = 60
    service = geo.geocoder(_settings(server, "photon", tmp_path))
    began = time.monotonic()
    with pytest.raises(geo.Unavailable):
        service.find("Kettfadenstraße 17")  # type: ignore[union-attr]
    assert time.monotonic() - began < server.delay / 2


def test_what_is_remembered_is_bounded(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo, "MOST_REMEMBERED", 2)
    service = geo.geocoder(_settings(server, "photon", tmp_path))
    assert service is not None
    for address in ("a 1", "b 1", "a 1", "c 1", "a 1", "b 1"):
        service.find(address)
    assert [query["q"][0] for _when, _path, query, _agent in server.asked] == ["a 1", "b 1", "c 1", "b 1"]


def test_a_public_server_is_asked_once_a_second_by_all_together(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geo, "SECONDS_APART", 0.3)
    monkeypatch.setattr(geo, "PATIENCE_SECONDS", 60.0)
    monkeypatch.setitem(geo.PUBLIC, "nominatim", server.url)
    settings = _settings(server, "nominatim", tmp_path)
    services = [geo.geocoder(settings) for _ in range(4)]  # each as another process would have it
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda pair: pair[1].find(f"Straße {pair[0]}"), enumerate(services)))
    moments = sorted(asked[0] for asked in server.asked)
    assert len(moments) == 4
    # A request may be long on its way, so two can arrive closer than they left; none arrives before its turn.
    assert all(moment - began >= turn * geo.SECONDS_APART for turn, moment in enumerate(moments))


def test_nobody_waits_for_ever_for_a_turn(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo, "SECONDS_APART", 60.0)
    monkeypatch.setattr(geo, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setitem(geo.PUBLIC, "photon", server.url)
    service = geo.geocoder(_settings(server, "photon", tmp_path))
    assert service is not None and service.find("a 1")
    with pytest.raises(geo.Unavailable):
        service.find("b 1")
    assert len(server.asked) == 1


def test_the_gazetteer_asks_nobody(tmp_path: Path) -> None:
    assert geo.geocoder(Config.from_env({"ENVIRONMENT": "test"})) is None


def test_where_nobody_answers_there_is_no_likely_quarter(server: Server, tmp_path: Path, session: Any) -> None:
    server.status = 500
    assert outside.likely_quarter(_settings(server, "photon", tmp_path), "Kettfadenstraße 17") is None
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("lon", "kind", "quarter"),
    [(13.5, "house", "weber"), (20.0, "house", None), (13.5, "street", None)],
    ids=["a house in a quarter", "a house in none", "the middle of a street"],
)
def test_the_likely_quarter_is_the_one_around_the_house_that_the_geocoder_names(
    server: Server, tmp_path: Path, town: Town, lon: float, kind: str, quarter: str | None
) -> None:
    properties: dict[str, str] = {"type": kind, "street": "Neue Gasse", "city": "Altenbrück"}
    point = {"type": "Point", "coordinates": [lon, 52.5]}
    server.answers["/api"] = {"features": [{"type": "Feature", "geometry": point, "properties": properties}]}
    if kind == "house":
        properties["housenumber"] = "4"
    with town.app.app_context(), scope.use(scope.PUBLIC):
        found = outside.likely_quarter(_settings(server, "photon", tmp_path), "Neue Gasse 4")
    assert (found.key if found else None) == quarter
    assert server.asked[0][2]["q"][0].startswith("Neue Gasse 4, "), "the city's name is added"
