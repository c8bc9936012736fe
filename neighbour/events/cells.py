"""What a cell of a list says: a day, times, days of the week, a rule. What leaves a doubt is refused, never guessed."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from neighbour.core.i18n import gettext as _
from neighbour.events.recurrence import WEEKDAYS, BadRule, checked, is_of_our_time
from neighbour.events.recurrence import moment as moment_of

ALL_DAY = "all day"
_NAMES = (
    ("mo", "montag", "mon", "monday"),
    ("di", "dienstag", "tue", "tuesday"),
    ("mi", "mittwoch", "wed", "wednesday"),
    ("do", "donnerstag", "thu", "thursday"),
    ("fr", "freitag", "fri", "friday"),
    ("sa", "samstag", "sonnabend", "sat", "saturday"),
    ("so", "sonntag", "sun", "sunday"),
)
_WEEKDAY = {name: number for number, names in enumerate(_NAMES) for name in names}
_YES, _NO = {"yes", "ja", "true", "wahr", "1", "x", "y", "j"}, {"", "no", "nein", "false", "falsch", "0", "n"}
_OFF = {"cancelled", "canceled", "abgesagt", "fällt aus"}
_ON = {"confirmed", "bestätigt", "findet statt"}
_MOMENT = re.compile(
    r"(?:(?P<weekday>[^\W\d]+)\.?,?\s+)?"
    r"(?:(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})|(?P<d2>\d{1,2})\.(?P<m2>\d{1,2})\.(?P<y2>\d{4}))"
    r"(?:(?:T|,?\s+)(?P<time>\d{1,2}[:.]\d{2})(?::\d{2})?(?:\s*Uhr)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_CLOCK = r"(\d{1,2})[:.](\d{2})(?: ?Uhr)?"
_SPAN = re.compile(rf"{_CLOCK} ?(?:-|–|bis|to) ?{_CLOCK}")
_FROM = re.compile(rf"(?:(?:ab|beginn|from|at) ?:? ?)?{_CLOCK}", re.I)
_UNTIL = re.compile(r"(?P<y>\d{4})-?(?P<m>\d{2})-?(?P<d>\d{2})(?:T(?P<time>\d{6})(?P<utc>Z?))?")
_WHOLE = re.compile(r"ganztägig|ganztags|all day", re.I)


class Wrong(ValueError):
    """A cell does not say what it should; ``field`` is the column meant."""

    def __init__(self, field: str, message: Any):
        super().__init__(str(message))
        self.field = field


def quoted(text: str, most: int = 60) -> str:
    """A cell for a complaint or a preview: one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "…"


def moment(field: str, text: str, zone: str, *, is_end: bool = False) -> tuple[date, time | None] | None:
    """A day, and a time where one is given, on the clock of ``zone``; None for an empty cell. ``is_end``: 24:00 may stand there,
    and is 00:00 of the day after (ISO 8601). Raises Wrong."""
    if not text.strip():
        return None
    found = _MOMENT.fullmatch(text.strip())
    wrong = Wrong(field, _("“%(text)s” is not a day. Write it like 2026-12-24 or 24.12.2026.", text=quoted(text)))
    if found is None:
        raise wrong
    is_day_after = _is_midnight_after(found["time"] or "")
    if is_day_after and not is_end:
        raise _no_begin(field, text)
    try:
        written = date(*(int(found[name] or found[name + "2"]) for name in "ymd"))
        at = _clock(*re.split("[:.]", found["time"])) if found["time"] else None
        day = written + timedelta(days=is_day_after)
    except (ValueError, OverflowError):
        raise wrong from None
    if at is not None and found["zone"]:
        offset = "+00:00" if found["zone"] == "Z" else found["zone"]
        try:
            there = datetime.fromisoformat(f"{day}T{at:%H:%M}{offset}").astimezone(ZoneInfo(zone))
        except (ValueError, OverflowError):  # an offset of more than a day; a moment before the year 1 or after 9999
            raise wrong from None
        if there.fold:  # the second 02:30 of the night in October: on the clock alone it would be the first
            words = _(
                "“%(text)s”: this time comes twice in that night, and only the first can be written.", text=quoted(text)
            )
            raise Wrong(field, words)
        day, at = there.date(), there.time()
    if not is_of_our_time(day):
        raise wrong
    if found["weekday"] and _WEEKDAY.get(found["weekday"].casefold()) != written.weekday():
        raise Wrong(field, _("“%(text)s”: this day is another day of the week.", text=quoted(text)))
    return day, at


def days(field: str, text: str, zone: str) -> tuple[date, ...]:
    """Days with commas, semicolons or spaces between. Raises Wrong."""
    return tuple(sorted({found[0] for _word, found in _days(field, text, zone)}))


def begin_alike(field: str, text: str, zone: str, begins: time | None) -> None:
    """Raises Wrong where one of these days is written with another time than that at which all of them begin; None: all day."""
    for word, (_day, at) in _days(field, text, zone):
        if at not in (None, begins):
            words = _(
                "“%(text)s”: further days begin when the first one does. Another time needs a row of its own.",
                text=quoted(word),
            )
            raise Wrong(field, words)


def _days(field: str, text: str, zone: str) -> list[tuple[str, tuple[date, time | None]]]:
    """Each of these days as it is written, and what is meant."""
    found = [(word, moment(field, word, zone)) for word in re.split(r"[,;\s]+", text.strip()) if word]
    return [(word, each) for word, each in found if each is not None]


def hours(field: str, text: str) -> tuple[time, time | None] | str | None:
    """From when to when; ``ALL_DAY``; None for an empty cell. Raises Wrong for whatever says more than one pair of times."""
    line = re.sub(r"[ \t]+", " ", text.strip())
    if not line:
        return None
    if _WHOLE.fullmatch(line):
        return ALL_DAY
    if (begin := _FROM.match(line)) and _is_midnight_after(f"{begin[1]}:{begin[2]}"):
        raise _no_begin(field, text)
    try:
        if span := _SPAN.fullmatch(line):
            return _clock(span[1], span[2]), _clock(span[3], span[4])
        if begin := _FROM.fullmatch(line):
            return _clock(begin[1], begin[2]), None
    except ValueError:
        pass
    raise Wrong(
        field, _("“%(text)s” is not one time. Write it like 10:00-18:00, or one row for each time.", text=quoted(text))
    )


def _clock(hour: str, minute: str) -> time:
    """A time of the day; 24:00 is midnight."""
    return time() if (hour, minute) == ("24", "00") else time(int(hour), int(minute))


def _is_midnight_after(text: str) -> bool:
    return text in ("24:00", "24.00")


def _no_begin(field: str, text: str) -> Wrong:
    message = _(
        "“%(text)s”: 24:00 is the end of a day. What begins then begins at 00:00 of the next.", text=quoted(text)
    )
    return Wrong(field, message)


def weekdays(field: str, text: str) -> tuple[str, ...]:
    """Days of the week as RFC 5545 names them: ``Mi, Sa`` or ``Mo - Fr``. Raises Wrong."""
    found: set[int] = set()
    for part in re.split(r"\s*,\s*", text.strip()) if text.strip() else ():
        ends = [_WEEKDAY.get(name.strip(" .").casefold(), -1) for name in re.split(r" ?[-–] ?", part)]
        if -1 in ends or len(ends) > 2 or ends[0] > ends[-1]:
            raise Wrong(
                field,
                _("“%(text)s” is not a list of days of the week, such as “Mi, Sa” or “Mo - Fr”.", text=quoted(text)),
            )
        found |= set(range(ends[0], ends[-1] + 1))
    return tuple(WEEKDAYS[each] for each in sorted(found))


class Until(NamedTuple):
    """When a rule ends: the day that is written, and the moment where a time stands with it."""

    day: date
    moment: datetime | None = None

    def last_day(self, begins: time, zone: str) -> date:
        """The last day that may have a date which begins at this time on the clock of ``zone``: one that begins at that very
        moment is held, a later one is not (RFC 5545 section 3.3.10)."""
        if self.moment is None:
            return self.day
        day = self.moment.astimezone(ZoneInfo(zone)).date()
        return day if moment_of(datetime.combine(day, begins), zone) <= self.moment else day - timedelta(days=1)


def until(field: str, text: str, zone: str) -> Until | None:
    """The last day of a series, with a time: up to when a date may begin; None for an empty cell. Raises Wrong."""
    found = moment(field, text, zone)
    if found is None:
        return None
    day, at = found
    return Until(day, None if at is None else moment_of(datetime.combine(day, at), zone))


def rule(field: str, text: str, zone: str) -> tuple[str, Until | None]:
    """An RRULE without its end, and its end if it has one. Raises Wrong for what this house does not take."""
    parts = [part for part in text.strip().upper().removeprefix("RRULE:").split(";") if part]
    until = [part.removeprefix("UNTIL=") for part in parts if part.startswith("UNTIL=")]
    try:
        kept = checked(";".join(part for part in parts if not part.startswith("UNTIL=")))
    except BadRule:
        raise Wrong(
            field, _("“%(text)s” is no rule that is known here, such as FREQ=WEEKLY;BYDAY=TU.", text=quoted(text))
        ) from None
    if not until:
        return kept, None
    if until[0].startswith("9999"):  # what programs write that want an end where there is none
        return kept, None
    found = _until(until[0], zone) if len(until) == 1 else None
    if found is None:
        raise Wrong(field, _("“%(text)s” is not a day. Write it like 2026-12-24 or 24.12.2026.", text=quoted(until[0])))
    return kept, found


def _until(text: str, zone: str) -> Until | None:
    """The end of a rule: a day, a time on the clock of ``zone``, or with Z one in UTC; None for anything else."""
    end = _UNTIL.fullmatch(text)
    if end is None:
        return None
    try:
        day = date(*(int(end[name]) for name in "ymd"))
        at = time.fromisoformat(end["time"]) if end["time"] else None
    except ValueError:
        return None
    if not is_of_our_time(day):
        return None
    return Until(day, None if at is None else moment_of(datetime.combine(day, at), "UTC" if end["utc"] else zone))


def flag(field: str, text: str) -> bool:
    """Yes or no; empty is no. Raises Wrong."""
    word = text.strip().casefold()
    if word not in _YES | _NO:
        raise Wrong(field, _("“%(text)s” is neither yes nor no.", text=quoted(text)))
    return word in _YES


def is_off(field: str, text: str) -> bool | None:
    """Whether the event is called off; None for an empty cell, which says nothing about it. Raises Wrong."""
    word = text.strip().casefold()
    if not word:
        return None
    if word not in _OFF | _ON:
        raise Wrong(field, _("“%(text)s” is neither “confirmed” nor “cancelled”.", text=quoted(text)))
    return word in _OFF
