"""Map tiles, the one thing a page may load from somebody else: only if the operator has set some, and from that host alone."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from neighbour.app import create_app
from neighbour.core.db import hang_up
from tests.factories import make_person, make_quarter, sign_in
from tests.support.client import Client

HOST, THANKS = "https://tiles.example.org", "© Kartenhaus"
PAGES = ("/map", "/quarters", "/write?kind=event")


def _sources(answer):
    (images,) = re.findall(r"img-src ([^;]*)", answer.headers["Content-Security-Policy"])
    return images.split()


@pytest.fixture
def reader(context):
    return make_person(make_quarter("Weberviertel"))


def test_without_the_setting_no_page_names_or_lets_in_anybody_else(client, reader):
    sign_in(client, reader)
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 200 and "data-tiles" not in answer.text, path
        assert _sources(answer) == ["'self'"], path


@pytest.fixture
def served(settings):
    """Makes browsers of an application with these tiles, which hangs up in the end."""
    made = []

    def serve(url):
        app = create_app(replace(settings, tile_url=url, tile_attribution=THANKS))
        app.test_client_class = Client
        made.append(app)
        return app.test_client()

    yield serve
    for app in made:
        with app.app_context():
            hang_up()


@pytest.mark.parametrize(
    ("url", "source"),
    [
        (f"{HOST}/{{z}}/{{x}}/{{y}}.png", HOST),
        ("https://{s}.tiles.example.org/{z}/{x}/{y}.png", "https://*.tiles.example.org"),
    ],
)
def test_with_it_pictures_come_from_that_host_alone_and_it_is_thanked(served, reader, url, source):
    client = served(url)
    sign_in(client, reader)
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert f'data-tiles="{url}" data-attribution="{THANKS}"' in answer.text, path
        assert _sources(answer) == ["'self'", source], path
        assert "tiles.example.org" not in re.sub(r"img-src [^;]*", "", answer.headers["Content-Security-Policy"])
        assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer"), "the host learns of no page"
    assert "<svg" in client.get("/map").text, "without scripts it is the drawing, with tiles or without"
