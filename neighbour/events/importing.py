"""Importing a list of events: looked at as a whole first, then all of it in one transaction or nothing.

A row is known by the list it stands in and what that calls it (``event_import``). Sent again it changes nothing; a row that says
something else changes its event, and whoever answered it is told as of any change. What somebody has taken down stays down; what
is missing from the list stays as it is. What an editor has cut in two ("this date and all that follow") is changed by the list as
far as its first half goes; the other one is no row of it. What comes with a list is an office's (``contributions.offices``): the
next one who sends the list changes it, whoever keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from neighbour.contributions import offices
from neighbour.core import clock, i18n, scope
from neighbour.core.db import atomic, db
from neighbour.core.i18n import gettext as _
from neighbour.events import changing, dates, service
from neighbour.events.cells import Wrong
from neighbour.events.list_rows import Choices, Mapping_, Target, Wanted, wanted
from neighbour.events.models import EventImport
from neighbour.events.recurrence import WINDOW, Series, expand
from neighbour.events.service import Plan
from neighbour.events.sheets import Row, Sheet

_KNOWN = text("SELECT uid, event_id, author_id, digest, is_up, goes_on_at FROM events_of_list(:list)")


class Becomes(StrEnum):
    """What a row becomes."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    DOWN = "down"  # taken down by hand before
    WRONG = "wrong"


@dataclass(frozen=True)
class Source:
    """Whose list it is: where its events hang, who pins them up, and the initiative that invites. ``name``: of the list, as
    ``event_import`` knows it."""

    name: str
    quarter_id: int
    author_id: int
    initiative_id: int | None = None

    @property
    def eyes(self) -> scope.Viewer:
        """The eyes its events are pinned up through: the author's, and the board they hang on."""
        return self.eyes_of(self.author_id)

    def eyes_of(self, author_id: int) -> scope.Viewer:
        """Those of somebody who has imported this list before: what one editor of an initiative has, another one changes."""
        return scope.Viewer(author_id, (self.quarter_id,))


class Known(NamedTuple):
    """A row that was imported before."""

    uid: str
    event_id: UUID
    author_id: int
    digest: bytes
    is_up: bool
    goes_on_at: date | None


@dataclass(frozen=True)
class Judged:
    """A row, what it becomes, and what is wrong with it: (column meant, why)."""

    number: int
    title: str
    becomes: Becomes
    wanted: Wanted | None = None
    wrong: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Report:
    """A list as it was looked at."""

    rows: tuple[Judged, ...]

    def of(self, *becomes: Becomes) -> list[Judged]:
        """The rows that become one of these."""
        return [row for row in self.rows if row.becomes in becomes]

    @property
    def to_do(self) -> int:
        """How many events would be new or changed."""
        return len(self.of(Becomes.NEW, Becomes.CHANGED))


class Refused(ValueError):
    """Some rows are wrong, and nobody said to leave them out; or there is nothing to do."""


def judge(sheet: Sheet, mapping: Mapping_, choices: Choices, source: Source) -> Report:
    """Look at every row; changes nothing."""
    with scope.use(source.eyes):
        known = _known(source)
    seen: dict[str, int] = {}
    return Report(tuple(_judged(row, mapping, choices, known, seen) for row in sheet.rows))


def run(sheet: Sheet, mapping: Mapping_, choices: Choices, source: Source, *, leaves_out: bool) -> Report:
    """Import a list; gives what was done. Commits: everything, or nothing. ``leaves_out``: rows that are wrong stay out, which
    is never done unasked. Raises Refused."""
    with scope.use(source.eyes), atomic():
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"list:{source.name}", 0))))
        report = judge(sheet, mapping, choices, source)
        wrong = report.of(Becomes.WRONG)
        if wrong and not leaves_out:
            raise Refused(_("Rows that are not right: %(count)s. Nothing was imported.", count=len(wrong)))
        known = _known(source)
        for row in report.of(Becomes.NEW, Becomes.CHANGED):
            assert row.wanted is not None  # only what is wrong has none
            _put(row.wanted, known.get(row.wanted.uid), source)
        offices.settle()  # its sender may have left meanwhile, or be an operator who sends it for those who speak for it
    return report


def _judged(row: Row, mapping: Mapping_, choices: Choices, known: dict[str, Known], seen: dict[str, int]) -> Judged:
    found, wrong = wanted(row, mapping, choices)
    title = row.cells.get(mapping.get(Target.TITLE, ""), "")
    before = known.get(found.uid) if found is not None else None
    if found is not None and found.uid in seen:
        wrong = [Wrong(Target.UID, _("Row %(row)s has the same name.", row=seen[found.uid]))]
    elif found is not None:
        seen[found.uid] = row.number
    if found is not None and not wrong and (before is None or before.digest != found.digest):
        wrong = _over(found, before)
    if wrong or found is None:
        told = tuple((each.field, str(each)) for each in wrong)
        return Judged(row.number, title, Becomes.WRONG, wrong=told)
    return Judged(row.number, found.title, _becomes(found, before), found)


def _becomes(found: Wanted, before: Known | None) -> Becomes:
    if before is None:
        return Becomes.NEW
    if not before.is_up:
        return Becomes.DOWN
    return Becomes.SAME if before.digest == found.digest else Becomes.CHANGED


def _plan_of(row: Wanted, before: Known | None) -> Plan:
    """The row's plan, as far as it goes until another event holds its dates."""
    plan = row.plan
    if before is None or before.goes_on_at is None:
        return plan
    last = before.goes_on_at - timedelta(days=1)
    ends = min(plan.until_on or last, last) if plan.rule else plan.until_on
    return replace(plan, until_on=ends, more_on=tuple(day for day in plan.more_on if day <= last))


def _over(found: Wanted, before: Known | None) -> list[Wrong]:
    """What has no date to come cannot be announced."""
    plan, now = _plan_of(found, before), clock.now()
    series = Series(plan.begins, plan.ends, plan.zone, plan.rule, plan.until_on, plan.more_on)
    first = max(clock.today(plan.zone) - timedelta(days=series.length.days + 1), plan.begins.date())
    if any(dates.is_to_come(each.begins_at, each.ends_at, now) for each in expand(series, first, first + WINDOW)):
        return []
    if before is not None and before.goes_on_at is not None:
        day = i18n.long_date(before.goes_on_at)
        words = _(
            "From %(day)s on it was changed by hand and is an event of its own. Give the row another name.", day=day
        )
        return [Wrong(Target.UID, words)]
    return [Wrong(Target.BEGINS, _("This day is over."))]


def _known(source: Source) -> dict[str, Known]:
    rows: Iterable[Any] = db.session.execute(_KNOWN, {"list": source.name}).all()
    return {each.uid: each for each in (Known(*row) for row in rows)}


def _put(row: Wanted, before: Known | None, source: Source) -> None:
    """One row: pinned up, or changed through the eyes of whoever pinned it up."""
    words: dict[str, Any] = {
        "category": row.category,
        "title": row.title,
        "body_md": row.text,
        "audience": row.audience,
        "plan": _plan_of(row, before),
    }
    author_id = source.author_id if before is None else before.author_id
    with scope.use(source.eyes_of(author_id)):
        if before is None:
            event = service.publish(
                author_id=author_id,
                quarter_id=source.quarter_id,
                is_office=True,
                initiative_id=source.initiative_id,
                **words,
            )
        else:
            found = service.of_person(before.event_id)
            assert found is not None  # the list's lock is held, and its author's rows are their own
            event = service.revise(found, editor_id=author_id, **words)
        if row.is_off is not None and row.is_off != (event.cancelled_at is not None):
            (changing.call_off if row.is_off else changing.call_on)(event, None)
        put = insert(EventImport).values(
            list=source.name, uid=row.uid, event_id=event.id, digest=row.digest, imported_at=clock.now()
        )
        new = {"digest": row.digest, "imported_at": clock.now()}
        db.session.execute(put.on_conflict_do_update(index_elements=["list", "uid"], set_=new))
        db.session.flush()
