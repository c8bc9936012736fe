"""Printing at the desk: an operator asks for a batch, a worker makes it, the files are fetched once each and are gone.

A run is a row; its files lie in ``INSTANCE_DIR/letters`` (0700, files 0600) under the run's id until they are fetched, seven days
at most, sealed (``core/sealed_files``): letters are addresses. Everything runs through the eyes of the operator who asked, who
says that they print (``printing.as_printer``); every opened address has its line in ``address_access``. A run whose worker died
is asked for again by the next click.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, select, update

from config import Config
from neighbour.core import audit, clock, jobs, logs, scope
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.core.desk import Waiting
from neighbour.core.jobs import Job
from neighbour.core.sealed_files import Opened, is_sealed
from neighbour.residency import printing
from neighbour.residency.code_models import PrintRun, PrintState
from neighbour.residency.letter_pdf import Format

KEPT = timedelta(days=7)
KINDS = ("pdf", "csv")
log = logging.getLogger("neighbour.letters")


def ask(person_id: int, paper: str, *, wants_table: bool, again: str | None = None) -> bool:
    """Ask for a batch: what is due, or the letters of batch ``again`` once more. While one is being made, that one is
    asked for anew, in case its worker died or whoever asked runs the instance no more. False where that one is another than the
    one wished for, which has to be asked for again afterwards. Commits."""
    with atomic():
        waiting = select(PrintRun).where(PrintRun.state == PrintState.ASKED).order_by(PrintRun.id).limit(1)
        run = db.session.scalar(waiting)
        if run is None:
            run = PrintRun(asked_by_id=person_id, paper=Format(paper), wants_table=wants_table, again=again)
            db.session.add(run)
            db.session.flush()
        run.asked_by_id = person_id
        jobs.enqueue(Job.RESIDENCY_PRINT, run.id, person_id)
        return (run.again, run.paper, run.wants_table) == (again, Format(paper), wants_table)


def perform(run_id: int, operator_id: int, config: Config) -> None:
    """Make the batch of a run; a run that is over, or not this operator's any more, is left alone. Commits."""
    with scope.use(scope.Viewer(operator_id)):
        try:
            _make(run_id, config)
        except Exception as error:
            log.error("printing at the desk failed\n%s", logs.traceback_of(error))
            _failed(run_id)


def _make(run_id: int, config: Config) -> None:
    made: list[Path] = []
    try:
        with atomic():
            mine = PrintRun.id == run_id, PrintRun.state == PrintState.ASKED
            run = db.session.scalar(select(PrintRun).where(*mine).with_for_update())
            if run is None:
                return
            made += [_path(config, run.public_id, kind) for kind in KINDS]
            for left_over in made:  # of a worker that died: its codes open nothing
                left_over.unlink(missing_ok=True)
            wish = printing.Wish(
                out=made[0],
                paper=Format(run.paper),
                csv=made[1] if run.wants_table else None,
                by=run.asked_by_id,
                seals=True,
                progress=_Progress(config, run.public_id),
            )
            run.ended_at = clock.now()
            try:
                done = _print(run, config, wish)
            except printing.NothingToPrint:  # what was kept back has had its turn all the same
                run.state = PrintState.NOTHING
                return
            run.state, run.batch, run.letters = PrintState.READY, done.batch, done.letters
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _print(run: PrintRun, config: Config, wish: printing.Wish) -> printing.Printed:
    with printing.as_printer():
        return printing.print_again(run.again, config, wish) if run.again else printing.print_due(config, wish)


def _failed(run_id: int) -> None:
    with atomic():
        mine = PrintRun.id == run_id, PrintRun.state == PrintState.ASKED
        db.session.execute(update(PrintRun).where(*mine).values(state=PrintState.FAILED, ended_at=clock.now()))


class _Progress:
    """Says how far a run is, in a file beside the batch: the run's own transaction is not finished yet."""

    def __init__(self, config: Config, public_id: str):
        self.path = _path(config, public_id, "progress")

    def __call__(self, done: int, of: int) -> None:
        if done == of:
            self.path.unlink(missing_ok=True)
        elif done % 10 == 1:
            self.path.write_text(f"{done} {of}", encoding="ascii")


def _path(config: Config, public_id: str, kind: str) -> Path:
    folder = config.instance_dir / "letters"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder / f"desk-{public_id}.{kind}"


@dataclass(frozen=True)
class Shown:
    """A run on the desk. files: what can still be fetched; done, of: how far it is, 0 of 0 where nothing is known."""

    run: PrintRun
    files: tuple[str, ...]
    done: int = 0
    of: int = 0

    @property
    def is_under_way(self) -> bool:
        """Whether a worker is at it, or will be."""
        return self.run.state == PrintState.ASKED


def shown(config: Config, limit: int = 10) -> list[Shown]:
    """The last runs, newest first. Through the eyes of an operator."""
    runs: Sequence[PrintRun] = db.session.scalars(select(PrintRun).order_by(PrintRun.id.desc()).limit(limit)).all()
    return [_shown(config, run) for run in runs]


def _shown(config: Config, run: PrintRun) -> Shown:
    unfetched = {"pdf": run.pdf_fetched_at is None, "csv": run.wants_table and run.table_fetched_at is None}
    is_ready = run.state == PrintState.READY
    files = tuple(k for k in KINDS if is_ready and unfetched[k] and _path(config, run.public_id, k).exists())
    try:
        done, of = map(int, _path(config, run.public_id, "progress").read_text(encoding="ascii").split())
    except (OSError, ValueError):
        done = of = 0
    return Shown(run, files, done, of)


def fetch(public_id: str, kind: str, config: Config, *, by: int) -> tuple[str, bytes] | None:
    """A file of a run (``pdf``, ``csv``), once: (batch, content); None where there is none of this id or it was fetched.

    It is opened and taken from the disk, and who fetched it is written down; whoever lost it on the way prints the batch once
    more. Commits.
    """
    column = {"pdf": PrintRun.pdf_fetched_at, "csv": PrintRun.table_fetched_at}[kind]
    with atomic():
        mine: tuple[ColumnElement[bool], ...] = PrintRun.public_id == public_id, column.is_(None)
        ready = update(PrintRun).where(*mine, PrintRun.state == PrintState.READY)
        batch = db.session.scalar(ready.values({column.key: clock.now()}).returning(PrintRun.batch))
        path = _path(config, public_id, kind)
        if batch is None or not is_sealed(path):
            return None
        with Opened(path, path.name) as sealed:
            content = sealed.read()
        audit.note(Event.LETTERS_FETCHED, actor=by, about=f"{batch} {kind}")
    path.unlink(missing_ok=True)
    return batch, content


def tidy(config: Config, before: datetime) -> int:
    """Take away files that were made before and that nobody fetched; gives how many."""
    folder = config.instance_dir / "letters"
    old = [path for path in folder.glob("*") if path.is_file() and path.stat().st_mtime < before.timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def waiting(config: Config) -> Waiting:
    """How many letters wait, for the desk. Through the eyes of an operator."""
    with printing.as_printer():
        found = printing.queue(config)
    return Waiting(found.count, found.since)
