"""Forgetting a person: out of sight at once, gone step by step, whatever dies in between.

``begin`` hides: signed out everywhere, the name taken out of the person's row, the quarter left, texts hidden if they are to
go. What was taken out lies in the erasure's ``stash``, so that ``come_back`` can undo it for 14 days, or for as long as it can be
turned round that silence gave the account to whoever goes. When the day has come,
``run`` takes the rows away in steps, one transaction each, in an order in which nothing points at what is gone; a step that
is done is written down with it, so a worker that dies is followed by another one that goes on. Which rows, and what becomes
of each, stands in the register of personal data (``core/personal``) and nowhere else.

What somebody keeps for an initiative, or as an operator, is not theirs: it passes to somebody else when they are hidden, and
where there is nobody it stays all the same (``office`` in the register).

The person's own eyes are used throughout: the wall lets them reach their own rows only, and the right to delete from tables
that keep other people's words besides hangs on the erasure itself (migration 0024).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, literal_column, select, text, update

from neighbour.accounts import decoys, onetime, sessions
from neighbour.accounts.email_changes import is_closed, kept_until, one_at_a_time
from neighbour.accounts.locks import hold
from neighbour.accounts.models import Person
from neighbour.accounts.onetime import Refused
from neighbour.core import audit, clock, jobs, personal, scope, tokens
from neighbour.core.audit import Event
from neighbour.core.columns import new_id
from neighbour.core.db import Base, atomic, db
from neighbour.core.jobs import Job
from neighbour.core.personal import Blank, Calls, Delete, Entry, Texts
from neighbour.mydata import files, marks, notices
from neighbour.mydata.models import Erasure, ErasureReason, ErasureState, MarkState
from neighbour.residency.models import Membership

GRACE = timedelta(days=14)
LAST_STEP = "person"


class NotPossible(ValueError):
    """Cannot come back: too late, or somebody else has the mail address by now (``why``)."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


# Hiding ---------------------------------------------------------------------------------------------------------------


def begin(
    person_id: int, *, keeps_texts: bool, reason: ErasureReason = ErasureReason.OWN, grace: timedelta = GRACE
) -> Erasure:
    """Let a person go: invisible and signed out from here on, gone when ``grace`` is over. Commits. Again is the same."""
    with scope.use(scope.Viewer(person_id)), atomic():
        hold(person_id)
        before = db.session.scalar(select(Erasure).where(Erasure.person_id == person_id))
        if before is not None:
            return before
        person = db.session.get_one(Person, person_id, populate_existing=True)
        mark, now = marks.mark_of(person.public_id), clock.now()
        erasure = Erasure(id=new_id(), person_id=person_id, reason=reason, keeps_texts=keeps_texts, asked_at=now)
        erasure.due_at, erasure.mark = gone_at(person_id, grace), mark
        hidden = {} if keeps_texts else {e.table: _hide(e, e.erase, person_id) for e, _t in _texts()}
        erasure.stash = {"person": _take_out(person_id), "hidden": hidden}
        db.session.add(erasure)
        db.session.flush()  # before the membership ends: what hangs on it waits for whoever may come back
        current = Membership.person_id == person_id, Membership.ended_at.is_(None)
        db.session.execute(update(Membership).where(*current).values(ended_at=now))
        sessions.end_all(person_id)
        onetime.spoil(person_id)
        marks.write(mark, MarkState.ASKED, keeps_texts=keeps_texts)
        if reason is ErasureReason.OWN and grace:
            notices.Farewell.send(person_id, subject_key=str(erasure.id), payload={"erasure": str(erasure.id)})
        kind = Event.ERASURE_REPLAYED if reason is ErasureReason.RESTORED else Event.ERASURE_ASKED
        audit.note(kind, actor=person_id if reason is ErasureReason.OWN else None, subject=person_id, about=str(reason))
        if not grace:
            jobs.enqueue(Job.MYDATA_ERASE, erasure.id)
    return erasure


def gone_at(person_id: int, grace: timedelta = GRACE) -> datetime:
    """When everything of whoever goes now is gone. Whom silence gave the account to ends it no sooner than the operator can turn
    that round: at the latest thirty days from now."""
    return max(filter(None, (clock.now() + grace, kept_until(person_id))))


def _take_out(person_id: int) -> dict[str, Any]:
    """Empty the person's row as the register says; gives what stood there."""
    entry = personal.register()["person"]
    assert isinstance(entry.erase, Blank)
    values, table = entry.erase.values, Base.metadata.tables["person"]
    mine = table.c.id == person_id
    kept = select(func.jsonb_build_object(*[part for name in values for part in (name, table.c[name])])).where(mine)
    taken: dict[str, Any] = db.session.execute(kept).scalar_one()
    db.session.execute(update(table).where(mine).values(_literals(values)))
    return taken


def _hide(entry: Entry, how: Any, person_id: int) -> list[str]:
    """Take texts out of sight; gives the keys of those that were in sight."""
    if how.first is not None:
        how.first(person_id)
    table = Base.metadata.tables[entry.table]
    mine = personal.goes_with(table, entry.of, person_id)
    hide = update(table).where(mine, text(how.shown)).values(_literals(how.hide)).returning(table.c.id)
    return [str(key) for key in db.session.scalars(hide)]


def come_back(token: str) -> int:
    """Undo it with the token of the mail; gives the person's number. Commits; raises NotPossible."""
    with scope.use(scope.NOBODY):
        row = db.session.execute(_OF_TOKEN, {"token": tokens.hash_token(token)}).first()
    if row is None:
        raise NotPossible("used_or_old")
    with scope.use(scope.Viewer(row.person_id)), atomic():
        hold(row.person_id)
        erasure = db.session.get(Erasure, row.id, with_for_update=True, populate_existing=True)
        if erasure is None or erasure.state != ErasureState.HIDDEN or is_closed(row.person_id):
            raise NotPossible("used_or_old")
        try:
            _free(erasure)
        except Refused as error:
            raise NotPossible(error.why) from error
        _put_back(erasure, erasure.stash["person"])
        _is_back(erasure)
    return int(row.person_id)


def bring_back(person_id: int, has_another_address: bool) -> None:
    """Undo it because a mailbox takes back what was done to the account (``accounts.taking_back``): whoever asked to go may be
    who did it. The address is not put back where the account is about to get another one. Inside atomic(), with the person
    held; nothing where nobody leaves; raises ``accounts.onetime.Refused``."""
    with scope.use(scope.Viewer(person_id)):
        mine = select(Erasure).where(Erasure.person_id == person_id, Erasure.state == ErasureState.HIDDEN)
        erasure = db.session.scalar(mine.with_for_update())
        if erasure is None:
            return
        if not has_another_address:
            _free(erasure)
        left_out = ("email", "email_key") if has_another_address else ()
        kept = {name: value for name, value in erasure.stash["person"].items() if name not in left_out}
        _put_back(erasure, kept)
        _is_back(erasure)


def _is_back(erasure: Erasure) -> None:
    marks.write(bytes(erasure.mark), MarkState.BACK, keeps_texts=erasure.keeps_texts)
    audit.note(Event.ERASURE_TAKEN_BACK, actor=erasure.person_id, subject=erasure.person_id)
    db.session.delete(erasure)
    db.session.flush()


def is_open(token: str) -> bool:
    """Whether a token of the mail would still work; changes nothing."""
    with scope.use(scope.NOBODY):
        return db.session.execute(_OF_TOKEN, {"token": tokens.hash_token(token)}).first() is not None


_OF_TOKEN = text("SELECT id, person_id FROM erasure_of_token(:token)")
_BACK = "UPDATE person SET ({0}) = (SELECT {0} FROM jsonb_populate_record(NULL::person, CAST(:kept AS jsonb))) WHERE id = :me"


def _free(erasure: Erasure) -> None:
    """The address is about to be this person's again. Nobody else gets it meanwhile (``email_changes.owner_of``); raises
    Refused("taken") where somebody has confirmed it all the same."""
    key = erasure.stash["person"]["email_key"]
    one_at_a_time(key)
    decoys.turn_aside(key, erasure.person_id)


def _put_back(erasure: Erasure, kept: dict[str, Any]) -> None:
    """Put what was taken out of the person's row (``kept``) and out of sight where it was."""
    me = erasure.person_id
    table = Base.metadata.tables["person"]
    names = ", ".join(name for name in kept if name in table.c)
    db.session.execute(
        text(_BACK.format(names)).bindparams(bindparam("kept", type_=Erasure.stash.type)), {"kept": kept, "me": me}
    )
    left = Membership.person_id == me, Membership.ended_at == erasure.asked_at
    db.session.execute(update(Membership).where(*left).values(ended_at=None))
    for entry, how in _texts():
        keys, there = erasure.stash["hidden"].get(entry.table, []), Base.metadata.tables[entry.table]
        again = update(there).where(there.c.id.in_([uuid.UUID(each) for each in keys]))
        db.session.execute(again.values(_literals(how.back)))


# Erasing --------------------------------------------------------------------------------------------------------------


def due() -> list[tuple[str, uuid.UUID, int]]:
    """(what, id, person) of everything this room's sweep has to ask for: erasures and exports. Whoever's eyes are used."""
    rows = db.session.execute(text("SELECT what, id, person_id FROM mydata_due(:at)"), {"at": clock.now()}).all()
    return [(row.what, row.id, row.person_id) for row in rows if not is_closed(row.person_id)]


def run(erasure_id: uuid.UUID) -> bool:
    """Take a person's rows away as far as that is not done yet; True if they are gone now. Commits after each step.

    Nothing happens before the day has come. Another worker that is at it lets this one stop.
    """
    found = [person for what, key, person in due() if (what, key) == ("erasure", erasure_id)]
    if not found:
        return False
    with scope.use(scope.Viewer(found[0])):
        return all(_do(erasure_id, name, step) for name, step in steps().items())


Step = Callable[[Erasure], None]


def steps() -> dict[str, Step]:
    """What has to be done, by name, in order: rows that point at others first, the person last."""
    found: dict[str, Step] = {"start": _start, "files": _files}
    entries = personal.register()
    for table in reversed(Base.metadata.sorted_tables):
        entry = entries[table.name]
        if entry.is_personal and table.name != LAST_STEP and isinstance(entry.erase, Delete | Blank | Texts | Calls):
            found[table.name] = _step_of(entry, table)
    return found | {LAST_STEP: _finish}


def _do(erasure_id: uuid.UUID, name: str, step: Step) -> bool:
    """One step in one transaction; False where somebody else holds the erasure or it is gone."""
    with atomic():
        mine = select(Erasure).where(Erasure.id == erasure_id).with_for_update(skip_locked=True)
        erasure = db.session.scalar(mine.execution_options(populate_existing=True))
        if erasure is None:
            return False
        if name not in erasure.steps_done:
            step(erasure)
            if name != LAST_STEP:
                erasure.steps_done = [*erasure.steps_done, name]
    return True


def _start(erasure: Erasure) -> None:
    """From here on there is no way back."""
    erasure.state, erasure.back_hash = ErasureState.RUNNING, None
    db.session.flush()


def _files(erasure: Erasure) -> None:
    """Archives and whatever files the rooms keep for the person."""
    files.remove_of(erasure.person_id)
    for _name, file in personal.files(erasure.person_id):
        if isinstance(file, Path):  # all else goes with its row, or after it
            file.unlink(missing_ok=True)


def _step_of(entry: Entry, table: Table) -> Step:
    def step(erasure: Erasure) -> None:
        mine, how = personal.goes_with(table, entry.of, erasure.person_id), entry.erase
        if isinstance(how, Calls):
            db.session.execute(text(how.statement))
        elif isinstance(how, Blank):
            db.session.execute(update(table).where(mine).values(_literals(how.values)))
        elif isinstance(how, Texts):
            _take_texts(table, mine, how, erasure)
        else:
            db.session.execute(delete(table).where(mine))

    return step


def _take_texts(table: Table, mine: Any, how: Texts, erasure: Erasure) -> None:
    """What nobody sees goes; what is seen goes too, or is emptied where others' words hang on it, or stays by choice."""
    gone = [mine, text(f"NOT ({how.shown})")] if erasure.keeps_texts else [mine]
    me = {"me": erasure.person_id}
    stays = text(f"NOT ({how.stays})")
    db.session.execute(delete(table).where(*gone, stays), me if ":me" in how.stays else {})
    db.session.execute(update(table).where(*gone).values(_literals(how.blank)))
    keys = [uuid.UUID(each) for each in erasure.stash.get("hidden", {}).get(table.name, [])]
    if how.returns and keys:
        db.session.execute(update(table).where(mine, table.c.id.in_(keys)).values(_literals(how.back)))


def _finish(erasure: Erasure) -> None:
    """The person's row, and the erasure with it; the ledger keeps the mark."""
    person_id, mark, keeps = erasure.person_id, bytes(erasure.mark), erasure.keeps_texts
    db.session.flush()
    db.session.execute(text("SELECT drop_erased()"))
    db.session.expunge_all()
    marks.write(mark, MarkState.DONE, keeps_texts=keeps)
    audit.note(Event.ERASURE_DONE, subject=person_id)


def _texts() -> list[tuple[Entry, Texts]]:
    return [(entry, entry.erase) for entry in personal.personal() if isinstance(entry.erase, Texts)]


def _literals(values: Any) -> dict[str, Any]:
    return {name: literal_column(sql) for name, sql in values.items()}


def replay() -> int:
    """Let everybody go again whom a restored backup brought back; gives how many. After a restore on the owner's
    connection, and every night in case somebody restored by other means. Commits."""
    marks.reconcile()
    again = marks.to_go()
    for person_id, keeps_texts in again.items():
        erasure = begin(person_id, keeps_texts=keeps_texts, reason=ErasureReason.RESTORED, grace=timedelta())
        run(erasure.id)
    return len(again)
