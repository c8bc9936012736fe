"""A row of a list beside the event it once became: what it changes, and what somebody has changed by hand meanwhile.

An import keeps a hash of each part of what the row said (``event_import.digest``: one after the other, as ``PARTS`` has them). A
part that the row says as before stays as it stands on the page, changed by hand or not; one that it says anew holds. Day, time
and rhythm are one part: half of each side would be a plan that nobody has written. What a list cannot say – the point on the
map, the words for guests – is never its to change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from neighbour.contributions.models import Audience
from neighbour.core.text import clean_text
from neighbour.events.list_rows import Wanted
from neighbour.events.models import Event
from neighbour.events.recurrence import Change
from neighbour.events.service import Plan

PARTS = (
    "title", "when", "place", "category", "text", "audience", "online_url", "cost", "access", "capacity", "is_off",
)  # fmt: skip
_SIZE = 12  # bytes of a part's hash


class When(NamedTuple):
    """When something is, as the columns of ``Event`` hold it."""

    begins: datetime
    ends: datetime
    zone: str
    is_all_day: bool
    rule: str
    until_on: date | None
    more_on: tuple[date, ...]


class Standing(NamedTuple):
    """An event as it stands on the page: its parts by name, the point its author has set, and what is different on single
    dates."""

    parts: Mapping[str, Any]
    point: tuple[float, float] | None
    changes: Mapping[date, Change]


@dataclass(frozen=True)
class Part:
    """A part in which row and page differ: what stands there, what the list says, and whether somebody has changed it by hand
    since the list was read the last time."""

    name: str
    stands: Any
    listed: Any
    is_by_hand: bool = False


@dataclass(frozen=True)
class Compared:
    """What becomes of an event: it as a whole, the parts that change, and those that stay as they are by hand."""

    wanted: Wanted
    changes: tuple[Part, ...]
    kept: tuple[Part, ...]


def digest(row: Wanted) -> bytes:
    """The hashes of all parts."""
    said = _said(row, row.plan)
    return b"".join(_hash(said[name]) for name in PARTS)


def is_same(before: bytes, row: Wanted) -> bool:
    """Whether a row says what it said before. Rows of earlier imports have one hash of everything."""
    return before in (digest(row), hashlib.sha256(repr(row).encode()).digest())


def of_new(row: Wanted) -> tuple[Part, ...]:
    """All that the event of a row will say which there is not yet, but for what the row leaves open."""
    said = _said(row, row.plan)
    return tuple(Part(name, "", said[name]) for name in PARTS if said[name] not in ("", None))


def standing(event: Event, changes: Mapping[date, Change]) -> Standing:
    """What an event says, part by part, with what is different on its dates."""
    when = When(*(getattr(event, name) for name in When._fields))
    parts = {
        "title": event.title,
        "when": when._replace(more_on=tuple(event.more_on)),
        "category": str(event.category),
        "text": event.body_md,
        "audience": str(event.audience),
        "is_off": event.cancelled_at is not None,
        **{name: getattr(event, name) for name in ("place", "online_url", "cost", "access", "capacity")},
    }
    return Standing(parts, event.own_point, changes)


def compare(row: Wanted, plan: Plan, event: Standing, before: bytes) -> Compared:
    """Put a row beside its event. ``plan``: the row's, as far as this event holds its dates; ``before``: the digest of what it
    said the last time."""
    said, listed = _said(row, row.plan), _said(row, plan)
    hashes = _apart(before)
    changes: list[Part] = []
    kept: list[Part] = []
    for name in PARTS:
        stands, was = event.parts[name], hashes.get(name)
        if listed[name] == stands or (name == "is_off" and listed[name] is None):
            continue
        is_by_hand = was is not None and was != _hash(stands) and not (name == "is_off" and _is_on(was, stands))
        part = Part(name, stands, listed[name], is_by_hand)
        (kept if was == _hash(said[name]) else changes).append(part)
    return Compared(_merged(row, event, changes), tuple(changes), tuple(kept))


def _merged(row: Wanted, event: Standing, changes: list[Part]) -> Wanted:
    """The row's event: as it stands, but for what changes."""
    changed = {each.name: each.listed for each in changes}
    it = {**event.parts, **changed}
    plan = Plan(
        **it["when"]._asdict(),
        **{name: it[name] for name in ("place", "online_url", "cost", "access", "capacity")},
        point=None if "place" in changed else event.point,
    )
    words = {name: it[name] for name in ("title", "category", "text")}
    return replace(row, **words, audience=Audience(it["audience"]), plan=plan, is_off=changed.get("is_off"))


def _said(row: Wanted, plan: Plan) -> dict[str, Any]:
    """What a row says, part by part, as ``standing`` has it of an event."""
    return {
        "title": row.title,
        "when": When(*(getattr(plan, name) for name in When._fields)),
        "category": str(row.category),
        "text": clean_text(row.text),
        "audience": str(row.audience),
        "is_off": row.is_off,
        **{name: getattr(plan, name) for name in ("place", "online_url", "cost", "access", "capacity")},
    }


def _apart(before: bytes) -> dict[str, bytes]:
    """The hash of each part; empty for a row whose parts were not kept apart."""
    if len(before) != _SIZE * len(PARTS):
        return {}
    return {name: before[at * _SIZE : (at + 1) * _SIZE] for at, name in enumerate(PARTS)}


def _hash(value: Any) -> bytes:
    return hashlib.sha256(repr(value).encode()).digest()[:_SIZE]


def _is_on(was: bytes, is_off: bool) -> bool:
    """Whether a row said nothing about it, and nobody has called it off."""
    return was == _hash(None) and not is_off
