"""Jobs, tasks, queues and the beat table fit together."""

from __future__ import annotations

from dataclasses import replace

from celery.schedules import crontab

import workers
from neighbour.core import broker, i18n
from neighbour.core.jobs import Job, queue_of
from workers import queues, schedule


def test_every_job_has_a_task_and_every_task_a_job():
    workers.load()
    ours = {name for name in workers.celery.tasks if not name.startswith("celery.")}
    assert ours == {str(job) for job in Job}


def test_every_job_has_a_queue_and_every_queue_a_job():
    assert {queue_of(job) for job in Job} == set(queues.QUEUES)
    assert {queue.name for queue in workers.celery.conf.task_queues} == set(queues.QUEUES)


def test_the_table_of_beat_names_jobs_and_keeps_no_file():
    assert set(schedule.SCHEDULE) <= set(Job)
    assert workers.celery.conf.beat_scheduler == "celery.beat:Scheduler"


def test_a_knock_of_beat_is_worth_nothing_once_the_next_one_is_due():
    assert all(when.hour == set(range(24)) for when in schedule.SCHEDULE.values() if isinstance(when, crontab))
    expiries = {name: entry["options"]["expires"] for name, entry in schedule.entries().items()}
    assert expiries == {
        "notices.sweep": 60,
        "digests.open": 60,
        "contributions.nudge": 3600,
        "contributions.widen": 300,
        "accounts.resets": 3600,
        "accounts.disputes": 300,
        "accounts.remind": 3600,
        "mydata.sweep": 60,
        "mydata.retain": 3600,
        "quarters.change": 3600,
        "quarters.open": 3600,
        "residency.proofs": 3600,
        "residency.remind": 3600,
        "residency.namesakes": 3600,
        "offers.tend": 3600,
        "search.learn": 60,
        "events.ahead": 3600,
        "events.offers": 60,
        "events.remind": 3600,
        "photos.sweep": 60,
    }


def test_a_task_is_json_acknowledged_late_and_ends_before_its_message_returns():
    conf = workers.celery.conf
    assert conf.accept_content == ["json"]
    assert workers.Task.acks_late
    assert workers.Task.reject_on_worker_lost
    assert 2 * workers.Task.time_limit < conf.broker_transport_options["visibility_timeout"]
    assert workers.Task.retry_backoff_max < broker.VISIBILITY_SECONDS / 2


def test_a_task_tells_moments_on_the_citys_clock(app, monkeypatch):
    seen = []
    monkeypatch.setitem(app.extensions, "config", replace(app.extensions["config"], time_zone="Asia/Tokyo"))
    workers._within(app, "x", lambda: seen.append(i18n.zone()), ())
    assert seen == ["Asia/Tokyo"]


def test_a_task_sees_with_nobodys_eyes_and_leaves_none_behind(app):
    from neighbour.core import scope

    seen = []
    workers._within(app, "x", lambda: seen.append(scope.current()), ())
    assert seen == [scope.NOBODY]
    assert scope.current() is None
