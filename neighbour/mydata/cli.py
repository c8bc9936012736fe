"""``neighbour privacy``: what was forgotten, who was affected, the record of processing, archives, the deletion ledger."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from flask import current_app

from neighbour.core import clock, commands, i18n
from neighbour.core.commands import operator_command
from neighbour.mydata import affected as breach
from neighbour.mydata import archive, erasing, record, retention

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def privacy() -> None:
    """What is deleted when, who was affected, the papers of the law."""


@privacy.command()
@click.option("--nights", default=14, show_default=True, help="How many.")
@operator_command
def report(nights: int) -> None:
    """Say what the last nights deleted."""
    for run in retention.runs(nights):
        what = ", ".join(f"{name} {count}" for name, count in sorted(run.counts.items()) if count) or "nothing was old"
        click.echo(f"{run.day}  {what if run.finished_at else 'begun and not finished'}  ({run.milliseconds} ms)")
    click.echo("")
    with i18n.speaking("en"):
        for rule in retention.RULES:
            click.echo(f"{rule.name:<14}{rule.kind:<14}{rule.period.days:>4} d  {rule.what}")
    if retention.is_late():
        raise ValueError("nothing was deleted for more than 26 hours; are worker and beat running?")


@privacy.command()
def retain() -> None:
    """Delete now what is old."""
    with commands.application() as app:
        from neighbour.core import scope

        with scope.use(scope.NOBODY):
            counts = retention.forget_all(clock.today(app.extensions["config"].time_zone))
    for name, count in counts.items():
        click.echo(f"{name:<14}{count:>8,}")


@privacy.command("affected")
@click.option("--from", "since", required=True, metavar="TIME", help="2026-11-25T14:00, in the city's time.")
@click.option("--to", "until", required=True, metavar="TIME", help="Likewise.")
@click.option("--route", help="Only what came by this route (the endpoint's name, for example residency.show_address).")
@operator_command
def affected_(since: str, until: str, route: str | None) -> None:
    """Say whose data was looked at or changed in some time.

    For the duties after an incident (Art. 33, 34 GDPR). Read from the log of security events and of opened addresses:
    mail address, how often, and what. Whoever has been deleted since is counted without a name.
    """
    zone = ZoneInfo(current_app.extensions["config"].time_zone)
    found = breach.affected(_moment(since, zone), _moment(until, zone), route)
    for each in found:
        click.echo(f"{each.email or '(deleted since)'}\t{each.times}\t{', '.join(each.kinds)}")
    click.echo(f"{len(found)} people", err=True)


@privacy.command("record")
@click.option("--language", type=click.Choice(["de", "en"]), default="de", show_default=True, help="Of the paper.")
@click.option("--impact", is_flag=True, help="The draft of an impact assessment (Art. 35) instead.")
def record_(language: str, impact: bool) -> None:
    """Write the record of processing as Markdown.

    By Art. 30 GDPR, from the same register as everything else.
    """
    with commands.application() as app, i18n.speaking(language):
        config = app.extensions["config"]
        click.echo(record.impact(config) if impact else record.processing(config))


@privacy.command()
@click.argument("file", type=FILE)
@operator_command
def verify(file: Path) -> None:
    """Check that an archive is whole and from here."""
    if wrong := archive.verify(file):
        raise ValueError("; ".join(wrong))
    click.echo(f"{file}: whole, and signed by this instance")


@privacy.command()
@operator_command
def replay() -> None:
    """Delete again whom a restored backup brought back.

    `neighbour db restore` does this by itself.
    """
    click.echo(f"{erasing.replay()} people were let go again.")


def _moment(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
