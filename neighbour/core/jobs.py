"""Names of jobs, and how they are asked for.

A job is asked for by name with ids only, after the surrounding ``atomic()`` has committed. The broker is a
hint: what must happen stands in a row (a delivery, a period) that a sweep finds again. Nothing here imports
``workers``; they take the names from here.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from celery import Celery
from flask import Flask, current_app
from kombu import pools
from sqlalchemy import CheckConstraint, DateTime, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from config import Config
from neighbour.core import broker, clock
from neighbour.core.columns import pk_int, when
from neighbour.core.db import Base, after_commit, atomic, db


class Job(StrEnum):
    """Every job there is. Each has a task of the same name in ``workers`` (a guard test compares)."""

    NOTICES_DELIVER = "notices.deliver"
    NOTICES_SWEEP = "notices.sweep"
    DIGESTS_OPEN = "digests.open"
    DIGESTS_SEND = "digests.send"
    CONTRIBUTIONS_NUDGE = "contributions.nudge"
    CONTRIBUTIONS_ALERT = "contributions.alert"
    CONTRIBUTIONS_ALL_CLEAR = "contributions.all_clear"
    CONTRIBUTIONS_WIDEN = "contributions.widen"
    RESIDENCY_REMIND = "residency.remind"
    ACCOUNTS_RESETS = "accounts.resets"
    ACCOUNTS_DISPUTES = "accounts.disputes"
    ACCOUNTS_REMIND = "accounts.remind"
    MYDATA_EXPORT = "mydata.export"
    MYDATA_ERASE = "mydata.erase"
    MYDATA_SWEEP = "mydata.sweep"
    MYDATA_RETAIN = "mydata.retain"
    QUARTERS_CHANGE = "quarters.change"
    QUARTERS_OPEN = "quarters.open"
    RESIDENCY_PROOFS = "residency.proofs"
    RESIDENCY_NAMESAKES = "residency.namesakes"
    OFFERS_TEND = "offers.tend"
    RESIDENCY_PRINT = "residency.print"
    EVENTS_AHEAD = "events.ahead"
    EVENTS_OFFERS = "events.offers"
    EVENTS_REMIND = "events.remind"
    PHOTOS_DRAW = "photos.draw"
    PHOTOS_SWEEP = "photos.sweep"
    SEARCH_LEARN = "search.learn"


class Period(Base):
    """A piece of periodic work and the period it is for: whoever inserts the row does the work."""

    __tablename__ = "period"
    __table_args__ = (
        UniqueConstraint("job", "key", name="uq_period_job_key"),
        CheckConstraint("state IN ('open', 'done')", name="state"),
    )

    id: Mapped[pk_int]
    job: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, default="open")
    opened_at: Mapped[when] = mapped_column(default=clock.now)
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), default=None)


def init_app(app: Flask, config: Config) -> None:
    """Give the application a way to send jobs; tests replace ``app.extensions['send_job']``."""
    # Celery sets it at the first job, and where two threads send their first at once, the pool is in use by then.
    pools.set_limit(broker.POOL)
    sender = Celery("neighbour", set_as_current=False)
    sender.conf.update(broker.settings(config))
    app.extensions["send_job"] = lambda name, args: sender.send_task(
        name, args=args, ignore_result=True, retry=False, queue=queue_of(name)
    )


def queue_of(job: str) -> str:
    """The queue of the job ``room.verb``: one for each room that has jobs (``workers/queues.py``)."""
    return job.partition(".")[0]


def enqueue(job: Job, *ids: Any) -> None:
    """Ask for a job after the commit. A broker that is away is no error: the sweep asks again."""
    send = current_app.extensions["send_job"]
    arguments = [str(each) if not isinstance(each, int | str | None) else each for each in ids]

    def speak() -> None:
        try:
            send(str(job), arguments)
        except Exception:
            current_app.logger.warning("could not enqueue %s; the sweep will", job, exc_info=True)

    after_commit(speak)


def once(job: str, key: str) -> bool:
    """Claim a period: True for exactly one caller, however many beats run. Commits with the surrounding atomic()."""
    with atomic():
        claim = insert(Period).values(job=job, key=key, opened_at=clock.now(), state="open")
        claimed = db.session.execute(claim.on_conflict_do_nothing().returning(Period.id))
        return claimed.scalar_one_or_none() is not None
