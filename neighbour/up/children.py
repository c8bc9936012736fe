"""Child processes of the supervisor: started on a leash, watched, started again, ended."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from neighbour.core import clock
from neighbour.core.postgres import LEASH

PR_SET_CHILD_SUBREAPER = 36
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a dead child is started again, doubled each time
STEADY = 30.0  # seconds after which a child counts as healthy


@dataclass
class Child:
    """One program that has to run. It leads a session of its own, so that Ctrl-C reaches only the supervisor."""

    name: str
    command: list[str]
    death_signal: int = signal.SIGKILL  # what the kernel sends when the supervisor is killed
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started_at: float = 0.0
    pause: float = FIRST_PAUSE
    due_at: float = 0.0  # when to start again, while dead

    def start(self) -> None:
        """Start the program now."""
        leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(self.death_signal)), "-"]
        self.process = subprocess.Popen([*leash, *self.command], stdin=subprocess.DEVNULL, start_new_session=True)
        self.started_at = clock.monotonic()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def look_after(self, say: Callable[[str], None]) -> None:
        """Start a dead child again, later and later if it keeps dying."""
        now = clock.monotonic()
        if self.is_running():
            return
        if self.process is not None:
            self.pause = FIRST_PAUSE if now - self.started_at > STEADY else self.pause
            say(f"{self.name} ended ({_how(self.process.returncode)}); it starts again in {self.pause:g} s")
            self.kill()  # what it may have left behind
            self.process, self.due_at = None, now + self.pause
            self.pause = min(self.pause * 2, LONGEST_PAUSE)
        elif now >= self.due_at:
            self.start()

    def ask_to_stop(self) -> None:
        """The polite signal, to the leader only: it knows how to end its own."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """End the whole group by force."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(2)


def adopt_orphans() -> None:
    """Grandchildren that lose their parent become ours (Linux), so that none is left behind as a zombie."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def bury_orphans() -> None:
    """Collect what has died and was adopted. Only when no child is waited for any more."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
