"""Mail leaves over TLS with a certificate that is right, or it does not leave: nothing falls back to plain text."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from neighbour.core.mail import Outcome, Transport

NOW = datetime.now(UTC)
MAIL = b"Subject: Probe\n\nKanarienvogel.\n"


def made(folder: Path, name: str, *, issuer: Any = None, until: datetime | None = None, of: str = "127.0.0.1") -> Any:
    """A certificate and its key, signed by ``issuer`` (itself without one): (certificate, key, file)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    alternative = x509.IPAddress(ipaddress.ip_address(of)) if of[0].isdigit() else x509.DNSName(of)
    begun = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer[0].subject if issuer else subject)
    begun = begun.public_key(key.public_key()).serial_number(x509.random_serial_number())
    begun = begun.not_valid_before(NOW - timedelta(days=400)).not_valid_after(until or NOW + timedelta(days=30))
    begun = begun.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
    begun = begun.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    signed = begun.sign(issuer[1] if issuer else key, hashes.SHA256())
    file = folder / f"{name}.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return signed, key, file


class Server:
    """A mail server that talks TLS from the start (``smtps``) or when asked (``smtp+starttls``), if ``offers`` it."""

    def __init__(self, scheme: str, certificate: Path, *, offers: bool = True, newest: Any = None):
        self.scheme, self.offers, self.heard = scheme, offers, b""
        self.line: Any = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if newest is not None:
            with warnings.catch_warnings(action="ignore"):  # it is old, that is the point
                self.context.minimum_version, self.context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, newest
            self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.context.load_cert_chain(certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.listener.getsockname()[1]}"

    def _serve(self) -> None:
        try:
            self.line, _address = self.listener.accept()
            if self.scheme == "smtps":
                self._begin_tls()
            self._talk()
        except OSError:  # the other side has hung up, as it should
            return
        finally:
            if self.line is not None:
                self.line.close()

    def _begin_tls(self) -> None:
        plain = self.line
        try:
            self.line = self.context.wrap_socket(plain, server_side=True)
        finally:
            plain.close()

    def _talk(self) -> None:
        self.line.sendall(b"220 hello\r\n")
        while True:
            line = self.line
            heard = line.recv(65536)
            if not heard:
                return
            self.heard += heard
            if heard.upper().startswith(b"EHLO"):
                line.sendall(b"250-server\r\n250 STARTTLS\r\n" if self.offers else b"250 server\r\n")
            elif heard.upper().startswith(b"STARTTLS"):
                line.sendall(b"220 go\r\n" if self.offers else b"502 no\r\n")
                if self.offers:
                    self._begin_tls()
            else:
                line.sendall(b"354 go on\r\n" if heard.upper().startswith(b"DATA") else b"250 ok\r\n")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*args: Any, **more: Any) -> Server:
        servers.append(Server(*args, **more))
        return servers[-1]

    yield start
    for each in servers:
        each.listener.close()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One that this machine trusts."""
    found = made(tmp_path, "authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(found[2]))
    return found


def hand_over(server: Server) -> Any:
    with Transport(server.url, timeout=5) as transport:
        return transport.hand_over("brett@altenbrueck.example", "gerda@altenbrueck.example", MAIL)


SCHEMES = pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])


@SCHEMES
def test_a_right_certificate_is_taken(authority, serve, tmp_path, scheme):
    assert hand_over(serve(scheme, made(tmp_path, "right", issuer=authority)[2])).outcome is Outcome.SENT


@SCHEMES
@pytest.mark.parametrize("fault", ["signed by itself", "expired", "of another name"])
def test_a_wrong_certificate_is_refused_and_nothing_is_said(authority, serve, tmp_path, scheme, fault):
    certificate = {
        "signed by itself": lambda: made(tmp_path, "itself"),
        "expired": lambda: made(tmp_path, "expired", issuer=authority, until=NOW - timedelta(days=1)),
        "of another name": lambda: made(tmp_path, "other", issuer=authority, of="evil.example"),
    }[fault]()[2]
    server = serve(scheme, certificate)
    answer = hand_over(server)
    assert answer.outcome is Outcome.LATER and "certificate" in answer.text.lower(), answer
    assert b"MAIL" not in server.heard.upper() and b"Kanarienvogel" not in server.heard


@SCHEMES
def test_tls_older_than_1_2_is_refused(authority, serve, tmp_path, scheme):
    certificate = made(tmp_path, "right", issuer=authority)[2]
    server = serve(scheme, certificate, newest=ssl.TLSVersion.TLSv1_1)
    assert hand_over(server).outcome is Outcome.LATER
    assert b"MAIL" not in server.heard.upper()


def test_a_server_that_does_not_offer_tls_gets_no_mail(authority, serve, tmp_path):
    server = serve("smtp+starttls", made(tmp_path, "right", issuer=authority)[2], offers=False)
    assert hand_over(server).outcome is Outcome.LATER
    assert b"MAIL" not in server.heard.upper() and b"Kanarienvogel" not in server.heard
