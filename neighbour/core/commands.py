"""What every operator's command shares: the application on the right database, and one clear line on failure."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, NoReturn

import click
from flask import Flask

from config import Config


def complain(message: str) -> NoReturn:
    """One clear line on standard error, exit code 1."""
    click.echo(f"neighbour: {message}", err=True)
    sys.exit(1)


def ready_config() -> Config:
    """The settings with database addresses filled in: those given, or the embedded server's, started if need be."""
    from neighbour.core import instance
    from neighbour.core.postgres import DatabaseTrouble

    try:
        config, _cluster = instance.settle(Config.from_env(), lambda line: click.echo(line, err=True))
    except DatabaseTrouble as trouble:
        complain(str(trouble))
    return config


@contextmanager
def application() -> Iterator[Flask]:
    """The application with its context, for one command."""
    factory = importlib.import_module("neighbour.app").create_app  # by name: this floor knows no room
    app = factory(ready_config())
    with app.app_context():
        yield app


def operator_command(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a click command inside the application, as the owner's role; a ValueError becomes one clear line."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        from neighbour.core.db import as_owner

        with application(), as_owner():
            try:
                return command(*args, **kwargs)
            except ValueError as error:
                complain(str(error))

    return run
