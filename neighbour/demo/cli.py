"""``neighbour demo``: the town for trying things out."""

from __future__ import annotations

import click

from neighbour.core.commands import application, complain


@click.group()
def demo() -> None:
    """The demo city Altenbrück, for trying things out."""


@demo.command("seed")
@click.option("--reset", is_flag=True, help="Forget everything in this instance first.")
@click.option("--yes", is_flag=True, help="Do not ask before forgetting.")
def seed_(reset: bool, yes: bool) -> None:
    """Fill this instance with Altenbrück.

    12 quarters, 150 people, two months of their board.
    """
    from neighbour.demo import seed

    if reset and not yes:
        click.confirm("This forgets everybody and everything in this instance. Go on?", abort=True)
    with application():
        try:
            counts = seed.seed(reset=reset, say=lambda line: click.echo(f"… {line}", err=True))
        except ValueError as error:
            complain(str(error))
    for what, count in counts.items():
        click.echo(f"{count:>6} {what}")
    click.echo("\nSign in as")
    for line in seed.logins():
        click.echo(f"  {line}")


@demo.command("draw")
def draw() -> None:
    """Draw the town's maps and register again.

    From neighbour/demo/data/plan.toml; only for those who change the town.
    """
    from neighbour.demo import city

    for what, count in city.write().items():
        click.echo(f"{count:>6} {what}")
