"""What people type is text: in every field, on every page, in every mail, on paper – and in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextvars import Context
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Route
from pypdf import PdfReader
from sqlalchemy import update

from neighbour.contributions.models import Revision
from neighbour.core import clock, scope
from neighbour.core.columns import id_at
from neighbour.core.db import as_owner, atomic, db
from neighbour.core.text import markdown
from neighbour.core.tokens import to_uid
from neighbour.notices.base import Mailbox, Notice
from neighbour.notices.models import Subscription
from neighbour.policy.identity import Level
from neighbour.residency import letter_pdf
from neighbour.residency.letter_words import compose
from tests.attacks import mapping, payloads
from tests.attacks.mapping import Page
from tests.attacks.payloads import MARK, SCRIPTS, TEMPLATES, TOLD, escapes
from tests.attacks.world import World
from tests.factories import make_comment, make_person, make_post
from tests.look.browser import browser as chromium

pytestmark = pytest.mark.thorough

AT_ONCE = 24  # payloads in one value: enough to be quick, few enough that none hides the next


def _together(some: list[str]) -> list[str]:
    return ["\n".join(some[at : at + AT_ONCE]) for at in range(0, len(some), AT_ONCE)]


def _wrong(html: str) -> list[str]:
    """Marks that are no text, and what only a template engine would say."""
    return [*escapes(html), *(f"says {word}" for word in TOLD if word in html)]


def _pages(world: World) -> Iterator[tuple[Page, list[str]]]:
    """Every page that reads something, and the fields people type into. Choices are typed into too: a request may."""
    for page in mapping.pages(world.app):
        names = [given.name for given in mapping.fields(page) if given.name != "*"]
        if names:
            yield page, names


def test_every_field_echoes_what_was_typed_as_text(world: World):
    """All payloads in all fields of every form, whether it is taken or refused: nothing but text comes back."""
    wrong, tried, forms = [], 0, set()
    for page, names in _pages(world):
        role = "unproven" if page.endpoint.startswith("residency.") else "author"
        forms |= {form for form, _prefix in mapping.forms(page)}
        for value in [*_together(SCRIPTS), *_together(TEMPLATES)]:
            given = dict.fromkeys(names, value)
            answer = world.ask(
                role, page, world.things(page)[0].values, **{"query_string" if page.is_safe else "data": given}
            )
            wrong += [f"{page.key}: {each}" for each in _wrong(answer.text)]
            tried += AT_ONCE * len(names)
            if answer.written and not page.is_safe and answer.status == 303:
                wrong += [f"{page.key}: takes anything"] if page.endpoint in NEVER_TAKEN else []
    assert sorted(set(wrong)) == []
    assert len(set(SCRIPTS)) >= 120 and tried >= len(SCRIPTS) * 35
    unread = {form for form in mapping.all_forms() - forms if not form.__subclasses__()}
    assert unread == set(), "a form that no page reads is looked at by nobody"


NEVER_TAKEN = {"accounts.create", "accounts.change_email", "accounts.change_password"}


def test_addresses_of_pages_echo_nothing(world: World):
    wrong = []
    for page in mapping.pages(world.app):
        for value in SCRIPTS[::6] if page.arguments and page.is_safe else []:
            path = page.path(**dict.fromkeys(page.arguments, _quoted(value)))
            answer = world.browsers["nobody"].ask("GET", path)
            wrong += [f"{page.key}: {each}" for each in _wrong(answer.get_data().decode(errors="replace"))]
    assert wrong == []


def _quoted(value: str) -> str:
    return quote(value, safe="")


@pytest.fixture
def hostile(world: World) -> World:
    """A board on which each payload is somebody's name and street, the title and text of a post, and an answer to it."""
    world.hostile = []
    some = [payload.replace("\0", "") for payload in [*SCRIPTS, *TEMPLATES]]  # PostgreSQL knows no such letter
    with world.app.app_context(), scope.use(scope.NOBODY):
        for number, payload in enumerate(some):
            person = make_person(
                world.here, name="x", display_name=payload[:80], first_name=payload, last_name=payload,
                street_shown=payload, email=f"h{number}@altenbrueck.example", email_key=f"h{number}@altenbrueck.example",
                language="en" if number % 2 else "de", level=Level.VERIFIED,
            )  # fmt: skip
            post = make_post(person, world.here, title=payload, body=payload)
            make_comment(person, world.here, post, payload)
            world.hostile.append((person, post))
        with as_owner(), atomic():
            long_ago = id_at(clock.now() - timedelta(days=1))
            db.session.execute(update(Subscription).values(told_up_to=long_ago))
            for person, post in world.hostile[::4]:
                db.session.add(
                    Revision(
                        contribution_id=post.id,
                        title=post.title,
                        body_md=post.body_md,
                        editor_id=person.id,
                        audience=post.audience,
                    )
                )
    clock.tick(60)  # an issue holds what was there before it is cut
    return world


def _ask(world: World, path: str, role: str = "author") -> str:
    answer = world.browsers[role].ask("GET", path)
    assert answer.status_code == 200, path
    return answer.get_data().decode()


def _boards(world: World) -> list[str]:
    """The addresses of all pages of the board, newest first."""
    found = ["/board"]
    while older := re.search(r'href="(/board\?before=[^"]+)"', _ask(world, found[-1])):
        found.append(older[1])
        assert len(set(found)) == len(found) < 20
    return found


def test_what_is_kept_is_text_on_every_page_that_shows_it(hostile: World):
    """Board, threads, histories, the next issue and its mail: what passed no form at all is text there, too."""
    wrong, seen = [], 0
    for path in _boards(hostile):
        html = _ask(hostile, path)
        seen += html.count(f"{MARK}(")
        wrong += [f"board: {each}" for each in _wrong(html)]
    for number, (_person, post) in enumerate(hostile.hostile):
        pages = [f"/c/{to_uid(post.id)}"] + ([f"/c/{to_uid(post.id)}/history"] if number % 4 == 0 else [])
        wrong += [f"thread: {each}" for page in pages for each in _wrong(_ask(hostile, page))]
    for page in ("/digest/next", "/digest/next/mail"):
        wrong += [f"{page}: {each}" for each in _wrong(_ask(hostile, page))]
    assert wrong == [] and seen > 120


def test_every_mail_carries_what_was_typed_as_text(world: World):
    """Every notice, every word of it a payload."""
    wrong = []
    with world.app.app_context(), scope.use(scope.NOBODY):
        for key, notice in Notice.registry.items():
            if notice.specimen is not Notice.specimen:
                continue  # the digest: looked at above as its reader sees it
            for value in [*_together(SCRIPTS), *_together(TEMPLATES)]:
                made = notice()
                context = {name: _poisoned(name, each, value) for name, each in made.preview().items()}
                written = made.write(context, Mailbox("a@b.example", "de", value))
                wrong += [f"{key}: {each}" for each in _wrong(written.html)]
                wrong += [f"{key}: {word}" for word in TOLD if word in written.text + written.subject]
    assert wrong == []


def _poisoned(name: str, value: Any, payload: str) -> Any:
    return payload if isinstance(value, str) and not name.endswith("url") and "/" not in value else value


def test_paper_carries_what_was_typed_as_text(tmp_path: Path):
    """Names on cards: no links, no scripts, no files, and the signs that were typed."""
    from tests.residency.test_letter_pdf import CONFIG, slip

    some = [payload[:60] for payload in [*SCRIPTS, *TEMPLATES] if not letter_pdf.unprintable(payload)]
    pairs = list(zip(some[::2], some[1::2], strict=False))
    out = tmp_path / "batch.pdf"
    letter_pdf.write_batch(out, [compose(slip(name, street=street), CONFIG) for name, street in pairs])
    book = PdfReader(out)
    assert len(book.pages) * 2 >= 120
    assert [number for number, page in enumerate(book.pages) if "/Annots" in page or "/AA" in page] == []
    assert not {"/OpenAction", "/AA", "/AcroForm", "/Names"} & set(book.trailer["/Root"])
    for number in range(0, len(pairs), 12):
        printed = "".join(book.pages[number].extract_text().split())
        assert all("".join(typed.split()) in printed for typed in pairs[number])
        assert not any(word in printed for word in TOLD)


def test_links_have_no_other_schemes():
    """Every way to hide a scheme, in every way to write a link."""
    found = []
    for address in payloads.SCHEMES:
        for text in (
            f"[x]({address})",
            f"[x](<{address}>)",
            f"<{address}>",
            address,
            f"[x][1]\n\n[1]: {address}",
            f"![x]({address})",
        ):
            html = markdown(text)
            found += [
                link
                for link in re.findall(r'(?:href|src)="([^"]*)"', html)
                if not re.match(r"https?://|mailto:|tel:", link)
            ]
    assert found == [] and len(payloads.SCHEMES) >= 60


# A real browser ---------------------------------------------------------------------------------------------------------

WATCH = """
window.seen = [];
for (const name of ['alert', 'confirm', 'prompt', 'xq9']) window[name] = () => { window.seen.push(name); };
document.addEventListener('securitypolicyviolation', (e) => window.seen.push('CSP: ' + e.violatedDirective + ' ' + e.blockedURI));
"""
HANDLERS = """() => [...document.querySelectorAll('*')].flatMap((e) => [...e.attributes]
  .filter((a) => a.name.startsWith('on') || a.name === 'style' || /xq9/i.test(a.name) || (/^(href|src|action|formaction|data)$/.test(a.name) && /^\\s*javascript:/i.test(a.value)))
  .map((a) => e.tagName + ' ' + a.name + '=' + a.value)).concat(window.seen)"""


@pytest.mark.browser
def test_a_browser_runs_nothing_of_it(hostile: World):
    """Boards full of it, threads, the composer and settings as they come back: no dialog, no report, no handler, no request."""
    found: list[str] = []
    with chromium() as running:
        context = running.new_context(locale="de-DE")
        context.add_init_script(WATCH)
        _serve(context, hostile, found)
        page = context.new_page()
        page.on("dialog", lambda dialog: (found.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "console", lambda said: found.append(f"console: {said.text}") if "Content Security" in said.text else None
        )
        page.on("pageerror", lambda error: found.append(f"error: {error}"))
        for path in _concentrated(hostile):
            page.goto("http://localhost" + path)
            page.mouse.move(200, 300)
            found += [f"{path[:40]}: {each}" for each in page.evaluate(HANDLERS)]
        for payload in SCRIPTS[::28]:
            page.goto("http://localhost/find-my-quarter")
            page.fill("[name=q]", payload)
            with page.expect_navigation():
                page.press("[name=q]", "Enter")
            assert page.input_value("[name=q]")
            found += [f"{payload[:40]}: {each}" for each in page.evaluate(HANDLERS)]
    assert found == []


def _concentrated(world: World) -> list[str]:
    """Pages that show most of it: all boards, every eighth thread and the page of what is not there."""
    threads = [f"/c/{to_uid(post.id)}" for _person, post in world.hostile[::16]]
    return [*_boards(world), *threads, "/digest/next", "/" + _quoted(SCRIPTS[0])]


def _serve(context: BrowserContext, world: World, found: list[str]) -> None:
    """The application answers the browser, without a server; what is asked of anybody else is noted."""
    cookie = world.browsers["author"].cookie
    client = FlaskClient(world.app, world.app.response_class, use_cookies=False)

    def answer(route: Route) -> None:
        asked = route.request
        if not asked.url.startswith("http://localhost/"):
            found.append(f"asked: {asked.url}")
            route.abort()
            return
        path = asked.url.removeprefix("http://localhost")
        sent = {"Cookie": cookie, "Content-Type": asked.headers.get("content-type", "")}
        made = Context().run(client.open, path, method=asked.method, headers=sent, data=asked.post_data_buffer)
        route.fulfill(status=made.status_code, headers=dict(made.headers), body=made.get_data())
        made.close()

    context.route("**/*", answer)
