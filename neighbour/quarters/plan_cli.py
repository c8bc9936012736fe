"""``neighbour quarters plan, plans, cancel, apply, opening``: changes of quarters that people are told before."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neighbour.core.commands import complain, opened, operator_command, plainly, say
from neighbour.quarters import geojson

if TYPE_CHECKING:
    from neighbour.quarters.plans import Planned

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("plan")
@click.argument("file", type=FILE)
@click.option("--on", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Day from which on it holds.")
@click.option("--id-property", required=True, help="Property that holds the quarter's id.")
@click.option("--name-property", required=True, help="Property that holds its name.")
@click.option("--households-property", help="Property that holds the number of households.")
@click.option("--repair", is_flag=True, help="Mend invalid rings, overlaps and gaps by the rules of import.")
@click.option("--soon", is_flag=True, help="Allow a day less than two weeks ahead, for mending a mistake.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, plan nothing and tell nobody.")
def plan_command(
    file: Path,
    day: datetime,
    id_property: str,
    name_property: str,
    households_property: str | None,
    repair: bool,
    soon: bool,
    dry_run: bool,
) -> None:
    """Make FILE the quarters of this instance on a day.

    Everyone concerned gets a mail now. Who lives within 100 m of a new border may choose until the day before. On
    the day a worker puts it into force: homes, proofs, threads and digests follow, nothing is lost.

    A quarter is known by its id. One that is missing in FILE becomes part of whichever gets most of its ground.
    """
    with plainly():
        features = geojson.read_file(file, id_property, name_property, households_property)
    with opened():
        from neighbour.quarters import plans
        from neighbour.quarters.service import NotSound

        try:
            made = plans.make(
                features, on_day=day.date(), is_repair=repair, is_soon=soon, is_dry_run=dry_run, progress=say
            )
        except NotSound as error:
            for line in error.survey.lines():
                click.echo(line, err=True)
            complain(str(error))
    for line in made.repairs:
        click.echo(f"repaired: {line}")
    _tell(made)
    if dry_run:
        click.echo("nothing was planned, nobody was told")
    else:
        click.echo(f"plan {made.id} for {made.on_day}: {made.told} people are told by mail")


def _tell(made: Planned) -> None:
    from neighbour.quarters.numbers import STEP, shown

    for key, change in sorted(made.changes.items()):
        heir = f", becomes part of {made.heirs[key]}" if change == "gone" and key in made.heirs else ""
        click.echo(f"{key}: {change}{heir}")
    for (was, now), counted in sorted(made.moves.items()):
        if was != now:
            some = [
                f"{shown(count) or f'fewer than {STEP}'} {word}"
                for count, word in (
                    (counted.households, "households on board"),
                    (counted.people, "people"),
                    (counted.choosers, "of them may choose"),
                )
                if count
            ]
            click.echo(f"{was} → {now}: " + ", ".join([f"{counted.entries} addresses", *some]))
        elif counted.choosers:
            click.echo(f"{was}: {shown(counted.choosers) or f'fewer than {STEP}'} people at the border may choose")


@click.command("plans")
@operator_command
def plans_command() -> None:
    """List planned and past changes of quarters.

    Columns: number, day, state, quarters concerned.
    """
    from neighbour.quarters import plans

    for plan in plans.all_plans():
        changes = ", ".join(f"{row.key} {row.change}" for row in plans.quarters_of(plan.id))
        click.echo(f"{plan.id}\t{plan.on_day}\t{plan.state}\t{changes}")


@click.command("cancel")
@operator_command
def cancel_command() -> None:
    """Give up the planned change of quarters.

    Those who were told get a mail.
    """
    from neighbour.quarters import plans

    done = plans.cancel()
    if done is None:
        complain("no change of quarters is planned")
    plan, told = done
    click.echo(f"plan {plan.id} for {plan.on_day} is cancelled; {told} people are told by mail")


@click.command("apply")
@operator_command
def apply_command() -> None:
    """Put the planned change of quarters into force.

    If its day has come: a worker does the same within the hour.
    """
    from neighbour.quarters import plans

    plan = plans.current()
    if plan is None:
        complain("no change of quarters is planned")
    if not plans.perform(plan.id):
        complain(f"the day of plan {plan.id} is {plan.on_day}")
    click.echo(f"plan {plan.id} is in force")


@click.command("opening")
@click.argument("households", type=click.IntRange(1), required=False)
@operator_command
def opening_command(households: int | None) -> None:
    """Show or set when a quarter has a board of its own.

    From how many households on board on.

    Smaller ones read and are read together with the quarters beside them. A board that is open stays open.
    """
    from sqlalchemy import select

    from neighbour.core.db import atomic, db
    from neighbour.quarters.models import City, Quarter

    city = db.session.get(City, 1)
    if city is None:
        complain("there are no quarters yet; import a layer with: neighbour quarters import")
    if households is not None:
        with atomic():
            city.opens_at = households
    small = db.session.scalars(select(Quarter.name).where(Quarter.opened_at.is_(None)).order_by(Quarter.name)).all()
    click.echo(f"a quarter has a board of its own from {city.opens_at} households on board")
    click.echo("together with those beside them: " + (", ".join(small) or "none"))


COMMANDS = (plan_command, plans_command, cancel_command, apply_command, opening_command)
