"""What is on in a quarter: dates from ``reach`` and ``occurrence``, in the order they begin.

A quarter's events are neighbouring entries of one index (quarter, category), and of each the dates of a time are neighbours in
another one; what lasts longer than a day is looked for by itself, because it may have begun long ago.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import text

from neighbour.core import i18n
from neighbour.core.asking import Asked
from neighbour.events.models import Category
from neighbour.events.recurrence import LONGEST

MOST = 400  # dates of one answer
DAY = timedelta(days=1)
NIGHT = timedelta(hours=6)  # from the midnight on in which a day's events may end


class On(NamedTuple):
    """A date in a list."""

    event_id: uuid.UUID
    date_id: uuid.UUID
    begins_at: datetime
    ends_at: datetime
    is_cancelled: bool
    is_home: bool
    slot_on: date
    version: int


_CATEGORIES = ", ".join(f"'{each.value}'" for each in Category)
#: in SQL, of a row r of reach: what is an event
IN_CATEGORIES = f"r.category IN ({_CATEGORIES})"
# Each is worked out once for a list; who has silenced nobody pays for a look into an empty index.
_MUTED_CATEGORIES = "ARRAY(SELECT m.category FROM mute m WHERE m.person_id = app_person() AND m.category IS NOT NULL)"
_OWN = "ARRAY(SELECT x.id FROM contribution x WHERE x.author_id = app_person() AND x.kind = 'event')"
_BY_MUTED_AUTHORS = """ARRAY(SELECT x.id FROM mute m JOIN contribution x ON x.author_id = m.author_id
      WHERE m.person_id = app_person() AND x.kind = 'event' AND NOT x.is_office)"""
#: in SQL, of a row r of reach: what ``muting.HEARD`` says, without a look at each contribution
UNMUTED = f"""(r.category <> ALL ({_MUTED_CATEGORIES}) OR r.contribution_id = ANY ({_OWN}))
      AND r.contribution_id <> ALL ({_BY_MUTED_AUTHORS})"""
_DATES = f"""
    SELECT o.event_id, o.id, o.begins_at, o.ends_at, o.is_cancelled, r.is_home, o.slot_on FROM reach r JOIN LATERAL
      (SELECT * FROM occurrence d WHERE d.event_id = r.contribution_id AND {{0}}) o ON true
    WHERE r.quarter_id = :quarter AND {IN_CATEGORIES} AND (r.is_home OR NOT :own_only) AND {{1}}
      AND (o.begins_at, o.event_id) > (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid))
"""  # noqa: S608  constants of this module only
_SHORT = "d.begins_at >= :early AND d.begins_at < :until AND NOT d.is_long AND d.ends_at >= :since"
_LONG = "d.is_long AND d.begins_at >= :long_ago AND d.begins_at < :until AND d.ends_at >= :since"


def _in_quarter(wanted: str, short: str = _SHORT, long: str = _LONG) -> Asked:
    """The statement for those rows of reach, and of each for those dates."""
    return Asked(
        text(f"""
    SELECT f.*, c.version FROM (
      {_DATES.format(short, wanted)}
      UNION ALL
      {_DATES.format(long, wanted)}
      ORDER BY begins_at, event_id LIMIT :most
    ) f (event_id, date_id, begins_at, ends_at, is_cancelled, is_home, slot_on) JOIN contribution c ON c.id = f.event_id
    ORDER BY f.begins_at, f.event_id
""")  # noqa: S608  constants of this module only
    )


def _nexts(wanted: str) -> Asked:
    """The statement for the next date of each event among those rows of reach; where some of its dates are long and some are
    not, the next one of either."""
    is_next = " AND NOT d.is_cancelled ORDER BY d.begins_at LIMIT 1"
    return _in_quarter(wanted, _SHORT + is_next, _LONG + is_next)


# As in ``last_day``: on which days a date is. What begins on a day comes before what goes on there.
_BY_DAY = Asked(
    text(f"""
    SELECT f.event_id, f.date_id, f.begins_at, f.ends_at, f.is_cancelled, f.is_home, f.slot_on, c.version, f.day, f.of_all FROM (
      SELECT d.*, on_day.day, count(*) OVER (PARTITION BY on_day.day) AS of_all,
        row_number() OVER (PARTITION BY on_day.day ORDER BY on_day.day > b.first_day, d.begins_at, d.event_id) AS place
      FROM ({_DATES.format(_SHORT, UNMUTED)} UNION ALL {_DATES.format(_LONG, UNMUTED)})
        d (event_id, date_id, begins_at, ends_at, is_cancelled, is_home, slot_on)
      CROSS JOIN LATERAL (SELECT CAST(d.begins_at AT TIME ZONE :zone AS date) AS first_day,
        CAST((d.ends_at AT TIME ZONE :zone) - CAST(:night AS interval) AS date) AS last_day) b
      CROSS JOIN LATERAL (SELECT greatest(b.first_day, CAST(:first AS date)) + n AS day FROM generate_series(0,
        least(greatest(b.first_day, b.last_day), CAST(:last AS date)) - greatest(b.first_day, CAST(:first AS date))) n) on_day
    ) f JOIN contribution c ON c.id = f.event_id WHERE f.place <= :most ORDER BY f.day, f.place
""")  # noqa: S608  constants of this module only
)
_FOR_READER, _FOR_ALL = _in_quarter(UNMUTED), _in_quarter("true")
_NEXTS_FOR_READER, _NEXTS_FOR_ALL = _nexts(UNMUTED), _nexts("true")


def in_quarter(
    quarter_id: int,
    since: datetime,
    until: datetime,
    *,
    after: tuple[datetime, uuid.UUID] | None = None,
    own_only: bool = False,
    for_all: bool = False,
    most: int = MOST,
) -> Sequence[On]:
    """Dates shown in the quarter that are not over at ``since`` and begin before ``until`` (aware), as they begin; those called
    off are among them, those the viewer has silenced are not. ``after``: begin and event of the date the page before ended
    with; ``own_only``: nothing of quarters beside; ``for_all``: also what the viewer has silenced, for what is kept and shown to
    others. The viewer of the session reads the quarter."""
    values = _values(quarter_id, since, until, own_only, most, after)
    return [On._make(row) for row in (_FOR_ALL if for_all else _FOR_READER).rows(values)]


def nexts(
    quarter_id: int, since: datetime, until: datetime, most: int, *, own_only: bool = False, for_all: bool = False
) -> Sequence[On]:
    """As ``in_quarter``, of each event only its next date that takes place: however often something repeats, it hides nothing
    else."""
    values = _values(quarter_id, since, until, own_only, 2 * most)
    found: dict[uuid.UUID, On] = {}
    for row in (_NEXTS_FOR_ALL if for_all else _NEXTS_FOR_READER).rows(values):
        found.setdefault(row[0], On._make(row))
    return list(found.values())[:most]


class Day(NamedTuple):
    """What is on on a day: the first of its dates, and how many there are in all."""

    dates: list[On]
    of_all: int


def by_day(quarter_id: int, first: date, last: date, *, own_only: bool, most: int) -> dict[date, Day]:
    """For each day from ``first`` to ``last`` of the city with anything on, at most ``most`` dates, what begins on it before what
    goes on there: however much is on before, no day comes out empty. Of whom and what as in ``in_quarter``."""
    zone = ZoneInfo(i18n.zone())
    since, until = (datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) for day in (first, last + DAY))
    values = _values(quarter_id, since, until, own_only, most)
    days: dict[date, Day] = {}
    for row in _BY_DAY.rows(values | {"zone": zone.key, "first": first, "last": last, "night": NIGHT}):
        days.setdefault(row[8], Day([], row[9])).dates.append(On._make(row[:8]))
    return days


def last_day(on: On) -> date:
    """The last day of the city a date is on: what ends at night belongs to the evening before."""
    begins, ends = i18n.local(on.begins_at), i18n.local(on.ends_at).replace(tzinfo=None)
    return max(begins.date(), (ends - NIGHT).date())


def _values(
    quarter_id: int,
    since: datetime,
    until: datetime,
    own_only: bool,
    most: int,
    after: tuple[datetime, uuid.UUID] | None = None,
) -> dict[str, Any]:
    """What the statements of this module are given."""
    after_at, after_id = after or (since - LONGEST, uuid.UUID(int=0))
    values = {"quarter": quarter_id, "since": since, "until": until, "own_only": own_only, "most": most}
    return values | {"early": since - DAY, "long_ago": since - LONGEST, "after_at": after_at, "after_id": after_id}
