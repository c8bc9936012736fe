"""A whole instance of real processes on a day of our choosing: site, worker, beat, mailbox, and the operator's commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from neighbour.up.mailbox import Mail, Mailbox
from tests.support import ROOT
from tests.support.cluster import Databases
from tests.support.up import free_port

PATIENCE = 40.0


@dataclass
class Instance:
    """Everything runs in processes of its own; ``folder`` holds clock, mails and logs."""

    folder: Path
    database: Databases
    port: int = field(default_factory=free_port)
    mail_port: int = field(default_factory=free_port)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def mailbox(self) -> Mailbox:
        return Mailbox(self.folder / "mailbox")

    @property
    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        return plain | {
            "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "CLOCK_FILE": str(self.folder / "clock"),
            "INSTANCE_DIR": str(self.folder), "SITE_URL": self.site, "CITY_NAME": "Berlin",
            "DATABASE_URL": self.database.app_url, "DATABASE_OWNER_URL": self.database.owner_url,
            "ARGON2_MEMORY_KIB": "64", "SMTP_URL": f"smtp://127.0.0.1:{self.mail_port}", "OPERATOR_NAME": "Nachbarschaftsverein Probe e. V.",
        }  # fmt: skip

    def is_now(self, moment: datetime) -> None:
        """Set the clock of all processes; it runs on from there."""
        unfinished = self.folder / "clock.new"
        unfinished.write_text(str((moment - datetime.now(UTC)).total_seconds()))
        unfinished.rename(self.folder / "clock")

    def start(self) -> None:
        """Bring up mailbox, site, worker and beat."""
        beat_and_worker = ["celery", "--quiet", "-A", "tests.support.elsewhen:crew"]
        self._run("neighbour.up.mailbox", str(self.mail_port), str(self.folder / "mailbox"))
        self._run("gunicorn", "tests.support.elsewhen:web", "--bind", f"127.0.0.1:{self.port}", "--threads", "4",
                  "--worker-class", "gthread", "--no-control-socket", "--log-level", "warning")  # fmt: skip
        self._run(*beat_and_worker, "worker", "--without-mingle", "--without-gossip", "--without-heartbeat")
        self._run(*beat_and_worker, "beat")

    def _run(self, *module: str) -> None:
        with (self.folder / "processes.log").open("ab") as log:
            self.running.append(
                subprocess.Popen(
                    [sys.executable, "-m", *module], env=self.environment, cwd=self.folder,
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                )
            )  # fmt: skip

    def command(self, *arguments: str) -> str:
        """One command of the operator, to its end; gives what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.elsewhen", *arguments],
            env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def wait_for_site(self) -> None:
        """Until the first page comes."""
        self.wait(lambda: _status(f"{self.site}/live") == 200, "the site")

    def wait_for_mail(self, to: str, times: int = 1) -> Mail:
        """The newest mail to this address, once it is there."""
        self.wait(lambda: len(self.mails(to)) >= times, f"mail to {to}")
        return self.mails(to)[-1]

    def mails(self, to: str) -> list[Mail]:
        return [mail for mail in self.mailbox.messages() if to in mail.recipients]

    def wait(self, what: Callable[[], object], name: str) -> None:
        """Until ``what()`` is true; fails with what the processes said."""
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < deadline, f"{name} did not come:\n" + self._said()
            time.sleep(0.1)

    def _said(self) -> str:
        return (self.folder / "processes.log").read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        """Kill them all: nothing they leave undone is looked at any more. How they end politely is asked in tests/faults."""
        for process in self.running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the worker's children too
        for process in self.running:
            process.wait()


def post(url: str, body: bytes) -> int:
    """What a mail program does with a one-click address: POST, without cookies."""
    return _status(urllib.request.Request(url, body, {"Content-Type": "application/x-www-form-urlencoded"}))


def _status(request: str | urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
