"""Workers in processes of their own, for fault tests: hired one by one from a nursery that has imported everything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support import ROOT
from tests.support.cluster import Databases


def environment(database: Databases, folder: Path, **more: str) -> dict[str, str]:
    """What a process of an instance needs to know that has its files in ``folder``; nothing of what this run was told."""
    return {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")},
        "ENVIRONMENT": "test", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "INSTANCE_DIR": str(folder),
        "DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url, **more,
    }  # fmt: skip


@contextmanager
def nursery(module: str, knowing: dict[str, str], log: Path) -> Iterator[Callable[[], int]]:
    """Gives a function that starts one more worker and gives its process id; all end with the block.

    module: forks one worker for each line it reads, and prints its process id (``tests.support.morning``).
    """
    with log.open("ab") as said:
        running = subprocess.Popen(
            [sys.executable, "-m", module], env=knowing, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, start_new_session=True,
        )  # fmt: skip
    ask, answers = running.stdin, running.stdout
    assert ask is not None and answers is not None

    def hire() -> int:
        ask.write("one more\n")
        ask.flush()
        return int(answers.readline())

    yield hire
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
