"""Delivering a notice: lease its row, write it in the reader's language, hand it over, settle."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit

from sqlalchemy import select, update

from config import Config
from neighbour.core import clock
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import atomic, db, finish_reading
from neighbour.core.mail import Transport
from neighbour.notices import ledger
from neighbour.notices.base import Mailbox, Notice, Skip, Written, mailbox_of
from neighbour.notices.models import Subscription, Suppression

log = logging.getLogger("neighbour.notices")

# Notices that are many and cheap bring a sender of their own (the digest); it gets the row back to work on in batches.
_special: dict[str, Callable[[ledger.Leased], None]] = {}


def deliver(delivery_id: uuid.UUID, config: Config) -> None:
    """Deliver one row if it is due and nobody else holds it."""
    for row in ledger.lease(delivery_id=delivery_id):
        send = _special.get(row.notice)
        if send is not None:
            send(row)
        else:
            _deliver(row, config)


def register_sender(notice: str, send: Callable[[ledger.Leased], None]) -> None:
    """Let ``send`` deliver rows of this notice."""
    _special[notice] = send


def _deliver(row: ledger.Leased, config: Config) -> None:
    kind, mailbox = Notice.registry.get(row.notice), mailbox_of(row.person_id)
    if kind is None or mailbox is None:
        ledger.skip(row)
        return
    notice = kind()
    try:
        with atomic():
            context = notice.context(row.person_id, row.payload)
    except Skip:
        ledger.skip(row)
        return
    to = str(row.payload.get("to") or mailbox.email)
    if not mailbox.takes_mail or (notice.is_list and is_suppressed(to)):
        ledger.skip(row)
        return
    token = unsubscribe_token(row.person_id, notice.list_name) if notice.is_list else None
    written = notice.write(context, mailbox)
    finish_reading()  # the connection goes back before we wait for somebody else's server
    message_id = ledger.message_id(row, host_of(config))
    mail = build(written, to, mailbox.name, message_id, config, token)
    with Transport(config.smtp_url) as transport:
        answer = transport.hand_over(envelope_from(config), to, mail)
    state = ledger.settle(row, answer, message_id)
    if state != "sent":
        log.warning("delivery %s of %s: %s (%s)", row.id, row.notice, state, answer.text)


def build(written: Written, to: str, name: str, message_id: str, config: Config, token: str | None) -> bytes:
    """The mail as bytes, text and HTML alternatives; list mail can be left with one click (RFC 8058)."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender_of(config)
    mail["To"] = Address(display_name=header_text(name), addr_spec=to)
    mail["Subject"] = header_text(written.subject)
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    if token:
        for header, value in list_headers(token, config):
            mail[header] = value
    mail.set_content(written.text)
    mail.add_alternative(written.html, subtype="html")
    return mail.as_bytes()


def list_headers(token: str, config: Config) -> list[tuple[str, str]]:
    """RFC 2369, RFC 2919, RFC 8058."""
    address = parseaddr(config.mail_from)[1]
    return [
        ("List-Id", f"<digest.{host_of(config)}>"),
        (
            "List-Unsubscribe",
            f"<{config.site_url}/unsubscribe/{token}/now>, <mailto:{address}?subject=unsubscribe%20{token}>",
        ),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]


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


def header_text(text: str) -> str:
    """One line without control characters: nothing a person typed can begin a header of its own."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def unsubscribe_token(person_id: int, list_name: str) -> str | None:
    """The token of a person's subscription."""
    wanted = select(Subscription.token).where(Subscription.person_id == person_id, Subscription.list == list_name)
    return db.session.scalar(wanted)


def subscription_by_token(token: str) -> Subscription | None:
    """The subscription a link names, if it still exists."""
    return db.session.scalar(select(Subscription).where(Subscription.token == token))


def leave(token: str) -> bool:
    """End one subscription; again does no harm. False where the token names none. Commits."""
    with atomic():
        left = db.session.execute(update(Subscription).where(Subscription.token == token).values(is_on=False))
        return bool(left.rowcount)  # type: ignore[attr-defined]


def is_suppressed(email: str) -> bool:
    """Whether this address takes no list mail at the moment."""
    row = db.session.get(Suppression, keyed_hash("suppression", email.lower()))
    return row is not None and (row.until is None or row.until > clock.now())


def preview(key: str, language: str) -> Written:
    """A notice with invented values, for the eye and for tests."""
    notice = Notice.registry[key]()
    return notice.write(notice.preview(), Mailbox("nachbarin@example.org", language, "Hannelore W."))
