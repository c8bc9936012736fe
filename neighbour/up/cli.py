"""``neighbour up`` and ``neighbour check``."""

from __future__ import annotations

import sys

import click

from config import Config, NotReady
from neighbour.core import instance
from neighbour.core.commands import complain
from neighbour.up import supervisor


@click.command()
def up() -> None:
    """Start everything: database, web, worker, beat, local mailbox. Ctrl-C ends it."""
    if sys.version_info < (3, 11):  # noqa: UP036 – a venv can be older than pyproject allows
        complain("Python 3.11 or newer is needed")
    config = Config.from_env()
    problems = config.problems()
    if config.is_production and not problems:
        from neighbour.core import readiness

        problems = readiness.database_problems(config)
    if problems:
        raise NotReady(problems)
    try:
        sys.exit(supervisor.run(config))
    except supervisor.Trouble as trouble:
        complain(str(trouble))


@click.command()
def check() -> None:
    """Say what is configured, what is missing and how to mend it. Exit code 1 if anything is missing."""
    from neighbour.up import checks

    config, cluster = instance.settle(Config.from_env())
    try:
        for name, value in checks.overview(config, embedded=cluster is not None):
            click.echo(f"{name:<22}{value}")
        problems = checks.problems(config)
    finally:
        if cluster is not None:
            cluster.stop()
    click.echo("")
    for problem in problems:
        click.echo(f"! {problem.setting}: {problem.text}\n    {problem.mend}")
    if problems:
        sys.exit(1)
    click.echo("Everything needed is there.")
