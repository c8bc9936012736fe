"""From whom, to whom, and how to get off the list: the header fields that all mail shares."""

from __future__ import annotations

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


def header_text(text: str) -> str:
    """One line without control characters: nothing a person typed can begin a header of its own."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
