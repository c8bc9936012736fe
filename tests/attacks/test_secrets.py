"""Every kind of secret at every door: only its own opens."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from neighbour.accounts import onetime
from neighbour.core import tokens
from tests.attacks import mapping, secrets, sweep, words
from tests.attacks.mapping import Page
from tests.attacks.world import Answer, World
from tests.support import ROOT


class Door(NamedTuple):
    """A place where a secret is taken: a part of an address, a field, the cookie, or the header of forms."""

    page: Page
    where: str
    opens_for: str

    @property
    def name(self) -> str:
        return f"{self.page.key}, {self.where}"


def doors(world: World) -> Iterator[Door]:
    """All of them; raises Unknown for a part of an address or a field that holds a secret of nobody knows which kind."""
    pages = {page.key: page for page in mapping.pages(world.app)}
    for page in pages.values():
        held = [given.name for given in mapping.fields(page) if _is_secret(given)]
        for name in [*page.arguments, *held]:
            place = (page.endpoint, name)
            if place in words.NO_SECRET or (name in page.arguments and name not in ("token", "code", "secret", "key")):
                continue
            if place not in words.SECRETS_OF_PAGES:
                raise words.Unknown(
                    f'{page.key} takes a secret in {name!r}: add ("{page.endpoint}", "{name}"): "its kind" to'
                    " SECRETS_OF_PAGES in tests/attacks/words.py (kinds are declared with tokens.kind())"
                )
            if place not in words.HAND_ON:
                yield Door(page, name, words.SECRETS_OF_PAGES[place])
    yield Door(pages["accounts.me GET"], "the cookie", "session")
    yield Door(pages["accounts.language POST"], "the header", "csrf")


def _is_secret(given: mapping.Given) -> bool:
    return given.name != "*" and given.kind != "PasswordField" and words.word(given).holds == words.SECRET


def knock(world: World, door: Door, secret: str) -> Answer:
    """Use a secret at a door, as whoever could."""
    page, role = door.page, secrets.MAKERS[door.opens_for][0]
    data = words.fill_in(page, mapping.fields(page))
    values = dict.fromkeys(page.arguments, "x")
    more: dict[str, Any] = {"data": None if page.is_safe else data}
    if door.where == "the cookie":
        name = world.app.config["SESSION_COOKIE_NAME"]
        true = world.browsers["author"].cookie.partition("=")[2]
        more["headers"] = {"Cookie": f"{name}={true if secret == world.secret('session') else secret}"}
    elif door.where == "the header":
        more |= {"csrf": False, "headers": {"X-CSRFToken": secret}}
    elif door.where in page.arguments:
        values[door.where] = secret
    else:
        more["data"] = {**data, door.where: secret}
    return world.ask(role, page, values, **more)


def test_every_kind_of_secret_opens_its_own_doors_only(world: World):
    """A real one does at another's door exactly what a false one of its shape does."""
    world.secrets  # noqa: B018  all of them are in the town before the first is tried
    wrong, own, tried = [], set(), 0
    for door in doors(world):
        for kind, secret in world.secrets.items():
            if kind == door.opens_for and kind in words.OPENED_ELSEWHERE:
                continue
            false = secrets.false_one(secret)
            real, other = knock(world, door, secret), knock(world, door, false)
            seen = [(*each.bare[:2], each.bare[2].replace(secret, "«»").replace(false, "«»")) for each in (real, other)]
            is_same = seen[0] == seen[1] and len(real.written) == len(other.written)
            tried += 1
            if kind == door.opens_for:
                own.add(kind)
                wrong += [f"{door.name}: its own {kind} does nothing"] if is_same else []
            elif not is_same:
                wrong.append(f"{door.name} opens for {kind}: {sweep.difference(*seen)}")
    assert wrong == []
    assert own == set(world.secrets) - words.OPENED_ELSEWHERE, "there is a door for every kind"
    assert tried >= len(world.secrets) ** 2


def test_whoever_makes_a_secret_declares_its_kind():
    """A module that draws one has a line ``tokens.kind("…", "what it opens")``, or the n × n above does not know it."""
    silent = []
    for path in sorted((ROOT / "neighbour").rglob("*.py")):
        if (
            path.name in ("tokens.py", "cli.py", "exports.py") or "assets" in path.parts
        ):  # commands print first passwords
            continue
        called = {
            ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
        }
        makes = called & {
            "tokens.random_token",
            "random_token",
            "secrets.token_urlsafe",
            "secrets.choice",
            "token_urlsafe",
        }
        if makes and "tokens.kind" not in called:
            silent.append(f"{path.relative_to(ROOT)}: {sorted(makes)}")
    assert silent == []


def test_an_undeclared_kind_is_neither_signed_nor_kept(world: World):
    with world.app.app_context():
        for make in (lambda: tokens.sign("stray", 1), lambda: onetime.mint(1, "stray", "", onetime.RESET_FOR)):
            with pytest.raises(KeyError):
                make()
