"""Where log lines of workers and beat go: routine into a file of the instance, what somebody must see to the console.

``INSTANCE_DIR/log/jobs.log`` holds one line per job; at 5 MB it becomes ``jobs.log.1`` and so on, four files at most.
Several processes may write to it: whoever finds that another one has moved the file on opens the new one.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from copy import copy
from datetime import datetime, timedelta
from logging.handlers import RotatingFileHandler
from pathlib import Path

from neighbour.core import clock

CONSOLE_FORMAT = "%(levelname).1s %(name)s: %(message)s"
FILE_FORMAT = "%(asctime)s %(process)d %(levelname).1s %(name)s: %(message)s"
LARGEST, KEEP = 5_000_000, 3
WEEK = timedelta(days=7)
# What PostgreSQL quotes from rows and parameters: an address may stand there, or a text.
_QUOTED = re.compile(r"\n(?:DETAIL|CONTEXT):.*?(?=\n\[SQL|\n\n|\nTraceback |\Z)", re.DOTALL)
NOISY = ("celery", "kombu", "pgmq", "psycopg.pool", "alembic", "amqp")


# What moves the cursor, ends a line or begins an escape sequence of a terminal, but line ends and tabs of ours.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class Traceback(str):
    """Lines of ours: the only text in a message that may have more than one."""


def without_rows(text: str) -> str:
    """An error's words without what the database quotes from rows."""
    return _QUOTED.sub("", text)


def traceback_of(error: BaseException) -> Traceback:
    """The traceback of an error, without what the database quotes from rows."""
    return Traceback(without_rows("".join(traceback.format_exception(error)).rstrip()))


def one_line(value: object) -> object:
    """A text that came from somewhere as one line: nobody writes a line of the log by typing one."""
    if not isinstance(value, str) or isinstance(value, Traceback):
        return value
    return " ".join(without_rows(value).splitlines())


class Formatter(logging.Formatter):
    """The standard formatter; no message and no traceback shows what the database quotes from rows, and what was typed
    begins no line and moves no cursor."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        told = copy(record)
        if isinstance(told.args, tuple):
            told.args = tuple(one_line(each) for each in told.args)
        return _CONTROL.sub("�", without_rows(super().format(told)))


class JobFile(RotatingFileHandler):
    """A rotating file that several processes share and that may fail: then one line says so, once."""

    def __init__(self, file: Path):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(file, maxBytes=LARGEST, backupCount=KEEP, encoding="utf-8", errors="backslashreplace")
        file.chmod(0o600)
        self.failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, into the file that bears the name now."""
        if self.stream is not None and self._is_moved(self.stream.fileno()):
            self.stream.close()
            self.stream = self._open()
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        """A full disk must not fill the console too."""
        if not self.failed:
            self.failed = True
            error = sys.exc_info()[1]
            print(f"neighbour: {self.baseFilename}: {error}; jobs go on without", file=sys.stderr)  # noqa: T201

    def _is_moved(self, opened: int) -> bool:
        try:
            return not os.path.samefile(self.baseFilename, opened)  # noqa: PTH121  an open file has no path
        except OSError:
            return True


def forget(file: Path, before: datetime) -> int:
    """Take lines of before away, file by file; gives how many files went. A file that has been written to for a week makes
    room for a new one, so that none holds lines for longer than its age and a week."""
    oldest = sorted(file.parent.glob(f"{file.name}.*"), key=lambda path: path.stat().st_mtime)
    gone = [path for path in oldest if path.stat().st_mtime < (before + WEEK).timestamp()]
    for path in gone:
        path.unlink(missing_ok=True)
    if _begun(file) < clock.now() - WEEK:
        for number in range(KEEP, 0, -1):
            there = file.with_name(f"{file.name}.{number - 1}") if number > 1 else file
            if there.exists():
                there.replace(file.with_name(f"{file.name}.{number}"))
    return len(gone)


def _begun(file: Path) -> datetime:
    """The time of the file's first line; now, where there is none."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return datetime.strptime(stream.readline()[:19], "%Y-%m-%d %H:%M:%S").astimezone()
    except (OSError, ValueError):
        return clock.now()


def set_up(file: Path) -> None:
    """Routine lines into ``file``, warnings and errors to standard error as well.

    Where the file cannot be written everything goes to standard error.
    """
    console = logging.StreamHandler()
    console.setFormatter(Formatter(CONSOLE_FORMAT))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(console)
    try:
        routine = JobFile(file)
    except OSError as error:
        root.warning("%s: %s; jobs are logged here", file, error.strerror)
    else:
        routine.setFormatter(Formatter(FILE_FORMAT))
        root.addHandler(routine)
        console.setLevel(logging.WARNING)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
