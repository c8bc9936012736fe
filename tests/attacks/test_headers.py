"""What every answer carries, whatever it answers: pages, errors, redirects, files – and what none does."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import Context
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from config import Config
from neighbour.core.web import STATIC
from tests.attacks import mapping, words
from tests.attacks.world import World, standing
from tests.support.client import Client
from tests.support.cluster import Databases

YEAR = 31_536_000
#: all that may stand on an answer; a new name needs a reason here
KNOWN = {
    "Accept-Ranges", "Allow", "Cache-Control", "Clear-Site-Data", "Content-Disposition", "Content-Language",
    "Content-Length", "Content-Security-Policy", "Content-Type", "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy", "Date", "ETag", "Last-Modified", "Location", "Permissions-Policy", "Referrer-Policy",
    "Retry-After", "Set-Cookie", "Strict-Transport-Security", "Vary", "X-Content-Type-Options",
}  # fmt: skip
ORIGINS = [
    "https://evil.example", "http://evil.example", "null", "https://nachbar.example.evil.example", "https://nachbar.exampl",
    "https://evilnachbar.example", "http://nachbar.example", "https://nachbar.example:8443", "https://nachbar.example.",
    "https://NACHBAR.example.evil", "http://localhost", "http://127.0.0.1", "https://[::1]", "file://", "chrome-extension://x",
    "https://nachbar.example@evil.example", "https://nachbar.example%00.evil.example", "https://nachbar.example`evil.example",
    "https://sub.nachbar.example", "*",
]  # fmt: skip


@pytest.fixture
def https(app: Flask, settings: Config, database: Databases) -> Iterator[World]:
    """The town behind https, where a crash is answered and not raised."""
    from neighbour.app import create_app
    from neighbour.core.db import hang_up

    made = create_app(replace(settings, site_url="https://nachbar.example", environment="staging"))
    made.test_client_class = Client
    made.extensions["send_job"] = lambda name, args: None
    made.add_url_rule("/boom", "boom", lambda: 1 / 0)
    with standing(made, database) as world:
        yield world
    with made.app_context():
        hang_up()


def everything(world: World) -> Iterator[tuple[str, TestResponse]]:
    """An answer of every page to somebody and nobody, and of what is no page."""
    for page in mapping.pages(world.app):
        if page.endpoint == "boom":
            continue
        data = words.fill_in(page, mapping.fields(page))
        for role in ("nobody", "author"):
            for thing in (world.things(page)[0], world.things(page)[-1]):
                given = {"query_string": data} if page.is_safe else {"data": data}
                yield page.key, world.ask(role, page, thing.values, **given).response
    author = world.browsers["author"]
    built = next((STATIC / "build").glob("app-*.css"))
    for what, method, path, more in (
        ("500", "GET", "/boom", {}),
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


def test_every_answer_carries_the_headers_and_no_others(https: World, caplog):
    wrong, codes = [], set()
    for what, answer in everything(https):
        codes.add(answer.status_code)
        wrong += [f"{what} ({answer.status_code}): {fault}" for fault in faults(answer)]
        answer.close()
    assert sorted(set(wrong)) == []
    assert codes >= {200, 303, 400, 403, 404, 405, 413, 422, 429, 500}


def faults(answer: TestResponse) -> Iterator[str]:
    """What is wrong with the headers of one answer."""
    headers = answer.headers
    yield from (f"unknown header {name}" for name in sorted(set(dict(headers)) - KNOWN))
    policy = {
        part.split()[0]: part.split()[1:]
        for part in headers.get("Content-Security-Policy", "").split(";")
        if part.split()
    }
    fallback = policy.get("default-src", ["missing"])
    if fallback != ["'none'"] or policy.get("script-src", fallback) not in (["'none'"], ["'self'"]):
        yield f"CSP: default-src {fallback}, script-src {policy.get('script-src')}"
    if policy.get("object-src", fallback) != ["'none'"]:
        yield f"CSP: object-src {policy.get('object-src')}"
    if policy.get("base-uri") != ["'none'"] and "sandbox" not in policy:
        yield f"CSP: base-uri {policy.get('base-uri')}"
    if policy.get("frame-ancestors") not in (["'none'"], ["'self'"] if "sandbox" in policy else None):
        yield f"CSP: frame-ancestors {policy.get('frame-ancestors')}"
    unsafe = [name for name, values in policy.items() if any("unsafe" in value for value in values)]
    if unsafe and not (unsafe == ["style-src"] and "sandbox" in policy and "script-src" not in policy):
        yield f"CSP: unsafe in {unsafe}"
    transport = headers.get("Strict-Transport-Security", "max-age=0")
    if int(transport.split(";")[0].partition("=")[2]) < YEAR or "includeSubDomains" not in transport:
        yield f"Strict-Transport-Security: {transport}"
    if headers.get("X-Content-Type-Options") != "nosniff":
        yield "no nosniff"
    if headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        yield f"Referrer-Policy: {headers.get('Referrer-Policy')}"
    kind = headers.get("Content-Type", "")
    if kind.startswith("text/") and "charset=utf-8" not in kind.lower().replace('"', ""):
        yield f"Content-Type: {kind}"
    for cookie in headers.getlist("Set-Cookie"):
        parts = {part.strip().partition("=")[0].lower() for part in cookie.split(";")[1:]}
        if (
            not cookie.startswith("__Host-")
            or not {"secure", "httponly", "path", "samesite"} <= parts
            or "domain" in parts
        ):
            yield f"Set-Cookie: {cookie.split('=')[0]} {sorted(parts)}"
        if "samesite=lax" not in cookie.lower() or "path=/;" not in cookie.lower() + ";":
            yield f"Set-Cookie: {cookie.partition(';')[2]}"


def test_a_page_that_holds_a_secret_tells_no_other_where_one_comes_from(world: World):
    for page in mapping.pages(world.app):
        if page.is_safe and any((page.endpoint, part) in words.SECRETS_OF_PAGES for part in page.arguments):
            answer = world.ask("unproven", page, world.things(page)[0].values)
            assert answer.status in (303, 404) or answer.response.headers["Referrer-Policy"] == "no-referrer", page.key


def test_no_other_origin_may_read_anything(world: World):
    """Twenty origins ask beforehand at every page, and one of them opens it as if it were allowed."""
    tried = 0
    for number, page in enumerate(mapping.pages(world.app)):
        path = page.path(**world.things(page)[0].values)
        asking = EnvironBuilder(
            path, method="OPTIONS", headers={"Access-Control-Request-Method": page.method}
        ).get_environ()
        for origin in ORIGINS:
            _body, _status, headers = Context().run(run_wsgi_app, world.app, {**asking, "HTTP_ORIGIN": origin})
            assert not [name for name in dict(headers) if name.startswith("Access-Control-")], (page.key, origin)
            tried += 1
        if page.is_safe:
            answer = world.browsers["author"].ask("GET", path, headers={"Origin": ORIGINS[number % len(ORIGINS)]})
            assert not [name for name in dict(answer.headers) if name.startswith("Access-Control-")], page.key
            answer.close()
    assert tried >= 20 * 70


def test_opening_a_page_writes_nothing(world: World):
    """Whoever opens it, by whatever safe verb; only counts of a rate class and "seen" are written (see World)."""
    wrote = []
    for page in (page for page in mapping.pages(world.app) if page.is_safe):
        for role in ("author", "unproven", "begun"):
            for method, headers in (("HEAD", {}), ("GET", {"Purpose": "prefetch", "Sec-Purpose": "prefetch"})):
                answer = world.ask(role, replace(page, method=method), world.things(page)[0].values, headers=headers)
                wrote += [f"{page.key}, {role}: {statement}" for statement in answer.written]
                answer.response.close()
    assert wrote == []
