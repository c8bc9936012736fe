"""Keys: what is altered or moved does not open, what an old key sealed is sealed anew while the site runs, hashes stay."""

from __future__ import annotations

import ast
import base64
import threading
import time
from dataclasses import replace

import pytest
from click.testing import CliRunner
from itsdangerous import URLSafeTimedSerializer

from config import Config, numbered_key
from neighbour.app import create_app
from neighbour.cli_keys import keys
from neighbour.core import crypto, rotation, tokens
from neighbour.core.crypto import CannotOpen, keyed_hash, open_sealed, seal
from neighbour.core.db import atomic, hang_up
from neighbour.residency import homes
from tests.residency.helpers import Town
from tests.support import ROOT
from tests.support.client import Client

FIRST = base64.b64encode(bytes(range(1, 33))).decode()
SECOND = "2:" + base64.b64encode(bytes(range(33, 65))).decode()


@pytest.fixture
def use(app, monkeypatch):
    """Sets the keys of the application under test."""

    def set_keys(key: str, old: str = "", hash_key: str = "") -> None:
        for name, value in (("ADDRESS_KEY", key), ("ADDRESS_KEY_OLD", old), ("HASH_KEY", hash_key)):
            monkeypatch.setitem(app.config, name, value)

    return set_keys


def test_not_one_bit_can_be_changed(context):
    sealed = seal(b"Kettfadenstra\xc3\x9fe 17", b"home of person 1")
    for place in range(len(sealed)):
        for bit in range(8):
            altered = bytearray(sealed)
            altered[place] ^= 1 << bit
            with pytest.raises(CannotOpen):
                open_sealed(bytes(altered), b"home of person 1")
    for part in (b"", sealed[:1], sealed[:13], sealed[:-1], sealed + b"\0"):
        with pytest.raises(CannotOpen):
            open_sealed(part, b"home of person 1")
    with pytest.raises(CannotOpen, match="altered or moved"):
        open_sealed(sealed, b"home of person 2")


def test_no_nonce_comes_twice(context):
    """Twenty thousand here, a million in ``make bench ONLY=rotation``: 96 random bits each."""
    many = 20_000
    assert len({seal(b"", b"")[1:13] for _ in range(many)}) == many


def test_an_old_key_opens_until_it_is_taken_away(context, use):
    use(FIRST)
    sealed = seal(b"x", b"1")
    use(SECOND, old=FIRST)
    assert open_sealed(sealed, b"1") == b"x" and seal(b"x", b"1")[0] == 2
    use(SECOND, hash_key=FIRST)
    with pytest.raises(CannotOpen, match="unknown key"):
        open_sealed(sealed, b"1")


def test_hashes_stay_what_they_were_under_every_key(context, use):
    use(FIRST)
    before = keyed_hash("home-address", "Kettfadenstraße 17")
    for settings in (
        {"key": SECOND, "old": FIRST},
        {"key": SECOND, "old": FIRST, "hash_key": FIRST},
        {"key": SECOND, "hash_key": FIRST},
    ):
        use(**settings)
        assert keyed_hash("home-address", "Kettfadenstraße 17") == before
    assert keyed_hash("household", "Kettfadenstraße 17") != before


def test_everything_is_sealed_anew_while_people_look_at_their_address(town: Town, app, use, operate, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 7)
    use(FIRST)
    people = [town.person(f"p{number}") for number in range(20)]
    for number, person in enumerate(people):
        town.settle(person, town.address(str(number)), f"Name{number} Klingel{number}")
        with town.as_person(person), atomic():
            homes.report_missing(person, f"Verlorenweg {number}")
    use(SECOND, old=FIRST)
    stop, read, failed = threading.Event(), [], []

    def look() -> None:
        while not stop.is_set():
            try:
                with town.as_person(people[len(read) % 20]), atomic():
                    read.append(homes.open_for_owner(people[len(read) % 20]).recipient)
            except Exception as error:
                failed.append(error)
                return

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        while not read and not failed:
            time.sleep(0.001)
        before = len(read)
        done = operate(keys, "rotate")
    finally:
        stop.set()
        watcher.join()
    assert failed == [] and len(read) > before >= 1
    assert (
        done.exit_code == 0
        and "home.sealed: 20 sealed anew" in done.output
        and "missing_address.sealed: 20" in done.output
    )
    assert operate(keys, "check").output.strip() == "key 2: 40 (seals now)"
    assert "Nothing was left to do" in operate(keys, "rotate").output
    use(SECOND, hash_key=FIRST)
    with town.as_person(people[3]), atomic():
        assert homes.open_for_owner(people[3]).recipient == "Name3 Klingel3"


def test_what_no_key_opens_stays_and_is_told(town: Town, app, use, operate, owner):
    use(FIRST)
    for number in range(3):
        town.settle(town.person(f"p{number}"), town.address(str(number)))
    owner.execute(
        "UPDATE home SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) WHERE person_id = (SELECT min(id) FROM person)"
    )
    use(SECOND, old=FIRST)
    done = operate(keys, "rotate")
    assert done.exit_code == 1 and "2 sealed anew, 1 that no key opens" in done.output
    assert [number for (number,) in owner.execute("SELECT get_byte(sealed, 0) FROM home ORDER BY 1")] == [1, 2, 2]


def test_a_new_key_is_offered_with_all_the_settings_that_belong_to_it(monkeypatch):
    monkeypatch.setenv("ADDRESS_KEY", FIRST)
    said = dict(line.split("=", 1) for line in CliRunner().invoke(keys, ["new"]).output.splitlines())
    assert said["ADDRESS_KEY_OLD"] == f"1:{FIRST}" and said["HASH_KEY"] == FIRST
    assert numbered_key(said["ADDRESS_KEY"])[0] == 2
    config = Config.from_env({"ENVIRONMENT": "test", **said})
    assert not [problem for problem in config.problems() if "KEY" in problem.setting]
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    third = dict(line.split("=", 1) for line in CliRunner().invoke(keys, ["new"]).output.splitlines())
    assert third["ADDRESS_KEY"].startswith("3:") and third["HASH_KEY"] == FIRST
    assert [one[:2] for one in third["ADDRESS_KEY_OLD"].split(",")] == ["2:", "1:"]


@pytest.mark.parametrize(
    ("setting", "given"),
    [
        ("ADDRESS_KEY_OLD", {"ADDRESS_KEY": SECOND, "ADDRESS_KEY_OLD": "short"}),
        ("ADDRESS_KEY_OLD", {"ADDRESS_KEY": FIRST, "ADDRESS_KEY_OLD": FIRST}),
        ("HASH_KEY", {"ADDRESS_KEY": SECOND}),
        ("HASH_KEY", {"ADDRESS_KEY": FIRST, "HASH_KEY": "short"}),
        ("ADDRESS_KEY", {"ADDRESS_KEY": "0:" + FIRST}),
        ("ADDRESS_KEY", {"ADDRESS_KEY": "256:" + FIRST}),
        ("ADDRESS_KEY", {"ADDRESS_KEY": "x:" + FIRST}),
    ],
)
def test_keys_that_would_lose_something_are_refused(setting, given):
    assert setting in {problem.setting for problem in Config.from_env({"ENVIRONMENT": "test", **given}).problems()}


def test_sessions_links_and_forms_outlive_a_change_of_the_key_that_signs(app, settings: Config, visitor):
    """As long as the old one is named, and not longer."""
    kind = tokens.kind("probe of keys", "nothing")
    with app.app_context():
        link = tokens.sign(kind, 7)
    before: Client = visitor()
    token = URLSafeTimedSerializer(settings.secret_key, salt="wtf-csrf-token").dumps("0" * 40)
    with before.session_transaction() as cookie:
        cookie["csrf_token"], cookie["theme"] = "0" * 40, "dark"
    kept = before.get_cookie(app.config["SESSION_COOKIE_NAME"]).value
    for old, is_known in ((settings.secret_key, True), ("", False)):
        made = create_app(replace(settings, secret_key="n" * 20 + "eu" * 10, secret_key_old=old))
        made.test_client_class = Client
        made.extensions["send_job"] = lambda name, args: None
        after = made.test_client()
        after.set_cookie(app.config["SESSION_COOKIE_NAME"], kept)
        assert ('data-theme="dark"' in after.get("/rules").text) is is_known
        sent = after.post("/signin", csrf=False, headers={"X-CSRFToken": token})
        assert sent.status_code == (422 if is_known else 403)
        with made.app_context():
            if is_known:
                assert tokens.read(kind, link, 60) == 7
            else:
                with pytest.raises(tokens.BadToken):
                    tokens.read(kind, link, 60)
            hang_up()
    tokens.KINDS.pop(kind)


def test_whoever_seals_declares_the_column():
    """A module that calls ``seal`` has a line ``sealed_in("table", "column", "whose", belongs_to)``, or its rows keep the old key."""
    silent = []
    for path in sorted((ROOT / "neighbour").rglob("*.py")):
        if path.name == "crypto.py" or "assets" in path.parts:
            continue
        called = {
            ast.unparse(node.func).rpartition(".")[2]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
        }
        if "seal" in called and "sealed_in" not in called:
            silent.append(str(path.relative_to(ROOT)))
    assert silent == [] and {each.table for each in crypto.SEALED} >= {"home", "missing_address"}
