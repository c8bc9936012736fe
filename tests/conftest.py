"""Fixtures that every test may use, and the ground they stand on.

One throw-away PostgreSQL cluster per run, one database per xdist worker (``tests/support/cluster.py`` says how and
why tests commit for real), the application connected as the application's role, mail over real SMTP into a folder.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner, Result
from flask import Flask
from flask.ctx import AppContext

from config import Config
from neighbour.accounts import service as accounts
from neighbour.core import clock, i18n, memory, roles, scope
from neighbour.up.mailbox import Handler, Mailbox, protocol
from tests.support import ROOT, cluster, counting, data_dir
from tests.support.client import Client

# A Tuesday in May, ten o'clock in Berlin: no clock change near, nothing due.
FROZEN_AT = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)


def pytest_configure(config: pytest.Config) -> None:
    """With xdist the controller starts the cluster, so that it outlives every worker and ends with the run."""
    is_controller = not hasattr(config, "workerinput")
    if is_controller and getattr(config.option, "numprocesses", None) and not config.option.collectonly:
        cluster.remember(cluster.start())


def pytest_collection_finish() -> None:
    """What is there now stays to the end: the collector need not look at it again, nor as often as a small program would."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What goes through everything there is takes minutes and is run by ``make thorough``."""
    if "THOROUGH" not in os.environ:
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
    items[:] = _in_turns(items, getattr(config, "workerinput", {}).get("workercount", 1))


#: Slow, or dear to set up: a worker begins with all of them that share something. First those in the demo city.
DEAR = ("journeys", "faults", "attacks", "privacy", "demo")


def _in_turns(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """``--dist worksteal`` gives each worker a run of equal length, and what is stolen comes from the end of another's: so each
    run begins with what is dear, and no demo city moves in twice. In random order as before, within each group."""
    groups: dict[str, list[pytest.Item]] = {"town": []}
    for item in items:
        room = item.path.relative_to(ROOT / "tests").parts[0]
        is_town = "altenbrueck" in getattr(item, "fixturenames", ())
        groups.setdefault("town" if is_town else room if room in DEAR else "", []).append(item)
    rest, town = groups.pop("", []), groups.pop("town")
    runs = [town, *([] for _other in range(workers - 1))]
    for number, room in enumerate(each for each in DEAR if each in groups):
        runs[1 + number % (workers - 1) if workers > 1 else 0] += groups[room]
    ordered, others = list[pytest.Item](), iter(rest)
    for number, run in enumerate(runs, 1):
        ordered += run
        ordered += islice(others, max(0, number * len(items) // workers - len(ordered)))
    return [*ordered, *others]


def pytest_unconfigure() -> None:
    cluster.stop()


@pytest.fixture(scope="session")
def database() -> Iterator[cluster.Databases]:
    """This worker's database, a copy of the migrated template; addresses of its three roles."""
    run = cluster.current()
    name = "neighbour_" + os.environ.get("PYTEST_XDIST_WORKER", "solo")
    if "MUTANT_UNDER_TEST" in os.environ:  # mutmut runs several at once
        name += f"_{os.getpid()}"
    yield run.copy_template(name)
    if "MUTANT_UNDER_TEST" in os.environ:
        run.drop(name)


@pytest.fixture(scope="session")
def broom(database: cluster.Databases) -> Iterator[cluster.Broom]:
    broom = cluster.Broom(database)
    yield broom
    broom.close()


@pytest.fixture
def clean_database(database: cluster.Databases, broom: cluster.Broom) -> Iterator[cluster.Databases]:
    """This worker's database for one test, which leaves nothing behind in it."""
    yield database
    broom.sweep()


@pytest.fixture
def spare_database(request: pytest.FixtureRequest) -> Iterator[cluster.Databases]:
    """A migrated database of one's own, for tests that kill processes or change the schema."""
    run, name = cluster.current(), "neighbour_spare_" + os.environ.get("PYTEST_XDIST_WORKER", "solo")
    yield run.copy_template(name, cluster.MIGRATED)
    run.drop(name)


@pytest.fixture
def empty_database() -> Iterator[cluster.Databases]:
    """A database of one's own with roles and queue but no schema, for tests of migrations."""
    run, name = cluster.current(), "neighbour_empty_" + os.environ.get("PYTEST_XDIST_WORKER", "solo")
    yield run.empty(name)
    run.drop(name)


@pytest.fixture(scope="session")
def _smtp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mailbox, int]]:
    mailbox = Mailbox(tmp_path_factory.mktemp("mailbox"))

    class Server(Controller):
        def factory(self) -> Any:
            return protocol(mailbox)

        def _trigger_server(self) -> None:
            """The controller knocks once to see whether it is up: at the port it was really given."""
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    server = Server(Handler(mailbox), hostname="127.0.0.1", port=0)
    server.start()
    yield mailbox, server.server.sockets[0].getsockname()[1]
    server.stop()


@pytest.fixture
def mailbox(_smtp: tuple[Mailbox, int]) -> Iterator[Mailbox]:
    """Mail handed over during the test: ``mailbox.messages()`` → list of Mail (text, html, message, recipients, raw)."""
    _smtp[0].clear()
    yield _smtp[0]
    _smtp[0].clear()


@pytest.fixture(scope="session")
def settings(
    database: cluster.Databases, _smtp: tuple[Mailbox, int], tmp_path_factory: pytest.TempPathFactory
) -> Config:
    """The settings of the application under test."""
    return Config.from_env({
        "ENVIRONMENT": "test",
        "SITE_URL": "http://localhost",
        "DATABASE_URL": database.app_url,
        "DATABASE_OWNER_URL": database.owner_url,
        "SMTP_URL": f"smtp://127.0.0.1:{_smtp[1]}",
        "INSTANCE_DIR": str(tmp_path_factory.mktemp("instance")),
        "CITY_NAME": "Altenbrück",
        "ARGON2_MEMORY_KIB": "64",  # a real hash, at a fraction of its cost
    })  # fmt: skip


@pytest.fixture(scope="session")
def _application(settings: Config) -> Iterator[Flask]:
    from neighbour.app import create_app
    from neighbour.core.db import hang_up

    app = create_app(settings)
    app.test_client_class = Client
    memory.settle()  # as in every process that serves pages
    yield app
    with app.app_context():
        hang_up()


@pytest.fixture
def app(_application: Flask, clean_database: cluster.Databases) -> Iterator[Flask]:
    """The application on a clean database. Jobs are not sent but remembered: see ``jobs``."""
    before = _application.extensions["send_job"]
    _application.extensions["sent_jobs"] = sent = []
    _application.extensions["send_job"] = lambda name, args: sent.append((name, list(args)))
    yield _application
    _application.extensions["send_job"] = before


@pytest.fixture
def client(app: Flask) -> Client:
    """A visitor: sends CSRF tokens by itself, keeps cookies, and shares nothing with the test but the database."""
    return app.test_client()  # type: ignore[return-value]


@pytest.fixture
def visitor(app: Flask) -> Callable[[], Client]:
    """Makes further visitors, each with cookies of their own."""
    return app.test_client  # type: ignore[return-value]


#: hides whether somebody has an account, and is waited for by the tests of that alone (``waits_like_others``)
FORGOT_SECONDS = accounts.FORGOT_SECONDS
accounts.FORGOT_SECONDS = 0.0


@pytest.fixture
def waits_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for a new password waits for the answer as in real life."""
    monkeypatch.setattr(accounts, "FORGOT_SECONDS", FORGOT_SECONDS)


@pytest.fixture(autouse=True)
def _german() -> None:
    """A page that another test asked for in English has no say in what is spoken in this one."""
    i18n.speak("de", "Europe/Berlin")


@pytest.fixture
def context(app: Flask) -> Iterator[AppContext]:
    """An application context for calling services; whose eyes are used the test says: ``scope.use(…)``."""
    with app.app_context() as pushed:
        yield pushed
        scope.leave()


@pytest.fixture
def here(context: AppContext) -> Any:
    """A quarter to live in, inside ``context``."""
    from tests.factories import make_quarter

    return make_quarter("Weberviertel")


@pytest.fixture
def neighbour(here: Any, visitor: Callable[[], Client]) -> Client:
    """Somebody of ``here`` with a browser of their own; ``person``: who it is."""
    from tests.factories import make_signed_in

    browser = visitor()
    browser.person = make_signed_in(browser, here)  # type: ignore[attr-defined]
    return browser


@pytest.fixture
def session(context: AppContext) -> Any:
    """``db.session`` of the application's role, inside ``context``. No viewer is chosen yet."""
    from neighbour.core.db import db

    return db.session


@pytest.fixture
def owner(clean_database: cluster.Databases) -> Iterator[psycopg.Connection[Any]]:
    """A raw connection as the owner, autocommit: sees everything, for arranging and for looking behind the wall."""
    with roles.connect(clean_database.owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def raw(clean_database: cluster.Databases) -> Iterator[Callable[[], psycopg.Connection[Any]]]:
    """Opens raw connections as the application's role (``raw()``), for tests of the wall and of races."""
    opened: list[psycopg.Connection[Any]] = []

    def connect() -> psycopg.Connection[Any]:
        opened.append(roles.connect(clean_database.app_url))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def frozen_clock() -> Iterator[Any]:
    """The clock stands at FROZEN_AT; ``frozen_clock.tick(seconds)`` moves it on."""
    with clock.freeze(FROZEN_AT):
        yield clock


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    """Jobs asked for during the test: ``jobs.sent`` and ``jobs.run()``, which does them as a worker would."""
    return Jobs(app)


class Jobs:
    """What would have been sent to the broker."""

    def __init__(self, app: Flask):
        self.app = app

    @property
    def sent(self) -> list[tuple[str, list[Any]]]:
        """(name, arguments) of each job, in order."""
        return self.app.extensions["sent_jobs"]

    def run(self) -> int:
        """Do them all, and those they ask for, in a context of their own; gives how many."""
        import workers

        done = 0
        while self.sent:
            name, arguments = self.sent.pop(0)
            Context().run(workers.perform, self.app, name, arguments)
            done += 1
        return done


@pytest.fixture
def operate(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs an operator's command on the application under test: ``operate(letters, "print", "--out", path)``."""
    from neighbour.core import commands

    @contextmanager
    def application() -> Iterator[Flask]:
        with app.app_context():
            yield app
            scope.leave()

    monkeypatch.setattr(commands, "application", application)
    return lambda group, *words: CliRunner().invoke(group, [str(word) for word in words])


@pytest.fixture(scope="session")
def city_data() -> Path:
    """The folder of real city data; skips where there is none."""
    return data_dir()


@pytest.fixture
def count_queries(app: Flask) -> Callable[[], Any]:
    """``with count_queries() as queries:`` collects the statements that the application's role executes."""
    return counting.statements
