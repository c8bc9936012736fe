"""``neighbour digest``: preview and send."""

from __future__ import annotations

from datetime import date
from email import message_from_bytes, policy

import click
from flask import current_app
from sqlalchemy import select

from neighbour.accounts.models import Person
from neighbour.accounts.service import fold
from neighbour.core import clock, scope
from neighbour.core.commands import application, complain, progress
from neighbour.core.db import db
from neighbour.digests import sending, service
from neighbour.digests.models import Edition
from neighbour.digests.when import due_period


@click.group()
def digest() -> None:
    """Preview or send the digest."""


@digest.command()
@click.argument("person")
@click.option("--html", "form", flag_value="html", help="The HTML part.")
@click.option("--text", "form", flag_value="text", default="text", help="The text part (default).")
@click.option("--eml", "form", flag_value="eml", help="The whole mail.")
def preview(person: str, form: str) -> None:
    """What PERSON's next mail would be.

    Exactly what would be sent to this e-mail address if the issue were cut now.
    """
    with application(), scope.use(scope.NOBODY):
        number = db.session.scalar(select(Person.id).where(Person.email_key == fold(person)))
        if number is None:
            complain(f"nobody has the address {person}")
        found = sending.preview(number, current_app.extensions["config"])
        if found is None:
            click.echo("nothing new for this reader: no mail would be sent")
            return
        if form == "eml":
            click.echo(found[0].decode())
            return
        body = message_from_bytes(found[0], policy=policy.default).get_body(("html" if form == "html" else "plain",))
        click.echo(body.get_content() if body else "")


@digest.command()
@click.option("--period", metavar="YYYY-MM-DD", help="The day whose issue is sent (default: today's, if it is due).")
@click.option("--now", is_flag=True, help="Cut at this moment instead of 07:00.")
def send(period: str | None, now: bool) -> None:
    """Open a day's issues and send them from this process. What was sent is not sent again."""
    with application():
        config = current_app.extensions["config"]
        try:
            day = date.fromisoformat(period) if period else due_period(clock.now(), config.time_zone)
        except ValueError:
            complain(f"{period!r} is no day; write it as 2026-11-24")
        day = day or (clock.today(config.time_zone) if now else None)
        if day is None:
            complain("today's issue is due at 07:00; add --now to cut it at this moment")
        service.open_period(day, config.time_zone, at=clock.now() if now else None, progress=progress("opening"))
        with scope.use(scope.NOBODY):
            quarters = list(
                db.session.scalars(
                    select(Edition.quarter_id).where(Edition.period == day.isoformat(), Edition.readers > 0)
                )
            )
            show, taken = progress("sending"), 0
            for number, quarter_id in enumerate(quarters, 1):
                taken += sending.send(quarter_id, day.isoformat(), config)
                show(number, len(quarters))
        click.echo(f"{day}: {taken} mails handed over, {len(quarters)} quarters with something new")
