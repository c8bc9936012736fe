"""The delivery ledger: what must reach somebody is a row here, written with its cause.

States: pending → leased → sent | skipped | failed | parked. A worker leases rows (SKIP LOCKED, so no two hold the
same), ends the transaction, talks to the mail server, and settles each row right after its answer. A lease that runs
out means the worker died; after three deaths the row is parked and shown to the operator. The Message-ID is a keyed
hash of the row's unique key, so however often a row is tried, it is one message.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from neighbour.core import clock, jobs
from neighbour.core.columns import new_id
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import atomic, db
from neighbour.core.jobs import Job
from neighbour.core.mail import Answer, Outcome, retry_at
from neighbour.notices.models import Delivery, DeliveryState

LEASE = timedelta(minutes=5)  # outlives the longest exchange of a batch: every SMTP step has 20 s
MOST_DEATHS = 3
KEPT = timedelta(days=30)
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


def promise(
    person_id: int,
    notice: str,
    *,
    subject_key: str = "",
    period: str = "",
    payload: dict[str, Any],
    quarter_id: int | None = None,
) -> bool:
    """Write a row unless its key is there already; ask for delivery after the commit. Inside atomic()."""
    row = insert(Delivery).values(
        id=new_id(),
        person_id=person_id,
        notice=notice,
        subject_key=subject_key,
        period=period,
        channel="mail",
        quarter_id=quarter_id,
        payload=payload,
        due_at=clock.now(),
        created_at=clock.now(),
    )
    key = db.session.execute(row.on_conflict_do_nothing().returning(Delivery.id)).scalar_one_or_none()
    if key is None:
        return False
    jobs.enqueue(Job.NOTICES_DELIVER, key)
    return True


_LEASE = text("""
    UPDATE delivery d SET state = 'leased', lease_until = :until, attempts = attempts + 1,
           deaths = deaths + CASE WHEN d.state = 'leased' THEN 1 ELSE 0 END
    FROM (SELECT id FROM delivery
          WHERE state IN ('pending', 'leased') AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
            AND deaths < :deaths AND (CAST(:id AS uuid) IS NULL OR id = :id)
            AND (CAST(:notice AS text) IS NULL OR (notice = :notice AND quarter_id = :quarter AND period = :period))
          ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED) due
    WHERE d.id = due.id
    RETURNING d.id, d.person_id, d.notice, d.subject_key, d.period, d.quarter_id, d.payload, d.attempts, d.created_at
""")


def lease(
    *,
    delivery_id: uuid.UUID | None = None,
    notice: str | None = None,
    quarter_id: int | None = None,
    period: str | None = None,
    most: int = 1,
) -> list[Leased]:
    """Take up to ``most`` rows that are due: one by its id, or those of a notice, quarter and period. Commits."""
    now = clock.now()
    values = {
        "now": now,
        "until": now + LEASE,
        "deaths": MOST_DEATHS,
        "id": delivery_id,
        "notice": notice,
        "quarter": quarter_id,
        "period": period,
        "most": most,
    }
    with atomic():
        return [Leased(**row._mapping) for row in db.session.execute(_LEASE, values)]


def settle(row: Leased, answer: Answer, message_id: str) -> DeliveryState:
    """Write down what became of a row; gives its new state. Commits."""
    now = clock.now()
    state, due = DeliveryState.SENT, None
    if answer.outcome is Outcome.REFUSED:
        state = DeliveryState.FAILED
    elif answer.outcome is not Outcome.SENT:
        due = retry_at(now, row.created_at, row.attempts)
        state = DeliveryState.PENDING if due else DeliveryState.FAILED
    values: dict[str, Any] = {"state": state, "lease_until": None, "message_id": message_id}
    values["last_error"] = None if state is DeliveryState.SENT else answer.text
    if state is DeliveryState.SENT:
        values["sent_at"] = now
    if due is not None:
        values["due_at"] = due
    with atomic():
        db.session.execute(update(Delivery).where(Delivery.id == row.id).values(**values))
    return state


def skip(row: Leased) -> None:
    """Nothing left to say, or nobody there any more. Commits."""
    with atomic():
        db.session.execute(
            update(Delivery).where(Delivery.id == row.id).values(state=DeliveryState.SKIPPED, lease_until=None)
        )


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
        lingering = select(Delivery.id).where(
            Delivery.state.in_((DeliveryState.PENDING, DeliveryState.LEASED)),
            Delivery.due_at <= now - timedelta(seconds=30),
            (Delivery.lease_until.is_(None)) | (Delivery.lease_until <= now),
        )
        found = db.session.scalars(lingering.order_by(Delivery.due_at).limit(most)).all()
        for key in found:
            jobs.enqueue(Job.NOTICES_DELIVER, key)
    return len(found)


def purge() -> int:
    """Forget rows that ended 30 days ago; gives how many."""
    with atomic():
        gone = db.session.execute(
            delete(Delivery).where(Delivery.state.in_(ENDED), Delivery.created_at < clock.now() - KEPT)
        )
        return int(gone.rowcount)  # type: ignore[attr-defined]


def counts() -> dict[str, int]:
    """How many rows stand in each state."""
    rows = db.session.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
    return {str(state): count for state, count in rows}


def parked() -> Sequence[Delivery]:
    """Rows that were given up on, for the operator."""
    return db.session.scalars(
        select(Delivery).where(Delivery.state == DeliveryState.PARKED).order_by(Delivery.id)
    ).all()
