"""``neighbour letters``, and ``neighbour addresses missing``, as the operator uses them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from pypdf import PdfReader

from neighbour.core.db import atomic
from neighbour.residency import homes
from neighbour.residency.cli import letters
from neighbour.residency.gazetteer.cli import addresses
from tests.residency.helpers import Town

Run = Callable[..., Result]
pytestmark = pytest.mark.usefixtures("frozen_clock")


@pytest.fixture
def run(operate: Run) -> Run:
    return lambda *words, of=letters: operate(of, *words)


@pytest.mark.parametrize("paper", ["a6", "c6", "a4"])
def test_print_writes_the_batch_and_marks_it(town: Town, run: Run, owner, tmp_path: Path, paper: str):
    for name in ("anna", "bela"):
        town.resident(name, town.address(name))
    out = tmp_path / "letters.pdf"
    done = run("print", "--out", out, "--format", paper)
    assert done.exit_code == 0, done.output
    assert f"Batch 2026-05-12-1: 2 letters in {out}" in done.stdout
    assert done.stderr == "… writing letter 2 of 2\n"
    assert len(PdfReader(out).pages) == 2
    assert owner.execute("SELECT DISTINCT state, batch FROM letter").fetchall() == [("printed", "2026-05-12-1")]
    assert "Nothing printed: no letter is waiting." in run("print").output
    listed = run("list").output
    assert "2026-05-12-1" in listed and "2 letters" in listed and "0 waiting" in listed


def test_the_default_place_is_the_folder_one_is_in_and_never_the_instances(
    town: Town, run: Run, app, tmp_path: Path, monkeypatch
):
    town.resident("anna", town.address())
    monkeypatch.chdir(tmp_path)
    before = set(app.extensions["config"].instance_dir.rglob("*"))
    assert run("print").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["2026-05-12-1.pdf"]
    assert next(tmp_path.iterdir()).stat().st_mode & 0o077 == 0
    assert set(app.extensions["config"].instance_dir.rglob("*")) == before
    again = run("print", "--again", "2026-05-12-1")
    assert again.exit_code == 1 and "exists already" in again.output


def test_a_batch_is_printed_again(town: Town, run: Run, tmp_path: Path):
    town.resident("anna", town.address())
    run("print", "--out", tmp_path / "one.pdf")
    again = run("print", "--again", "2026-05-12-1", "--out", tmp_path / "two.pdf", "--csv", tmp_path / "two.csv")
    assert again.exit_code == 0 and (tmp_path / "two.csv").read_text().startswith('"line_1",')
    unknown = run("print", "--again", "1999-01-01-1")
    assert unknown.exit_code == 1 and "nothing of batch 1999-01-01-1 can be printed again" in unknown.output


def test_mistakes_are_one_clear_line_and_mark_nothing(town: Town, run: Run, owner, tmp_path: Path):
    town.resident("anna", town.address())
    taken = tmp_path / "taken.pdf"
    taken.write_text("yesterday's")
    for out, said in ((taken, "exists already"), (tmp_path / "no" / "such" / "folder.pdf", "there is no folder")):
        done = run("print", "--out", out)
        assert done.exit_code == 1 and said in done.output and "Traceback" not in done.output
    assert owner.execute("SELECT state FROM letter").fetchall() == [("requested",)]
    assert taken.read_text() == "yesterday's"


def test_missing_addresses_are_listed_with_whom_to_answer(town: Town, run: Run):
    person = town.person("anna")
    with town.as_person(person), atomic():
        homes.report_missing(person, "Neue Gasse 3")
    said = run("missing", of=addresses).output
    assert "anna@example.org\tNeue Gasse 3" in said and "1 missing" in said
