"""``neighbour up`` and ``neighbour check``."""

from __future__ import annotations

import sys

import click

from config import Config, NotReady, Problem
from neighbour.core import instance
from neighbour.core.commands import complain
from neighbour.core.postgres import DatabaseTrouble
from neighbour.up import supervisor


@click.command()
def up() -> None:
    """Start everything: database, web, worker, beat, local mailbox. Ctrl-C ends it."""
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
    """Say what is configured, what is missing and how to mend it. Exit code 1 if anything is missing; what had
    better be different is said and is no failure."""
    from neighbour.up import checks

    config, found, warned, cluster = Config.from_env(), [], [], None
    embedded = not config.database_url and not config.is_production
    try:
        config, cluster = instance.settle(config)
    except NotReady:
        pass  # the settings say it themselves, below
    except DatabaseTrouble as trouble:
        found = [Problem("database", str(trouble), "mend that, or give DATABASE_URL and DATABASE_OWNER_URL")]
    try:
        for name, value in checks.overview(config, embedded=embedded):
            click.echo(f"{name:<22}{value}")
        found += checks.problems(config)
        warned = checks.warnings(config)
    finally:
        if cluster is not None:
            cluster.stop()
    click.echo("")
    for problem in found:
        click.echo(f"! {problem.setting}: {problem.text}\n    {problem.mend}")
    for warning in warned:
        click.echo(f"? {warning.setting}: {warning.text}\n    {warning.mend}")
    if found:
        sys.exit(1)
    click.echo("Everything needed is there.")
