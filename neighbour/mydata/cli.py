"""``neighbour privacy``: what was forgotten, who was affected and is told, the papers of the law, archives, those who left."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask import current_app

from neighbour.core import audit, clock, commands, i18n
from neighbour.core.audit import Event
from neighbour.core.commands import operator_command
from neighbour.mydata import affected as breach
from neighbour.mydata import archive, erasing, incidents, record, retention
from neighbour.mydata.notices import IncidentMail
from neighbour.mydata.notices import said as as_context
from neighbour.notices.base import Mailbox

DELETED = "(deleted since)"
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
    audit.note(Event.LOG_READ, about=route or "")
    for each in found:
        click.echo(f"{each.email or DELETED}\t{each.times}\t{', '.join(each.kinds)}")
    click.echo(f"{len(found)} people", err=True)


@privacy.command()
@click.argument("name")
@click.option("--from", "since", metavar="TIME", help="Whom an event of this time concerns, as `affected` says.")
@click.option("--to", "until", metavar="TIME", help="Likewise.")
@click.option("--route", help="Likewise: only what came by this route.")
@click.option("--list", "addresses", type=FILE, help="Or whom this list names: a mail address first in each line.")
@click.option("--subject-de", required=True, help="Subject in German.")
@click.option("--text-de", required=True, type=FILE, help="File with the text in German; empty lines part paragraphs.")
@click.option("--subject-en", required=True, help="Subject in English.")
@click.option("--text-en", required=True, type=FILE, help="File with the text in English.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@operator_command
def tell(
    name: str, since: str | None, until: str | None, route: str | None, addresses: Path | None, yes: bool, **words: Any
) -> None:
    """Tell everybody whom an incident concerns, by one mail each.

    For Art. 34 GDPR. NAME is what you call the incident: telling the same one again tells only whom it has not been told.
    The mail comes whatever people have chosen to get. Say what happened, what may come of it, what you have done, what they
    can do, and who answers questions; the mail leads to the imprint. Shown and asked before anything is sent.
    """
    texts = {key: words[f"text_{key}"].read_text(encoding="utf-8") for key in incidents.LANGUAGES}
    said = incidents.clean({key: words[f"subject_{key}"] for key in incidents.LANGUAGES}, texts)
    span, people = _concerned(since, until, route, addresses)
    meant = incidents.audience(name, people)
    for key in incidents.LANGUAGES:
        mail = IncidentMail().write(as_context(said.subject[key], said.text[key]), Mailbox("", key, ""))
        click.echo(f"── {key}: {mail.subject} ──\n{mail.text}")
    click.echo(f"{len(meant.people)} people get this mail.")
    if meant.told_before:
        click.echo(f"{meant.told_before} were told before and get none.")
    if meant.unreachable:
        click.echo(f"{meant.unreachable} have been deleted since, or have no mailbox of their own.")
    if meant.people and not yes:
        click.confirm("Send it?", abort=True)
    told = incidents.tell(name, said, people, span)
    click.echo(f"{told} mails are on their way; `neighbour mails list` shows them.")


def _concerned(
    since: str | None, until: str | None, route: str | None, addresses: Path | None
) -> tuple[incidents.Span, list[int]]:
    """Whom it concerns, by the log or by the list, and what is known of when and how."""
    if bool(addresses) == bool(since and until) or (since is None) != (until is None):
        raise ValueError("say whom: --from and --to (perhaps --route), or --list")
    if addresses is not None:
        lines = addresses.read_text(encoding="utf-8").splitlines()
        named = [line.split("\t")[0].strip() for line in lines]
        return incidents.Span(), incidents.of_addresses([each for each in named if each and each != DELETED])
    zone = ZoneInfo(current_app.extensions["config"].time_zone)
    span = incidents.Span(_moment(since or "", zone), _moment(until or "", zone), route or "")
    assert span.since is not None and span.until is not None
    return span, [each.person_id for each in breach.affected(span.since, span.until, route)]


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
