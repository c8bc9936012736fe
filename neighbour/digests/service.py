"""Opening a period: who is promised an issue.

For each quarter with readers one transaction makes the edition, a ledger row for every reader who has something new, and
moves the readers' marks. Whoever does it, and however often it is interrupted, each (quarter, period) is opened once,
because its edition is a unique row. What was promised here is sent by ``sending``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Uuid, select, text, update

from neighbour.core import clock, jobs, scope
from neighbour.core.columns import id_at
from neighbour.core.db import atomic, db, finish_reading
from neighbour.core.jobs import Job, Period
from neighbour.digests.compose import LIST
from neighbour.digests.edition import FIRST, MOST_LOOKED_AT, first_since, moment_of
from neighbour.digests.models import Edition
from neighbour.digests.news import reasons
from neighbour.digests.when import due_period, issue_time
from neighbour.notices.models import Subscription
from neighbour.notices.service import choose_lists

NOTICE, JOB = "digests.issue", "digest"
PER_TASK = 400  # rows a task is asked for; several tasks share a large quarter

_READERS = f"""
    FROM subscription s JOIN membership m ON m.person_id = s.person_id AND m.quarter_id = s.quarter_id
         AND m.ended_at IS NULL AND m.level <> 'unproven'
    WHERE s.quarter_id = :quarter AND s.list = '{LIST}' AND s.is_on
      AND (s.paused_until IS NULL OR s.paused_until < :day)
"""
# Nothing new → no row, no mail, and what a reader has had as an alert by a mail of its own is not new; but whoever was told of an
# event hears that it is off (``told``), unless a mail has said so. The reader's own contributions are not news to them. What is
# new in the quarter is looked up once, and as far back as an edition looks: asked per reader, a large city took minutes to open.
# What was widened to it later is new from then on.
_PROMISE = text(f"""
    WITH reader AS MATERIALIZED (
        SELECT s.person_id, coalesce(s.told_up_to, :first) AS since, s.includes_nearby, s.token,
               coalesce(s.heard_up_to, s.told_up_to, :first) AS heard,
               CASE WHEN s.told_up_to IS NOT NULL THEN s.created_at - interval '{FIRST.days} days' END AS reads_from {_READERS}
    ), item AS MATERIALIZED (
        SELECT r.id, r.key, r.is_home, c.author_id FROM (
            (SELECT r.contribution_id AS id, r.contribution_id AS key, r.is_home FROM reach r
             WHERE r.quarter_id = :quarter AND r.contribution_id > (SELECT since FROM reader ORDER BY since LIMIT 1)
                   AND r.contribution_id < :cut AND r.since IS NULL
             ORDER BY r.contribution_id DESC LIMIT {MOST_LOOKED_AT})
            UNION ALL
            SELECT r.contribution_id, r.since, r.is_home FROM reach r
            WHERE r.quarter_id = :quarter AND r.since > (SELECT since FROM reader ORDER BY since LIMIT 1) AND r.since < :cut
        ) r JOIN contribution c ON c.id = r.id
    ), told AS MATERIALIZED (
        SELECT id, author_id, is_home, key, changed, at, known_at, string_to_array(told_by, ' ') AS told_by
        FROM jsonb_to_recordset(CAST(:told AS jsonb)) AS t(id uuid, author_id bigint, is_home boolean, key uuid, changed uuid,
             at timestamptz, known_at timestamptz, told_by text)
    )
    INSERT INTO delivery (id, person_id, notice, subject_key, period, channel, quarter_id, payload, due_at, created_at)
    SELECT gen_random_uuid(), person_id, '{NOTICE}', '', :period, 'mail', :quarter,
           jsonb_build_object('since', since, 'nearby', includes_nearby, 'token', token, 'heard', heard,
                              'reads_from', reads_from), :now, :now
    FROM reader
    WHERE EXISTS (SELECT 1 FROM item WHERE item.key > reader.since AND (item.is_home OR reader.includes_nearby)
                                       AND item.author_id <> reader.person_id AND NOT EXISTS
                    (SELECT 1 FROM delivery d WHERE d.person_id = reader.person_id AND d.notice = 'contributions.alert'
                     AND d.subject_key = '' AND d.payload ->> 'contribution' = item.id::text AND d.state IN ('leased', 'sent')))
       OR EXISTS (SELECT 1 FROM told WHERE told.changed > reader.heard AND told.key <= reader.since
                  AND told.known_at > reader.reads_from AND (told.is_home OR reader.includes_nearby)
                  AND told.author_id <> reader.person_id AND NOT EXISTS
                    (SELECT 1 FROM delivery d WHERE d.person_id = reader.person_id AND d.notice = ANY (told.told_by)
                     AND d.subject_key = told.id::text AND d.created_at >= told.at - interval '15 minutes'))
    ON CONFLICT DO NOTHING
""")  # noqa: S608  constants of this module only
_OLDEST_OF = text(f"SELECT coalesce(s.heard_up_to, s.told_up_to, :first) AS heard {_READERS} ORDER BY 1 LIMIT 1")
_OLDEST = _OLDEST_OF.columns(heard=Uuid)
# Of what is new nothing waits for the next issue; of what became of something it does where this morning brings none.
_MOVE_MARKS = text(f"""
    UPDATE subscription m SET told_up_to = :cut, heard_up_to = CASE WHEN EXISTS
      (SELECT 1 FROM delivery d WHERE d.person_id = m.person_id AND d.notice = '{NOTICE}' AND d.subject_key = ''
       AND d.period = :period AND d.channel = 'mail') THEN :cut ELSE coalesce(m.heard_up_to, m.told_up_to, :first) END
    WHERE id IN (SELECT s.id {_READERS})
""")  # noqa: S608
_WAITING_QUARTERS = text(f"""
    SELECT DISTINCT s.quarter_id FROM subscription s WHERE s.list = '{LIST}' AND s.is_on
      AND NOT EXISTS (SELECT 1 FROM edition e WHERE e.quarter_id = s.quarter_id AND e.period = :period) ORDER BY 1
""")  # noqa: S608


def subscription_of(person_id: int) -> Subscription | None:
    """A person's subscription to the digest, None before their first proof."""
    mine = select(Subscription).where(Subscription.person_id == person_id, Subscription.list == LIST)
    return db.session.scalar(mine)


def choose(subscription: Subscription, *, is_on: bool, includes_nearby: bool, paused_until: date | None) -> None:
    """What the reader wants from now on. The issue after a pause begins where the last one ended. Inside atomic()."""
    choose_lists(subscription.person_id, {LIST: is_on})
    if paused_until is not None and subscription.is_on:
        subscription.told_up_to = first_since(subscription.told_up_to, clock.now())
    subscription.includes_nearby, subscription.paused_until = includes_nearby, paused_until


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


def _told(values: dict[str, Any], at: datetime) -> str:
    """What has become, since the oldest mark of a quarter's readers, of what an issue has named, as JSON for ``_PROMISE``."""
    since = db.session.scalar(_OLDEST, values)
    found = reasons(values["quarter"], since, at) if since is not None else []
    rows = [{**each._asdict(), "known_at": moment_of(each.key), "told_by": " ".join(each.told_by)} for each in found]
    return json.dumps(rows, default=str)


def open_quarter(quarter_id: int, period: str, at: datetime) -> bool:
    """Make a quarter's issue, if nobody has: edition, ledger rows and marks in one transaction."""
    cut = id_at(at)
    values = {
        "quarter": quarter_id,
        "period": period,
        "day": date.fromisoformat(period),
        "cut": cut,
        "first": first_since(None, at),
        "now": clock.now(),
    }
    with scope.use(scope.Viewer(None, (quarter_id,))), atomic():
        values["told"] = _told(values, at)
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
