"""Sealing and keyed hashes. The only importer of a cipher, and the only place that opens what was sealed.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce and the row's identity as associated data, so a
sealed value copied into another row does not open. The keys come from the settings, never from the database.

**Keys are rotated**: a sealed value begins with the number of its key. ADDRESS_KEY seals, it and ADDRESS_KEY_OLD open, and
``neighbour keys rotate`` seals anew what an old key has sealed (``core/rotation.py``) while pages go on being served. Every
column that holds sealed values is declared with ``sealed_in``, or it would be left behind.

**Hashes are not**: a keyed hash is compared with ones made years ago by people whose words nobody has any more (a card refused
for ever), so its key is one of its own that stays: HASH_KEY, or the first ADDRESS_KEY until that is set. Whoever has stolen that
key and the database can try addresses against the hashes – a new key for sealing does not mend this, and settings say so.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

from config import numbered_key

NONCE_BYTES = 12


@dataclass(frozen=True)
class Sealed:
    """A column of sealed values: ``belongs_to`` makes the identity of a row from its column ``whose``; ``key`` is the column
    that names one row."""

    table: str
    column: str
    whose: str
    belongs_to: Callable[[int], bytes]
    purpose: str
    key: str


SEALED: list[Sealed] = []


def sealed_in(
    table: str, column: str, whose: str, belongs_to: Callable[[int], bytes], *, purpose: str = "", key: str = ""
) -> None:
    """Declare a column that holds what ``seal`` gives, or ``seal_for`` this purpose, beside the code that fills it; ``key``: its
    table's key where several rows are of one ``whose``. What ``seal_under`` and ``seal_piece`` give needs none: their keys are
    made of the one for hashes, which stays."""
    SEALED.append(Sealed(table, column, whose, belongs_to, purpose, key or whose))


class CannotOpen(ValueError):
    """The sealed bytes were altered, moved to another row, or sealed with another key."""


def seal(plain: bytes, belongs_to: bytes) -> bytes:
    """Seal ``plain``; it opens only together with the same ``belongs_to`` (the row's identity)."""
    nonce, number = secrets.token_bytes(NONCE_BYTES), key_number()
    return bytes([number]) + nonce + _ciphers(*_sealing())[number].encrypt(nonce, plain, belongs_to)


def open_sealed(sealed: bytes, belongs_to: bytes) -> bytes:
    """What was sealed; raises CannotOpen. Called from three named functions of residency only."""
    cipher = _ciphers(*_sealing()).get(sealed[0]) if len(sealed) > NONCE_BYTES else None
    if cipher is None:
        raise CannotOpen("unknown key")
    nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, rest, belongs_to)
    except InvalidTag as error:
        raise CannotOpen("altered or moved") from error


def seal_for(purpose: str, plain: bytes, belongs_to: bytes) -> bytes:
    """Seal what is not a home, under a key of its own for each ``purpose``; opens with ``open_for`` only."""
    nonce, number = secrets.token_bytes(NONCE_BYTES), key_number()
    return bytes([number]) + nonce + _cipher_for(purpose, number).encrypt(nonce, plain, belongs_to)


def open_for(purpose: str, sealed: bytes, belongs_to: bytes) -> bytes:
    """What ``seal_for`` sealed; raises CannotOpen."""
    if len(sealed) < 1 + NONCE_BYTES or sealed[0] not in _ring(*_sealing()):
        raise CannotOpen("unknown key")
    nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return _cipher_for(purpose, sealed[0]).decrypt(nonce, rest, belongs_to)
    except InvalidTag as error:
        raise CannotOpen("altered or moved") from error


def new_salt() -> bytes:
    """What a key of its own is made from: 32 random bytes, to be stored apart from what they seal."""
    return secrets.token_bytes(32)


def seal_under(salt: bytes, plain: bytes, belongs_to: bytes) -> bytes:
    """Seal under a key of its own, made from the key of the settings and ``salt``: once the salt is gone, neither the
    settings nor any copy of the sealed bytes opens them."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(keyed_hash("salted-key", salt.hex())).encrypt(nonce, plain, belongs_to)


def open_under(salt: bytes, sealed: bytes, belongs_to: bytes) -> bytes:
    """What ``seal_under`` sealed; raises CannotOpen. Called from one named function of residency, and one of contributions."""
    try:
        key = AESGCM(keyed_hash("salted-key", salt.hex()))
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], belongs_to)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("altered, moved, or another key") from error


def seal_piece(salt: bytes, number: int, plain: bytes, belongs_to: bytes, *, is_last: bool) -> bytes:
    """One piece of something long, under the key of ``salt`` (of one long thing only: nonces count). Pieces open at their own
    place alone, the last one as the last alone, so none can be left out, moved or cut off (STREAM: Hoang, Reyhanitabar,
    Rogaway, Vizár 2015)."""
    return _cipher_of_file(salt).encrypt(_nonce_of_piece(number, is_last=is_last), plain, belongs_to)


def open_piece(salt: bytes, number: int, sealed: bytes, belongs_to: bytes, *, is_last: bool) -> bytes:
    """What ``seal_piece`` sealed; raises CannotOpen. Called from ``core/sealed_files`` only."""
    try:
        return _cipher_of_file(salt).decrypt(_nonce_of_piece(number, is_last=is_last), sealed, belongs_to)
    except InvalidTag as error:
        raise CannotOpen("altered, moved, cut off, or another key") from error


def _cipher_of_file(salt: bytes) -> AESGCM:
    return AESGCM(keyed_hash("sealed-file", salt.hex()))


def _nonce_of_piece(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1, "big") + bytes([is_last])


def reseal(sealed: bytes, belongs_to: bytes, purpose: str = "") -> bytes:
    """The same, sealed with the key that seals now; what is inside is told to nobody. Raises CannotOpen."""
    if purpose:
        return seal_for(purpose, open_for(purpose, sealed, belongs_to), belongs_to)
    return seal(open_sealed(sealed, belongs_to), belongs_to)


def key_number() -> int:
    """The number of the key that seals now."""
    return numbered_key(_sealing()[0])[0]


def keyed_hash(purpose: str, text: str) -> bytes:
    """HMAC-SHA-256 of ``text`` under a key of its own for each ``purpose``: comparable, not reversible."""
    return hmac.digest(_key_for(*_keys(), purpose), text.encode(), "sha256")


def _sealing() -> tuple[str, str]:
    return _keys()[:2]


def _keys() -> tuple[str, str, str]:
    """The key that seals, those that sealed before, and the one of hashes."""
    config = current_app.config  # asked for once: a morning makes two hundred thousand hashes
    return config["ADDRESS_KEY"], config.get("ADDRESS_KEY_OLD", ""), config.get("HASH_KEY", "")


@lru_cache(maxsize=16)
def _ciphers(key: str, old: str) -> dict[int, AESGCM]:
    return {number: AESGCM(raw) for number, raw in _ring(key, old).items()}


def _ring(key: str, old: str) -> dict[int, bytes]:
    return dict(numbered_key(one) for one in (*filter(None, old.split(",")), key))


@lru_cache(maxsize=256)
def _key_for(key: str, old: str, hash_key: str, purpose: str) -> bytes:
    ring = _ring(key, old)
    root = numbered_key(hash_key)[1] if hash_key else ring[min(ring)]
    return hmac.digest(root, b"neighbour:" + purpose.encode(), "sha256")


def same(one: bytes, other: bytes) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(one, other)


def _cipher_for(purpose: str, number: int) -> AESGCM:
    return AESGCM(hmac.digest(_ring(*_sealing())[number], b"neighbour:seal:" + purpose.encode(), "sha256"))
