"""The board of the demo city, read from ``data/posts/*.txt`` (the format is in ``data/posts/README.md``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from neighbour.demo import hours
from neighbour.demo.drawing import DATA

FOLDER = DATA / "posts"
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
FRESHEST = timedelta(seconds=40)  # nothing in the demo is newer than this


class DemoComment(NamedTuple):
    """A comment, ``after`` the post; a reply hangs on the last comment before it that is none."""

    author: str
    after: timedelta
    is_reply: bool
    is_best: bool
    text: str


class DemoPoll(NamedTuple):
    """A poll, open for so many days from when its post was pinned up; each option with its votes."""

    question: str
    days: int
    options: tuple[tuple[str, int], ...]


class DemoPost(NamedTuple):
    """A post with its thread. ``age`` is "40m", "3h" (of waking time before now) or "5d 18:20" (days ago at local time)."""

    quarter: str
    category: str
    author: str
    age: str
    audience: str
    thanks: int
    is_solved: bool
    urgent_hours: int
    title: str
    text: str
    comments: tuple[DemoComment, ...]
    solved_word: str = ""
    photos: tuple[str, ...] = ()
    poll: DemoPoll | None = None
    #: goes next door by itself unless somebody answers
    widens: bool = False
    #: an alert's all-clear: how long after it, and the word
    cleared: tuple[timedelta, str] | None = None

    def published(self, now: datetime, zone: str) -> datetime:
        """When it was pinned up, aware; ``now`` is the moment the town is looked at, ``zone`` its time zone."""
        local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if " " not in self.age:
            at = hours.earlier(local, span(self.age))
        else:
            days, clock_time = self.age.split()
            at = datetime.combine(local.date() - span(days), time.fromisoformat(clock_time))
        return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

    def comment_times(self, now: datetime, zone: str) -> list[datetime]:
        """When each comment was written: as in the file, closer together if the thread would not be over yet."""
        begun = self.published(now, zone)
        written = [_after(begun, comment.after, zone) for comment in self.comments]
        room, longest = now - FRESHEST - begun, max(written, default=begun) - begun
        squeeze = min(1.0, room / longest) if longest else 1.0
        return [begun + (at - begun) * squeeze for at in written]


def posts() -> list[DemoPost]:
    """Every post of the town; raises ValueError naming file and line of what cannot be read."""
    return [post for path in sorted(FOLDER.glob("AB-*.txt")) for post in _read(path)]


def _read(path: Path) -> Iterator[DemoPost]:
    quarter = path.name[:5]
    blocks = re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    line = blocks[0].count("\n") + 1
    for block in blocks[1:]:
        try:
            yield _post(quarter, block)
        except (ValueError, KeyError, IndexError) as error:
            raise ValueError(f"{path.name}, line {line}: {error}") from error
        line += block.count("\n")


def _post(quarter: str, block: str) -> DemoPost:
    own, *answers = re.split(r"^(?=---)", block, flags=re.MULTILINE)
    head, title, *text = own.strip().split("\n")
    category, author, age, audience, *marks = (part.strip() for part in head.split("|"))
    asked = [line for line in text if line.startswith("?")]
    after, _, word = next(
        (mark.removeprefix("cleared +") for mark in marks if mark.startswith("cleared +")), ""
    ).partition(": ")
    return DemoPost(
        quarter=quarter,
        category=category,
        author=author,
        age=age,
        audience=audience,
        thanks=_marked(marks, "thanks "),
        is_solved=any(mark.startswith("solved") for mark in marks),
        urgent_hours=_marked([mark.rstrip("h") for mark in marks], "until +"),
        title=title.strip(),
        text="\n".join(line for line in text if line not in asked).strip(),
        comments=tuple(_comment(answer) for answer in answers),
        solved_word=next((mark.removeprefix("solved, and ") for mark in marks if mark.startswith("solved, and ")), ""),
        photos=tuple(name for mark in marks if mark.startswith("photos ") for name in mark.split()[1:]),
        poll=_poll(asked, _marked([mark.rstrip("d") for mark in marks], "poll ")) if asked else None,
        widens="widens" in marks,
        cleared=(span(after), word) if word else None,
    )


def _poll(lines: list[str], days: int) -> DemoPoll:
    question, *options = lines
    parts = (option.removeprefix("?-").strip().rpartition(" ") for option in options)
    return DemoPoll(
        question.removeprefix("?").strip(), days, tuple((label.strip(), int(votes)) for label, _space, votes in parts)
    )


def _comment(block: str) -> DemoComment:
    head, _, text = block.partition("\n")
    dashes, _, rest = head.partition(" ")
    author, after, *marks = (part.strip() for part in rest.split("|"))
    return DemoComment(
        author=author,
        after=span(after.removeprefix("+")),
        is_reply=dashes == "----",
        is_best="best" in marks,
        text=text.strip(),
    )


def _marked(marks: list[str], prefix: str) -> int:
    return next((int(mark.removeprefix(prefix)) for mark in marks if mark.startswith(prefix)), 0)


def _after(begun: datetime, span: timedelta, zone: str) -> datetime:
    """Whole days later at the same time, hours and minutes in waking time."""
    local = begun.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    days = timedelta(days=span.days)
    return hours.later(local + days, span - days).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def span(text: str) -> timedelta:
    """``40m``, ``3h``, ``5d`` as a stretch of time."""
    return int(text[:-1]) * UNITS[text[-1]]
