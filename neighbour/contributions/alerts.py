"""Alerts: what is urgent is told by mail at once to everybody in its area, and its end to everybody who was told.

Of neighbours' alerts one a person and day: the row of the ledger has the day in its key. What those who help to run the quarter
call out is told always, each alert once, whatever else was told that day: its row has the alert in its key. The rows of a whole
area are written by one statement of the database (``promise_alert``, migration 0114): the author's eyes do not see who lives
there. They are sent in batches, one for each quarter. Nobody is left out because their writing is suspended or their digest
pauses.

However an alert ends before its time, whoever was told hears of it: of an all-clear at once, of one that was taken down or is not
urgent any more once the time to take that back is over.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, text

from neighbour.contributions import service
from neighbour.contributions.models import LONGEST_ALERT, URGENT, Contribution, State
from neighbour.core import clock, i18n, jobs
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.jobs import Job
from neighbour.core.text import clean_line

WORD_LENGTH = 200
PER_TASK = 400  # rows a task is asked for; several tasks share a large quarter
_PROMISE = text("SELECT quarter_id, told FROM promise_alert(:id, :period, :now)")
_CLEAR = text("SELECT clear_alert(:id, :word, :now)")
_MAILED = text("""
    SELECT d.person_id, d.payload ->> 'contribution' AS id FROM delivery d
    WHERE d.person_id = ANY (:people) AND d.notice = 'contributions.alert' AND d.state IN ('leased', 'sent')
      AND d.payload ->> 'contribution' = ANY (:ids) ORDER BY d.id
""")
_TELL_CLEAR = text("SELECT quarter_id, told FROM promise_all_clear(:id, :days, :period, :now, :due)")


def tell(contribution: Contribution, *, is_limited: bool = True) -> int:
    """Promise everybody in its area who has not been told of it a mail; gives how many. ``is_limited``: only those who had no
    such alert today, as any neighbour's; off: all of them. Inside atomic()."""
    db.session.flush()
    period = clock.today(i18n.zone()).isoformat() if is_limited else _own_period(contribution)
    values = {"id": contribution.id, "period": period, "now": clock.now()}
    return _send(Job.CONTRIBUTIONS_ALERT, period, db.session.execute(_PROMISE, values))


def mailed_to(people: Sequence[int], ids: Sequence[uuid.UUID]) -> dict[int, tuple[uuid.UUID, ...]]:
    """Which of these contributions readers have had by mail as something urgent, by the reader's number; whoever had none is not
    in it. One query, whatever their number."""
    found: dict[int, tuple[uuid.UUID, ...]] = {}
    for row in db.session.execute(_MAILED, {"people": list(people), "ids": [str(key) for key in ids]}):
        found[row.person_id] = (*found.get(row.person_id, ()), uuid.UUID(row.id))
    return found


def clear(contribution: Contribution, word: str) -> int:
    """Say that the danger is over, with a word (at most 200 characters) that stands there until the alert would have ended; gives
    how many are told. Its author can, and the quarter's team. Raises NotPossible where it is over already. Inside atomic()."""
    now = clock.now()  # one moment for both: what was cleared then is told
    if not db.session.scalar(_CLEAR, {"id": contribution.id, "word": clean_line(word), "now": now}):
        raise service.NotPossible(__("This alert is over already."))
    return _send(Job.CONTRIBUTIONS_ALL_CLEAR, _own_period(contribution), _promise_end(contribution, now, now))


def withdraw(contribution: Contribution) -> int:
    """Take any contribution down; where it was an alert that held, gives how many who were told of it hear of that too."""
    was_on = is_on(contribution)
    service.withdraw(contribution)
    return end_soon(contribution) if was_on else 0


def restore(contribution: Contribution, *, is_limited: bool = True) -> int:
    """Pin up again anything that was just taken down. Where it still holds as an alert, those are told whose mail was skipped
    because it did not hang when their turn came; gives how many. ``is_limited``: as for ``tell``. Raises NotPossible as
    ``service.restore`` does."""
    is_back = service.restore(contribution)
    return tell(contribution, is_limited=is_limited) if is_back and is_on(contribution) else 0


def end_soon(contribution: Contribution) -> int:
    """What held as an alert has just been taken down, or is not urgent any more: whoever was told hears so when the time to take
    that back is over, unless it was (``alert_notices.AllClear``). Gives how many; the sweep of the ledger sends them."""
    now = clock.now()
    return sum(count for _quarter, count in _promise_end(contribution, now, now + service.UNDO))


def held_by(person_id: int, *narrower: ColumnElement[bool]) -> list[Contribution]:
    """A person's own alerts that still hold, and are what else is asked for; not what they keep in an office."""
    mine = Contribution.author_id == person_id, Contribution.is_office.is_(False), Contribution.category == URGENT
    is_up = (
        Contribution.state == State.PUBLISHED,
        Contribution.solved_at.is_(None),
        Contribution.expires_at > clock.now(),
    )
    return list(db.session.scalars(select(Contribution).where(*mine, *is_up, *narrower)))


def take_down_all_of(person_id: int) -> None:
    """Take down every alert of somebody who goes, while it is still theirs; whoever was told hears of it. Should they come back,
    it does not: it was told to be over. Inside atomic()."""
    for alert in held_by(person_id):
        withdraw(alert)


def _promise_end(contribution: Contribution, now: datetime, due: datetime) -> Any:
    today, period = clock.today(i18n.zone()), _own_period(contribution)
    days = [(today - timedelta(days=back)).isoformat() for back in range(LONGEST_ALERT.days + 2)]
    values = {"id": contribution.id, "days": [period, *days], "period": period, "now": now, "due": due}
    return db.session.execute(_TELL_CLEAR, values)


def is_on(contribution: Contribution) -> bool:
    """Whether it is an alert that still holds."""
    return holds_until(contribution) is not None


def holds_until(contribution: Contribution) -> datetime | None:
    """Until when it holds as an alert; None for what is none, or is over."""
    is_up = contribution.category == URGENT and contribution.state == State.PUBLISHED and contribution.solved_at is None
    until = contribution.expires_at
    return until if is_up and until is not None and until > clock.now() else None


def _own_period(contribution: Contribution) -> str:
    """What stands in the ledger for something that is told once, on whatever day."""
    return str(contribution.id)


def _send(job: Job, period: str, promised: Any) -> int:
    """Ask for the batches of each quarter after the commit."""
    told = 0
    for quarter_id, count in promised:
        told += count
        for _task in range(0, count, PER_TASK):
            jobs.enqueue(job, quarter_id, period)
    return told
