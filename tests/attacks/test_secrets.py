"""Every kind of secret at every door: only its own opens."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from itsdangerous import URLSafeTimedSerializer

from neighbour.accounts import onetime
from neighbour.core import tokens
from tests.attacks import mapping, secrets, sweep, words
from tests.attacks.mapping import Page
from tests.attacks.world import Answer, World
from tests.support import ROOT
from tests.support.authenticator import text


class Door(NamedTuple):
    """A place where a secret is taken: a part of an address, a field, the header of forms, or one of ``IN_COOKIES``."""

    page: Page
    where: str
    opens_for: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.page.key}, {self.where}"


#: secrets that lie in the signed cookie, and what is signed: where they are taken, and what opens there
IN_COOKIES = {
    "the session in the cookie": ("accounts.me GET", "session"),
    "the second step in the cookie": ("accounts.take_second_step POST", "second_step"),
    "the ceremony in the cookie": ("accounts.by_passkey POST", "ceremony"),
    "what a passkey has signed": ("accounts.by_passkey POST", "challenge"),
}


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
                kinds = words.SECRETS_OF_PAGES[place]
                yield Door(page, name, (kinds,) if isinstance(kinds, str) else kinds)
    yield Door(pages["accounts.language POST"], "the header", ("csrf",))
    for where, (key, kind) in IN_COOKIES.items():
        yield Door(pages[key], where, (kind,))


def _is_secret(given: mapping.Given) -> bool:
    return given.name != "*" and given.kind != "PasswordField" and words.word(given).holds == words.SECRET


def knock(world: World, door: Door, secret: str) -> Answer:
    """Use a secret at a door, as whoever could."""
    page, role = door.page, secrets.MAKERS[door.opens_for[0]][0]
    data = {**words.fill_in(page, mapping.fields(page)), **beside(world, door)}
    values = dict.fromkeys(page.arguments, "x")
    if page.arguments == ["slug"] or page.endpoint == "offers.hand_over":
        values = world.things(page)[0].values
    more: dict[str, Any] = {"data": None if page.is_safe else data}
    if door.where in IN_COOKIES:
        more["headers"], more["csrf"] = cookies(world, door, secret), False
        if door.opens_for in (("ceremony",), ("challenge",)):
            signed = secret if door.opens_for == ("challenge",) else world.secret("challenge")
            more["data"] = {"k-answer": world.device.sign({"challenge": text(signed.encode())})}
    elif door.where == "the header":
        more |= {"csrf": False, "headers": {"X-CSRFToken": secret}}
    elif door.where in page.arguments:
        values[door.where] = secret
    else:
        more["data"] = {**data, door.where: secret}
        if door.opens_for == ("recovery",):
            more["headers"], more["csrf"] = cookies(world, door, world.secret("second_step")), False
    return world.ask(role, page, values, **more)


def beside(world: World, door: Door) -> dict[str, str]:
    """What else a page wants to be told together with the secret."""
    return {
        "accounts.add_app POST": {"code": world.digits(world.seed)},
        "initiatives.confirm POST": {"seen": "y"},
        "accounts.take_second_step POST": {"code": world.recovery_code, "answer": ""},
    }.get(door.page.key, {})


FORMS = "5f3c0e9b7a2d4816" * 4  # what the tokens of a browser's forms are made of


def cookies(world: World, door: Door, secret: str) -> dict[str, str]:
    """The cookie a browser would have with this secret in it, signed as it should be, and the token of its forms."""
    held: dict[str, Any] = {"csrf_token": FORMS, "ceremony": world.secret("ceremony")}
    if door.opens_for == ("session",):
        held |= {"_user_id": secret, "_fresh": True}
    elif door.opens_for == ("ceremony",):
        held["ceremony"] = secret
    elif door.opens_for in (("second_step",), ("recovery",)):
        held["second"] = {"token": secret, "next": "", "kept": False}
    signer: Any = world.app.session_interface.get_signing_serializer(world.app)  # type: ignore[attr-defined]
    forms = URLSafeTimedSerializer(world.app.secret_key, salt="wtf-csrf-token")  # type: ignore[arg-type]
    name = world.app.config["SESSION_COOKIE_NAME"]
    return {"Cookie": f"{name}={signer.dumps(held)}", "X-CSRFToken": str(forms.dumps(FORMS))}


def test_every_kind_of_secret_opens_its_own_doors_only(town: World):
    """A real one does at another's door exactly what a false one of its shape does."""
    assert set(tokens.KINDS) - set(secrets.MAKERS) == set(), secrets.HOW
    wrong, own, tried = [], set(), 0
    for door in doors(town):
        refused: dict[str, Answer] = {}
        for kind, secret in town.secrets.items():
            false = secrets.false_one(secret)
            if false not in refused:
                refused[false] = knock(town, door, false)
            real, other = knock(town, door, secret), refused[false]
            seen = [(*each.bare[:2], each.bare[2].replace(secret, "«»").replace(false, "«»")) for each in (real, other)]
            is_same = seen[0] == seen[1] and len(real.written) == len(other.written)
            tried += 1
            if kind in door.opens_for:
                own.add(kind)
                wrong += [f"{door.name}: its own {kind} does nothing"] if is_same else []
            elif not is_same:
                wrong.append(
                    f"{door.name} opens for {kind}: {sweep.difference(*seen)}, {real.written} | {other.written}"
                )
    assert wrong == []
    assert own == set(town.secrets) == set(tokens.KINDS), "there is a door for every kind, and each was tried"
    assert tried >= len(town.secrets) ** 2


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
            "codes.derive",
        }
        if "codes.ALPHABET" in path.read_text():
            makes.add("codes.ALPHABET")
        if makes and "tokens.kind" not in called:
            silent.append(f"{path.relative_to(ROOT)}: {sorted(makes)}")
    assert silent == []


def test_an_undeclared_kind_is_neither_signed_nor_kept(town: World):
    with town.app.app_context():
        for make in (lambda: tokens.sign("stray", 1), lambda: onetime.mint(1, "stray", "", onetime.RESET_FOR)):
            with pytest.raises(KeyError):
                make()
