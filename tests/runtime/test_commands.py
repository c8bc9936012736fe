"""``neighbour …``: what goes wrong at the terminal is one clear line there, what goes right reads well."""

from __future__ import annotations

import subprocess
import sys

import click
import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy.exc import OperationalError

from neighbour.cli import main
from neighbour.core import commands
from neighbour.core.postgres import DatabaseTrouble
from tests.support import ROOT


def run(*words, **environment):
    return CliRunner().invoke(main, [str(word) for word in words], env=environment or None, prog_name="neighbour")


def every_command(group, path=()):
    """(words, command) of all groups and commands."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield (*path, name), found
        if isinstance(found, click.Group):
            yield from every_command(found, (*path, name))


COMMANDS = dict(every_command(main))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_explains_every_option_and_is_cut_off_nowhere(words):
    done = run(*words, "--help")
    assert done.exit_code == 0
    assert "..." not in done.output.replace("[ARGS]...", "")
    for parameter in COMMANDS[words].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.name} is not explained"


def test_the_list_of_commands_says_what_each_says_of_itself():
    listed = run("--help").output
    for words, command in COMMANDS.items():
        if len(words) == 1:
            assert command.get_short_help_str(100).rstrip(".") in listed


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["quarter"], "No such command 'quarter' (see neighbour --help)"),
        (["quarters", "import"], "Missing argument 'FILE' (see neighbour quarters import --help)"),
        (["quarters", "locate", "a", "b"], "'a' is not a valid float"),
        (["db", "restore", "/no/such/file"], "File '/no/such/file' does not exist"),
        (["up", "--quickly"], "No such option '--quickly'"),
    ],
)
def test_a_slip_of_the_pen_is_one_clear_line(words, complaint):
    done = run(*words)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_setting_that_cannot_be_read_is_one_clear_line():
    done = run("check", PORT="many")
    assert (done.exit_code, done.stderr) == (2, "neighbour: PORT must be a whole number, not 'many'\n")


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (DatabaseTrouble("the database did not start"), "the database did not start"),
        (PermissionError(13, "Permission denied", "/out.pdf"), "/out.pdf: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (psycopg.OperationalError("gone\nfor good"), "the database did not answer: gone"),
        (OperationalError("SELECT 1", {}, psycopg.OperationalError("gone")), "the database did not answer: gone"),
        (click.Abort(), "stopped"),
    ],
)
def test_trouble_on_the_operators_side_is_one_clear_line(monkeypatch, error, complaint):
    def fail(*_arguments):
        raise error

    monkeypatch.setattr(commands.Config, "from_env", lambda: None)
    monkeypatch.setattr(commands, "ready_config", fail)
    done = run("person", "list")
    assert (done.exit_code, done.stderr) == (1, f"neighbour: {complaint}\n")


def test_a_fault_of_our_own_is_not_hidden(monkeypatch):
    def fail():
        raise ZeroDivisionError

    monkeypatch.setattr(commands, "ready_config", fail)
    assert isinstance(run("person", "list").exception, ZeroDivisionError)


def test_a_python_that_is_too_old_is_one_clear_line():
    old = "import runpy, sys; sys.version_info = (3, 10, 12); runpy.run_module('neighbour', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", old, "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "neighbour: Python 3.11 or newer is needed\n")


def test_a_schema_that_is_behind_is_one_clear_line(empty_database):
    done = run(
        "person", "list", DATABASE_URL=empty_database.app_url, DATABASE_OWNER_URL=empty_database.owner_url,
        ENVIRONMENT="test",
    )  # fmt: skip
    assert done.exit_code == 1
    assert "the schema is at nothing, the code needs" in done.stderr
    assert "neighbour db upgrade" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [("person", "list"), ("db", "upgrade"), ("db", "backup", "file"), ("digest", "send")])
def test_half_a_database_is_refused_before_another_one_is_taken(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*words, DATABASE_URL="postgresql://app@db/nachbar", DATABASE_OWNER_URL="", INSTANCE_DIR=str(tmp_path))
    assert done.exit_code == 1
    assert done.stderr.startswith("neighbour: not ready to start: DATABASE_OWNER_URL: is missing")
    assert list(tmp_path.iterdir()) == []


def test_production_never_takes_the_embedded_database_by_itself(tmp_path):
    done = run("db", "upgrade", ENVIRONMENT="production", DATABASE_URL="", INSTANCE_DIR=str(tmp_path))
    assert done.exit_code == 1
    assert "DATABASE_URL: is missing" in done.stderr
    assert list(tmp_path.iterdir()) == []
