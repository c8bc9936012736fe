"""``neighbour up``: database, web, worker, beat and – in development – the local mailbox, as one program.

Each part is a process of its own in a session of its own. A part that dies is started again. Ctrl-C (or SIGTERM,
SIGHUP) ends them all, a second one without waiting; when the supervisor itself is killed, the kernel ends them
(see ``core/leash.py``). The supervisor imports little: what needs the application runs in a short-lived process.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from typing import Any

from config import Config
from neighbour.core import advice, clock, instance, postgres, roles
from neighbour.core.postgres import Cluster, DatabaseTrouble
from neighbour.up.children import Child, adopt_orphans, bury_orphans
from neighbour.up.parent import Make

POLITE_SECONDS = 5.0
READY_SECONDS = 90.0
PATIENCE_SECONDS = 10.0  # with a database that another process is using
LEAST_FREE_BYTES = 50_000_000


class Trouble(RuntimeError):
    """Cannot start; the message is one line for the person in front of the terminal."""


def run(config: Config) -> int:
    """Start everything, stay until told to stop; gives the exit code. Raises Trouble or DatabaseTrouble in one line."""
    with _only_one(config.instance_dir):
        _check_port(config.host, config.port)
        _check_disk(config.instance_dir)
        return Supervisor(config).run()


class Supervisor:
    """The running instance."""

    def __init__(self, config: Config):
        self.config = config
        self.cluster: Cluster | None = None
        self.children: list[Child] = []
        self.make = Make()
        self.stops = 0  # how often somebody asked to stop

    def run(self) -> int:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, self._stop)
        adopt_orphans()
        try:
            self._start()
            self._stay()
        except _Stopped:
            pass
        finally:
            self._end()
        return 0

    def _start(self) -> None:
        config = self.config
        if not config.database_url:
            self.cluster = self._own_database()
            config = replace(config, database_url=self.cluster.app_url, owner_url=self.cluster.owner_url)
            roles.create_database(self.cluster.superuser_url, self.cluster.owner_url, self.cluster.app_url)
        elif not config.is_production:
            roles.prepare_queue(config.owner_url, config.database_url)
        self._pause(0)
        if needs_preparation(config):
            self._prepare()
        *first, beat = parts(config)
        self.children = first
        for child in first:
            child.start()
        self._wait_for_site()
        self._greet()
        self.children.append(beat)  # nobody misses it in the first seconds, and two cores have enough to do

    def _own_database(self) -> Cluster:
        """The embedded server as our own child: another command's would end with that command."""
        deadline = clock.monotonic() + PATIENCE_SECONDS
        while clock.monotonic() < deadline:
            cluster = postgres.ensure(self.config.instance_dir, say=say)
            if cluster.process is not None:
                return cluster
            self._pause()
        raise Trouble(f"the database of {self.config.instance_dir} is in use by another command; wait for its end")

    def _prepare(self) -> None:
        """Migrations and the demo city, in a process that gives its memory back."""
        child = Child("preparation", [sys.executable, "-m", "neighbour.up.prepare"])
        self.children = [child]
        child.start()
        while child.is_running():
            self._pause()
        if child.process is not None and child.process.returncode:
            raise Trouble("the database could not be prepared, see above")

    def _stay(self) -> None:
        while True:
            self._pause()
            if self.cluster is not None and not self.cluster.is_running():
                self._restart_database()
            for child in self.children:
                child.look_after(say)

    def _restart_database(self) -> None:
        say("the database ended; it starts again")
        try:
            self.cluster = postgres.ensure(self.config.instance_dir)
        except DatabaseTrouble as trouble:
            say(str(trouble))
            self._pause(2.0)

    def _wait_for_site(self) -> None:
        deadline = clock.monotonic() + READY_SECONDS
        while clock.monotonic() < deadline:
            self._pause(0.1)
            for child in self.children:
                child.look_after(say)
            if _answers(self.config):
                return
        say(f"the site does not answer after {READY_SECONDS:.0f} seconds; look at the lines above")

    def _greet(self) -> None:
        config = self.config
        lines = ["", f"{config.city_name or 'Neighbour'} is up. Ctrl-C ends it.", f"  site     {config.site_url}"]
        if config.environment == "development":
            lines.append(f"  mailbox  {config.site_url}/dev/mailbox")
            lines += [f"  sign in  {line}" for line in _logins(config.instance_dir)]
        lines.append(f"  jobs     {instance.job_log(config.instance_dir)}")
        if self.cluster is not None:
            config = replace(config, database_url=self.cluster.app_url)
        lines += [f"  ? {each.setting} {each.text}; {each.mend}" for each in advice.warnings(config)]
        print("\n".join([*lines, ""]), flush=True)  # noqa: T201

    def _stop(self, _number: int, _frame: Any) -> None:
        self.stops += 1  # looked at in every pause: an exception here could lose a child just being started

    def _pause(self, seconds: float = 0.15) -> None:
        time.sleep(seconds)
        if self.stops or self.make.has_given_up():
            raise _Stopped

    def _end(self) -> None:
        """End the parts, politely for a while, then by force; the database last."""
        self.stops = max(self.stops, 1)
        before = self.stops
        for child in self.children:
            child.ask_to_stop()
        deadline = clock.monotonic() + POLITE_SECONDS
        while any(child.is_running() for child in self.children):
            if clock.monotonic() > deadline or self.stops > before:
                break
            time.sleep(0.05)
        for child in self.children:
            child.kill()
        if self.cluster is not None:
            self.cluster.stop(2.0)
        bury_orphans()


class _Stopped(Exception):
    """Somebody asked to stop."""


def say(line: str) -> None:
    """One line to the terminal."""
    print(f"neighbour: {line}", file=sys.stderr, flush=True)  # noqa: T201


def parts(config: Config) -> list[Child]:
    """The processes of an instance, beat last."""
    python = sys.executable
    celery = [
        python,
        "-W",
        "ignore:You're running the worker with superuser",
        "-m",
        "celery",
        "--quiet",
        "-A",
        "workers",
    ]
    found = [
        Child("web", web_command(config), signal.SIGQUIT),
        Child("worker", [*celery, "worker", "--without-mingle", "--without-gossip", "--without-heartbeat"]),
        Child("beat", [*celery, "beat"]),
    ]
    if config.environment == "development" and not config.smtp_url:
        port = _mailbox_port(config.instance_dir, config.port)
        folder = str(config.instance_dir / "mailbox")
        found.insert(0, Child("mailbox", [python, "-m", "neighbour.up.mailbox", str(port), folder]))
    return found


def needs_preparation(config: Config) -> bool:
    """Whether the schema is not the newest or – in development – there is no city yet. One quick look."""
    if instance.revision(config.owner_url) != instance.newest_revision():
        return True
    with roles.connect(config.owner_url, autocommit=True) as connection:
        return (
            config.environment == "development" and not connection.execute("SELECT 1 FROM quarter LIMIT 1").fetchone()
        )


def web_command(config: Config) -> list[str]:
    """The command line that serves this instance's pages."""
    # Loaded once before the workers fork: create_app() opens no connection and draws no random number.
    # gunicorn's control socket lies in the user's home and would be shared by all instances.
    scratch = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    host = f"[{config.host}]" if ":" in config.host else config.host
    return [
        sys.executable, "-m", "gunicorn", "neighbour.up.wsgi:app", "--bind", f"{host}:{config.port}",
        "--worker-class", "gthread", "--workers", str(config.web_workers), "--threads", "4",
        "--preload", "--no-control-socket", "--graceful-timeout", "4", "--timeout", "60", "--log-level", "warning",
        *(["--worker-tmp-dir", scratch] if scratch else []),
    ]  # fmt: skip


def _logins(folder: Path) -> list[str]:
    """The demo's logins: one line each."""
    try:
        return (folder / "logins").read_text(encoding="utf-8").splitlines()[:3]
    except OSError:
        return []


def _answers(config: Config) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(config.host, config.host)  # noqa: S104
    try:
        with urllib.request.urlopen(f"http://{host}:{config.port}/static/build/manifest.json", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True  # an error page is an answer too
    except (OSError, HTTPException):  # nobody, or somebody who speaks something else
        return False


def _mailbox_port(instance_dir: Path, of_site: int) -> int:
    """The mailbox's port: the one of last time if it is free, so that links and commands keep working; never the one the site
    is about to take."""
    for wanted in (instance.mailbox_port(instance_dir) or 0, 0, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            port: int = probe.getsockname()[1]
        if port == of_site:
            continue
        unfinished = instance_dir / (instance.MAILBOX_PORT_FILE + ".new")
        unfinished.write_text(f"{port}\n")
        unfinished.rename(instance_dir / instance.MAILBOX_PORT_FILE)
        return port
    raise Trouble("there is no free port for the local mailbox")


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Trouble(f"port {port} is taken; choose another one: PORT={port + 1} make run") from error
            raise Trouble(f"cannot listen on {host}:{port}: {error.strerror}") from error


def _check_disk(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise Trouble(f"no disk space: {folder} has {free // 1_000_000} MB left")


@contextmanager
def _only_one(instance_dir: Path) -> Iterator[None]:
    """One supervisor per instance."""
    try:
        instance_dir.mkdir(parents=True, exist_ok=True)
        held = (instance_dir / "up.lock").open("a+")
    except OSError as error:
        raise Trouble(f"cannot write to {instance_dir}: {error.strerror}; choose another INSTANCE_DIR") from error
    with held as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise Trouble(
                f"{instance_dir} is already up (process {lock.read().strip()}); choose another INSTANCE_DIR"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
