"""Handing mail to a server: the only caller of SMTP.

One connection for many mails. What a server answers is sorted into four outcomes, because they mean different
things: ``SENT`` (250 after DATA), ``LATER`` (4xx, or nobody there), ``REFUSED`` (5xx for this address or mail) and
``UNCERTAIN`` (the line broke between the end of DATA and the answer: it may or may not have been taken; the same
Message-ID goes out again, RFC 5321 section 4.5.4.1 leaves no better way).
"""

from __future__ import annotations

import random
import re
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import TracebackType
from urllib.parse import unquote, urlsplit

from neighbour.core import clock

TIMEOUT_SECONDS = 20.0
_PLAIN = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+", re.ASCII)
_ADDRESS = re.compile(r"[^\s<>\"'(),:;]+@[^\s<>\"'(),:;]+")  # servers like to say them; answers end in logs
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
AWAY_SECONDS = 10.0  # a batch does not wait for the time-out of an absent server once per mail
MAILS_PER_CONNECTION = 500
FIRST_PAUSE, LONGEST_PAUSE, GIVE_UP = timedelta(minutes=1), timedelta(hours=6), timedelta(hours=48)


class Outcome(StrEnum):
    """What became of a mail."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Answer:
    """The outcome and what the server said, shortened, without addresses."""

    outcome: Outcome
    text: str = ""


class Transport:
    """A connection to the server of SMTP_URL, opened when first needed and again when it breaks.

    ``smtp://host:port``, ``smtps://…`` (TLS from the start), ``smtp+starttls://user:password@host:port``.
    """

    def __init__(self, url: str, timeout: float = TIMEOUT_SECONDS):
        self.parts, self.timeout = urlsplit(url), timeout
        self._server: smtplib.SMTP | None = None
        self._used = 0
        self._away_until = 0.0

    def __enter__(self) -> Transport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def hand_over(self, envelope_from: str, to: str, mail: bytes) -> Answer:
        """Give one mail to the server; never raises for what a server or a network can do."""
        if clock.monotonic() < self._away_until:
            return Answer(Outcome.LATER, "the server is away")
        if not to.isascii() or not to.isprintable():
            return Answer(Outcome.REFUSED, "not an address: letters beyond ASCII, or a line end")
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            self._away_until = clock.monotonic() + AWAY_SECONDS
            return Answer(Outcome.LATER, _said(error))
        stage = "before"
        try:
            refused = _announce(server, envelope_from, to)
            if refused is not None:
                server.rset()
                return refused
            stage = "after"
            server.send(_framed(mail))
            code, text = server.getreply()
            self._used += 1
            return _answer(code, text)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Answer(Outcome.UNCERTAIN if stage == "after" else Outcome.LATER, _said(error))

    def close(self) -> None:
        """End the connection politely if it still stands."""
        server, self._server, self._used = self._server, None, 0
        if server is not None:
            try:
                server.quit()
            except (OSError, smtplib.SMTPException):
                server.close()

    def _connected(self) -> smtplib.SMTP:
        if self._server is not None and self._used < MAILS_PER_CONNECTION:
            return self._server
        self.close()
        host = self.parts.hostname or "localhost"
        port = self.parts.port or PORTS.get(self.parts.scheme, 25)
        if self.parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=self.timeout, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, port, timeout=self.timeout)
        try:
            self._introduce(server)
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        self._server = server
        return server

    def _introduce(self, server: smtplib.SMTP) -> None:
        """Say hello, go over to TLS where the address says so (never on without it), say who we are."""
        server.ehlo_or_helo_if_needed()
        if self.parts.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if self.parts.username:
            server.login(unquote(self.parts.username), unquote(self.parts.password or ""))


def retry_at(now: datetime, first: datetime, attempts: int) -> datetime | None:
    """When to try again after ``attempts`` failures: 1 min, doubled up to 6 h, ± 20 %; None once 48 h are over."""
    if now - first >= GIVE_UP:
        return None
    pause = min(FIRST_PAUSE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE)
    return now + pause * random.uniform(0.8, 1.2)  # noqa: S311  jitter, not a secret


def _framed(mail: bytes) -> bytes:
    """Lines end in CRLF, a leading dot is doubled (RFC 5321 section 4.5.2), a lone dot ends it."""
    if b"\r" in mail:
        mail = mail.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = mail.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")
    return (b"." if lines.startswith(b".") else b"") + lines + (b"" if lines.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _announce(server: smtplib.SMTP, envelope_from: str, to: str) -> Answer | None:
    """Sender, recipient, and that a mail is coming: in one message where the server takes that (PIPELINING, RFC 2920).

    None when the server now waits for the mail; the answer otherwise.
    """
    steps = (f"MAIL FROM:{_bracketed(envelope_from)}", f"RCPT TO:{_bracketed(to)}", "DATA")
    if not server.has_extn("pipelining"):
        for step in steps:
            code, text = server.docmd(step)
            if code >= 400:
                return _answer(code, text)
        return None
    server.send("\r\n".join(steps) + "\r\n")
    replies = [server.getreply() for _step in steps]
    refused = next((_answer(code, text) for code, text in replies if code >= 400), None)
    if refused is not None and replies[-1][0] == 354:  # it waits for a mail to nobody: end it
        server.send(".\r\n")
        server.getreply()
    return refused


def _bracketed(address: str) -> str:
    """As MAIL and RCPT take it; only what is not plainly an address has to be taken apart first."""
    return f"<{address}>" if _PLAIN.fullmatch(address) else smtplib.quoteaddr(address)


def _answer(code: int, text: bytes) -> Answer:
    said = f"{code} {_ADDRESS.sub('…', text.decode('ascii', 'replace'))[:160]}"
    if 200 <= code < 300:
        return Answer(Outcome.SENT, said)
    return Answer(Outcome.REFUSED if 500 <= code < 600 else Outcome.LATER, said)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {_ADDRESS.sub('…', str(error))}"[:160]
