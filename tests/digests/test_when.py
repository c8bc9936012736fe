"""Seven o'clock, in both nights of the clock change too."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from neighbour.core import clock
from neighbour.digests import service
from neighbour.digests.when import due_period, issue_time, next_issue
from tests.digests.helpers import make_reader
from tests.factories import make_person, make_post, make_quarter

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        (date(2026, 10, 24), datetime(2026, 10, 24, 5, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 25, 6, tzinfo=UTC)),  # clocks went back in the night
        (date(2027, 3, 27), datetime(2027, 3, 27, 6, tzinfo=UTC)),
        (date(2027, 3, 28), datetime(2027, 3, 28, 5, tzinfo=UTC)),  # and forward
    ],
)
def test_seven_is_seven_on_the_wall(day, moment):
    assert issue_time(day, BERLIN) == moment


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "UTC"])
def test_the_next_issue_is_ahead_and_at_seven(zone):
    now = datetime(2026, 10, 23, 0, 7, tzinfo=UTC)
    for _step in range(24 * 6):
        at = next_issue(now, zone)
        assert timedelta(0) < at - now <= timedelta(hours=25)
        now += timedelta(minutes=30)


def test_nothing_is_due_at_the_first_stroke():
    """A contribution that was being written at seven is committed before the issue is cut."""
    seven = issue_time(date(2026, 5, 12), BERLIN)
    assert due_period(seven, BERLIN) is None
    assert due_period(seven + timedelta(seconds=20), BERLIN) == date(2026, 5, 12)


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("night", [datetime(2026, 10, 25, tzinfo=UTC), datetime(2027, 3, 28, tzinfo=UTC)])
def test_a_clock_change_brings_one_issue_a_day(night, jobs, mailbox, owner):
    quarter = make_quarter()
    make_reader(quarter)
    author = make_person(quarter)
    at = night - timedelta(hours=30)
    while at < night + timedelta(hours=32):
        with clock.freeze(at):
            if at.hour % 2 == at.minute == 0:
                make_post(author, quarter, title=f"{at:%d. %H:%M}", category="notice")
            for _beat in range(2):
                service.open_due(BERLIN)
            jobs.run()
        at += timedelta(minutes=30)
    days = [row[0] for row in owner.execute("SELECT period FROM delivery WHERE state = 'sent' ORDER BY period")]
    assert days == [str((night + timedelta(days=step)).date()) for step in (-1, 0, 1)]
    titles = "\n".join(mail.text for mail in mailbox.messages())
    written = [row[0] for row in owner.execute("SELECT title FROM contribution ORDER BY id")]
    told = [title for title in written if title in titles]
    assert all(titles.count(title) == 1 for title in told)
    assert told == written[written.index(told[0]) : written.index(told[-1]) + 1]
