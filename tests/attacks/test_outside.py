"""What strangers look for on any site, and what must never stand in an address."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from urllib.parse import unquote, unquote_plus

import pytest

from config import Config
from tests.attacks import mapping, words
from tests.attacks.world import World

#: what scanners try first: what belongs to a repository, a server, another product, or those who run this one
PROBES = [
    ".git", ".git/", ".git/HEAD", ".git/config", ".git/index", ".gitignore", ".svn/entries", ".hg/", ".env", ".env.local",
    ".env.production", ".htaccess", ".htpasswd", ".DS_Store", ".ssh/id_rsa", ".aws/credentials", ".npmrc", ".vscode/settings.json",
    ".well-known/", ".dockerenv", "config.py", "config.json", "config.yml", "settings.py", "wsgi.py", "pyproject.toml",
    "requirements.lock", "Makefile", "Dockerfile", "docker-compose.yml", "package.json", "node_modules/", "README.md",
    "backup.sql", "backup.zip", "dump.sql", "db.sqlite3", "nachbar.dump", "instance/", "instance/erased.log",
    "instance/log/jobs.log", "log/jobs.log", "server-status", "server-info", "status", "metrics", "prometheus", "actuator",
    "actuator/env", "healthz", "debug", "debug/vars", "debug/pprof", "console", "__debug__/", "_profiler", "admin", "admin/",
    "administrator", "wp-admin/", "wp-login.php", "phpmyadmin/", "phpinfo.php", "xmlrpc.php", "cgi-bin/", "graphql", "swagger",
    "swagger.json", "openapi.json", "api", "api/", "docs", "redoc", "apidocs", "flower", "celery", "static/", "static/..",
    "static/../config.py", "static/%2e%2e/config.py", "static/build/", "static/build/../../app.py", "dev/mails", "mailbox", "trace",
]  # fmt: skip


@pytest.fixture(params=["production", "test"])
def anywhere(request, app, settings: Config):
    """The application as it is run, and as it is tested."""
    if request.param == "test":
        return app.test_client()
    from neighbour.app import create_app
    from neighbour.core.db import hang_up

    made = create_app(replace(settings, environment="staging", site_url="https://nachbar.example"))
    request.addfinalizer(lambda: _closed(made, hang_up))
    assert not made.debug and not made.testing
    return made.test_client()


def _closed(app, hang_up):
    with app.app_context():
        hang_up()


def test_nothing_but_pages_is_found(anywhere):
    assert len(set(PROBES)) >= 80
    found = {path: anywhere.get(f"/{path}").status_code for path in PROBES}
    assert {path: code for path, code in found.items() if code not in (403, 404)} == {}


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "DEBUG"])
def test_methods_that_repeat_or_list_are_none(anywhere, method):
    for path in ("/", "/board", "/signin", "/live"):
        answer = anywhere.open(path, method=method, headers={"X-Probe": "kanarienvogel"})
        assert answer.status_code == 405 and "kanarienvogel" not in answer.get_data(as_text=True)


LINKS = re.compile(r'(?:href|src|srcset|action|formaction|hx-[a-z-]+|data-[a-z-]+|content)="([^"]*)"')


def test_nothing_personal_stands_in_an_address(town: World):
    """Everywhere that links, forms and redirects lead, of every page, for everybody whose own things stand there: no name, no
    mail address, no street, no bell. What a form takes by POST stays out of addresses, and so out of logs and histories."""
    wrong, looked_at = [], 0
    for page in mapping.pages(town.app):
        data = words.fill_in(page, mapping.fields(page))
        given = {} if page.is_safe else {"data": data}
        for role in ("author", "unproven"):
            personal = {(what, word) for what, word in town.canaries(role) if what != "mails' secret"}
            personal |= {("street", "Kanalweg"), ("mail typed", "neu@altenbrueck.example"), ("name typed", "Kowalczyk")}
            answer = town.ask(role, page, town.things(page)[0].values, **given)
            places = [answer.response.headers.get("Location", "")]
            if answer.response.mimetype == "text/html":
                places += LINKS.findall(answer.text)
            looked_at += len(places)
            for place in (unquote_plus(unquote(unescape(each))) for each in places if each):
                if place.startswith(("{", "mailto:", "otpauth:")):  # of the page itself, or for a program on the device
                    continue
                wrong += [
                    f"{page.key}, {role}: the {what} in {place[:120]}" for what, word in personal if word in place
                ]
    assert wrong == []
    assert looked_at > 3_000, looked_at
