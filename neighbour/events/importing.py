"""Importing a list of events: looked at as a whole first, then all of it in one transaction or nothing.

A row is known by the list it stands in and what that calls it (``event_import``). An initiative has one for each of its quarters;
what hangs by one of them and is read where another one would pin it up is not pinned up twice. Sent again it changes nothing; a
row that says something else changes its event, and whoever answered it is told as of any change. What was changed by hand and is
said by the list as before stays by hand (``comparing``). What somebody has taken down stays down; what is missing from the list
stays as it is. What an editor has cut in two ("this date and all that follow") is changed by the list as far as its first half
goes; the other one is no row of it. What comes with a list is an office's (``contributions.offices``): the
next one who sends the list changes it, whoever keeps it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from neighbour.contributions import offices
from neighbour.contributions.models import Audience
from neighbour.core import clock, i18n, scope
from neighbour.core.columns import among
from neighbour.core.db import atomic, db
from neighbour.core.i18n import gettext as _
from neighbour.events import answers, changing, comparing, dates, service
from neighbour.events.cells import Wrong
from neighbour.events.comparing import Part, Standing
from neighbour.events.list_rows import Choices, Mapping_, Target, Wanted, wanted
from neighbour.events.models import Event, EventImport
from neighbour.events.recurrence import FAR, Series, expand
from neighbour.events.service import BadPlan, Plan
from neighbour.events.sheets import Sheet

_KNOWN = text("SELECT uid, event_id, author_id, digest, is_up, goes_on_at FROM events_of_list(:list)")
_BESIDE = text("SELECT uid, hangs_in FROM hanging_beside(:list, :quarter, :audience)")


class Becomes(StrEnum):
    """What a row becomes."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    DOWN = "down"  # taken down by hand before
    ELSEWHERE = "elsewhere"  # hangs already, by another list of the same initiative, where its readers see it, too
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
    """A row, what it becomes, and what is wrong with it: (column meant, why). ``wanted``: the event as it will be; ``digest``: of
    what the row says; ``changes``, ``kept``: see ``comparing.Compared``; ``hangs_in``: the quarter where it hangs already;
    ``twin``: what the list called an event with the same title at the same time that hangs and is not in it any more."""

    number: int
    title: str
    becomes: Becomes
    wanted: Wanted | None = None
    wrong: tuple[tuple[str, str], ...] = ()
    digest: bytes = b""
    changes: tuple[Part, ...] = ()
    kept: tuple[Part, ...] = ()
    hangs_in: str = ""
    twin: str = ""

    @property
    def is_another(self) -> bool:
        """Whether the event would have another title at another time: as where two lists both count from one."""
        return {"title", "when"} <= {each.name for each in self.changes}

    @property
    def is_off(self) -> bool | None:
        """Whether the event is called off by it (True), or takes place after all (False)."""
        is_off = self.wanted.is_off if self.wanted is not None else None
        return is_off if is_off or self.becomes is Becomes.CHANGED else None


@dataclass(frozen=True)
class Report:
    """A list as it was looked at. ``source``: whose it is and where it would hang; None where no row can be read."""

    rows: tuple[Judged, ...]
    source: Source | None = None

    def of(self, *becomes: Becomes) -> list[Judged]:
        """The rows that become one of these."""
        return [row for row in self.rows if row.becomes in becomes]

    @property
    def off(self) -> int:
        """How many events it would call off."""
        return len([row for row in self.rows if row.is_off])

    @property
    def others(self) -> int:
        """How many events would become quite another one."""
        return len([row for row in self.rows if row.is_another])

    @property
    def twins(self) -> int:
        """How many events would hang twice: as where a list was numbered anew."""
        return len([row for row in self.rows if row.twin])

    @property
    def to_do(self) -> int:
        """How many events would be new or changed."""
        return len(self.of(Becomes.NEW, Becomes.CHANGED))

    @property
    def mark(self) -> str:
        """What tells it from any other report: of another list, for another board or another initiative, read in another way, or
        beside events that have changed."""
        where = (self.source.name, self.source.quarter_id, self.source.initiative_id) if self.source else None
        return hashlib.sha256(repr((where, self.rows)).encode()).hexdigest()


class Refused(ValueError):
    """Some rows are wrong, and nobody said to leave them out; or something else would come of it than its sender has seen."""


def judge(sheet: Sheet, mapping: Mapping_, choices: Choices, source: Source) -> Report:
    """Look at every row; changes nothing."""
    with scope.use(source.eyes):
        known, beside = _known(source), _beside(source, choices.audience)
    read = [(row, *wanted(row, mapping, choices)) for row in sheet.rows]
    stand = _standing([known[found.uid] for _row, found, _wrong in read if found and found.uid in known], source)
    seen: dict[str, int] = {}
    rows = []
    for row, found, wrong in read:
        title = row.cells.get(mapping.get(Target.TITLE, ""), "")
        if found is not None and found.uid in seen:
            wrong = [Wrong(Target.UID, _("Row %(row)s has the same name.", row=seen[found.uid]))]
        elif found is not None:
            seen[found.uid] = row.number
            before = known.get(found.uid)
            if before is None and found.uid in beside:
                hangs_in = beside[found.uid]
                rows.append(Judged(row.number, found.title, Becomes.ELSEWHERE, hangs_in=hangs_in))
                continue
            rows.append(_judged(row.number, found, before, stand.get(before.event_id) if before else None))
            continue
        rows.append(_wrong(row.number, title, wrong))
    return Report(
        _with_twins(rows, [each for each in known.values() if each.is_up and each.uid not in seen], source), source
    )


def _with_twins(rows: list[Judged], missing: list[Known], source: Source) -> tuple[Judged, ...]:
    """These rows; what is new and hangs already under a name that is missing from the list, says so."""
    new = [row for row in rows if row.becomes is Becomes.NEW]
    if not new or not missing:
        return tuple(rows)
    uids = {each.event_id: each.uid for each in missing}
    with scope.use(source.eyes):
        hanging = db.session.execute(select(Event.id, Event.title, Event.begins).where(among(Event.id, uids))).all()
    named = {(each.title, each.begins): uids[each.id] for each in hanging}
    twins = {
        row.number: named.get((row.wanted.title, row.wanted.plan.begins), "") for row in new if row.wanted is not None
    }
    return tuple(replace(row, twin=twins.get(row.number, "")) for row in rows)


def unreadable(sheet: Sheet) -> Report:
    """What keeps every row of a list from being one, where none can be read: no column of it can be asked for."""
    return Report(tuple(_wrong(row.number, "", [Wrong("", row.trouble)]) for row in sheet.rows))


def run(
    sheet: Sheet, mapping: Mapping_, choices: Choices, source: Source, *, leaves_out: bool, looked_at: str | None = None
) -> Report:
    """Import a list; gives what was done. Commits: everything, or nothing. ``leaves_out``: rows that are wrong stay out, which
    is never done unasked. ``looked_at``: the mark of the report its sender has seen, None where nobody looks. Raises Refused."""
    with scope.use(source.eyes), atomic():
        whose = source.name.partition(" ")[0]  # all lists of an initiative: what one pins up the next one has to see
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"list:{whose}", 0))))
        report = judge(sheet, mapping, choices, source)
        wrong = report.of(Becomes.WRONG)
        if looked_at not in (None, report.mark):
            if not report.to_do and (leaves_out or not wrong):
                return report  # sent twice: it has become what its sender saw
            raise Refused(_("It would become something else than what you saw last. Look at it as it would be now."))
        if wrong and not leaves_out:
            raise Refused(_("Rows that are not right: %(count)s. Nothing was imported.", count=len(wrong)))
        known = _known(source)
        for row in report.of(Becomes.NEW, Becomes.CHANGED):
            assert row.wanted is not None  # only what is wrong has none
            try:
                _put(row.wanted, row.digest, known.get(row.wanted.uid), source)
            except BadPlan as error:  # changed by hand since it was judged, or a rule that judging does not know of
                words = _("Row %(row)s: %(why)s Nothing was imported.", row=row.number, why=error)
                raise Refused(words) from error
        offices.settle()  # its sender may have left meanwhile, or be an operator who sends it for those who speak for it
    return report


def _judged(number: int, found: Wanted, before: Known | None, event: Standing | None) -> Judged:
    """A row that can be read, beside its event if it has one."""
    if before is not None and not before.is_up:
        return Judged(number, found.title, Becomes.DOWN)
    if before is not None and comparing.is_same(before.digest, found):
        return Judged(number, found.title, Becomes.SAME)
    digest, plan = comparing.digest(found), _plan_of(found, before)
    if before is None or event is None:
        it = Judged(number, found.title, Becomes.NEW, found, digest=digest)
    else:
        both = comparing.compare(found, plan, event, before.digest)
        it = Judged(number, found.title, Becomes.CHANGED, both.wanted, (), digest, both.changes, both.kept)
        plan = both.wanted.plan
    wrong = _over(plan, before, event)
    return _wrong(number, found.title, wrong) if wrong else it


def _wrong(number: int, title: str, wrong: Iterable[Wrong]) -> Judged:
    told = tuple((each.field, str(each)) for each in wrong)
    return Judged(number, title, Becomes.WRONG, wrong=told)


def _standing(known: Iterable[Known], source: Source) -> dict[UUID, Standing]:
    """The events of these rows as they stand, each through the eyes of whoever keeps it."""
    by_author: dict[int, list[UUID]] = {}
    for each in known:
        by_author.setdefault(each.author_id, []).append(each.event_id)
    found: dict[UUID, Standing] = {}
    for author_id, ids in by_author.items():
        with scope.use(source.eyes_of(author_id)):
            changes = dates.changes_of(ids)
            events = db.session.scalars(select(Event).where(Event.id.in_(ids)))
            found |= {event.id: comparing.standing(event, changes.get(event.id, {})) for event in events}
    return found


def _plan_of(row: Wanted, before: Known | None) -> Plan:
    """The row's plan, as far as it goes until another event holds its dates."""
    plan = row.plan
    if before is None or before.goes_on_at is None:
        return plan
    last = before.goes_on_at - timedelta(days=1)
    ends = min(plan.until_on or last, last) if plan.rule else plan.until_on
    return replace(plan, until_on=ends, more_on=tuple(day for day in plan.more_on if day <= last))


def _over(plan: Plan, before: Known | None, event: Standing | None) -> list[Wrong]:
    """What has no date to come cannot be announced. A date that was moved by hand is where it was moved to, as long as its event
    does not go to another day."""
    now = clock.now()
    stays = event is not None and event.parts["when"].begins.date() == plan.begins.date()
    changes = event.changes if event is not None and stays else {}
    series = Series(plan.begins, plan.ends, plan.zone, plan.rule, plan.until_on, plan.more_on, changes)
    first = clock.today(plan.zone) - timedelta(days=series.length.days + 1)
    if any(dates.is_to_come(each.begins_at, each.ends_at, now) for each in expand(series, first, first + FAR)):
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


def _beside(source: Source, audience: Audience) -> dict[str, str]:
    """The rows of other lists of the same initiative that whoever would read this one sees already, each with the name of the
    quarter where it hangs: what is announced once hangs once on a board."""
    asked = {"list": source.name, "quarter": source.quarter_id, "audience": str(audience)}
    return {row.uid: row.hangs_in for row in db.session.execute(_BESIDE, asked)}


def _put(row: Wanted, digest: bytes, before: Known | None, source: Source) -> None:
    """One row: pinned up, or changed through the eyes of whoever pinned it up."""
    words: dict[str, Any] = {
        "category": row.category,
        "title": row.title,
        "body_md": row.text,
        "audience": row.audience,
        "plan": row.plan,
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
            if row.is_off and found.cancelled_at is None:  # first: of what else is different nobody has to hear then
                changing.call_off(found, None)
            words["for_guests"] = answers.for_guests(found.id)  # no list says it, so none takes it away
            event = service.revise(found, editor_id=author_id, **words)
        if row.is_off is not None and row.is_off != (event.cancelled_at is not None):
            (changing.call_off if row.is_off else changing.call_on)(event, None)
        put = insert(EventImport).values(
            list=source.name, uid=row.uid, event_id=event.id, digest=digest, imported_at=clock.now()
        )
        new = {"digest": digest, "imported_at": clock.now()}
        db.session.execute(put.on_conflict_do_update(index_elements=["list", "uid"], set_=new))
        db.session.flush()
