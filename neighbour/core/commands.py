"""What every operator's command shares: the application on the right database, and one clear line on failure."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    config = Config.from_env()
    if config.database_url:
        return config
    from neighbour.core import postgres

    cluster = postgres.ensure(config.instance_dir)
    return replace(config, database_url=cluster.app_url, owner_url=cluster.owner_url)


@contextmanager
def application() -> Iterator[Flask]:
    """The application with its context, for one command."""
    from neighbour.app import create_app

    app = create_app(ready_config())
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
