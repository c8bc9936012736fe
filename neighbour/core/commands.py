"""What every operator's command shares: the application on the right database, and one clear line on failure.

Nothing heavy is imported before it is needed. A command looks at what it was given first and opens the instance
only then: a file that is no good is refused at once, not after a database was started for it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn

import click

from config import Config, NotReady

if TYPE_CHECKING:
    from flask import Flask


def complain(message: str) -> NoReturn:
    """One clear line on standard error, exit code 1."""
    click.echo(f"neighbour: {message}", err=True)
    sys.exit(1)


def say(line: str) -> None:
    """What a long command does now, on standard error; at a terminal instead of a line that counted."""
    click.echo(("\r\x1b[K" if sys.stderr.isatty() else "") + f"… {line}", err=True)


def progress(word: str) -> Callable[..., None]:
    """Gives ``show(done, of)``, or ``show(done)`` where nobody knows of how many, which says how far a command is: one
    line on standard error that is written over at a terminal, the last of them in a file."""
    is_terminal = sys.stderr.isatty()

    def show(done: int, of: int | None = None) -> None:
        amount = f"{done:,}" if of is None else f"{done:,} of {of:,}"
        if is_terminal:
            click.echo(f"\r… {word} {amount}", nl=done == of, err=True)
        elif done == of:
            click.echo(f"… {word} {amount}", err=True)

    return show


def ready_config() -> Config:
    """The settings with database addresses filled in: those given, or the embedded server's, started if need be.

    Raises NotReady or DatabaseTrouble, also where the schema is not the one this code needs.
    """
    from neighbour.core import instance
    from neighbour.core.postgres import DatabaseTrouble

    config = Config.from_env()
    if problems := config.problems():
        raise NotReady(problems)
    config, _cluster = instance.settle(config, lambda line: click.echo(line, err=True))
    found, needed = instance.revision(config.owner_url), instance.newest_revision()
    if found != needed:
        raise DatabaseTrouble(
            f"the schema is at {found or 'nothing'}, the code needs {needed}; run: neighbour db upgrade"
        )
    return config


@contextmanager
def application() -> Iterator[Flask]:
    """The application with its context, for one command."""
    factory = importlib.import_module("neighbour.app").create_app  # by name: this floor knows no room
    from neighbour.core.db import hang_up

    app = factory(ready_config())
    with app.app_context():
        try:
            yield app
        finally:
            hang_up()


@contextmanager
def plainly() -> Iterator[None]:
    """What was given and is no good (a ValueError) ends the command with one clear line."""
    try:
        yield
    except ValueError as error:
        complain(str(error))


@contextmanager
def opened() -> Iterator[Flask]:
    """The instance, for a command that has looked at its input: the application, as the owner's role; ``plainly``."""
    from neighbour.core.db import as_owner

    with application() as app, as_owner(), plainly():
        yield app


def operator_command(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a click command with the instance ``opened``."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        with opened():
            return command(*args, **kwargs)

    return run


def reason(error: Exception) -> str | None:
    """What went wrong, in words for whoever sits at the terminal and can mend it; None for a fault of ours."""
    from neighbour.core.postgres import DatabaseTrouble

    if isinstance(error, DatabaseTrouble | NotReady):
        return str(error)
    if isinstance(error, OSError):
        words = error.strerror or str(error)
        return f"{error.filename}: {words}" if error.filename else words
    psycopg = sys.modules.get("psycopg")  # not loaded: not to blame
    cause = getattr(error, "orig", error)  # SQLAlchemy wraps it
    if psycopg and isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return "the database did not answer: " + str(cause).strip().partition("\n")[0]
    return None
