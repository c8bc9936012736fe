"""What is on in the demo city, read from ``data/events.txt`` (its head says the format) and pinned up."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from neighbour.contributions.models import Audience
from neighbour.core import clock
from neighbour.demo.drawing import DATA
from neighbour.demo.residents import Resident
from neighbour.events import service
from neighbour.events.recurrence import WEEKDAYS
from neighbour.events.service import Plan

FILE = DATA / "events.txt"
SOONEST = timedelta(days=2)  # nothing begins while the town moves in
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class DemoEvent(NamedTuple):
    """An event of the town. weekday: 0 is Monday."""

    author: str
    category: str
    days_ago: int
    pinned_at: time
    weekday: int
    begins: time
    ends: time
    rhythm: str
    audience: str
    place: str
    cost: str
    access: str
    title: str
    text: str

    def plan(self, today: date, zone: str) -> Plan:
        """When it is, counted from the day the town is looked at."""
        first = today + SOONEST
        day = first + timedelta(days=(self.weekday - first.weekday()) % 7)
        rule = {
            "weekly": "FREQ=WEEKLY",
            "fortnightly": "FREQ=WEEKLY;INTERVAL=2",
            "monthly": f"FREQ=MONTHLY;BYDAY={min((day.day - 1) // 7 + 1, 4)}{WEEKDAYS[self.weekday]}",
        }.get(self.rhythm, "")
        return Plan(
            datetime.combine(day, self.begins),
            datetime.combine(day, self.ends),
            zone,
            rule=rule,
            place=self.place,
            cost=self.cost,
            access=self.access,
        )


def events() -> list[DemoEvent]:
    """Every event of the town; raises ValueError for what cannot be read."""
    return [_event(block) for block in re.split(r"^=== ", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]]


def pin_up(residents: dict[str, Resident], zone: str) -> int:
    """Publish them, each at its own time; gives how many. Inside atomic(), as the owner."""
    found, today = events(), clock.today(zone)
    for demo in found:
        author = residents[demo.author]
        at = datetime.combine(today - timedelta(days=demo.days_ago), demo.pinned_at, tzinfo=ZoneInfo(zone)).astimezone(
            UTC
        )
        with clock.freeze(at):
            service.publish(
                author_id=author.person_id,
                quarter_id=author.quarter_id,
                category=demo.category,
                title=demo.title,
                body_md=demo.text,
                audience=Audience(demo.audience),
                plan=demo.plan(today, zone),
            )
    return len(found)


def _event(block: str) -> DemoEvent:
    head, title, *text = block.strip().split("\n")
    author, category, pinned, when, rhythm, audience, place, cost, access = (part.strip() for part in head.split("|"))
    ago, at = pinned.split()
    day, hours = when.split()
    begins, ends = map(time.fromisoformat, hours.split("–"))
    return DemoEvent(
        author, category, int(ago.removesuffix("d")), time.fromisoformat(at), DAYS.index(day), begins, ends, rhythm,
        audience, place, cost, access, title.strip(), "\n".join(text).strip(),
    )  # fmt: skip
