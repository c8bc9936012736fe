"""The application as it is run: gunicorn with the supervisor's own settings, in production, read by signed-in people."""

from __future__ import annotations

import base64
import gzip
import http.client
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import psycopg

from config import Config
from neighbour.accounts import sessions
from neighbour.accounts import web as accounts
from neighbour.app import create_app
from neighbour.core import clock, roles, scope
from neighbour.core.db import atomic
from neighbour.up import supervisor
from tests.bench import measure
from tests.support import ROOT, cluster

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HEADERS = {
    "User-Agent": AGENT,
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "de,en;q=0.5",
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Proto": "https",
}


@dataclass
class Server:
    """The application on one database, and how to ask it."""

    databases: cluster.Databases
    web_workers: int = 1
    keys: dict[str, str] = field(
        default_factory=lambda: {
            "SECRET_KEY": secrets.token_hex(32),
            "ADDRESS_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
    )

    @cached_property
    def app(self) -> Any:
        """The same application in this process, for signing in and for counting."""
        return create_app(Config.from_env(self.environment()))

    def environment(self) -> dict[str, str]:
        """Production behind one proxy: what is measured is what is run."""
        return {
            **os.environ,
            **self.keys,
            "ENVIRONMENT": "production",
            "DATABASE_URL": self.databases.app_url,
            "DATABASE_OWNER_URL": self.databases.owner_url,
            "SITE_URL": "https://bank.example",
            "SMTP_URL": "smtp://127.0.0.1:9",
            "MAIL_FROM": "brett@bank.example",
            "CITY_NAME": "Bankstadt",
            "OPERATOR_NAME": "Bank",
            "OPERATOR_ADDRESS": "Bankweg 1",
            "OPERATOR_EMAIL": "bank@bank.example",
            "OPERATOR_RESPONSIBLE": "Bank",
            "TRUSTED_PROXIES": "1",
            "WEB_WORKERS": str(self.web_workers),
            "PYTHONPATH": str(ROOT),
        }

    def sign_in(self, person_id: int) -> str:
        """Sign somebody in the way the sign-in page does; returns the cookie header."""
        environ = {"REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": AGENT, "wsgi.url_scheme": "https"}
        with self.app.test_request_context("/signin", environ_overrides=environ) as context:
            scope.enter(scope.NOBODY)
            with atomic():
                token = sessions.open_session(person_id, is_kept=True, device="Firefox, Linux")
            accounts.begin(token, is_kept=True)
            response = self.app.response_class()
            from flask_wtf.csrf import generate_csrf

            generate_csrf()
            self.app.session_interface.save_session(self.app, context.session, response)
            scope.leave()
        return str(response.headers["Set-Cookie"]).partition(";")[0]

    def csrf_token(self, cookie: str) -> str:
        """The token that belongs to this cookie."""
        from flask_wtf.csrf import generate_csrf

        with self.app.test_request_context("/", headers={"Cookie": cookie}):
            return str(generate_csrf())

    @contextmanager
    def running(self) -> Iterator[Running]:
        """Its workers, up and asked once."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with TemporaryDirectory() as folder:
            environment = self.environment() | {"PORT": str(port), "INSTANCE_DIR": folder}
            command = supervisor.web_command(Config.from_env(environment))
            server = subprocess.Popen(command, env=environment, cwd=ROOT)
            try:
                _wait_for(port, server)
                with roles.connect(self.databases.superuser_url, autocommit=True) as look:
                    yield Running(port, measure.children(server.pid), look, self.databases.name)
            finally:
                server.terminate()
                server.wait(20)


@dataclass
class Running:
    """A running server: its port and the processes that answer."""

    port: int
    workers: list[int]
    look: psycopg.Connection[Any]
    database: str

    @property
    def worker(self) -> int:
        """The process that answers, where there is one only."""
        return self.workers[0]

    @cached_property
    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def backends(self) -> list[int]:
        """The PostgreSQL processes that serve the application now."""
        wanted = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = 'neighbour_app'"
        return [row[0] for row in self.look.execute(wanted, [self.database])]

    def get(self, path: str, cookie: str) -> str:
        """A page; anything but 200 is an error."""
        self.connection.request("GET", path, headers={**HEADERS, "Cookie": cookie})
        response = self.connection.getresponse()
        body = response.read()
        if response.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert response.status == 200, (response.status, response.headers.get("Location"), body[:300])
        return body.decode()

    def post(self, path: str, cookie: str, fields: dict[str, str]) -> None:
        """Send a form that ends in a redirect."""
        headers = {**HEADERS, "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request("POST", path, urlencode(fields), headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        assert response.status == 303, (response.status, text[:2000])


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = clock.monotonic() + 120
    while clock.monotonic() < deadline:
        if server.poll() is not None:
            sys.exit("bench: the web server did not start")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0 and _children(server.pid):
                return
        time.sleep(0.1)
    sys.exit("bench: the web server does not answer")


def _children(pid: int) -> list[int]:
    return measure.children(pid) if Path(f"/proc/{pid}").exists() else []
