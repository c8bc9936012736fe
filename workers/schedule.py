"""The whole beat table, one line per periodic job.

Beat only knocks: what is due is worked out from the database, and each period is claimed there once (``jobs.once``).
So beat keeps no schedule file, any number of beats may run, and one that was away catches up at its next knock.
"""

from __future__ import annotations

from celery.schedules import crontab, schedule

from neighbour.core.jobs import Job

HOUR = 3600.0

SCHEDULE: dict[Job, schedule] = {
    Job.NOTICES_SWEEP: schedule(60),  # deliveries that linger are asked for again
    Job.DIGESTS_OPEN: schedule(60),  # editions whose hour has come
    Job.CONTRIBUTIONS_WIDEN: schedule(300),  # what nobody has answered goes next door, by day
    Job.CONTRIBUTIONS_NUDGE: crontab(minute="17", hour="*"),
    Job.RESIDENCY_REMIND: crontab(minute="7", hour="*"),
    Job.ACCOUNTS_RESETS: crontab(minute="37", hour="*"),  # 72 hours after they were asked for
    Job.ACCOUNTS_DISPUTES: schedule(300),  # a day after the older mailbox said so
    Job.ACCOUNTS_REMIND: crontab(minute="12", hour="*"),  # on Mondays, of quarrels that wait for an operator
    Job.MYDATA_SWEEP: schedule(60),  # archives and erasures that wait
    Job.MYDATA_RETAIN: crontab(minute="7", hour="*"),  # once a night, some of it every hour
    Job.QUARTERS_CHANGE: crontab(minute="7", hour="*"),  # on its day a little after midnight, whatever the time zone
    Job.QUARTERS_OPEN: crontab(minute="27", hour="*"),
    Job.RESIDENCY_NAMESAKES: crontab(minute="57", hour="*"),  # before the desk is reminded
    Job.OFFERS_TEND: crontab(minute="*/10"),  # who was not told of a promise or an end, loans at six in the evening
    Job.RESIDENCY_PROOFS: crontab(minute="7", hour="*"),
    Job.EVENTS_AHEAD: crontab(minute="47", hour="*"),
    Job.EVENTS_REMIND: crontab(minute="3", hour="*"),  # from 18:00 on, of what is tomorrow
    Job.EVENTS_OFFERS: schedule(60),  # places that were offered and not taken in time
    Job.PHOTOS_SWEEP: schedule(60),  # photos that wait, and files whose photo is gone
    Job.SEARCH_LEARN: schedule(60),  # words of what is new, so that they may be mistyped
}


def entries() -> dict[str, dict[str, object]]:
    """The table as Celery's beat takes it. A knock that waited longer than its interval is worth nothing: the next
    one is there. A worker throws it away when it receives it; the queue in the database keeps it until then, two a minute.
    """
    return {
        str(job): {"task": str(job), "schedule": when, "options": {"ignore_result": True, "expires": interval(when)}}
        for job, when in SCHEDULE.items()
    }


def interval(when: schedule) -> float:
    """Seconds between two knocks. A crontab of this table names a minute of every hour."""
    return HOUR if isinstance(when, crontab) else when.run_every.total_seconds()
