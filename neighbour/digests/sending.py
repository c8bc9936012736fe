"""Sending what a period promised: workers lease rows in batches, compose, hand over, settle each right after its answer.

A batch reads once – the edition, the mailboxes – and asks at this last moment who still lives in the quarter and still wants
the digest. No transaction is open while the mail server is spoken to.
"""

from __future__ import annotations

import logging
import uuid
from datetime import date
from email.utils import format_datetime, formataddr
from typing import NamedTuple

from sqlalchemy import or_, select

from config import Config
from neighbour.contributions import alerts, muting
from neighbour.contributions.muting import Muted
from neighbour.contributions.readers import reader_by_number
from neighbour.contributions.sections import wishes_of
from neighbour.core import clock, i18n, scope
from neighbour.core.columns import among
from neighbour.core.db import db, finish_reading
from neighbour.core.mail import Answer, Outcome, Transport
from neighbour.digests import compose
from neighbour.digests.edition import FIRST, Book, book, first_since, moment_of, now_cut
from neighbour.digests.models import Edition
from neighbour.digests.portions import Portions
from neighbour.digests.service import NOTICE, subscription_of
from neighbour.notices import ledger
from neighbour.notices.base import Mailbox, mailboxes_of
from neighbour.notices.envelope import envelope_from, host_of, sender_of
from neighbour.notices.models import Subscription
from neighbour.notices.service import suppressed
from neighbour.policy import Level
from neighbour.residency.models import Membership

log = logging.getLogger("neighbour.digests")

BATCH = 100


class MailReader(NamedTuple):
    """Where a reader is reached, whether they have proven to live in the quarter (or are vouched for), and what they have
    silenced."""

    mailbox: Mailbox
    is_proven: bool
    muted: Muted = muting.NOTHING


def send(quarter_id: int, period: str, config: Config, transport: Transport | None = None) -> int:
    """Send what is waiting of a quarter's issue until nothing is left; gives how many mails the server took.

    Stops when the mail server is away: the rows stay in the ledger and are asked for again.
    """
    line = transport or Transport(config.smtp_url)
    taken = 0
    try:
        while rows := ledger.lease_some(NOTICE, quarter_id, period, BATCH):
            taken += send_batch(rows, config, line)
    finally:
        if transport is None:
            line.close()
    return taken


def send_batch(rows: list[ledger.Leased], config: Config, transport: Transport) -> int:
    """Compose, hand over and settle these rows (of one quarter and period); gives how many the server took."""
    quarter_id = rows[0].quarter_id
    assert quarter_id is not None  # every row of an issue has its quarter
    with scope.use(scope.Viewer(None, (quarter_id,))):
        portions = portions_for(quarter_id, rows)
        readers = readers_of(rows, quarter_id)
        finish_reading()
    common, sender, taken = common_for(config), envelope_from(config), 0
    for row in ledger.while_held(rows):
        message_id = ledger.message_id(row, common.host)
        reader = readers.get(row.person_id)
        try:
            mail = write(portions, row, reader, common, message_id) if portions and reader else None
        except ValueError as error:  # an address no header can carry
            ledger.settle(row, Answer(Outcome.REFUSED, str(error)), message_id)
            continue
        if mail is None or reader is None:
            ledger.skip(row)
            continue
        answer = transport.hand_over(sender, reader.mailbox.email, mail)
        taken += ledger.settle(row, answer, message_id) == "sent"
    return taken


def write(
    portions: Portions, row: ledger.Leased, reader: MailReader, common: compose.Common, message_id: str
) -> bytes | None:
    """A reader's mail as bytes, None when nothing is left for them. Raises ValueError for an address that is none."""
    mailbox = reader.mailbox
    language = mailbox.language if mailbox.language in i18n.LANGUAGES else i18n.LANGUAGES[0]
    wanted = row.payload
    body = portions.of(
        row.person_id,
        wanted["since"],
        includes_nearby=wanted["nearby"],
        is_proven=reader.is_proven,
        language=language,
        muted=reader.muted,
        heard=wanted.get("heard", ""),
        reads_from=wanted.get(
            "reads_from"
        ),  # promised before there was one: of what has become of things nothing is said
    )
    if body is None:
        return None
    return compose.compose(
        portions.frame(language),
        body,
        common=common,
        to=mailbox.email,
        name=mailbox.name,
        token=wanted["token"],
        message_id=message_id,
    )


def preview(person_id: int, config: Config) -> tuple[bytes, Book] | None:
    """Exactly what would be sent to a person if the issue were cut now; None for nothing or no subscription."""
    subscription = subscription_of(person_id)
    mailbox = mailboxes_of([person_id]).get(person_id)
    if subscription is None or mailbox is None:
        return None
    cut, at = now_cut()
    since = first_since(subscription.told_up_to, at)
    heard = subscription.heard_up_to or since
    quarter_id = subscription.quarter_id
    payload = {
        "since": str(since),
        "nearby": subscription.includes_nearby,
        "token": subscription.token,
        "heard": str(heard),
        "reads_from": None if subscription.told_up_to is None else (subscription.created_at - FIRST).isoformat(),
    }
    last = select(Edition.number).where(Edition.quarter_id == quarter_id).order_by(Edition.number.desc()).limit(1)
    number = 1 + (db.session.scalar(last) or 0)
    proven = reader_by_number(person_id).proven
    with scope.use(scope.Viewer(None, (quarter_id,))):
        edition = book(quarter_id, number, cut, at, since, heard)
        portions = _portions(edition, [person_id])
    row = ledger.Leased(uuid.UUID(int=0), person_id, NOTICE, "", "preview", quarter_id, payload, 0, at, at)
    common = common_for(config)
    silenced = muting.of_readers([person_id]).get(person_id, muting.NOTHING)
    reader = MailReader(mailbox, quarter_id in proven, silenced)
    mail = write(portions, row, reader, common, ledger.message_id(row, common.host))
    return None if mail is None else (mail, edition)


def portions_for(quarter_id: int, rows: list[ledger.Leased]) -> Portions | None:
    """What these readers can get of their edition; None if there is no edition. The viewer reads the quarter."""
    row = db.session.get(Edition, (quarter_id, rows[0].period))
    if row is None:
        return None
    since = min(uuid.UUID(text) for text in {each.payload["since"] for each in rows})
    heard = min(uuid.UUID(text) for text in {each.payload.get("heard", each.payload["since"]) for each in rows})
    edition = book(quarter_id, row.number, row.cut, moment_of(row.cut), since, heard)
    return _portions(edition, [each.person_id for each in rows])


def _portions(edition: Book, people: list[int]) -> Portions:
    """What these readers get of it, each question asked once for all of them; on most days nothing is urgent."""
    urgent = [entry.id for entry in edition.entries if entry.card.is_urgent]
    wishes = wishes_of(people, [entry.id for entry in edition.entries])
    return Portions(edition, wishes, alerts.mailed_to(people, urgent) if urgent else {})


def readers_of(rows: list[ledger.Leased], quarter_id: int) -> dict[int, MailReader]:
    """Who of these still lives in the quarter, still wants the digest on this day, and can be written to."""
    day = date.fromisoformat(rows[0].period)
    levels, found = _reached([row.person_id for row in rows], quarter_id, day)
    silenced = muting.of_readers(found)
    return {
        person_id: MailReader(mailbox, levels[person_id] == Level.VERIFIED, silenced.get(person_id, muting.NOTHING))
        for person_id, mailbox in found.items()
    }


def reaches(person_id: int, day: date) -> bool:
    """Whether an issue of this day comes to this person if it has something for them: they want it, are not away, and can be
    written to."""
    subscription = subscription_of(person_id)
    return bool(subscription and _reached([person_id], subscription.quarter_id, day)[1])


def _reached(people: list[int], quarter_id: int, day: date) -> tuple[dict[int, Level], dict[int, Mailbox]]:
    still = (
        select(Membership.person_id, Membership.level)
        .join(
            Subscription,
            (Subscription.person_id == Membership.person_id)
            & (Subscription.quarter_id == Membership.quarter_id)
            & (Subscription.list == compose.LIST),
        )
        .where(
            among(Membership.person_id, people),
            Membership.quarter_id == quarter_id,
            Membership.reads_board(),
            Subscription.is_on,
            or_(Subscription.paused_until.is_(None), Subscription.paused_until < day),
        )
    )
    levels = {row.person_id: row.level for row in db.session.execute(still)}
    found = mailboxes_of(list(levels))
    held_back = suppressed(mailbox.email for mailbox in found.values())
    return levels, {
        person_id: mailbox
        for person_id, mailbox in found.items()
        if mailbox.takes_mail and not mailbox.is_closed and mailbox.email not in held_back
    }


def common_for(config: Config) -> compose.Common:
    """What is the same in all mails sent now."""
    sender = sender_of(config)
    return compose.Common(
        sender=formataddr((sender.display_name, sender.addr_spec)),
        date=format_datetime(clock.now()),
        host=host_of(config),
        site=config.site_url,
    )
