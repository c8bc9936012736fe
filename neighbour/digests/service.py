"""Opening a period and sending its issues.

Opening: for each quarter with readers one transaction makes the edition, a ledger row for every reader who has something
new, and moves the readers' marks. Whoever does it, and however often it is interrupted, each (quarter, period) is opened
once, because its edition is a unique row. Sending: workers lease rows in batches, compose, hand over, settle each.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import format_datetime, formataddr

from sqlalchemy import select, text, update

from config import Config
from neighbour.core import clock, i18n, jobs, scope
from neighbour.core.columns import id_at
from neighbour.core.db import atomic, db, finish_reading
from neighbour.core.jobs import Job, Period
from neighbour.core.mail import Transport
from neighbour.digests import compose
from neighbour.digests.edition import Book, book, choose, first_since, framed, items, now_cut
from neighbour.digests.models import Edition
from neighbour.digests.when import due_period, issue_time
from neighbour.notices import ledger
from neighbour.notices.base import Mailbox, mailbox_of
from neighbour.notices.models import Subscription
from neighbour.notices.service import envelope_from, host_of, is_suppressed, sender_of
from neighbour.residency.models import Membership

log = logging.getLogger("neighbour.digests")

NOTICE, JOB = "digests.issue", "digest"
BATCH = 100
PER_TASK = 400  # rows a task is asked for; several tasks share a large quarter

_READERS = """
    FROM subscription s JOIN membership m ON m.person_id = s.person_id AND m.quarter_id = s.quarter_id
         AND m.ended_at IS NULL AND m.level <> 'unproven'
    WHERE s.quarter_id = :quarter AND s.list = 'digest' AND s.is_on
      AND (s.paused_until IS NULL OR s.paused_until < CAST(:period AS date))
"""
# Nothing new → no row, no mail. The reader's own contributions are not news to them.
_PROMISE = text(f"""
    INSERT INTO delivery (id, person_id, notice, subject_key, period, channel, quarter_id, payload, due_at, created_at)
    SELECT gen_random_uuid(), s.person_id, '{NOTICE}', '', :period, 'mail', :quarter,
           jsonb_build_object('since', coalesce(s.told_up_to, :first), 'nearby', s.includes_nearby, 'token', s.token),
           :now, :now
    {_READERS}
      AND EXISTS (SELECT 1 FROM reach r JOIN contribution c ON c.id = r.contribution_id
                  WHERE r.quarter_id = :quarter AND r.contribution_id > coalesce(s.told_up_to, :first)
                    AND r.contribution_id < :cut AND (r.is_home OR s.includes_nearby) AND c.author_id <> s.person_id)
    ON CONFLICT DO NOTHING
""")  # noqa: S608  constants of this module only
_MOVE_MARKS = text(f"UPDATE subscription SET told_up_to = :cut WHERE id IN (SELECT s.id {_READERS})")  # noqa: S608
_WAITING_QUARTERS = text("""
    SELECT DISTINCT s.quarter_id FROM subscription s WHERE s.list = 'digest' AND s.is_on
      AND NOT EXISTS (SELECT 1 FROM edition e WHERE e.quarter_id = s.quarter_id AND e.period = :period) ORDER BY 1
""")


def open_due(zone: str) -> int:
    """Open today's issues if it is time; gives how many quarters were opened by this call."""
    period = due_period(clock.now(), zone)
    return open_period(period, zone) if period else 0


def open_period(
    period: date, zone: str, *, at: datetime | None = None, progress: Callable[[int, int], None] | None = None
) -> int:
    """Open the issues of a day: the first call claims it, later ones go on where an interrupted one stopped."""
    key = period.isoformat()
    with scope.use(scope.NOBODY):
        jobs.once(JOB, key)
        if db.session.scalar(select(Period.state).where(Period.job == JOB, Period.key == key)) == "done":
            return 0
        waiting = [row[0] for row in db.session.execute(_WAITING_QUARTERS, {"period": key})]
        finish_reading()
    opened = 0
    for number, quarter_id in enumerate(waiting, 1):
        opened += open_quarter(quarter_id, key, at or issue_time(period, zone))
        if progress:
            progress(number, len(waiting))
    with scope.use(scope.NOBODY), atomic():
        db.session.execute(
            update(Period).where(Period.job == JOB, Period.key == key).values(state="done", done_at=clock.now())
        )
    return opened


def open_quarter(quarter_id: int, period: str, at: datetime) -> bool:
    """Make a quarter's issue, if nobody has: edition, ledger rows and marks in one transaction."""
    cut = id_at(at)
    values = {"quarter": quarter_id, "period": period, "cut": cut, "first": first_since(None, at), "now": clock.now()}
    with scope.use(scope.Viewer(None, (quarter_id,))), atomic():
        claim = text(
            "INSERT INTO edition (quarter_id, period, number, cut, readers, opened_at) SELECT :quarter, :period,"
            " 1 + coalesce(max(number), 0), :cut, 0, :now FROM edition WHERE quarter_id = :quarter"
            " ON CONFLICT DO NOTHING RETURNING number"
        )
        if db.session.execute(claim, values).scalar_one_or_none() is None:
            return False
        readers = db.session.execute(_PROMISE, values).rowcount  # type: ignore[attr-defined]
        db.session.execute(_MOVE_MARKS, values)
        db.session.execute(
            update(Edition).where(Edition.quarter_id == quarter_id, Edition.period == period).values(readers=readers)
        )
        for _task in range(0, readers, PER_TASK):
            jobs.enqueue(Job.DIGESTS_SEND, quarter_id, period)
    return True


def send(quarter_id: int, period: str, config: Config, *, transport: Transport | None = None) -> int:
    """Send what is waiting of a quarter's issue, in batches, until nothing is left; gives how many mails were taken."""
    own = transport is None
    line = transport or Transport(config.smtp_url)
    taken = 0
    try:
        while rows := ledger.lease(notice=NOTICE, quarter_id=quarter_id, period=period, most=BATCH):
            taken += send_batch(rows, config, line)
    finally:
        if own:
            line.close()
    return taken


def send_one(row: ledger.Leased, config: Config) -> None:
    """Send a single row, as the sweep asks for it."""
    with Transport(config.smtp_url) as transport:
        send_batch([row], config, transport)


def send_batch(rows: list[ledger.Leased], config: Config, transport: Transport) -> int:
    """Compose, hand over and settle these rows (of one quarter and period); gives how many the server took."""
    quarter_id = rows[0].quarter_id
    assert quarter_id is not None  # every row of an issue has its quarter
    with scope.use(scope.Viewer(None, (quarter_id,))):
        edition = _edition(quarter_id, rows[0].period, min(uuid.UUID(row.payload["since"]) for row in rows))
        mailboxes = _mailboxes(rows, quarter_id)
        finish_reading()
    common, taken = _common(config), 0
    for row in rows:
        mailbox = mailboxes.get(row.person_id)
        if edition is None or mailbox is None:
            ledger.skip(row)
            continue
        message_id = ledger.message_id(row, common.host)
        mail = write(edition, row, mailbox, common, message_id)
        if mail is None:
            ledger.skip(row)
            continue
        answer = transport.hand_over(envelope_from(config), mailbox.email, mail)
        taken += ledger.settle(row, answer, message_id) == "sent"
    return taken


def write(edition: Book, row: ledger.Leased, mailbox: Mailbox, common: compose.Common, message_id: str) -> bytes | None:
    """A reader's mail as bytes, None when nothing is left for them."""
    chosen = choose(edition, row.person_id, uuid.UUID(row.payload["since"]), includes_nearby=row.payload["nearby"])
    if chosen.is_empty:
        return None
    language = mailbox.language if mailbox.language in i18n.LANGUAGES else "de"
    return compose.compose(
        framed(edition, language),
        items(edition, chosen, language),
        common=common,
        to=mailbox.email,
        name=mailbox.name,
        token=row.payload["token"],
        message_id=message_id,
    )


def _edition(quarter_id: int, period: str, since: uuid.UUID) -> Book | None:
    row = db.session.get(Edition, (quarter_id, period))
    if row is None:
        return None
    return book(quarter_id, row.number, row.cut, moment_of(row.cut), since)


def moment_of(cut: uuid.UUID) -> datetime:
    """The moment a cut was made at: the time inside a UUIDv7."""
    return datetime.fromtimestamp((cut.int >> 80) / 1000, tz=UTC)


def _mailboxes(rows: list[ledger.Leased], quarter_id: int) -> dict[int, Mailbox]:
    """Who of these still lives in the quarter, still wants the digest, and can be written to. Asked at the last moment."""
    people = [row.person_id for row in rows]
    still = (
        select(Membership.person_id)
        .join(Subscription, (Subscription.person_id == Membership.person_id) & (Subscription.list == "digest"))
        .where(
            Membership.person_id.in_(people),
            Membership.quarter_id == quarter_id,
            Membership.ended_at.is_(None),
            Membership.level != "unproven",
            Subscription.is_on,
        )
    )
    found = {}
    for person_id in db.session.scalars(still):
        mailbox = mailbox_of(person_id)
        if mailbox is not None and mailbox.takes_mail and not is_suppressed(mailbox.email):
            found[person_id] = mailbox
    return found


def _common(config: Config) -> compose.Common:
    return compose.Common(
        sender=_encoded_sender(config),
        date=format_datetime(clock.now()),
        host=host_of(config),
        site=config.site_url,
        mailto=envelope_from(config),
    )


def _encoded_sender(config: Config) -> str:
    sender = sender_of(config)
    return formataddr((sender.display_name, sender.addr_spec))


def preview(person_id: int, config: Config) -> tuple[bytes, Book] | None:
    """Exactly what would be sent to a person if the issue were cut now; None for nothing or no subscription."""
    subscription = db.session.scalar(
        select(Subscription).where(Subscription.person_id == person_id, Subscription.list == "digest")
    )
    mailbox = mailbox_of(person_id)
    if subscription is None or mailbox is None:
        return None
    cut, at = now_cut()
    since = first_since(subscription.told_up_to, at)
    last = (
        select(Edition.number)
        .where(Edition.quarter_id == subscription.quarter_id)
        .order_by(Edition.number.desc())
        .limit(1)
    )
    quarter_id, nearby, token = subscription.quarter_id, subscription.includes_nearby, subscription.token
    number = 1 + (db.session.scalar(last) or 0)
    with scope.use(scope.Viewer(None, (quarter_id,))):
        edition = book(quarter_id, number, cut, at, since)
    row = ledger.Leased(
        id=uuid.UUID(int=0),
        person_id=person_id,
        notice=NOTICE,
        subject_key="",
        period="preview",
        quarter_id=quarter_id,
        payload={"since": str(since), "nearby": nearby, "token": token},
        attempts=0,
        created_at=at,
    )
    common = _common(config)
    mail = write(edition, row, mailbox, common, ledger.message_id(row, common.host))
    return None if mail is None else (mail, edition)
