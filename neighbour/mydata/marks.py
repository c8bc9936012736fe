"""The deletion ledger: who asked to go, so that no restored backup brings them back.

A mark is a keyed fingerprint of a person's public id. It stands in the table ``erasure_mark`` and, because a restore
replaces the tables, in ``INSTANCE_DIR/erased.log`` too: one line each time, appended and on the disk before anything else is
said. ``reconcile`` makes both say the same; the later word counts. ``replay`` lets everybody go again whom a backup brought
back. The file tells nobody anything without ADDRESS_KEY and a backup in which the person still is: keep copies of it
wherever backups are kept.
"""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from neighbour.accounts.models import Person
from neighbour.core import clock
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import after_commit, atomic, db
from neighbour.mydata.models import ErasureMark, MarkState

log = logging.getLogger("neighbour.mydata")

FILE = "erased.log"
HEAD = "# Who asked to be forgotten, as fingerprints. A restored backup needs this file: keep a copy beside your backups.\n"
CHECK_BYTES = 8


@dataclass(frozen=True)
class Line:
    """A word about a mark: asked (to go), back (came back in time), done (gone)."""

    mark: bytes
    state: str
    keeps_texts: bool
    at: datetime

    def text(self) -> str:
        """The line of the file; its last word is a keyed check, so that a torn or foreign line is none."""
        words = f"{self.at.isoformat()} {self.state} {'keep' if self.keeps_texts else 'all'} {self.mark.hex()}"
        return f"{words} {_check(words)}\n"


def mark_of(public_id: str) -> bytes:
    """The mark of a person; 32 bytes."""
    return keyed_hash("erased", public_id)


def write(mark: bytes, state: MarkState, *, keeps_texts: bool) -> None:
    """Say something about a mark, in the table with the surrounding ``atomic()`` and in the file after it."""
    line = Line(mark, str(state), keeps_texts, clock.now())
    _keep(line)
    after_commit(lambda: _append([line]))


def reconcile() -> int:
    """Make table and file say the same; gives how many words were missing on either side. Commits."""
    in_file = latest(read())
    with atomic():
        rows = db.session.scalars(select(ErasureMark)).all()
        in_table = {bytes(row.mark): Line(bytes(row.mark), row.state, row.keeps_texts, row.at) for row in rows}
        newer = [line for mark, line in in_file.items() if mark not in in_table or in_table[mark].at < line.at]
        for line in newer:
            _keep(line)
    missing = [line for mark, line in in_table.items() if mark not in in_file or in_file[mark].at < line.at]
    _append(missing)
    return len(newer) + len(missing)


def to_go() -> dict[int, bool]:
    """People who are here although they went, number → whether their texts stay: a backup brought them back."""
    wanted = latest(_table())
    gone = {mark: line.keeps_texts for mark, line in wanted.items() if line.state != MarkState.BACK}
    if not gone:
        return {}
    people = db.session.execute(select(Person.id, Person.public_id).where(Person.status != "erased"))
    marks = ((number, mark_of(public_id)) for number, public_id in people)
    return {number: gone[mark] for number, mark in marks if mark in gone}


def latest(lines: Iterator[Line]) -> dict[bytes, Line]:
    """The last word about each mark."""
    found: dict[bytes, Line] = {}
    for line in lines:
        if line.mark not in found or found[line.mark].at <= line.at:
            found[line.mark] = line
    return found


def read() -> Iterator[Line]:
    """The lines of the file; a line that is torn or not ours is left out and told in the log."""
    with suppress(FileNotFoundError), _path().open(encoding="ascii", errors="replace") as stream:
        for number, text in enumerate(stream, start=1):
            if text.startswith("#") or not text.strip():
                continue
            line = _parse(text)
            if line is None:
                log.warning("line %d of %s is damaged or of another instance", number, FILE)
            else:
                yield line


def _table() -> Iterator[Line]:
    for row in db.session.scalars(select(ErasureMark)):
        yield Line(bytes(row.mark), row.state, row.keeps_texts, row.at)


def _keep(line: Line) -> None:
    values = {"state": line.state, "keeps_texts": line.keeps_texts, "at": line.at}
    row = insert(ErasureMark).values(mark=line.mark, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=[ErasureMark.mark], set_=values))


def _append(lines: list[Line]) -> None:
    """Put lines at the end of the file, on the disk when this returns."""
    if not lines:
        return
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as stream:
        size = os.fstat(descriptor).st_size
        is_torn = size and os.pread(descriptor, 1, size - 1) != b"\n"  # a power cut in the middle of a line
        before = HEAD if not size else "\n" if is_torn else ""
        stream.write((before + "".join(line.text() for line in lines)).encode("ascii"))
        stream.flush()
        os.fsync(stream.fileno())


def _parse(text: str) -> Line | None:
    words, _space, check = text.strip().rpartition(" ")
    if not hmac.compare_digest(check.encode("ascii", "replace"), _check(words).encode()):
        return None
    at, state, which, mark = words.split()
    return Line(bytes.fromhex(mark), state, which == "keep", datetime.fromisoformat(at))


def _check(words: str) -> str:
    return keyed_hash("erased-line", words)[:CHECK_BYTES].hex()


def _path() -> Path:
    folder: Path = current_app.extensions["config"].instance_dir
    return folder / FILE
