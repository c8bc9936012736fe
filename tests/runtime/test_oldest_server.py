"""The oldest server that is promised (Debian 12 has it): schema, wall, queue and backups on PostgreSQL 15.

The guards themselves run once more, in a run of their own on that server. For the whole suite there see
``tests/support/cluster.py``.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neighbour.core import pidfile, roles
from tests.support import ROOT
from tests.support.cluster import SERVER
from tests.support.up import reachable_folder

PROGRAMS = Path(f"/usr/lib/postgresql/{roles.OLDEST_MAJOR}/bin")  # where Debian and Ubuntu put them
GUARDS = (
    "tests/migrations", "tests/guards/test_wall.py", "tests/runtime/test_ground.py", "tests/runtime/test_backups.py",
)  # fmt: skip


@pytest.fixture
def oldest_server():
    """The socket's folder of a throw-away server of that version."""
    with reachable_folder() as folder:
        data, user = folder / "data", None
        if os.geteuid() == 0:  # PostgreSQL refuses to be root
            user = pwd.getpwnam("nobody").pw_uid
            os.chown(folder, user, -1)
        how = {
            "cwd": "/",
            "env": {"LC_ALL": "C"},
            "user": user,
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
        }
        subprocess.run(
            [PROGRAMS / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "-A", "trust", "-N"], check=True, **how
        )
        settings = ["-c", f"unix_socket_directories={folder}", "-c", "listen_addresses=", "-c", "fsync=off"]
        with subprocess.Popen([PROGRAMS / "postgres", "-D", data, *settings], **how) as server:
            while server.poll() is None and pidfile.status(data) != "ready":
                time.sleep(0.05)
            yield folder
            server.send_signal(signal.SIGINT)  # a fast end


@pytest.mark.thorough
@pytest.mark.skipif(
    not (PROGRAMS / "initdb").exists(),
    reason=f"PostgreSQL {roles.OLDEST_MAJOR} is not installed (Debian: apt install postgresql-{roles.OLDEST_MAJOR})",
)
def test_schema_wall_queue_and_backups_hold_on_the_oldest_server(oldest_server):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *GUARDS], cwd=ROOT, env={**plain(), SERVER: str(oldest_server)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]


def plain():
    """The environment without what this run has told its own workers."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NEIGHBOUR_TEST"))}
