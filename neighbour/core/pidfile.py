"""What PostgreSQL's ``postmaster.pid`` tells: whether a server runs on a data folder, and how far it is.

Read rather than asked by ``pg_ctl``, because that one believes the file of a server that was killed.
"""

from __future__ import annotations

import os
import time
from pathlib import Path


def running_pid(data: Path) -> int | None:
    """The pid of the running server, None if there is none (a stale file does not count)."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, 0)
    except PermissionError:
        pass  # alive, another user's
    except (OSError, ValueError):
        return None
    return pid if _is_postgres(pid) else None


def status(data: Path) -> str:
    """What the server writes into its pid file: starting, ready, stopping; empty without one."""
    try:
        return (data / "postmaster.pid").read_text().split("\n")[7].strip()
    except (OSError, IndexError):
        return ""


def wait_while_stopping(data: Path, seconds: float) -> None:
    """Wait for a server that is on its way out, for example because its supervisor was killed a moment ago."""
    deadline = time.monotonic() + seconds
    while running_pid(data) is not None and status(data) == "stopping" and time.monotonic() < deadline:
        time.sleep(0.05)


def forget_if_stale(data: Path, socket: Path) -> None:
    """Remove what a dead server left in its data folder and beside its socket, which is this server's alone.

    The number in it may be another program's by now, or a zombie's that nobody has buried: PostgreSQL would give up.
    """
    if running_pid(data) is None:
        (data / "postmaster.pid").unlink(missing_ok=True)
        for lock in socket.glob(".s.PGSQL.*.lock"):
            lock.unlink(missing_ok=True)


def _is_postgres(pid: int) -> bool:
    """Whether this pid is a PostgreSQL, not another program that got the number of a dead one."""
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return not Path("/proc/self").exists()  # without /proc believe the file, as PostgreSQL itself does
