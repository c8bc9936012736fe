"""``neighbour flyers``: codes for the staircases of some streets."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from sqlalchemy import select

from neighbour.core import i18n
from neighbour.core.commands import operator_command
from neighbour.core.db import db
from neighbour.quarters.models import Quarter
from neighbour.residency import flyers as service
from neighbour.residency import slips


@click.group()
def flyers() -> None:
    """Codes on paper for the houses of some streets."""


@flyers.command("make")
@click.argument("quarter")
@click.option("--street", "streets", multiple=True, required=True, help='"Garnweg" or "Garnweg 1-20"; may be repeated.')
@click.option("--uses", default=40, show_default=True, help="It closes when so many people have used it.")
@click.option("--days", default=60, show_default=True, help="It works for so many days.")
@operator_command
def make(quarter: str, streets: tuple[str, ...], uses: int, days: int) -> None:
    """Make a flyer for streets of the quarter with this id.

    Prints its name and its code. It opens the board to people of these houses only.
    """
    found = db.session.scalar(select(Quarter).where(Quarter.key == quarter))
    if found is None:
        raise ValueError(f"there is no quarter {quarter}")
    made = service.make(service.Wish(found.id, "\n".join(streets), uses, days), by=None)
    line = service.find(made.public_id)
    assert line is not None
    click.echo(f"{made.public_id}: code {line.code}, {line.houses} houses, {uses} uses, {days} days")


@flyers.command("list")
@operator_command
def list_() -> None:
    """Show flyers, newest first: name, state, uses, streets."""
    i18n.speak("en", current_app.extensions["config"].time_zone)
    for line in service.listed():
        row = line.flyer
        state = f"until {i18n.local(row.expires_at):%Y-%m-%d}" if line.is_live else "over"
        used = f"{row.uses} of {row.most_uses} used, {row.strays} tries from elsewhere"
        click.echo(f"{row.public_id}  {state:<16} {used}  {line.quarter}: {', '.join(row.streets.splitlines())}")


@flyers.command("stop")
@click.argument("name")
@operator_command
def stop(name: str) -> None:
    """End a flyer. Those it took in stay."""
    if not service.stop(name):
        raise ValueError(f"there is no flyer {name} that could be ended")
    click.echo(f"{name} is ended")


@flyers.command("print")
@click.argument("name")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The PDF to write.")
@click.option(
    "--format",
    "paper",
    type=click.Choice([each.value for each in slips.Paper]),
    default=slips.Paper.A6.value,
    show_default=True,
    help="a6: four on a sheet. a5: two on a sheet.",
)
@operator_command
def print_(name: str, out: Path, paper: str) -> None:
    """Write a sheet of a flyer, with marks to cut along."""
    line = service.find(name)
    if line is None or not line.is_live:
        raise ValueError(f"there is no flyer {name} that works")
    config = current_app.extensions["config"]
    row = line.flyer
    i18n.speak(config.language, config.time_zone)
    slip = slips.for_flyer(line.code, line.quarter, row.streets, row.most_uses, row.expires_at, config)
    try:
        with out.open("xb") as file:
            file.write(slips.sheet(slip, slips.Paper(paper)))
    except FileExistsError:
        raise ValueError(f"{out} exists already") from None
    click.echo(f"{out}: {line.code}")
