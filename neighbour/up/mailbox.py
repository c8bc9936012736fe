"""The local mailbox: an SMTP server on the loopback address that keeps every mail as a file.

For development and tests. ``INSTANCE_DIR/mailbox`` holds ``new`` (one file per mail, its name sorts by arrival) and
``tmp``; a mail appears in ``new`` by an atomic rename, so nobody ever reads half of one.

    python -m neighbour.up.mailbox PORT FOLDER
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from neighbour.core import clock

KEEP = 2_000  # mails; the oldest go first
LARGEST = 10 << 20  # bytes
ENVELOPE_FROM, ENVELOPE_TO = "X-Envelope-From", "X-Envelope-To"


@dataclass(frozen=True)
class Mail:
    """One mail of the mailbox: its name (of the file) and the envelope; what is in it is looked at when somebody asks."""

    name: str
    sender: str
    recipients: tuple[str, ...]
    raw: bytes  # as it came over the wire

    @cached_property
    def message(self) -> EmailMessage:
        """The parsed message."""
        return message_from_bytes(self.raw, policy=policy.default)

    @cached_property
    def text(self) -> str:
        """The plain text part, empty if there is none."""
        return self._part("plain")

    @cached_property
    def html(self) -> str:
        """The HTML part, empty if there is none."""
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""


class Mailbox:
    """The folder with the mails."""

    def __init__(self, folder: Path):
        self.new, self.tmp = folder / "new", folder / "tmp"
        for each in (self.new, self.tmp):
            each.mkdir(parents=True, exist_ok=True)
        self._kept = self._count = len(self.names())

    def names(self) -> list[str]:
        """Names of all mails, oldest first."""
        return sorted(path.name for path in self.new.iterdir())

    def read(self, name: str) -> Mail | None:
        """The mail of this name, None if there is none (names come from addresses: only plain ones are looked up)."""
        if not name.replace("-", "").isalnum():
            return None
        try:
            raw = (self.new / name).read_bytes()
        except OSError:
            return None
        sender, recipients, raw = raw.split(b"\r\n", 2)
        envelope = [line.decode().partition(": ")[2] for line in (sender, recipients)]
        return Mail(name, envelope[0], tuple(envelope[1].split()), raw)

    def messages(self) -> list[Mail]:
        """All mails, oldest first."""
        return [mail for name in self.names() if (mail := self.read(name)) is not None]

    def keep(self, sender: str, recipients: list[str], raw: bytes) -> str:
        """Store one mail with its envelope; gives its name."""
        self._count += 1
        name = f"{clock.now():%Y%m%dT%H%M%S%f}-{self._count:07d}-{os.urandom(3).hex()}"
        envelope = f"{ENVELOPE_FROM}: {_plain(sender)}\r\n{ENVELOPE_TO}: {' '.join(map(_plain, recipients))}\r\n"
        unfinished = self.tmp / name
        unfinished.write_bytes(envelope.encode() + raw)
        unfinished.rename(self.new / name)
        self._kept += 1
        if self._kept > KEEP + 200:
            self._thin_out()
        return name

    def clear(self) -> None:
        """Throw all mails away."""
        for name in self.names():
            (self.new / name).unlink(missing_ok=True)
        self._kept = 0

    def _thin_out(self) -> None:
        for name in self.names()[:-KEEP]:
            (self.new / name).unlink(missing_ok=True)
        self._kept = KEEP


def _plain(address: str) -> str:
    return "".join(letter for letter in address if letter.isprintable() and letter != " ")


class Handler:
    """aiosmtpd's handler: every mail is taken and kept."""

    def __init__(self, mailbox: Mailbox):
        self.mailbox = mailbox

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mailbox.keep(envelope.mail_from or "", envelope.rcpt_tos, envelope.content)
        return "250 2.0.0 kept"


def protocol(mailbox: Mailbox) -> SMTP:
    """One SMTP conversation."""
    return SMTP(Handler(mailbox), data_size_limit=LARGEST, enable_SMTPUTF8=True, hostname="localhost", ident="mailbox")


async def serve(port: int, folder: Path) -> None:
    """Listen until told to stop."""
    mailbox = Mailbox(folder)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopped.set)
    server = await loop.create_server(lambda: protocol(mailbox), "127.0.0.1", port)
    async with server:
        await stopped.wait()


if __name__ == "__main__":
    os.umask(0o077)  # mails are nobody else's business
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
