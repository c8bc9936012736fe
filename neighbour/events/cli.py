"""``neighbour events``: import a list of events."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import select

from neighbour.accounts import service as accounts
from neighbour.accounts.models import Person
from neighbour.contributions.models import Audience
from neighbour.core import i18n, scope
from neighbour.core.commands import operator_command
from neighbour.core.db import db
from neighbour.events import importing, sheets, sources
from neighbour.events.importing import Becomes, Report, Source
from neighbour.events.list_rows import Choices, Target, guessed
from neighbour.events.models import Category
from neighbour.initiatives import service as initiatives
from neighbour.quarters.models import Quarter

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def events() -> None:
    """Import a list of events."""


@events.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "email", required=True, metavar="E-MAIL", help="Who pins them up.")
@click.option("--quarter", "key", required=True, metavar="KEY", help="Where they hang.")
@click.option("--initiative", "slug", metavar="SLUG", help="Who invites.")
@click.option("--map", "pairs", multiple=True, metavar="COLUMN=NAME", help="A column of the list; may be repeated.")
@click.option(
    "--category",
    type=click.Choice([each.value for each in Category]),
    default=Category.GATHERING.value,
    help="Of rows without one.",
)
@click.option(
    "--audience",
    type=click.Choice([each.value for each in Audience]),
    default=Audience.PUBLIC.value,
    help="Who reads them.",
)
@click.option("--no-time", type=click.Choice(["refuse", "all_day"]), default="refuse", help="Rows without a time.")
@click.option(
    "--several-days",
    type=click.Choice(["refuse", "daily", "through"]),
    default="refuse",
    help="One time, several days.",
)
@click.option("--first-day", type=_DAY, help="From when on rows with days of the week only are held.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--leave-out", is_flag=True, help="Import the others where rows are not right.")
@operator_command
def import_(
    file: Path, email: str, key: str, slug: str | None, pairs: tuple[str, ...], first_day: datetime | None,
    dry_run: bool, leave_out: bool, **said: str,
) -> None:  # fmt: skip
    """Import events from FILE, CSV or JSON.

    Columns: uid title begins ends time all_day weekdays rule until more place place_more category cost access capacity
    online_url text url status. Lists with other names are read with --map, such as --map title=bezeichnung. Everything is
    imported or nothing; the same list again changes nothing.
    """
    sheet = sheets.read(sheets.decoded(file.read_bytes()))
    choices = Choices(i18n.zone(), first_day=first_day.date() if first_day else None, **said)  # type: ignore[arg-type]
    choices = replace(choices, audience=Audience(choices.audience))
    mapping = {**guessed(sheet.columns), **dict(_pair(each, sheet.columns) for each in pairs)}
    source = _source(email, key, slug)
    report = importing.judge(sheet, mapping, choices, source)
    _say(report)
    if dry_run:
        return
    done = importing.run(sheet, mapping, choices, source, leaves_out=leave_out)
    click.echo(f"{file.name}: imported {len(done.of(Becomes.NEW))} new, {len(done.of(Becomes.CHANGED))} changed")


def _pair(given: str, columns: tuple[str, ...]) -> tuple[Target, str]:
    column, _sign, name = given.partition("=")
    if column not in set(Target) or name not in columns:
        raise ValueError(f"--map {given}: the list has the columns {', '.join(columns)}; ours are {', '.join(Target)}")
    return Target(column), name


def _source(email: str, key: str, slug: str | None) -> Source:
    with scope.use(scope.NOBODY):
        person = db.session.scalar(
            select(Person).where(
                Person.email_key == accounts.fold(email), Person.status == "active", Person.confirmed_at.is_not(None)
            )
        )
        if person is None:
            raise ValueError(f"nobody has the address {email}")
        quarter = db.session.scalar(select(Quarter).where(Quarter.key == key))
        if quarter is None:
            raise ValueError(f"there is no quarter {key}")
        if slug is None:
            return sources.of_quarter(quarter, person.id).source
        initiative = initiatives.find(slug)
        if initiative is None or not initiative.is_public:
            raise ValueError(f"there is no verified initiative {slug}")
        if quarter.id not in {each.id for each in initiatives.quarters_of(initiative)}:
            raise ValueError(f"{slug} does not work in {quarter.name}")
        return sources.of_initiative(initiative, quarter, person.id).source


def _say(report: Report) -> None:
    for row in report.of(Becomes.WRONG):
        for column, why in row.wrong:
            click.echo(f"row {row.number}{f', {column}' if column else ''}: {why}")
    for row in report.of(Becomes.CHANGED):
        for said, parts in (("changes", row.changes), ("changed by hand, stays", row.kept)):
            if parts:
                click.echo(f"row {row.number}, {row.title}: {said} {', '.join(each.name for each in parts)}")
    for row in report.of(Becomes.ELSEWHERE):
        click.echo(f"row {row.number}, {row.title}: hangs already in {row.hangs_in}")
    for row in report.of(Becomes.NEW):
        if row.twin:
            click.echo(
                f"row {row.number}, {row.title}: hangs already, by a row of this list that was called {row.twin}"
            )
    counts = (f"{len(report.of(each))} {each}" for each in Becomes)
    click.echo(f"{len(report.rows)} rows: {', '.join(counts)}")
