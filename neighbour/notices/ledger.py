"""The delivery ledger: what must reach somebody is a row here, written with its cause.

States: pending → leased → sent | skipped | failed | parked. A worker leases rows (SKIP LOCKED, so no two hold the
same), ends the transaction, talks to the mail server, and settles each row right after its answer. The Message-ID is a
keyed hash of the row's unique key, so however often a row is tried, it is one message.

A lease that runs out means that its worker died. A dead batch does not tell which of its rows killed the worker, so those
are leased one by one from then on: the innocent get through, the culprit is parked after three deaths and shown to
the operator. SMTP knows no "exactly once": a worker killed between the server's answer and the commit sends that one
mail again, under the same Message-ID.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from neighbour.core import clock, jobs
from neighbour.core.asking import asked
from neighbour.core.columns import new_id
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import atomic, db
from neighbour.core.jobs import Job
from neighbour.core.mail import Answer, Outcome, retry_at
from neighbour.notices.models import Delivery, DeliveryState

AT_ONCE, FOLD_WITHIN = 3, timedelta(hours=1)  # so many of a kind to one person; the rest of the hour is one mail
LEASE = timedelta(minutes=5)
RENEW = timedelta(minutes=2)  # before a lease ends, longer than one mail can take: every SMTP step has 20 s
LINGERING = timedelta(seconds=30)  # due for so long, a row is asked for again
MOST_DEATHS = 3
KEPT = timedelta(days=30)
_batched: dict[str, Job] = {}
ENDED = (DeliveryState.SENT, DeliveryState.SKIPPED, DeliveryState.FAILED)


@dataclass(frozen=True)
class Leased:
    """A row a worker holds."""

    id: uuid.UUID
    person_id: int
    notice: str
    subject_key: str
    period: str
    quarter_id: int | None
    payload: dict[str, Any]
    attempts: int
    created_at: datetime
    lease_until: datetime
    mailbox_hash: bytes | None = None
    may_rush: bool = True
    is_counted: bool = False


def promise(
    person_id: int,
    notice: str,
    *,
    subject_key: str = "",
    period: str = "",
    payload: dict[str, Any],
    quarter_id: int | None = None,
    due_at: datetime | None = None,
    line: Mapping[str, Any] | None = None,
) -> bool:
    """Write a row unless its key is there already; ask for delivery after the commit, or when it is due. Inside atomic().

    line: where it stands in the line of an address nobody has confirmed (``strangers``)."""
    row = insert(Delivery).values(
        id=new_id(),
        person_id=person_id,
        notice=notice,
        subject_key=subject_key,
        period=period,
        channel="mail",
        quarter_id=quarter_id,
        payload=payload,
        due_at=due_at or clock.now(),
        created_at=clock.now(),
        **(line or {}),
    )
    key = db.session.execute(row.on_conflict_do_nothing().returning(Delivery.id)).scalar_one_or_none()
    if key is None:
        return False
    if due_at is None:
        jobs.enqueue(Job.NOTICES_DELIVER, key)
    return True


def promise_folded(person_id: int, notice: str, *, kind: str, subject_key: str, payload: dict[str, Any]) -> bool:
    """Like ``promise`` for the first few of a kind in an hour, so that nobody waits for the first. Those after them are one
    row, due when the hour is over, with what the earliest of them said: nobody's mailbox is filled by repeating something,
    and who takes that one back takes back all that came after it. Inside atomic()."""
    mark, now = keyed_hash("kind of mail", kind).hex()[:8], clock.now()
    lately = Delivery.person_id == person_id, Delivery.notice == notice, Delivery.created_at > now - FOLD_WITHIN
    same_kind = select(func.count()).select_from(Delivery).where(*lately, Delivery.subject_key.startswith(f"{mark} "))
    if (db.session.scalar(same_kind) or 0) < AT_ONCE:
        return promise(person_id, notice, subject_key=f"{mark} {subject_key}", payload=payload)
    over = now.replace(minute=0, second=0, microsecond=0) + FOLD_WITHIN
    rest = {**payload, "folded": True}
    return promise(
        person_id, notice, subject_key=f"{mark} folded", period=f"{over:%Y-%m-%d %H}", payload=rest, due_at=over
    )


_LEASE = text("""
    UPDATE delivery d SET state = 'leased', lease_until = :until, attempts = attempts + 1,
           deaths = deaths + CASE WHEN d.state = 'leased' THEN 1 ELSE 0 END
    FROM (SELECT id FROM delivery
          WHERE state IN ('pending', 'leased') AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
            AND deaths + CASE WHEN state = 'leased' THEN 1 ELSE 0 END BETWEEN :least AND :deaths
            AND (CAST(:id AS uuid) IS NULL OR id = :id)
            AND (CAST(:notice AS text) IS NULL OR (notice = :notice AND quarter_id = :quarter AND period = :period))
          ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED) due
    WHERE d.id = due.id
    RETURNING d.id, d.person_id, d.notice, d.subject_key, d.period, d.quarter_id, d.payload, d.attempts, d.created_at,
              d.lease_until, d.mailbox_hash, d.may_rush, d.is_counted
""")
_RENEW = text("""
    UPDATE delivery d SET lease_until = :until FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[])) AS mine (id, attempts)
    WHERE d.id = mine.id AND d.attempts = mine.attempts AND d.state = 'leased' RETURNING d.id
""")
# A mail that was taken is a fact, whoever holds the row by now; anything else may only be said by its holder.
_SENT = asked("""
    UPDATE delivery SET state = 'sent', sent_at = :now, message_id = :message_id, lease_until = NULL, last_error = NULL
    WHERE id = :id
""")
_ENDED = asked("""
    UPDATE delivery SET state = :state, due_at = coalesce(CAST(:due AS timestamptz), due_at), message_id = :message_id,
           lease_until = NULL, last_error = :error
    WHERE id = :id AND state = 'leased' AND attempts = :attempts
""")


def lease(*, delivery_id: uuid.UUID) -> list[Leased]:
    """Take one row, if it is due and nobody holds it. Commits."""
    return _lease(id=delivery_id, least=0, most=1)


def lease_some(notice: str, quarter_id: int, period: str, most: int) -> list[Leased]:
    """Take up to ``most`` due rows of a notice, quarter and period; those whose worker died come last, singly. Commits."""
    wanted: dict[str, Any] = {"notice": notice, "quarter": quarter_id, "period": period}
    return _lease(**wanted, least=0, deaths=0, most=most) or _lease(**wanted, least=1, most=1)


def _lease(**values: Any) -> list[Leased]:
    now = clock.now()
    given = {"id": None, "notice": None, "quarter": None, "period": None, "deaths": MOST_DEATHS - 1}
    with atomic():
        found = db.session.execute(_LEASE, given | values | {"now": now, "until": now + LEASE})
        return [Leased(*row) for row in found]


def renew(rows: list[Leased]) -> list[Leased]:
    """Hold these rows for longer, in the middle of a batch that is slow; gives those still held. Commits."""
    until = clock.now() + LEASE
    values = {"until": until, "ids": [row.id for row in rows], "attempts": [row.attempts for row in rows]}
    with atomic():
        held = set(db.session.scalars(_RENEW, values))
    return [replace(row, lease_until=until) for row in rows if row.id in held]


def while_held(rows: list[Leased]) -> Iterator[Leased]:
    """The rows one after the other; where a slow server has used up most of the lease, the rest is renewed first."""
    while rows:
        if rows[0].lease_until - clock.now() < RENEW:
            rows = renew(rows)
        if rows:
            row, *rows = rows
            yield row


def settle(row: Leased, answer: Answer, message_id: str) -> DeliveryState:
    """Write down what became of a row; gives its new state. Commits."""
    now = clock.now()
    if answer.outcome is Outcome.SENT:
        _SENT.at_once({"id": row.id, "now": now, "message_id": message_id})
        return DeliveryState.SENT
    due = None if answer.outcome is Outcome.REFUSED else retry_at(now, row.created_at, row.attempts)
    state = DeliveryState.PENDING if due else DeliveryState.FAILED
    _end(row, state, due=due, message_id=message_id, error=answer.text)
    return state


def _end(
    row: Leased,
    state: DeliveryState,
    *,
    due: datetime | None = None,
    message_id: str | None = None,
    error: str | None = None,
) -> None:
    values = {"state": str(state), "due": due, "message_id": message_id, "error": error}
    _ENDED.at_once(values | {"id": row.id, "attempts": row.attempts})


def skip(row: Leased) -> None:
    """Nothing left to say, or nobody there any more. Commits."""
    _end(row, DeliveryState.SKIPPED)


def put_off(row: Leased) -> None:
    """It cannot be sent now and may be later: tried again as with a server that is away, and given up as late. Commits."""
    due = retry_at(clock.now(), row.created_at, row.attempts)
    _end(row, DeliveryState.PENDING if due else DeliveryState.SKIPPED, due=due)


def message_id(row: Leased, host: str) -> str:
    """The Message-ID of a row: the same at every try (RFC 5322 section 3.6.4)."""
    key = f"{row.person_id}|{row.notice}|{row.subject_key}|{row.period}|mail"
    return f"<{keyed_hash('message-id', key).hex()[:40]}@{host}>"


def sweep(most: int = 500) -> int:
    """Ask again for what lingers, park what killed its worker three times; gives how many were asked for."""
    now = clock.now()
    with atomic():
        db.session.execute(
            update(Delivery)
            .where(
                Delivery.state == DeliveryState.LEASED, Delivery.lease_until <= now, Delivery.deaths >= MOST_DEATHS - 1
            )
            .values(state=DeliveryState.PARKED, lease_until=None, last_error="its worker died three times")
        )
        lingers = and_(
            Delivery.state.in_((DeliveryState.PENDING, DeliveryState.LEASED)),
            Delivery.due_at <= now - LINGERING,
            or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now),
        )
        batches = select(Delivery.notice, Delivery.quarter_id, Delivery.period).where(lingers).distinct()
        together = db.session.execute(batches.where(Delivery.notice.in_(_batched))).all()
        for notice, quarter_id, period in together:
            jobs.enqueue(_batched[notice], quarter_id, period)
        singly = select(Delivery.id).where(lingers, Delivery.notice.not_in(_batched)).order_by(Delivery.due_at)
        alone = db.session.scalars(singly.limit(most)).all()
        for key in alone:
            jobs.enqueue(Job.NOTICES_DELIVER, key)
    return len(together) + len(alone)


def send_in_batches(notice: str, job: Job) -> None:
    """Rows of this notice are not delivered one by one: ``job`` takes a quarter and a period and sends all of them."""
    _batched[notice] = job


def purge(before: datetime) -> int:
    """Forget rows that have ended, or were parked, and were written before; gives how many. Commits."""
    over = Delivery.state.in_((*ENDED, DeliveryState.PARKED))
    with atomic():
        gone = db.session.execute(delete(Delivery).where(over, Delivery.created_at < before))
        return int(gone.rowcount)  # type: ignore[attr-defined]


def counts() -> dict[str, int]:
    """How many rows stand in each state."""
    rows = db.session.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
    return {str(state): count for state, count in rows}


def fate_of(person_id: int, notice: str, about: dict[str, Any]) -> tuple[DeliveryState | None, datetime | None]:
    """What became of a notice whose payload says all of this: its state, and when a mail server took it. Of several the one that
    was taken first, else the latest; None where there is none, or no longer."""
    mine = Delivery.person_id == person_id, Delivery.notice == notice, Delivery.payload.contains(about)
    first = (
        select(Delivery.state, Delivery.sent_at).where(*mine).order_by(Delivery.sent_at, Delivery.id.desc()).limit(1)
    )
    row = db.session.execute(first).one_or_none()
    return (row.state, row.sent_at) if row is not None else (None, None)


def given_up() -> Sequence[Delivery]:
    """Rows that were parked or failed, for the operator."""
    gone = Delivery.state.in_((DeliveryState.PARKED, DeliveryState.FAILED))
    return db.session.scalars(select(Delivery).where(gone).order_by(Delivery.id)).all()


def put_back(*, at: datetime, with_failed: bool = False) -> int:
    """Give parked rows (and failed ones) another life from ``at`` on; gives how many. Their Message-IDs stay."""
    states = (DeliveryState.PARKED, DeliveryState.FAILED) if with_failed else (DeliveryState.PARKED,)
    again = {"state": DeliveryState.PENDING, "deaths": 0, "attempts": 0, "is_counted": False}
    again |= {"due_at": at, "created_at": at}
    with atomic():
        back = db.session.execute(update(Delivery).where(Delivery.state.in_(states)).values(**again))
        return int(back.rowcount)  # type: ignore[attr-defined]
