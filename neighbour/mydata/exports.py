"""Handing somebody their data: asked for, built by a worker, fetched by one session, gone after seven days.

The row in ``data_export`` is the truth. A worker leases it; one that dies leaves a lease that runs out, and the sweep asks for
the archive again. It is written beside its place and moved there when it is whole; on the disk it is sealed from its first
byte on (``core/sealed_files``) and opened only while its session fetches it.
"""

from __future__ import annotations

import os
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, or_, select, update

from neighbour.accounts.models import Person
from neighbour.core import audit, clock, jobs, limits, scope, tokens
from neighbour.core.audit import Event
from neighbour.core.columns import new_id
from neighbour.core.db import atomic, db
from neighbour.core.jobs import Job
from neighbour.core.sealed_files import Opened, Sealing, is_sealed
from neighbour.mydata import archive, erasing, files, notices
from neighbour.mydata.models import DataExport, ExportState

KEPT, WISHES_KEPT = timedelta(days=7), timedelta(days=30)
LEASE = timedelta(minutes=10)  # moved on with every part
MOST_ATTEMPTS = 5
RATE = limits.Rate(5, 86_400)
UNDER_WAY = (ExportState.ASKED, ExportState.BUILDING)


class NotConfirmed(Exception):
    """Nobody has shown yet that the address is theirs: what hangs on the account may be about a stranger's."""


def ask(person_id: int) -> DataExport:
    """Ask for an archive; one that is under way is the answer. An older one makes room. Commits; raises TooMany, and
    NotConfirmed: an archive of a sign-up that waits would tell whether its address belongs to somebody."""
    with atomic():
        _demand_confirmed(person_id)
        lock = func.pg_advisory_xact_lock(func.hashtextextended(f"export:{person_id}", 0))
        db.session.execute(select(lock))
        mine = select(DataExport).where(DataExport.person_id == person_id)
        before = db.session.scalar(mine.where(DataExport.state.in_(UNDER_WAY)))
        if before is not None:
            return before
        limits.hit("export", str(person_id))
        for old in db.session.scalars(mine.where(DataExport.state == ExportState.READY)):
            _let_go(old)
        wish = DataExport(id=new_id(), person_id=person_id, asked_at=clock.now(), parts=archive.parts())
        db.session.add(wish)
        audit.note(Event.EXPORT_ASKED, actor=person_id, subject=person_id)
        jobs.enqueue(Job.MYDATA_EXPORT, wish.id)
    return wish


def _demand_confirmed(person_id: int) -> None:
    if db.session.scalar(select(Person.confirmed_at).where(Person.id == person_id)) is None:
        raise NotConfirmed


def newest(person_id: int) -> DataExport | None:
    """The last archive that was asked for, whatever became of it. Through the person's eyes."""
    mine = select(DataExport).where(DataExport.person_id == person_id)
    return db.session.scalar(mine.order_by(DataExport.id.desc()).limit(1))


def build(export_id: uuid.UUID) -> bool:
    """Build an archive if it waits and nobody else does; True if it is ready now. Commits."""
    found = [person for what, key, person in erasing.due() if (what, key) == ("export", export_id)]
    if not found:
        return False
    with scope.use(scope.Viewer(found[0])):
        wish = _lease(export_id)
        if wish is None or wish.file is None:
            return False
        path = files.path_of(wish.file)
        unfinished = path.with_name(path.name + ".part")
        size = _write(unfinished, wish)
        unfinished.rename(path)
        _ready(export_id, size)
        return True


def _lease(export_id: uuid.UUID) -> DataExport | None:
    """Take the wish; None when another worker holds it, or it has been tried too often."""
    with atomic():
        free = or_(DataExport.lease_until.is_(None), DataExport.lease_until <= clock.now())
        query = select(DataExport).where(DataExport.id == export_id, DataExport.state.in_(UNDER_WAY), free)
        wish = db.session.scalar(query.with_for_update(skip_locked=True))
        if wish is None:
            return None
        if wish.attempts >= MOST_ATTEMPTS:
            wish.state, wish.lease_until = ExportState.FAILED, None
            return None
        wish.state, wish.lease_until = ExportState.BUILDING, clock.now() + LEASE
        wish.attempts, wish.done = wish.attempts + 1, 0
        wish.file = wish.file or tokens.random_token() + ".zip"
    return wish


def _write(path: Path, wish: DataExport) -> int:
    """Write the sealed file; gives the size of the archive in it."""
    language = db.session.scalar(select(Person.language).where(Person.id == wish.person_id)) or "de"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def progress(done: int) -> None:
        with atomic():
            mine = update(DataExport).where(DataExport.id == wish.id)
            db.session.execute(mine.values(done=done, lease_until=clock.now() + LEASE))

    with os.fdopen(descriptor, "wb") as out, Sealing(out, wish.file or "") as sealing:
        archive.write(sealing, wish.person_id, language, progress)
    return sealing.size


def _ready(export_id: uuid.UUID, size: int) -> None:
    with atomic():
        wish = db.session.get_one(DataExport, export_id, populate_existing=True)
        wish.state, wish.ready_at, wish.lease_until, wish.size = ExportState.READY, clock.now(), None, size
        wish.expires_at = clock.now() + KEPT
        audit.note(Event.EXPORT_MADE, subject=wish.person_id)
        notices.ExportReady.send(wish.person_id, subject_key=str(export_id), payload={"export": str(export_id)})


def fetch(export_id: uuid.UUID, session_token: str) -> bool:
    """Bind an archive to the session that fetches it; False when another one has it. Commits; raises LookupError."""
    here = tokens.hash_token(session_token)
    with atomic():
        wish = _available(export_id, lock=True)
        is_first = wish.session_hash is None
        is_mine = is_first or bytes(wish.session_hash or b"") == here
        if is_first:
            wish.session_hash, wish.fetched_at = here, clock.now()
        kind, result = (Event.EXPORT_FETCHED, "done") if is_mine else (Event.EXPORT_REFUSED, "other session")
        audit.note(kind, actor=wish.person_id, subject=wish.person_id, result=result)
    return is_mine


def open_archive(export_id: uuid.UUID, session_token: str) -> Opened:
    """The archive, opened for the session that has fetched it; raises LookupError for everybody else. Changes nothing."""
    wish = _available(export_id)
    if wish.file is None or bytes(wish.session_hash or b"") != tokens.hash_token(session_token):
        raise LookupError("not for this session")
    path = files.path_of(wish.file)
    if not is_sealed(path):
        raise LookupError("the file is gone")
    return Opened(path, wish.file)


def _available(export_id: uuid.UUID, *, lock: bool = False) -> DataExport:
    query = select(DataExport).where(
        DataExport.id == export_id, DataExport.state == ExportState.READY, DataExport.expires_at > clock.now()
    )
    wish = db.session.scalar(query.with_for_update() if lock else query)
    if wish is None:
        raise LookupError(f"no archive {export_id}")
    return wish


def let_go(person_id: int, _before: datetime) -> None:
    """No archive is left of an account that another mailbox gets: in it stands where somebody else may have fled to. One that
    waits to be built holds what is left then. Inside atomic()."""
    db.session.flush()
    with scope.use(scope.Viewer(person_id)):
        mine = DataExport.person_id == person_id, DataExport.state == ExportState.READY
        for wish in db.session.scalars(select(DataExport).where(*mine)):
            _let_go(wish)
        db.session.flush()


def _let_go(wish: DataExport) -> None:
    if wish.file:
        files.remove(wish.file)
    wish.state, wish.file, wish.size, wish.session_hash = ExportState.GONE, None, None, None


def sweep() -> int:
    """Ask for every archive and erasure that waits; gives how many."""
    waiting = erasing.due()
    for what, key, _person in waiting:
        jobs.enqueue(Job.MYDATA_ERASE if what == "erasure" else Job.MYDATA_EXPORT, key)
    return len(waiting)
