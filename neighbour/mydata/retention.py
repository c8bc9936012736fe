"""What is forgotten when: one table, one nightly job, one report.

Each line names a class of data, what of it, how long it is kept, and what forgets it. The privacy notice says the same in
words (``classes``). The job knocks every hour and works once a day from three o'clock on: each line in transactions of its
own, so a night that was broken off is finished an hour later. Nobody's eyes are open: what lies behind the wall is forgotten
by functions of the database that do just that (migration 0020).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from config import Config
from neighbour.accounts import service as accounts
from neighbour.accounts.models import Person
from neighbour.core import clock, limits
from neighbour.core.db import atomic, db
from neighbour.core.i18n import LazyText
from neighbour.core.i18n import lazy_gettext as __
from neighbour.mydata import erasing, files, inactivity, notices
from neighbour.mydata.models import RetentionRun
from neighbour.notices import ledger
from neighbour.notices.models import Suppression

log = logging.getLogger("neighbour.mydata")

HOUR_OF_NIGHT = 3  # of the city
LATE = timedelta(hours=26)
AGAIN_AFTER = timedelta(minutes=50)  # a run that has not finished by then was killed


@dataclass(frozen=True)
class Rule:
    """A line of the table. period: what is older goes; forget: takes the moment before which things are old, gives how many."""

    name: str
    kind: str
    what: LazyText
    period: timedelta
    forget: Callable[[datetime], int]


def _asks(statement: str) -> Callable[[datetime], int]:
    """A function of the database with the moment as its argument."""

    def forget(before: datetime) -> int:
        with atomic():
            return int(db.session.scalar(text(f"SELECT {statement}"), {"before": before, "at": clock.now()}) or 0)

    return forget


def _suppressions(before: datetime) -> int:
    over = or_(Suppression.until < clock.now(), Suppression.since < before)
    with atomic():
        return int(db.session.execute(delete(Suppression).where(over)).rowcount)  # type: ignore[attr-defined]


def _letter_files(before: datetime) -> int:
    old = [path for path in files.letters() if path.stat().st_mtime < before.timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _archives(before: datetime) -> int:
    """Archives at the end of their seven days, wishes of long ago, and files that no row knows any more."""
    with atomic():
        gone = db.session.scalar(text("SELECT forget_exports(:at, :before)"), {"at": clock.now(), "before": before})
        known = set(db.session.scalars(text("SELECT export_files()")))
    stray = files.strangers(known)
    for path in stray:
        path.unlink(missing_ok=True)
    return int(gone or 0)


def _delivered(_before: datetime) -> int:
    return ledger.purge()


def _accounts(_before: datetime) -> int:
    return accounts.purge()


def _counters(_before: datetime) -> int:
    return limits.purge()


DAY, MONTH, YEAR = timedelta(days=1), timedelta(days=30), timedelta(days=365)
#: the retention table; ``period`` of the lines that end by themselves is the longest time a row can lie after its end
RULES: tuple[Rule, ...] = (
    Rule("unconfirmed", "account", __("sign-ups never confirmed, sessions that are over"), accounts.UNCONFIRMED_FOR, _accounts),
    Rule("inactive", "account", __("accounts without a visit, after two reminders"), inactivity.AFTER, inactivity.look_after),
    Rule("missing", "home", __("addresses the register lacks"), 90 * DAY, _asks("forget_missing(:before)")),
    Rule("letter_files", "home", __("printed letters (files in INSTANCE_DIR/letters)"), 14 * DAY, _letter_files),
    Rule("codes", "proof", __("codes of letters, 30 days after printing"), timedelta(), _asks("forget_letter_codes(:before)")),
    Rule("letters", "proof", __("whose letter it was"), YEAR, _asks("forget_whose_letters(:before)")),
    Rule("memberships", "proof", __("quarters that were left, with their proofs"), YEAR, _asks("forget_memberships(:before)")),
    Rule("withdrawn", "contribution", __("what its author took down"), MONTH, _asks("forget_taken_down('withdrawn', :before)")),
    Rule("hidden", "contribution", __("what the operator took down"), YEAR, _asks("forget_taken_down('hidden', :before)")),
    Rule("mails", "mail", __("what was sent"), ledger.KEPT, _delivered),
    Rule("suppressions", "mail", __("fingerprints of addresses that take no mail"), 2 * YEAR, _suppressions),
    Rule("counters", "access", __("counters of attempts"), timedelta(hours=1), _counters),
    Rule("looks", "security", __("looks at addresses"), YEAR, _asks("forget_looks(:before)")),
    Rule("events", "security", __("events that matter for safety"), YEAR, _asks("forget_events(:before)")),
    Rule("archives", "requests", __("archives after seven days; the wishes after 30"), 30 * DAY, _archives),
)  # fmt: skip


def retain(config: Config) -> bool:
    """Forget what is old, once a night; False when it is not the time or somebody else is at it. Commits."""
    now = clock.now()
    local = now.astimezone(ZoneInfo(config.time_zone))
    if local.hour < HOUR_OF_NIGHT or not _claim(local.date(), now):
        return False
    forget_all(local.date())
    return True


def forget_all(day: date) -> dict[str, int]:
    """Every line of the table, now; gives how many of each, and keeps that as the report of the day. Commits."""
    begun, now = clock.monotonic(), clock.now()
    counts = {"came_back": erasing.replay()} | {rule.name: rule.forget(now - rule.period) for rule in RULES}
    report = {
        "started_at": now,
        "finished_at": clock.now(),
        "counts": counts,
        "milliseconds": int(1000 * (clock.monotonic() - begun)),
    }
    row = insert(RetentionRun).values(day=day, **report)
    with atomic():
        db.session.execute(row.on_conflict_do_update(index_elements=[RetentionRun.day], set_=report))
    log.info(
        "retention: %s", ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "nothing was old"
    )
    return counts


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
