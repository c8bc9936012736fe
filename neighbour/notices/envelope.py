"""From whom, to whom, and how to get off the list: the header fields that all mail shares."""

from __future__ import annotations

from email.header import Header
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit

from config import Config


def sender_of(config: Config) -> Address:
    """The From address."""
    name, address = parseaddr(config.mail_from)
    return Address(display_name=header_text(name), addr_spec=address)


def envelope_from(config: Config) -> str:
    """Where bounces go."""
    return parseaddr(config.mail_from)[1]


def host_of(config: Config) -> str:
    """The host name of this site, for Message-IDs and list names."""
    return urlsplit(config.site_url).hostname or "localhost"


def list_headers(list_name: str, token: str, *, site: str, host: str) -> list[tuple[str, str]]:
    """The fields of list mail (RFC 2919, RFC 2369, RFC 8058): leaving takes one POST, without a cookie or a page."""
    return [
        ("List-Id", f"<{list_name}.{host}>"),
        ("List-Unsubscribe", f"<{site}/unsubscribe/{token}/now>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]


def subject_field(text: str) -> str:
    """The value of a Subject as it goes over the wire (RFC 2047), folded with LF.

    What people typed is always encoded: the standard library would take ``=?utf-8?b?…?=`` for an encoded word and, before
    Python 3.13, write the line ends hidden in it as they are – a header of somebody else's making.
    """
    return Header(header_text(text), "utf-8", header_name="Subject").encode(linesep="\n")


def to_field(address: str) -> str:
    """The value of a To. Raises ValueError for an address no header can carry. It stands alone: a name beside it would be
    what somebody typed who need not own the address."""
    if not address.isascii() or not address.isprintable():
        raise ValueError("not an address for a header")
    return address


def header_text(text: str) -> str:
    """One line without control characters: nothing a person typed can begin a header of its own."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
