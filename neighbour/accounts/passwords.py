"""Passwords: hashed with argon2id, judged by length and by whether they are guessed first.

At least 8 symbols, at most 256, no rules about what they are made of, nothing cut off, no rotation (ASVS 5.0 V6.2).
Parameters: t=3, m=64 MiB, p=4 (RFC 9106, second recommendation; about 120 ms); at most as many at once as there are
cores, so that a flood of sign-ins costs memory for two, not for two hundred.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from neighbour.core.text import normal_form

SHORTEST, LONGEST = 8, 256
TIME_COST, PARALLELISM = 3, 4
_LIST = Path(__file__).parent / "data" / "passwords.txt"
_at_once = BoundedSemaphore(max(2, os.cpu_count() or 2))


@lru_cache
def _hasher(memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=TIME_COST, memory_cost=memory_kib, parallelism=PARALLELISM)


@lru_cache
def dummy(memory_kib: int) -> str:
    """A hash nobody has the password of: unknown addresses cost as much time as known ones."""
    return hash_password(os.urandom(16).hex(), memory_kib)


def hash_password(password: str, memory_kib: int) -> str:
    """The argon2id hash, with its parameters and salt inside."""
    with _at_once:
        return _hasher(memory_kib).hash(_as_typed(password))


def verify(hashed: str, password: str, memory_kib: int) -> bool:
    """Whether the password is the one."""
    with _at_once:
        try:
            return _hasher(memory_kib).verify(hashed, _as_typed(password))
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(hashed: str, memory_kib: int) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher(memory_kib).check_needs_rehash(hashed)


def is_common(password: str, own_words: Iterable[str] = ()) -> bool:
    """Whether it is on the list of what is guessed first, or little more than a word about the person or this site."""
    folded = password.casefold()
    if folded in _common():
        return True
    return any(len(word) >= 4 and word.casefold() in folded and len(folded) - len(word) < 5 for word in own_words)


@lru_cache
def _common() -> frozenset[str]:
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))


def _as_typed(password: str) -> str:
    """Composed form, so that ü typed on a phone and on a desk are the same."""
    return normal_form(password)
