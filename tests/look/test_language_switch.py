"""Changing the language in the middle of a form loses nothing that was typed, and leaves nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask, redirect, render_template_string
from playwright.sync_api import Browser
from werkzeug.serving import make_server
from whitenoise import WhiteNoise

from neighbour.core import web
from tests.look.browser import browser

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="de"><title>x</title><script src="{{ script }}" defer></script><body>
<form method="post" action="/language/en"><button>English</button></form>
<main><form method="post" action="/appearance"><input type="hidden" name="csrf_token" value="x">
<input name="first_name"><input type="password" name="password"><input type="checkbox" name="shows" value="y"></form></main>"""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    app = Flask("pages", static_folder=None)
    app.add_url_rule("/form", view_func=lambda: render_template_string(PAGE, script=web.static_url("app.js")))
    app.add_url_rule("/language/en", "language", lambda: redirect("/form", 303), methods=["POST"])
    app.wsgi_app = WhiteNoise(app.wsgi_app, root=str(web.STATIC), prefix="static/")  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


def test_what_was_typed_is_there_in_the_other_language_and_only_once(site, chromium):
    page = chromium.new_page()
    page.goto(f"{site}/form")
    page.fill("[name=first_name]", "Ute")
    page.fill("[name=password]", "geheim")
    page.check("[name=shows]")
    with page.expect_navigation():
        page.get_by_text("English").click()
    page.wait_for_load_state()
    assert page.input_value("[name=first_name]") == "Ute"
    assert page.is_checked("[name=shows]")
    assert page.input_value("[name=password]") == ""
    assert page.evaluate("Object.keys(sessionStorage).filter(name => name.startsWith('draft'))") == []
    page.goto(f"{site}/form")
    assert page.input_value("[name=first_name]") == ""
    page.close()
