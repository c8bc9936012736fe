"""A device with passkeys, in software: ES256 keys, a counter, and whatever a test wants it to get wrong.

What a browser and a device make together (WebAuthn level 2, sections 5.8.1, 6.1 and 6.5.4) as the script of the page
sends it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def raw(said: str) -> bytes:
    return base64.urlsafe_b64decode(said + "=" * (-len(said) % 4))


@dataclass
class Device:
    """One device with one passkey. ``origin``, ``host``, ``count`` and ``checks_owner`` can be set to what is wrong."""

    origin: str = "http://localhost"
    host: str = "localhost"
    count: int = 0
    checks_owner: bool = True
    attached: str | None = "platform"
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    handle: bytes = b""

    def public_key(self) -> bytes:
        """The key as a site keeps it (COSE, RFC 9053)."""
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})

    def create(self, options: dict[str, Any]) -> str:
        """Make the passkey the site asked for."""
        self.handle = raw(options["user"]["id"])
        credential = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + self.public_key()
        made = {"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED) + credential}
        client = self._client("webauthn.create", options["challenge"])
        response = {"clientDataJSON": text(client), "attestationObject": text(cbor2.dumps(made)), "transports": ["usb"]}
        return self._answer(response)

    def sign(self, options: dict[str, Any]) -> str:
        """Sign what the site asked for, counting one on."""
        self.count += 1
        data, client = self._data(0), self._client("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": text(client),
                "authenticatorData": text(data),
                "signature": text(signature),
                "userHandle": text(self.handle),
            }
        )

    def _data(self, more: int) -> bytes:
        flags = PRESENT | (VERIFIED if self.checks_owner else 0) | more
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, response: dict[str, Any]) -> str:
        name = text(self.credential_id)
        whole = {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}}
        return json.dumps({**whole, "authenticatorAttachment": self.attached, "response": response})
