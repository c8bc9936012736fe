"""A live secret of every kind the product makes (``tokens.KINDS``), and a false one of the same shape."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from neighbour.accounts import onetime
from neighbour.core import tokens
from neighbour.core.db import as_owner, atomic
from tests.attacks import words

if TYPE_CHECKING:
    from tests.attacks.world import World

ALPHABETS = ("0123456789", "0123456789abcdefghijklmnopqrstuvwxyz", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def _once(role: str, purpose: str, secret: str | None = None, email: str = "") -> Callable[[World], str]:
    def make(world: World) -> str:
        person = world.people[role]
        with world.app.app_context(), as_owner(), atomic():
            return onetime.mint(person.id, purpose, email or person.email, onetime.CONFIRM_FOR, secret=secret)

    return make


#: kind → (whose it is, how one is made); "nobody": whoever has it needs no account
def _signed(purpose: str, payload: object) -> Callable[[World], str]:
    def make(world: World) -> str:
        with world.app.app_context():
            return tokens.sign(purpose, payload)

    return make


MAKERS: dict[str, tuple[str, Callable[[World], str]]] = {
    "come_back": ("nobody", lambda world: tokens.random_token()),
    "stay": ("nobody", _signed("stay", "x")),
    "second_step": ("author", _once("author", "second_step")),
    "undo_email": ("nobody", _once("author", "undo_email", email="0")),
    "stop_reset": ("nobody", _once("author", "stop_reset", email="0")),
    "still-here": ("nobody", _signed("still-here", ["x", "y"])),
    "desk:missing": ("operator", _signed("desk:missing", 1)),
    "totp-set-up": ("author", _signed("totp-set-up", ["x", "y"])),
    "recovery": ("author", lambda world: "abcdefghjkmn"),
    "challenge": ("author", lambda world: tokens.random_token()),
    "ceremony": ("nobody", lambda world: tokens.random_token()),
    "session": ("author", lambda world: world.browsers["author"].session),
    "csrf": ("author", lambda world: world.browsers["author"].token),
    "confirm": ("nobody", _once("unconf.", "confirm")),
    "reset": ("nobody", _once("author", "reset")),
    "confirm_code": ("unconf.", _once("unconf.", "confirm_code", "471108")),
    "list": ("nobody", lambda world: world.lists["author"]),
    "letter_code": ("unproven", lambda world: world.letter_code),
    "refusal_code": ("nobody", lambda world: world.refusal_code),
}


def make(world: World) -> dict[str, str]:
    """One of every kind; raises Unknown for a kind that nobody makes here."""
    if missing := sorted(set(tokens.KINDS) - set(MAKERS)):
        raise words.Unknown(
            f"the product makes secrets of the kinds {missing}: add to MAKERS in tests/attacks/secrets.py whose one is and"
            " how it is made, and to SECRETS_OF_PAGES in tests/attacks/words.py which pages take it"
        )
    return {kind: maker(world) for kind, (_whose, maker) in MAKERS.items()}


def false_one(secret: str) -> str:
    """Another value of the same shape: as long, of the same letters, signs where signs are."""
    chance = random.Random(secret)
    letters = next((some for some in ALPHABETS if set(secret) <= set(some)), None)
    if letters:
        return "".join(chance.choice(letters) for _ in secret)
    return re.sub(r"[A-Za-z0-9]", lambda _: chance.choice("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"), secret)
