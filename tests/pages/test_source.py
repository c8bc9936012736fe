"""Everybody can take the program's source along (AGPL 3.0, section 13) – and nothing else from this server."""

from __future__ import annotations

import dataclasses
import io
import shutil
import subprocess
import tarfile
import tomllib
from pathlib import Path

import pytest

import neighbour
from neighbour.app import create_app
from neighbour.pages import source
from tests.factories import make_person, make_quarter, sign_in

NOT_PAGES = {"/digest/next/mail"}  # a mail, shown in a frame
SECRETS = [
    ".env",
    ".env.production",
    ".git/config",
    ".venv/lib/settings.py",
    ".stamps/packages",
    "backup.dump",
    "backup.dump.sha256",
    "addresses.csv",
    "instance/logins.txt",
    "instance/settings.py",
    "neighbour/instance/settings.py",
    "neighbour/.env",
    "neighbour/backup.sql",
    "neighbour/address.key",
    "neighbour/own/log/jobs.txt",
    "neighbour/assets/.npmrc",
    "neighbour/assets/node_modules/x/index.js",
    "neighbour/static/build/app.css",
    "neighbour/core/__pycache__/db.cpython-311.pyc",
    "workers/.secret.py",
    "tests/instance/mail.txt",
    "docs/letters.pdf",
    "letters/batch.txt",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small copy of the program in whose folder somebody keeps everything that must not leave."""
    root = tmp_path / "srv"
    for name in ["README.md", "LICENSE", "Makefile", "config.py", ".ci/run", "neighbour/app.py", "tests/conftest.py"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source.ROOT / name, root / name)
    for name in SECRETS:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("GEHEIM")
    (tmp_path / "outside.py").write_text("GEHEIM")
    (root / "neighbour/link.py").symlink_to(tmp_path / "outside.py")
    (root / "neighbour/linked").symlink_to(tmp_path)
    (root / "CHANGELOG.md").symlink_to(root / ".env")
    return root


def unpack(data: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(data), mode="r:gz")


def test_the_archive_holds_the_program_and_nothing_of_the_instance(folder):
    data = b"".join(source.pack(folder, folder / "neighbour/own").blocks())
    with unpack(data) as tar:
        names = {name.removeprefix(source.NAME + "/") for name in tar.getnames()}
        assert not [name for name in tar.getnames() if b"GEHEIM" in tar.extractfile(name).read()]
    assert names == {
        "README.md",
        "LICENSE",
        "Makefile",
        "config.py",
        ".ci/run",
        "neighbour/app.py",
        "tests/conftest.py",
    }


def test_the_archive_is_the_same_for_the_same_files_whoever_packs_it_and_when(folder):
    first = source.pack(folder, folder / "neighbour/own")
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.touch()
    second = source.pack(folder, folder / "neighbour/own")
    assert first.digest == second.digest
    with unpack(b"".join(second.blocks())) as tar:
        entries = tar.getmembers()
    assert {(one.uid, one.gid, one.uname, one.gname, one.mtime) for one in entries} == {(0, 0, "", "", source.MADE_ON)}
    assert {one.mode for one in entries if one.name.endswith("/.ci/run")} == {0o755}
    assert [one.name for one in entries] == sorted(one.name for one in entries)


def test_a_visitor_gets_what_is_running(client, tmp_path):
    answer = client.get("/source")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f"attachment; filename=neighbour-{neighbour.__version__}.tar.gz"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.content_length == len(answer.data)
    with unpack(answer.data) as tar:
        # Python 3.11.2 knows no filters, 3.12 and 3.13 warn where none is named
        tar.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    root = tmp_path / source.NAME
    for name in [
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        "pyproject.toml",
        "requirements.lock",
        "config.py",
    ]:
        assert (root / name).read_bytes() == (source.ROOT / name).read_bytes()
    for name in ["neighbour/assets/package-lock.json", "migrations/env.py", "workers/queues.py", ".ci/run"]:
        assert (root / name).is_file()
    again = client.get("/source", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_every_file_of_the_program_is_in_it():
    """Whoever adds a new kind of file hears of it here."""
    if not (source.ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=source.ROOT, capture_output=True, check=True, text=True)
    tracked = {name for name in listed.stdout.split("\0") if name and (source.ROOT / name).exists()}
    packed = set(source.members(source.ROOT, source.ROOT / "instance"))
    assert tracked - packed == {"neighbour/assets/.npmrc"}


def links(app, client) -> dict[str, bool]:
    """Every page without arguments that opens for this visitor → whether it leads to the source."""
    found = {}
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.arguments or rule.rule in NOT_PAGES:
            continue
        answer = client.get(rule.rule, headers={"Accept-Language": "en"})
        if answer.status_code == 200 and answer.mimetype == "text/html" and b"<!doctype html>" in answer.data:
            found[rule.rule] = b'<a href="/source">Source code</a>' in answer.data
    return found


def test_visitors_find_it_on_every_page(app, client):
    found = links(app, client)
    assert {"/", "/rules", "/privacy", "/imprint", "/signin", "/signup", "/quarters", "/find-my-quarter"} <= set(found)
    assert [path for path, is_linked in found.items() if not is_linked] == []


@pytest.mark.filterwarnings("ignore:Passing SelectField choices as tuples:DeprecationWarning")
def test_members_find_it_on_every_page(app, client):
    with app.app_context():
        sign_in(client, make_person(make_quarter("Weberviertel"), language="en"))
    found = links(app, client)
    assert {"/board", "/write", "/me", "/me/digest", "/quarters", "/imprint"} <= set(found)
    assert [path for path, is_linked in found.items() if not is_linked] == []
    assert client.get("/source").status_code == 200


def test_the_imprint_names_it(client):
    html = client.get("/imprint", headers={"Accept-Language": "de"}).get_data(as_text=True)
    assert '<a href="/source">Quelltext dessen, was hier läuft</a>' in html


def test_an_operator_may_keep_it_elsewhere(settings, clean_database):
    app = create_app(dataclasses.replace(settings, source_url="https://git.example.org/nachbar?ref=a&b"))
    client = app.test_client()
    answer = client.get("/source")
    assert (answer.status_code, answer.location) == (303, "https://git.example.org/nachbar?ref=a&b")
    html = client.get("/imprint").get_data(as_text=True)
    assert html.count('href="https://git.example.org/nachbar?ref=a&amp;b"') == 2
    assert '"/source"' not in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "git@example.org:x", "https://", "http://[", "https://a b.example"]
)
def test_elsewhere_is_an_address_people_can_open(settings, url):
    (problem,) = dataclasses.replace(settings, source_url=url).problems()
    assert problem.setting == "SOURCE_URL"


@pytest.mark.parametrize("url", ["", "https://git.example.org/nachbar", "http://localhost:8080/x"])
def test_good_addresses_are_no_problem(settings, url):
    assert dataclasses.replace(settings, source_url=url).problems() == []


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((source.ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == neighbour.__version__
