"""Passwords: hashed with argon2id, judged by length and by whether they are guessed first (``guessed``).

At least 8 symbols, at most 256, no rules about what they are made of, nothing cut off, no rotation (ASVS 5.0 V6.2).
One computation has to answer for every account an address could mean, or the time would tell how many there are: who
signs up with a taken address gets the salt of its owner, and a new password keeps the salt of the one before (it still
differs between any two owners, which is what a salt is for). Where two salts cannot be avoided ``costing_two`` makes the
case that must not be told apart from it as slow.

Parameters: t=3, m=32 MiB, p=4, which is more of both than ASVS 5.0 asks for at least (appendix C: t=2 with 19 MiB). RFC 9106
recommends 64 MiB, but fifty who sign in at once on two cores then wait longer than three seconds, and so they do with 46
(``make bench ONLY=signin``); whoever has more cores sets more. At most as many at once as there are
cores, so that a flood of sign-ins costs memory for two, not for two hundred.
"""

from __future__ import annotations

import os
import re
import secrets
from base64 import b64decode
from collections.abc import Sequence
from functools import lru_cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.low_level import Type, hash_secret

from neighbour.core.text import normal_form

SHORTEST, LONGEST = 8, 256
TIME_COST, PARALLELISM, SALT_BYTES, HASH_BYTES = 3, 4, 16, 32
LOCKED, TWO = "!", "two:"  # before a hash: no password fits; checking it costs two computations
_ENCODED = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$[A-Za-z0-9+/]+")
_at_once = BoundedSemaphore(max(2, os.cpu_count() or 2))


@lru_cache
def _hasher(memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=TIME_COST, memory_cost=memory_kib, parallelism=lanes(memory_kib))


def lanes(memory_kib: int) -> int:
    """How many threads share the memory of one hash: four, or one for every MiB where it has less (starting a thread
    costs more than that is worth; tests hash with 64 KiB)."""
    return max(1, min(PARALLELISM, memory_kib // 1024))


def hash_password(password: str, memory_kib: int, *, like: str = "") -> str:
    """The argon2id hash, with its parameters and salt inside; with the salt of the hash ``like``, if that is one."""
    found = _ENCODED.search(like)
    salt = _bytes(found[4]) if found else secrets.token_bytes(SALT_BYTES)
    return compute(password, salt, TIME_COST, memory_kib, lanes(memory_kib))


def compute(password: str, salt: bytes, time_cost: int, memory_kib: int, parallelism: int) -> str:
    """One computation of argon2id, encoded. The only place where it is done."""
    with _at_once:
        made = hash_secret(_as_typed(password).encode(), salt, time_cost, memory_kib, parallelism, HASH_BYTES, Type.ID)
    return made.decode()


def which(hashes: Sequence[str], password: str, memory_kib: int) -> int | None:
    """Which of these hashes is the password's; the first, if several are. As many computations as there are salts and
    parameters among them, and one at least."""
    made: dict[str, str] = {}
    fits = []
    for hashed in hashes:
        found = _ENCODED.fullmatch(hashed.removeprefix(TWO))
        if found is None:  # locked, or none at all
            fits.append(False)
            continue
        recipe = found[0].rpartition("$")[0]  # parameters and salt
        if recipe not in made:
            memory, time_cost, threads = (int(found[number]) for number in (1, 2, 3))
            made[recipe] = compute(password, _bytes(found[4]), time_cost, memory, threads)
        fits.append(secrets.compare_digest(made[recipe], found[0]))
    costs = 2 if any(costs_two(hashed) for hashed in hashes) else 1
    for _more in range(costs - len(made)):
        compute(password, bytes(SALT_BYTES), TIME_COST, memory_kib, lanes(memory_kib))
    return fits.index(True) if any(fits) else None


def verify(hashed: str, password: str, memory_kib: int) -> bool:
    """Whether the password is the one."""
    return which([hashed], password, memory_kib) == 0


def locked(hashed: str) -> str:
    """The same hash, but no password fits any more."""
    return LOCKED + hashed.removeprefix(TWO).lstrip(LOCKED)


def costing_two(hashed: str) -> str:
    """The same hash, but checking it costs two computations."""
    return TWO + hashed.removeprefix(TWO)


def costs_two(hashed: str) -> bool:
    """Whether checking it costs two computations."""
    return hashed.startswith(TWO)


def are_salted_alike(one: str, other: str) -> bool:
    """Whether one computation answers for both hashes."""
    salts = [found[4] if (found := _ENCODED.search(hashed)) else "" for hashed in (one, other)]
    return salts[0] == salts[1]


def costing_one(hashed: str) -> str:
    """The same hash at the usual cost."""
    return hashed.removeprefix(TWO)


def _bytes(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))


def needs_rehash(hashed: str, memory_kib: int) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher(memory_kib).check_needs_rehash(hashed.removeprefix(TWO))


def _as_typed(password: str) -> str:
    """Composed form, so that ü typed on a phone and on a desk are the same."""
    return normal_form(password)
