"""``neighbour quarters`` as the operator uses it: a file is judged before anything is opened for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from neighbour.core import commands
from neighbour.quarters.cli import quarters
from tests.quarters.test_layers import HOSTILE
from tests.support import ROOT

IMPORT = ("import", "--city", "Altenbrück", "--id-property", "id", "--name-property", "name")


@pytest.fixture
def closed(monkeypatch):
    """Run a command that must not open the instance."""

    def application():
        raise AssertionError("the instance was opened for a file that is no good")

    monkeypatch.setattr(commands, "application", application)
    return lambda *words: CliRunner().invoke(quarters, [str(word) for word in words], catch_exceptions=False)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_layer_is_one_clear_line_and_opens_nothing(closed, tmp_path, what):
    file = tmp_path / "layer.json"
    file.write_bytes(HOSTILE[what])
    done = closed(*IMPORT, file)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("neighbour: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("what", ["5 MB of brackets", "ring not closed", "the same id twice"])
def test_refusing_a_hostile_layer_takes_half_a_second_of_work_all_in(tmp_path, what):
    file, folder = tmp_path / "layer.json", tmp_path / "instance"
    file.write_bytes(HOSTILE[what])
    with subprocess.Popen(
        [sys.executable, "-m", "neighbour", "quarters", *IMPORT, str(file)],
        cwd=ROOT, env={**os.environ, "INSTANCE_DIR": str(folder)}, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        said = process.stderr.read()
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert (process.returncode, said.count("\n")) == (1, 1), said
    assert used.ru_utime + used.ru_stime < 0.5
    assert not folder.exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"x,y\n13,52\n", "needs the columns lon and lat"),
        (b"", "needs the columns lon and lat"),
        (b"\xff\xfe\x00\x00", "is not a CSV file in UTF-8"),
        (b"lon,lat\n13,52\n13,north\n", "line 3: lon and lat must be degrees, not 'north'"),
        (b"lon,lat\n13\n", "line 2: lon and lat must be degrees, not None"),
        (b"lon,lat\nnan,52\n", "line 2: lon and lat must be degrees, not 'nan'"),
    ],
)
def test_points_that_cannot_be_read_are_one_clear_line_and_open_nothing(closed, tmp_path, content, complaint):
    file = tmp_path / "points.csv"
    file.write_bytes(content)
    done = closed("locate", "--file", file)
    assert done.exit_code == 1
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [(), ("13",), ("nan", "52"), ("13", "1e300")])
def test_half_a_point_is_one_clear_line_and_opens_nothing(closed, words):
    assert closed("locate", *words).stderr == "neighbour: give LON and LAT in degrees, or --file points.csv\n"
