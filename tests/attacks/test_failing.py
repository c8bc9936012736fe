"""Limits that hold, and what pages do when something they need is gone: nothing is granted, nothing is told."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from neighbour.core import clock, limits, logs, scope
from neighbour.core.limits import RATES
from neighbour.policy import ANONYMOUS
from neighbour.policy.table import allows
from tests.attacks import mapping, words
from tests.attacks.world import World
from tests.support import ROOT
from tests.support.client import Client


def test_the_request_after_the_last_is_refused_on_every_page_that_counts(town: World):
    """And says when to come back. Every page whose class the gate counts, asked by the first who may."""
    world, tried = town, set()
    for page in (each for each in mapping.pages(world.app) if not each.is_safe):
        name, permission = page.gate["rate"], page.gate["permission"]
        if not RATES[name].times or name in limits.counted_by:  # by device: tests/accounts/test_no_dead_ends.py
            continue
        role = next(role for role in ("author", *world.people) if allows(world.identities[role], permission))
        path, data = page.path(**world.things(page)[0].values), words.fill_in(page, mapping.fields(page))
        with world.app.app_context():
            place = limits._place(name, str(world.people[role].id), clock.now())
        answers = []
        for before in (RATES[name].times - 1, RATES[name].times):
            world.restore()  # the last one may have ended the session
            world.hands.execute("DELETE FROM rate_count")
            world.hands.execute(
                'INSERT INTO rate_count (rate_class, key, "window", count, ends_at) VALUES (%s, %s, %s, %s, %s)',
                [name, place["key"], place["window"], before, clock.now() + timedelta(days=1)],
            )
            answers.append(world.browsers[role].ask(page.method, path, data=data))
            answers[-1].close()
        last, over = answers
        assert last.status_code != 429, (page.key, role)
        assert over.status_code == 429, (page.key, role, over.status_code)
        assert 0 < int(over.headers["Retry-After"]) <= RATES[name].seconds, page.key
        tried.add(name)
    world.restore()
    assert tried >= {"auth", "lookup", "publish", "upload", "write"}


@pytest.mark.parametrize("name", sorted(RATES))
def test_every_class_counts_to_its_number_and_opens_again(name: str, context, frozen_clock):
    """Whoever asks for it: what services count themselves ends in the same 429 (``app._too_many``)."""
    rate = RATES[name]
    with scope.use(scope.NOBODY):
        for _ in range(rate.times):
            limits.hit(name, "somebody")
        if not rate.times:
            limits.hit(name, "somebody")  # a class that counts nothing refuses nothing
            return
        with pytest.raises(limits.TooMany) as many:
            limits.hit(name, "somebody")
        limits.hit(name, "somebody else")
        assert 0 < many.value.retry_after <= rate.seconds + rate.piece
        frozen_clock.tick(rate.seconds + rate.piece)
        limits.hit(name, "somebody")


def test_every_class_is_asked_for_somewhere():
    """By the gate of a page, or by a service: a class that nothing counts protects nothing."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "neighbour").rglob("*.py"))
    asked = set(re.findall(r'(?:hit|take_back|is_reached)\(\s*"(\w+)"|rate="(\w+)"', sources))
    asked |= set(re.findall(r'\("(auth_account|stuffing)", ', sources))  # service.sign_in counts both in a loop
    asked |= set(re.findall(r'^STEADY, RUSH = "(\w+)", "(\w+)"', sources, re.M))  # strangers.take: both, too
    named = {word for found in asked for word in (found if isinstance(found, tuple) else (found,)) if word}
    assert set(RATES) - named - {"read", "write"} == set()  # the gate's own, where a page names none


HITS = """
import os, sys
from datetime import datetime
from flask import Flask
from neighbour.core import clock, db, limits, scope
for _ in range(3):
    if not os.fork():
        break
app = Flask("counting")
app.config.update(ADDRESS_KEY=sys.argv[2], SECRET_KEY="x")
db.init_app(app, sys.argv[1], "")
passed = 0
with clock.freeze(datetime.fromisoformat(sys.argv[3])), app.app_context(), scope.use(scope.NOBODY):
    for _ in range(100):
        try:
            limits.hit("write", "four at once")
            passed += 1
        except limits.TooMany:
            pass
os.write(1, f"{passed}\\n".encode())
"""


def test_four_processes_share_one_count(town: World):
    """One that breaks away three times, each with connections of its own; for all of them it is the same hour."""
    settings = town.app.config
    command = [sys.executable, "-c", HITS, town.databases.app_url, settings["ADDRESS_KEY"], clock.now().isoformat()]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, timeout=300, check=True).stdout
    passed = [int(line) for line in told.split()]
    assert len(passed) == 4 and sum(passed) == RATES["write"].times, passed


@contextmanager
def away(world: World, table: str) -> Iterator[None]:
    """A table that is not there for the length of the block."""
    world.hands.execute(f"ALTER TABLE public.{table} RENAME TO {table}_away")  # type: ignore[arg-type]
    try:
        yield
    finally:
        world.hands.execute(f"ALTER TABLE public.{table}_away RENAME TO {table}")  # type: ignore[arg-type]


def told(answer: Any) -> list[str]:
    """What an answer gives away of the inside."""
    text = answer.get_data().decode(errors="replace")
    return [
        word
        for word in ("Traceback", "psycopg", "sqlalchemy", "SELECT ", "site-packages", "rate_count")
        if word in text
    ]


def test_where_nothing_can_be_counted_nobody_gets_in(town: World, caplog):
    """Right passwords, right codes, right links: without the counter none of them is taken."""
    world = town
    before = world.hands.execute("SELECT count(*) FROM login_session").fetchone()
    spent = "SELECT count(*) FROM one_time_token WHERE used_at IS NOT NULL"
    right = {"email": world.people["author"].email, "password": words.PASSWORD}
    tries = {
        "sign in": ("nobody", "/signin", right),
        "passkey": ("nobody", "/signin/passkey", {"k-answer": "{}"}),
        "code of the card": ("unproven", "/code", {"code": world.letter_code}),
        "code of the mail": ("unconf.", "/signup/confirm", {"code": world.secret("confirm_code")}),
        "link for a password": ("nobody", f"/reset/{world.secret('reset')}", {"password": words.PASSWORD}),
        "refusal": ("nobody", "/not-me", {"code": world.refusal_code, "scope": "name"}),
        "sign up": ("nobody", "/signup", {**right, "email": "neu@x.example", "is_adult": "y", "accepts_rules": "y"}),
    }
    spent_before = world.hands.execute(spent).fetchone()  # a newer link ends the one before
    with away(world, "rate_count"):
        for what, (role, path, data) in tries.items():
            answer = world.browsers[role].ask("POST", path, data=data)
            assert answer.status_code in (500, 503) and told(answer) == [], what
    assert world.hands.execute("SELECT count(*) FROM login_session").fetchone() == before
    for statement in (
        "SELECT 1 FROM letter WHERE state = 'used'", "SELECT 1 FROM letter_refusal",
        "SELECT 1 FROM person WHERE email = 'neu@x.example'",
    ):  # fmt: skip
        assert world.hands.execute(statement).fetchone() is None, statement  # type: ignore[call-overload]
    assert world.hands.execute(spent).fetchone() == spent_before
    assert world.browsers["nobody"].ask("POST", "/signin", data=right).status_code == 303, "and with it they are"


def test_whatever_is_gone_no_page_tells_and_none_opens(town: World, caplog):
    """Each of these away, on every page: no stack trace, nothing of what one has to be signed in for, nothing written."""
    from neighbour.app import create_app

    caplog.set_level(logging.CRITICAL)
    world, wrong = town, list[str]()
    for tables in (("login_session",), ("person",), ("reach", "subscription", "one_time_token")):
        with ExitStack() as gone:
            for table in tables:
                gone.enter_context(away(world, table))
            for page in mapping.pages(world.app):
                path = page.path(**world.things(page)[0].values)
                world.hands.execute("DELETE FROM rate_count")
                answer = world.browsers["author"].ask(page.method, path, data=words.fill_in(page, mapping.fields(page)))
                wrong += [f"without {tables}, {page.key}: tells {word}" for word in told(answer)]
                is_for_some = not allows(ANONYMOUS, page.gate["permission"])
                if tables[0] in ("login_session", "person") and answer.status_code < 300 and is_for_some:
                    wrong.append(f"without {tables}, {page.key}: opens")
                answer.close()
        world.restore()
    settings = world.app.extensions["config"]
    dead = create_app(replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:9/none"))
    dead.test_client_class = Client
    for page in mapping.pages(world.app):
        world.browsers["author"].client.application = dead
        answer = world.browsers["author"].ask(page.method, page.path(**world.things(page)[0].values))
        wrong += [f"without a database, {page.key}: tells {word}" for word in told(answer)]
        if answer.status_code < 300 and not allows(ANONYMOUS, page.gate["permission"]):
            wrong.append(f"without a database, {page.key}: {answer.status_code}")
        answer.close()
    world.browsers["author"].client.application = world.app
    assert wrong == []


def test_a_queue_that_is_away_stops_no_page(town: World):
    """What has to happen stands in rows; the queue is a hint."""

    world = town

    def gone(name: str, args: object) -> None:
        raise ConnectionError("no queue")

    sends, world.app.extensions["send_job"] = world.app.extensions["send_job"], gone
    try:
        for page in (page for page in mapping.pages(world.app) if not page.is_safe):
            answer = world.ask(
                "author", page, world.things(page)[0].values, data=words.fill_in(page, mapping.fields(page))
            )
            assert answer.status < 500, page.key
    finally:
        world.app.extensions["send_job"] = sends


FORGED = "Anna\r\n2026-05-12 CRITICAL neighbour: all is well\x1b[2J\x1b]0;owned\x07\x9b31m\u2028x\x00"


def test_nobody_writes_a_line_of_the_log(town: World, caplog):
    """Line ends and terminal sequences in ten places of a request, on pages that log: one line each, nothing that moves."""
    caplog.set_level(logging.DEBUG)
    world = town
    clean = FORGED.replace("\x00", "").replace("\r\n", "%0d%0a").replace("\u2028", "")
    headers = {
        "User-Agent": clean.replace("\x1b", "\\x1b")[:80],
        "Referer": "http://localhost/\x1b[2J",
        "X-Forwarded-For": "1\x1b[2J",
    }
    with away(world, "rate_count"):
        for name in (
            "email",
            "password",
            "code",
            "title",
            "body",
            "first_name",
            "street",
            "recipient",
            "next",
            "theme",
        ):
            for path in ("/signin", "/code", "/write", "/me/appearance", "/signup/address"):
                world.browsers["author"].ask("POST", path, data={name: FORGED}, headers=headers).close()
    world.browsers["nobody"].ask("POST", "/find-my-quarter", data={"q": FORGED}).close()
    logging.getLogger("neighbour.probe").warning("said %s to %r", FORGED, FORGED)
    written = [
        logs.Formatter(logs.FILE_FORMAT).format(record)
        for record in caplog.records
        if record.name.startswith("neighbour")
    ]
    assert len(written) > 10 and "all is well" in "".join(written)
    for text in written:
        assert not set(text) & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x2028)}, text
        first = text.partition("\nTraceback")[0]
        assert "\n" not in first.strip(), text
