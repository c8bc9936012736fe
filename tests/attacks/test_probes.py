"""Quotes, line ends and addresses that lead elsewhere."""

from __future__ import annotations

import re
import time
from email import message_from_bytes, policy
from urllib.parse import quote, urljoin, urlsplit

import pytest

from neighbour.core import scope
from neighbour.core.db import atomic
from neighbour.notices.base import Mailbox, Notice
from neighbour.notices.service import build, list_headers
from tests.attacks import mapping, words
from tests.attacks.payloads import FOREIGN, LINE_ENDS, SQL
from tests.attacks.world import World

pytestmark = pytest.mark.thorough

PATIENCE = 1.0  # seconds over the slowest harmless answer
BUSY = 4.0  # seconds of a processor; a password's hash and the restored town are among them
TYPED = ("StringField", "TextAreaField", "HiddenField", "EmailField", "PasswordField", "SearchField", "")


def test_no_filter_runs_what_was_typed_as_sql(world: World):
    """Every probe in every field of every page that is opened and in every part of an address: no error, no delay."""
    slow, tried = [], 0
    for page in (page for page in mapping.pages(world.app) if page.is_safe):
        names = [given.name for given in mapping.fields(page)]
        if not names and not page.arguments:
            continue
        values = world.things(page)[0].values
        begun = time.perf_counter()
        world.browsers["author"].ask(
            "GET", page.path(**values), query_string=words.fill_in(page, mapping.fields(page))
        ).close()
        usual = time.perf_counter() - begun
        for probe in SQL:
            paths = [(page.path(**values), {name: probe}) for name in names]
            paths += [(page.path(**{**values, part: quote(probe, safe="")}), {}) for part in page.arguments]
            for path, query in paths:
                begun = time.perf_counter()
                answer = world.browsers["author"].ask("GET", path, query_string=query)
                assert answer.status_code < 500, (page.key, probe)
                answer.close()
                tried += 1
                if time.perf_counter() - begun > usual + PATIENCE:
                    slow.append((page.key, probe))
        world.hands.execute("DELETE FROM rate_count")
    assert slow == [] and tried >= 30 * 12


@pytest.mark.parametrize("again", ["1", "a-", "a ", "a.", "Im Weg 1 ", "\n ", "@a", "[a](", "Händler, "])
def test_no_field_keeps_a_process_busy(world: World, again: str):
    """The same few letters over and over, as long as a text may be and as long as a request may be: what looks for something in
    them takes time that grows with their length, not with its square."""
    slow, tried = {}, 0
    most = {"as a text": again * (9_900 // len(again)), "as a request": again * (900_000 // len(quote(again)))}
    for page in (page for page in mapping.pages(world.app) if not page.is_safe):
        fields = mapping.fields(page)
        typed = [(given.name, given.form) for given in fields if given.kind in TYPED]
        role = "operator" if page.endpoint.startswith(("stewardship.", "residency.")) else "author"
        for name, form in typed:
            for how, value in most.items():
                data = {**words.fill_in(page, fields), **words.tab_of(form), name: value}
                begun = time.process_time()
                answer = world.ask(role, page, world.things(page)[0].values, data=data)
                slow[page.key, name, how] = time.process_time() - begun
                assert answer.status < 500, (page.key, name, how)
                tried += 1
    assert {key: spent for key, spent in slow.items() if spent > BUSY} == {} and tried >= 150


def test_next_leads_nowhere_else(world: World):
    """Every page that reads ``next``, asked for every way out: the answer stays on this site, whatever a browser makes of it."""
    pages = [page for page in mapping.pages(world.app) if any(given.name == "next" for given in mapping.fields(page))]
    assert len(pages) >= 4 and len(FOREIGN) >= 60
    for page in pages:
        for target in FOREIGN:
            for role in ("nobody", "author"):
                where = (
                    {"query_string": {"next": target}} if page.is_safe else {"data": {**right(world), "next": target}}
                )
                answer = world.ask(role, page, world.things(page)[0].values, **where).response
                assert not {"X", "Y"} & set(dict(answer.headers)), (page.key, target)
                cookies = {each.partition("=")[0] for each in answer.headers.getlist("Set-Cookie")}
                assert cookies <= {world.app.config["SESSION_COOKIE_NAME"]}, (page.key, target)
                if "Location" in answer.headers:
                    stays(answer.headers["Location"], (page.key, role, target))
                for link in re.findall(r'(?:href|action)="([^"]*evil[^"]*)"', answer.get_data(as_text=True)):
                    stays(link, (page.key, role, target))


def right(world: World) -> dict[str, str]:
    """What signs the author in, so that the way on is taken."""
    return {"email": world.people["author"].email, "password": words.PASSWORD}


def stays(location: str, what: object) -> None:
    """Browsers leave out tabs and line ends and take a backslash for a slash (WHATWG URL standard, section 4.4)."""
    read = re.sub(r"[\t\r\n]", "", location.strip("".join(map(chr, range(33))))).replace("\\", "/")
    parts = urlsplit(urljoin("http://localhost/signin", read))
    assert (parts.scheme, parts.netloc) == ("http", "localhost"), (what, location)


def test_no_line_end_makes_a_header_or_a_recipient(world: World):
    """Every notice, whatever was typed into whatever stands in its subject, and whatever the reader is called."""
    config = world.app.extensions["config"]
    with world.app.app_context(), scope.use(scope.NOBODY), atomic():
        for notice in Notice.registry.values():
            more = (
                list_headers(notice.list_name, "t" * 43, site="http://localhost", host="localhost")
                if notice.is_list
                else []
            )
            harmless = build(
                notice().specimen(Mailbox("a@b.example", "de", "Anna")), "a@b.example", "<1@x>", config, more
            )
            usual = [name for name, _value in message_from_bytes(harmless, policy=policy.default).items()]
            for typed in LINE_ENDS:
                written = _typed(notice(), f"Leiter{typed}")
                mail = message_from_bytes(build(written, "a@b.example", "<1@x>", config, more), policy=policy.default)
                assert [name for name, _value in mail.items()] == usual, (notice.key, typed)
                assert [one.addr_spec for one in mail["To"].addresses] == ["a@b.example"], (notice.key, typed)
                assert len(mail["Subject"].splitlines()) == 1


def _typed(notice: Notice, typed: str):
    context = {name: typed if _is_words(name, value) else value for name, value in notice.preview().items()}
    if type(notice).specimen is not Notice.specimen:
        written = notice.specimen(Mailbox("a@b.example", "de", typed))
        return (
            written._replace(subject=typed)
            if hasattr(written, "_replace")
            else type(written)(typed, written.text, written.html)
        )
    return notice.write(context, Mailbox("a@b.example", "de", typed))


def _is_words(name: str, value: object) -> bool:
    return isinstance(value, str) and not name.endswith("url") and "/" not in value
