"""A whole instance: it starts, survives the death of its parts, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlencode

import pytest

from neighbour.core import pidfile, postgres, roles
from neighbour.core.instance import MAILBOX_PORT_FILE
from tests.support import ROOT
from tests.support.up import Instance, reachable_folder

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def folder():
    """One instance for all tests of this file, without the demo city: nobody looks at it here."""
    with reachable_folder() as made:
        yield made


@pytest.fixture
def place():
    """A folder for a database of one's own."""
    with reachable_folder() as made:
        yield made


@pytest.fixture
def instance(folder):
    found = Instance(folder / "instance", {"DEMO": "no"})
    found.log.unlink(missing_ok=True)
    yield found
    found.kill_everything()


def gone(instance, seconds=10.0):
    """Seconds until no process of the instance is left."""
    started = time.monotonic()
    while instance.pids():
        assert time.monotonic() - started < seconds, instance.pids()
        time.sleep(0.05)
    return time.monotonic() - started


# SIGINT alone is asked below, with make above the program.
@pytest.mark.parametrize("demand", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.thorough)])
def test_a_polite_end_leaves_no_process_within_ten_seconds(instance, demand):
    instance.folder.mkdir(mode=0o700, exist_ok=True)
    mailbox = instance.folder / MAILBOX_PORT_FILE
    mailbox.write_text(str(instance.port))  # where the mailbox was last time the site shall be now
    instance.start().wait_until(lambda: "is up" in instance.output)
    assert int(mailbox.read_text()) != instance.port
    assert len(instance.pids()) >= 6  # supervisor, database, mailbox, web twice, worker
    instance.process.send_signal(demand)
    assert instance.process.wait(10) == 0
    assert gone(instance, 1.0) < 1.0
    assert "Traceback" not in instance.output


@pytest.mark.thorough
def test_make_told_to_stop_ends_everything_though_it_passes_nothing_on(instance):
    """A terminal's Ctrl-C reaches everybody; ``kill -INT`` reaches make alone, which then waits for its recipe."""
    recipe = instance.folder.parent / "Makefile"
    recipe.write_text(f"up:\n\t@exec {sys.executable} -m neighbour up\n")
    # Whoever starts a run in the background of a shell has it ignore this signal, and make hands that on.
    listening = ["env", "--default-signal=INT"]
    instance.start([*listening, "make", "--no-print-directory", "-f", str(recipe), "up"])
    instance.wait_until(lambda: "is up" in instance.output)
    instance.process.send_signal(signal.SIGINT)
    instance.process.wait(40)  # how long an end may take is asked above
    assert gone(instance, 1.0) < 1.0
    assert "Traceback" not in instance.output


@pytest.mark.thorough
def test_killed_the_supervisor_takes_everything_with_it(instance):
    instance.start().wait_until(lambda: "is up" in instance.output)
    instance.process.kill()
    instance.process.wait()
    gone(instance)
    # and the next start finds its way in spite of what was left lying about
    instance.start().wait_until(instance.answers)
    assert len(instance.pids("/postgres -D")) == 1


def test_parts_that_die_come_back_and_data_survive(instance):
    instance.start().wait_until(lambda: "is up" in instance.output)
    cluster = postgres.address(instance.folder)
    with roles.connect(cluster.app_url, autocommit=True) as connection:
        connection.execute("INSERT INTO period (job, key, state, opened_at) VALUES ('kept', '1', 'open', now())")
    database = next(pid for pid in instance.pids("/postgres -D"))
    worker = next(pid for pid in instance.pids("workers worker"))
    mailbox = next(pid for pid in instance.pids("neighbour.up.mailbox"))
    for pid in (database, worker, mailbox):
        os.kill(pid, signal.SIGKILL)
    for part in ("/postgres -D", "workers worker", "neighbour.up.mailbox"):
        instance.wait_until(lambda part=part: set(instance.pids(part)) - {database, worker, mailbox})
    instance.wait_until(lambda: kept(cluster) is not None)
    assert kept(cluster) == 1


def kept(cluster):
    try:
        with roles.connect(cluster.app_url, autocommit=True) as connection:
            return connection.execute("SELECT count(*) FROM period WHERE job = 'kept'").fetchone()[0]
    except postgres.DatabaseTrouble:
        return None


def status(instance, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{instance.port}{path}", timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_database_that_hangs_is_noticed_within_five_seconds_and_its_return_within_ten(instance):
    instance.start().wait_until(lambda: "is up" in instance.output)
    instance.wait_until(lambda: status(instance, "/ready") == 200, 10)
    servers = instance.pids("/postgres -D")
    for pid in servers:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert instance.wait_until(lambda: status(instance, "/ready") == 503, 10) < 5
        assert status(instance, "/live") == 200
    finally:
        for pid in servers:
            os.kill(pid, signal.SIGCONT)
    assert instance.wait_until(lambda: status(instance, "/ready") == 200, 15) < 10


@pytest.mark.thorough
def test_the_console_is_quiet_and_the_jobs_are_in_the_file(instance):
    instance.start().wait_until(lambda: "is up" in instance.output)
    file = instance.folder / "log" / "jobs.log"
    _asks_for_a_mail(instance)
    instance.wait_until(lambda: "notices.deliver" in file.read_text())
    assert "notices.deliver" not in instance.output
    assert str(file) in instance.output


def _asks_for_a_mail(instance):
    """Somebody signs up."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = browser.open(f"http://127.0.0.1:{instance.port}/signup", timeout=10).read().decode()
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)[1]
    fields = {"csrf_token": token, "email": "neu@altenbrueck.example", "password": "vier alte Fahrräder"}
    fields |= {"is_adult": "y", "accepts_rules": "y"}
    answer = browser.open(f"http://127.0.0.1:{instance.port}/signup", urlencode(fields).encode(), timeout=20)
    assert "/signup/" in answer.url, answer.read().decode()[:3000]


def test_a_taken_port_is_one_clear_line(instance):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", instance.port))
        taken.listen()
        done = instance.run("up")
    assert done.returncode == 1
    assert done.stdout == ""
    assert (
        done.stderr
        == f"neighbour: port {instance.port} is taken; choose another one: PORT={instance.port + 1} make run\n"
    )
    assert not instance.pids()


def test_a_folder_that_cannot_be_made_is_one_clear_line(instance):
    wall = instance.folder.with_name("wall")
    wall.write_text("a file stands where the folder should be")
    done = Instance(wall / "instance").run("up")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(wall) in done.stderr


def test_the_database_ends_with_the_program_that_started_it(place):
    """Also when that one is killed: nobody is there to stop it then."""
    program = (
        "import os, pathlib, signal; from neighbour.core import postgres;"
        f"c = postgres.ensure(pathlib.Path({str(place)!r})); print(c.process.pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 5
    while pidfile.running_pid(place / "postgres" / "data") is not None:
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)


@pytest.mark.thorough
def test_a_number_of_the_dead_server_in_use_by_another_program_does_not_block_the_start(place):
    cluster = postgres.ensure(place)
    file = cluster.home / "data" / "postmaster.pid"
    left_behind = file.read_text().split("\n")
    cluster.process.send_signal(signal.SIGKILL)
    cluster.process.wait()
    file.write_text("\n".join([str(os.getpid()), *left_behind[1:]]))
    lock = cluster.socket / ".s.PGSQL.5432.lock"
    lock.write_text("\n".join([str(os.getpid()), *lock.read_text().split("\n")[1:]]))
    again = postgres.ensure(place)
    try:
        assert again.is_running()
    finally:
        again.stop()


def test_a_deep_folder_gets_a_short_socket_of_its_own(tmp_path):
    deep = [tmp_path / name / ("d" * 60) / ("e" * 60) for name in ("one", "two")]
    places = [postgres.address(folder).socket for folder in deep]
    assert all(len(os.fsencode(place / ".s.PGSQL.5432")) < 107 for place in places)
    assert places[0] != places[1]
    assert (
        postgres.address(tmp_path / "short").socket == tmp_path / "short" / "postgres" / "run"
        or len(str(tmp_path)) > 70
    )
