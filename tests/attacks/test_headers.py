"""What answers carry that are no page's own – errors, redirects, files – and what none does. Those of pages are looked at by
the test that asks for all of them (test_matrix)."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import Context
from dataclasses import replace

from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from neighbour.core.web import STATIC
from tests.attacks import headers, mapping, words
from tests.attacks.world import World

ORIGINS = [
    "https://evil.example", "http://evil.example", "null", "https://nachbar.example.evil.example", "https://nachbar.exampl",
    "https://evilnachbar.example", "http://nachbar.example", "https://nachbar.example:8443", "https://nachbar.example.",
    "https://NACHBAR.example.evil", "http://localhost", "http://127.0.0.1", "https://[::1]", "file://", "chrome-extension://x",
    "https://nachbar.example@evil.example", "https://nachbar.example%00.evil.example", "https://nachbar.example`evil.example",
    "https://sub.nachbar.example", "*",
]  # fmt: skip


def everything(world: World) -> Iterator[tuple[str, TestResponse]]:
    """An answer of every kind that is no page's."""
    author = world.browsers["author"]
    built = next((STATIC / "build").glob("app-*.css"))
    for what, method, path, more in (
        ("500", "GET", "/live", {}),
        ("404", "GET", "/nothing/here", {}),
        ("405", "DELETE", "/board", {}),
        ("400", "POST", "/theme", {"headers": {"Sec-Fetch-Site": "cross-site"}}),
        ("403", "POST", "/me/mails", {"csrf": False}),
        ("413", "POST", "/me/mails", {"data": {"x": "y" * (2 << 20)}}),
        ("a redirect of the router", "GET", "//board", {}),
        ("a file", "GET", f"/static/build/{built.name}", {}),
        ("no file", "GET", "/static/build/nothing.css", {}),
        ("a file's head", "HEAD", f"/static/build/{built.name}", {}),
    ):
        yield what, author.ask(method, path, **more)
    for _ in range(31):
        last = author.ask("POST", "/signin")
    assert last.status_code == 429
    yield "429", last


def test_every_answer_carries_the_headers_and_no_others(town: World, caplog, monkeypatch):
    monkeypatch.setitem(town.app.view_functions, "health.live", lambda: 1 / 0)
    wrong, codes = [], set()
    for what, answer in everything(town):
        codes.add(answer.status_code)
        wrong += [f"{what} ({answer.status_code}): {fault}" for fault in headers.faults(answer)]
        answer.close()
    assert sorted(set(wrong)) == []
    assert codes >= {200, 308, 400, 403, 404, 405, 413, 429, 500}


def test_a_page_that_holds_a_secret_tells_no_other_where_one_comes_from(town: World):
    for page in mapping.pages(town.app):
        if page.is_safe and any((page.endpoint, part) in words.SECRETS_OF_PAGES for part in page.arguments):
            answer = town.ask("unproven", page, town.things(page)[0].values)
            assert answer.status in (303, 404) or answer.response.headers["Referrer-Policy"] == "no-referrer", page.key


def test_no_other_origin_may_read_anything(town: World):
    """Every page is asked beforehand by three of twenty origins, and one of them opens it as if it were allowed."""
    tried = 0
    for number, page in enumerate(mapping.pages(town.app)):
        path = page.path(**town.things(page)[0].values)
        asking = EnvironBuilder(
            path, method="OPTIONS", headers={"Access-Control-Request-Method": page.method}
        ).get_environ()
        origins = [ORIGINS[(number + step) % len(ORIGINS)] for step in (0, 7, 14)] if number else ORIGINS
        for origin in origins:
            _body, _status, answered = Context().run(run_wsgi_app, town.app, {**asking, "HTTP_ORIGIN": origin})
            assert not [name for name in dict(answered) if name.startswith("Access-Control-")], (page.key, origin)
            tried += 1
        if page.is_safe:
            answer = town.browsers["author"].ask("GET", path, headers={"Origin": origins[0]})
            assert not [name for name in dict(answer.headers) if name.startswith("Access-Control-")], page.key
            answer.close()
    assert tried >= 3 * 150


def test_a_look_beforehand_writes_nothing(town: World):
    """By HEAD and by a browser that fetches what somebody might open next; what opening itself writes, test_matrix sees."""
    wrote = []
    for page in (page for page in mapping.pages(town.app) if page.is_safe):
        for method, sent in (("HEAD", {}), ("GET", {"Purpose": "prefetch", "Sec-Purpose": "prefetch"})):
            answer = town.ask("author", replace(page, method=method), town.things(page)[0].values, headers=sent)
            wrote += [f"{page.key}: {statement}" for statement in answer.written]
            answer.response.close()
    assert wrote == []
