"""Signed links, random tokens, and ids as they appear in addresses of pages.

A signed token serves one purpose only; a token of another purpose does not read. What must be single-use is
a random token whose hash stands in a table instead. Whatever opens something, signed, random or printed, is of a declared
kind (``kind``), so that each can be tried at every door.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
PUBLIC_ID_LENGTH = 12
#: every kind of secret there is and what it opens; rooms declare theirs with ``kind``
KINDS: dict[str, str] = {}


def kind(name: str, opens: str) -> str:
    """Declare a kind of secret, beside the code that makes it; gives the name, which is also the purpose of signed ones."""
    if KINDS.setdefault(name, opens) != opens:
        raise ValueError(f"the kind of secret {name} is taken")
    return name


class BadToken(ValueError):
    """The token is forged, too old, or was made for something else."""


def sign(purpose: str, payload: Any) -> str:
    """A URL-safe token carrying ``payload`` (JSON) for one ``purpose``, a declared kind; raises KeyError for any other."""
    if purpose not in KINDS:
        raise KeyError(f"no kind of secret is called {purpose!r}; declare it with tokens.kind()")
    return _serializer(purpose).dumps(payload)


def read(purpose: str, token: str, max_age: int) -> Any:
    """The payload of a token of this ``purpose`` not older than ``max_age`` seconds; raises BadToken."""
    try:
        return _serializer(purpose).loads(token, max_age=max_age)
    except BadSignature as error:
        raise BadToken(purpose) from error


def random_token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """What a table keeps of a random token: SHA-256. The token has 256 bits, so no salt is needed."""
    return hashlib.sha256(token.encode()).digest()


def public_id() -> str:
    """12 random symbols (60 bits): how people, quarters' pages and mails name a row without its number."""
    return "".join(secrets.choice(ALPHABET) for _ in range(PUBLIC_ID_LENGTH))


def to_uid(key: uuid.UUID) -> str:
    """A UUID as 26 lower-case base32 symbols (RFC 4648), the form used in addresses of pages."""
    return base64.b32encode(key.bytes).decode().rstrip("=").lower()


def from_uid(text: str) -> uuid.UUID:
    """The UUID of its 26 symbols; raises ValueError."""
    raw = base64.b32decode(text.upper() + "=" * 6)
    key = uuid.UUID(bytes=raw)
    if to_uid(key) != text:
        raise ValueError("not the canonical spelling")
    return key


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    settings = current_app.config  # of several keys the last one signs, all of them read
    keys = [*(settings.get("SECRET_KEY_FALLBACKS") or ()), settings["SECRET_KEY"]]
    return URLSafeTimedSerializer(keys, salt="neighbour:" + purpose)
