"""A whole instance as a subprocess, for fault tests: start, look at its processes, end it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes(word: str) -> dict[int, str]:
    """Living processes (zombies do not count) whose command line or environment holds ``word``: pid → command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if line and (word in line or word in environment):
            found[int(entry.name)] = line.strip()
    return found


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that the database's user may enter. Not below pytest's: each run of pytest closes those of all others."""
    folder = Path(tempfile.mkdtemp(prefix="neighbour-up-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Instance:
    """``neighbour up`` in a folder of its own."""

    folder: Path
    extra: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    @property
    def log(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    @property
    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        own = {"INSTANCE_DIR": str(self.folder), "PORT": str(self.port), "PYTHONPATH": str(ROOT), "WEB_WORKERS": "1"}
        return plain | own | self.extra

    def start(self, command: Sequence[str] = (sys.executable, "-m", "neighbour", "up")) -> Instance:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=ROOT,
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, text=True,
            )  # fmt: skip
        return self

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def run(self, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run one ``neighbour`` command of this instance to its end."""
        return subprocess.run(
            [sys.executable, "-m", "neighbour", *arguments], env=self.environment, cwd=ROOT,
            capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/static/build/manifest.json", timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def wait_until(self, what, seconds: float = 90.0) -> float:
        """Wait until ``what()`` is true; gives the seconds it took, fails with the instance's output."""
        started = time.monotonic()
        while not what():
            assert time.monotonic() - started < seconds, self.output[-4000:]
            assert self.process is None or self.process.poll() is None, self.output[-4000:]
            time.sleep(0.1)
        return time.monotonic() - started

    def pids(self, part: str = "") -> list[int]:
        """Living processes of this instance, those whose command line holds ``part``."""
        return [pid for pid, line in processes(str(self.folder)).items() if part in line]

    def kill_everything(self) -> None:
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if self.process is not None:
            self.process.wait(10)
