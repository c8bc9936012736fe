"""Requests that somebody else's page, a form made at home or a lying proxy would send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Boolean, DateTime, Integer
from sqlalchemy.schema import CheckConstraint, Column

from config import Config
from neighbour.core.db import Base
from neighbour.core.limits import RATES
from tests.attacks import mapping, words
from tests.attacks.mapping import Page
from tests.attacks.world import World
from tests.guards.test_routes import WITHOUT_CSRF
from tests.support.client import Client

pytestmark = pytest.mark.thorough


#: what is sent in the body so that it stands in no address: another site can have it sent, and reads no answer
LOOKED_UP = {"gazetteer.find_my_quarter", "gazetteer.streets"}


def unsafe_pages(world: World) -> list[Page]:
    return [page for page in mapping.pages(world.app) if not page.is_safe]


def test_no_form_of_another_site_changes_anything(world: World):
    """Every unsafe page × no token, a stale one, another person's, another site, a forged htmx: 403, nothing written."""
    author, another = world.browsers["author"], world.browsers["another"]
    with_token = {"X-CSRFToken": author.token}
    forged: dict[str, tuple[bool, dict[str, str]]] = {
        "none": (False, {}),
        "stale": (False, {"X-CSRFToken": another.token[:-8] + "AAAAAAAA"}),
        "another's": (False, {"X-CSRFToken": another.token}),
        "htmx": (False, {"HX-Request": "true", "HX-Current-URL": "http://localhost/board"}),
        "origin": (True, {**with_token, "Origin": "https://evil.example"}),
        "fetch": (True, {**with_token, "Sec-Fetch-Site": "cross-site"}),
    }
    tried = 0
    for page in unsafe_pages(world):
        data = words.fill_in(page, mapping.fields(page))
        for name, (needs_site, headers) in forged.items():
            if page.endpoint in WITHOUT_CSRF and (not needs_site or page.endpoint == "notices.one_click"):
                continue  # these carry no token; some look where the form was, one is a mail program's
            for role in ("author", "operator"):
                if role == "operator" and name != "none":
                    continue
                answer = world.ask(role, page, world.things(page)[0].values, data=data, csrf=False, headers=headers)
                expected = 200 if page.endpoint in LOOKED_UP else 400 if page.endpoint in WITHOUT_CSRF else 403
                assert (answer.status, answer.written) == (expected, []), (page.key, name, role)
                tried += 1
    assert tried >= 6 * 25


# Fields that no form has ------------------------------------------------------------------------------------------------


def poison(column: Column[Any], world: World) -> str:
    """A value of the column's type that would matter: the last of its choices, somebody else, true, long ago."""
    for check in column.table.constraints:
        if isinstance(check, CheckConstraint) and re.match(rf"{column.name} IN", str(check.sqltext)):
            return re.findall(r"'([^']+)'", str(check.sqltext))[-1]
    if isinstance(column.type, Boolean):
        return "y"
    if isinstance(column.type, Integer):
        return str(world.there.id if "quarter" in column.name else world.people["another"].id)
    if isinstance(column.type, DateTime):
        return "2020-01-01 00:00:00+00"
    return "gift"


def state(world: World) -> dict[str, list[str]]:
    """Every column of every table as the sorted texts of its values."""
    found: dict[str, list[str]] = {}
    for table in Base.metadata.sorted_tables:
        if table.name in ("rate_count", "address", "street"):
            continue
        rows = [row for (row,) in world.hands.execute(f'SELECT to_jsonb(t) FROM "{table.name}" t').fetchall()]  # type: ignore[call-overload]
        for column in table.columns:
            found[f"{table.name}.{column.name}"] = sorted(str(row[column.name]) for row in rows)
    return found


def after(world: World, role: str, page: Page, data: dict[str, str]) -> tuple[dict[str, list[str]], bool]:
    """The tables after a request, and whether it wrote; then the town is put back."""
    world.hands.execute("DELETE FROM rate_count")
    answer = world.browsers[role].ask(page.method, page.path(**world.things(page)[0].values), data=data)
    answer.close()
    seen = state(world)
    world.restore()
    return seen, seen != world.built


def test_columns_that_no_form_offers_cannot_be_set(world: World):
    """Every column of every table is posted along with every form: it changes what the form alone changes."""
    world.built = state(world)
    columns = [column for table in Base.metadata.sorted_tables for column in table.columns]
    wrong, pairs, effective = [], 0, 0
    for page in unsafe_pages(world):
        fields = mapping.fields(page)
        data = words.fill_in(page, fields)
        own = {name for given in fields for name in (given.name, given.name.rpartition("-")[2])}
        extra = {column.name: poison(column, world) for column in columns if column.name not in own}
        prefixes = {given.name.rpartition("-")[0] for given in fields if "-" in given.name}
        extra |= {f"{prefix}-{name}": value for prefix in prefixes for name, value in extra.items()}
        role, plain = next(doing(world, page, data))
        if plain != world.built:
            effective += 1
        again, _ = after(world, role, page, data)
        poisoned, _ = after(world, role, page, {**extra, **data})
        steady = {name for name in plain if plain[name] == again[name]}
        wrong += [f"{page.key}: {name}" for name in steady if poisoned[name] != plain[name]]
        pairs += len(columns)
    assert wrong == []
    assert pairs >= 3_000 and effective >= 20, (pairs, effective)


def doing(world: World, page: Page, data: dict[str, str]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """The first role for whom the page does something, and what."""
    for role in ("author", "unproven", "begun", "unconf.", "nobody"):
        seen, wrote = after(world, role, page, data)
        if wrote:
            yield role, seen
    yield "author", world.built


# Proxies ----------------------------------------------------------------------------------------------------------------

LIES = [
    {"X-Forwarded-For": "203.0.113.{n}"}, {"X-Real-IP": "203.0.113.{n}"}, {"Forwarded": "for=203.0.113.{n};host=evil.example"},
    {"X-Client-IP": "203.0.113.{n}"}, {"True-Client-IP": "203.0.113.{n}"}, {"CF-Connecting-IP": "203.0.113.{n}"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "1", "X-Forwarded-Prefix": "/evil"},
]  # fmt: skip


def lie(number: int) -> dict[str, str]:
    return {name: value.format(n=number) for name, value in LIES[number % len(LIES)].items()}


def test_a_forged_address_is_counted_as_the_real_one(world: World):
    """Each time another account is tried, so that it is the network that is counted."""
    ask = world.browsers["nobody"].ask
    typed = [{"email": f"a{number}@b.example", "password": "x"} for number in range(RATES["auth"].times + 1)]
    codes = [ask("POST", "/signin", data=data, headers=lie(number)).status_code for number, data in enumerate(typed)]
    assert codes[-1] == 429 and 429 not in codes[:5]


@pytest.mark.parametrize("trusted", [0, 1])
def test_only_the_last_proxies_are_believed(app: Flask, settings: Config, trusted):
    from neighbour.app import create_app

    made = create_app(replace(settings, trusted_proxies=trusted))
    made.test_client_class = Client
    seen = []
    made.before_request(lambda: seen.append(__import__("flask").request.remote_addr))
    for forged in ("198.51.100.7", "203.0.113.9, 198.51.100.7", "127.0.0.1, ::1, 198.51.100.7"):
        made.test_client().get("/live", headers={"X-Forwarded-For": forged})
    assert set(seen) == ({"198.51.100.7"} if trusted else {"127.0.0.1"})


def test_no_page_and_no_mail_believes_a_host_that_was_sent(world: World, mailbox, jobs):
    nobody = world.browsers["nobody"]
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Host": "evil.example",
    }
    for page in mapping.pages(world.app):
        if not page.is_safe:
            continue
        answer = nobody.ask("GET", page.path(**world.things(page)[0].values), headers=headers)
        said = str(answer.headers) + answer.get_data().decode(errors="replace")
        assert "evil.example" not in said, page.key
    assert (
        nobody.ask("POST", "/forgot", data={"email": world.people["author"].email}, headers=headers).status_code == 200
    )
    jobs.run()
    (mail,) = [mail for mail in mailbox.messages() if "/reset/" in mail.text]
    assert "http://localhost/reset/" in mail.text and "evil" not in mail.raw.decode()
