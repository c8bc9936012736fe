"""Sealing and keyed hashes. The only importer of a cipher, and the only place that opens what was sealed.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce and the row's identity as associated data, so a
sealed value copied into another row does not open. The key comes from the settings, never from the database.
A sealed value begins with the number of its key, so keys can be rotated.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

KEY_NUMBER = 1
NONCE_BYTES = 12


class CannotOpen(ValueError):
    """The sealed bytes were altered, moved to another row, or sealed with another key."""


def seal(plain: bytes, belongs_to: bytes) -> bytes:
    """Seal ``plain``; it opens only together with the same ``belongs_to`` (the row's identity)."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return bytes([KEY_NUMBER]) + nonce + AESGCM(_key()).encrypt(nonce, plain, belongs_to)


def open_sealed(sealed: bytes, belongs_to: bytes) -> bytes:
    """What was sealed; raises CannotOpen. Called from three named functions of residency only."""
    if len(sealed) < 1 + NONCE_BYTES or sealed[0] != KEY_NUMBER:
        raise CannotOpen("unknown key")
    nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return AESGCM(_key()).decrypt(nonce, rest, belongs_to)
    except InvalidTag as error:
        raise CannotOpen("altered or moved") from error


def seal_for(purpose: str, plain: bytes, belongs_to: bytes) -> bytes:
    """Seal what is not a home, under a key of its own for each ``purpose``; opens with ``open_for`` only."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return bytes([KEY_NUMBER]) + nonce + AESGCM(_purpose_key(purpose)).encrypt(nonce, plain, belongs_to)


def open_for(purpose: str, sealed: bytes, belongs_to: bytes) -> bytes:
    """What ``seal_for`` sealed; raises CannotOpen."""
    if len(sealed) < 1 + NONCE_BYTES or sealed[0] != KEY_NUMBER:
        raise CannotOpen("unknown key")
    nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return AESGCM(_purpose_key(purpose)).decrypt(nonce, rest, belongs_to)
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
    """What ``seal_under`` sealed; raises CannotOpen. Called from one named function of residency only."""
    try:
        key = AESGCM(keyed_hash("salted-key", salt.hex()))
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], belongs_to)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("altered, moved, or another key") from error


def keyed_hash(purpose: str, text: str) -> bytes:
    """HMAC-SHA-256 of ``text`` under a key of its own for each ``purpose``: comparable, not reversible."""
    return hmac.digest(_key_for(current_app.config["ADDRESS_KEY"], purpose), text.encode(), "sha256")


@lru_cache(maxsize=64)
def _key_for(address_key: str, purpose: str) -> bytes:
    return hmac.digest(base64.b64decode(address_key), b"neighbour:" + purpose.encode(), "sha256")


def same(one: bytes, other: bytes) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(one, other)


def _purpose_key(purpose: str) -> bytes:
    return _key_for(current_app.config["ADDRESS_KEY"], "seal:" + purpose)


def _key() -> bytes:
    return base64.b64decode(current_app.config["ADDRESS_KEY"])
