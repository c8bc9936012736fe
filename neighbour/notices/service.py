"""Delivering a notice: lease its row, write it in the reader's language, hand it over, settle."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from config import Config
from neighbour.core import clock, tokens
from neighbour.core.columns import among, id_at
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import atomic, db, finish_reading
from neighbour.core.mail import Answer, Outcome, Transport
from neighbour.notices import ledger, strangers
from neighbour.notices.base import Mailbox, Notice, Skip, Written, lists
from neighbour.notices.envelope import envelope_from, host_of, list_headers, sender_of, subject_field, to_field
from neighbour.notices.models import Delivery, DeliveryState, Subscription, Suppression

log = logging.getLogger("neighbour.notices")
BATCH = 50  # rows leased at once
LIST = tokens.kind("list", "leaves one list of one person, and nothing else")


def deliver(delivery_id: uuid.UUID, config: Config) -> None:
    """Deliver one row if it is due and nobody else holds it."""
    with Transport(config.smtp_url) as transport:
        for row in ledger.lease(delivery_id=delivery_id):
            _deliver(row, config, transport)


def deliver_batch(notice: str, quarter_id: int, period: str, config: Config) -> None:
    """Deliver what is due of a notice in a quarter, over one connection, until nothing is left."""
    with Transport(config.smtp_url) as transport:
        while rows := ledger.lease_some(notice, quarter_id, period, BATCH):
            for row in ledger.while_held(rows):
                _deliver(row, config, transport)


def _deliver(row: ledger.Leased, config: Config, transport: Transport) -> None:
    kind = Notice.registry.get(row.notice)
    if kind is None:  # of another version
        ledger.skip(row)
        return
    notice = kind()
    mailbox = notice.mailbox(row.person_id, row.payload)
    if mailbox is None or not notice.may_reach(mailbox):
        ledger.skip(row)
        strangers.let_pass(row)
        return
    if notice.has_to_wait(mailbox):
        ledger.put_off(row)
        return
    counted = _counted_by(row, mailbox)
    if counted is not None and not strangers.take(row, counted):
        strangers.put_off(row, counted)
        return
    try:
        with atomic():
            context = notice.context(row.person_id, row.payload)
    except Skip:
        ledger.skip(row)
        return
    to = str(row.payload.get("to") or mailbox.email)
    subscription = subscriptions_of(row.person_id).get(notice.list_name)
    is_off = notice.is_list and (subscription is None or not subscription.is_on or bool(suppressed([to])))
    if is_off or (not mailbox.takes_mail and "to" not in row.payload):
        ledger.skip(row)
        return
    written = notice.write({**context, "is_folded": "folded" in row.payload}, mailbox)
    finish_reading()  # the connection goes back before we wait for somebody else's server
    message_id = ledger.message_id(row, host_of(config))
    more = []
    if subscription is not None:
        more = list_headers(notice.list_name, subscription.token, site=config.site_url, host=host_of(config))
    answer = _handed_over(transport, config, to, lambda: build(written, to, message_id, config, more))
    state = ledger.settle(row, answer, message_id)
    if state != "sent":
        log.warning("delivery %s of %s: %s (%s)", row.id, row.notice, state, answer.text)


def _handed_over(transport: Transport, config: Config, to: str, mail: Callable[[], bytes]) -> Answer:
    try:
        return transport.hand_over(envelope_from(config), to, mail())
    except ValueError as error:  # an address no header can carry
        return Answer(Outcome.REFUSED, str(error))


def _counted_by(row: ledger.Leased, mailbox: Mailbox) -> bytes | None:
    """The address by which this mail is counted; None for one that its owner has confirmed."""
    if row.mailbox_hash is not None or mailbox.is_confirmed:
        return row.mailbox_hash
    return strangers.fingerprint(mailbox.key)


def build(written: Written, to: str, message_id: str, config: Config, more: Sequence[tuple[str, str]] = ()) -> bytes:
    """The mail as bytes, text and HTML alternatives; ``more`` are further header fields of ASCII. Raises ValueError for an
    address no header can carry.

    What was typed and ``more`` are put before the rest as they are: the standard library reads header values as it writes
    them. It would decode what somebody typed, and encode an address that is longer than a line, which no mail program
    undoes inside ``List-Unsubscribe``.
    """
    raw = [("To", to_field(to)), ("Subject", subject_field(written.subject)), *more]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender_of(config)
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(written.text)
    mail.add_alternative(written.html, subtype="html")
    head = "".join(f"{header}: {value}\n" for header, value in raw)
    return head.replace("\n", "\r\n").encode("ascii") + mail.as_bytes()


def subscriptions_of(person_id: int) -> dict[str, Subscription]:
    """The lists a person is on or has left, by name."""
    mine = select(Subscription).where(Subscription.person_id == person_id)
    return {subscription.list: subscription for subscription in db.session.scalars(mine)}


def begin_lists(person_id: int, quarter_id: int) -> None:
    """Put a person on every list, for this quarter; who has left a list before stays off it. Inside atomic()."""
    now = clock.now()
    rows = [
        {
            "person_id": person_id,
            "quarter_id": quarter_id,
            "list": name,
            "token": tokens.random_token(),
            "created_at": now,
        }
        for name in lists()
    ]
    row = insert(Subscription).values(rows)
    db.session.execute(
        row.on_conflict_do_update(constraint="uq_subscription_person_list", set_={"quarter_id": quarter_id})
    )


def stop_lists(person_id: int, quarter_id: int) -> None:
    """The lists of a quarter end for somebody who moves; they begin anew with the next proof. What had been left stays
    left, in the new quarter too. Inside atomic()."""
    mine = Subscription.person_id == person_id
    db.session.execute(delete(Subscription).where(mine, Subscription.is_on))
    db.session.execute(update(Subscription).where(mine).values(quarter_id=quarter_id))


def forget_quarter(quarter_id: int) -> None:
    """Before a quarter goes: its lists end, mail that was promised because of it is not sent, what was sent stays noted. Inside
    atomic(), on the owner's connection. Not one of the hooks of quarters: that room stands above this one."""
    db.session.execute(delete(Subscription).where(Subscription.quarter_id == quarter_id))
    of_it = Delivery.quarter_id == quarter_id
    open_ = Delivery.state.not_in(ledger.ENDED)
    db.session.execute(update(Delivery).where(of_it, open_).values(state=DeliveryState.SKIPPED))
    db.session.execute(update(Delivery).where(of_it).values(quarter_id=None))


def choose_lists(person_id: int, wanted: Mapping[str, bool]) -> None:
    """Switch lists on or off; those not named stay as they are. Inside atomic()."""
    for name, is_on in wanted.items():
        changed = Subscription.person_id == person_id, Subscription.list == name, Subscription.is_on.is_(not is_on)
        values: dict[str, Any] = {"is_on": is_on}
        if is_on:
            # What happened while it was off is not sent after.
            values |= {"told_up_to": id_at(clock.now()), "heard_up_to": None}
        db.session.execute(update(Subscription).where(*changed).values(**values))


def subscription_by_token(token: str) -> Subscription | None:
    """The subscription a link names, if it still exists."""
    return db.session.scalar(select(Subscription).where(Subscription.token == token))


def leave(token: str) -> bool:
    """End one subscription; again does no harm. False where the token names none. Commits."""
    with atomic():
        left = db.session.execute(update(Subscription).where(Subscription.token == token).values(is_on=False))
        return bool(left.rowcount)  # type: ignore[attr-defined]


def suppressed(emails: Iterable[str]) -> set[str]:
    """Those of these addresses that take no list mail at the moment."""
    hashes = {keyed_hash("suppression", email.lower()): email for email in emails}
    held_back = select(Suppression.address_hash).where(
        among(Suppression.address_hash, hashes), or_(Suppression.until.is_(None), Suppression.until > clock.now())
    )
    return {hashes[key] for key in db.session.scalars(held_back)}


def preview(key: str, language: str) -> Written:
    """A notice with invented values, for the eye and for tests."""
    return Notice.registry[key]().specimen(Mailbox("nachbarin@example.org", language, "Hannelore W."))
