"""Forgetting what is old: one table (``rules``), one nightly job, one report.

The job knocks every hour. What ends within a day goes at every knock; the whole table is worked through once a night, from
three o'clock on, each line in transactions of its own, so a night that was broken off is finished an hour later. How many of
each went is the report of the night, to which the hours after it add.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from config import Config
from neighbour.accounts.models import Person
from neighbour.core import clock
from neighbour.core.db import atomic, db
from neighbour.mydata import erasing, notices
from neighbour.mydata.models import RetentionRun
from neighbour.mydata.rules import RULES, Rule

log = logging.getLogger("neighbour.mydata")

HOUR_OF_NIGHT = 3  # of the city
LATE = timedelta(hours=26)
AGAIN_AFTER = timedelta(minutes=50)  # a run that has not finished by then was killed


def retain(config: Config) -> bool:
    """Forget what is old: some every hour, all of it once a night. False when it is not the time for all of it, or somebody
    else is at it. Commits."""
    now = clock.now()
    local = now.astimezone(ZoneInfo(config.time_zone))
    if local.hour < HOUR_OF_NIGHT or not _claim(local.date(), now):
        _add(_forget(rule for rule in RULES if rule.is_hourly))
        return False
    forget_all(local.date())
    return True


def forget_all(day: date) -> dict[str, int]:
    """Every line of the table, now; gives how many of each, and keeps that as the report of the day. Commits."""
    begun, now = clock.monotonic(), clock.now()
    counts = {"came_back": erasing.replay()} | _forget(RULES)
    report = {
        "started_at": now,
        "finished_at": clock.now(),
        "milliseconds": int(1000 * (clock.monotonic() - begun)),
    }
    row = insert(RetentionRun).values(day=day, counts=counts, **report)
    with atomic():
        before = db.session.scalar(select(RetentionRun.counts).where(RetentionRun.day == day).with_for_update())
        report["counts"] = _sum(before or {}, counts)
        db.session.execute(row.on_conflict_do_update(index_elements=[RetentionRun.day], set_=report))
    log.info(
        "retention: %s", ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "nothing was old"
    )
    return counts


def _forget(rules: Iterable[Rule]) -> dict[str, int]:
    now = clock.now()
    return {rule.name: rule.forget(now - rule.period) for rule in rules}


def _add(counts: dict[str, int]) -> None:
    """What an hour forgot belongs to the report of the last night."""
    if not any(counts.values()):
        return
    with atomic():
        last = db.session.scalar(select(RetentionRun).order_by(RetentionRun.day.desc()).limit(1).with_for_update())
        if last is not None:
            last.counts = _sum(last.counts, counts)


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in [*one, *(n for n in other if n not in one)]}


def _claim(day: date, now: datetime) -> bool:
    """Whether this night is ours to do: nobody has done it, and nobody began it in the last hour."""
    row = insert(RetentionRun).values(day=day, started_at=now, counts={}, milliseconds=0)
    given_up = RetentionRun.finished_at.is_(None), RetentionRun.started_at < now - AGAIN_AFTER
    claim = row.on_conflict_do_update(
        index_elements=[RetentionRun.day], set_={"started_at": now}, where=given_up[0] & given_up[1]
    )
    with atomic():
        return db.session.execute(claim.returning(RetentionRun.day)).scalar_one_or_none() is not None


def runs(most: int = 14) -> list[RetentionRun]:
    """The last nights, newest first."""
    return list(db.session.scalars(select(RetentionRun).order_by(RetentionRun.day.desc()).limit(most)))


def is_late() -> bool:
    """Whether the last night that was finished is more than 26 hours ago; an instance that is younger is not late."""
    finished = db.session.scalar(select(func.max(RetentionRun.finished_at)))
    first = finished or db.session.scalar(select(func.min(Person.created_at)))
    return first is not None and clock.now() - first > LATE


def warn_if_late() -> int:
    """Tell every operator by mail, once a day; gives how many. Commits."""
    if not is_late():
        return 0
    day = clock.now().date().isoformat()
    with atomic():
        operators = db.session.scalars(select(Person.id).where(Person.is_operator, Person.status != "erased")).all()
        return sum(notices.RetentionLate.send(number, subject_key=day) for number in operators)
