"""``neighbour initiatives``: add, verify, name editors, suspend, list."""

from __future__ import annotations

from datetime import timedelta

import click
from sqlalchemy import select

from neighbour.accounts import service as accounts
from neighbour.accounts.models import Person
from neighbour.core import clock
from neighbour.core.commands import operator_command
from neighbour.core.db import db
from neighbour.initiatives import service
from neighbour.initiatives.models import EditorRole, Initiative
from neighbour.residency.cases import visits


@click.group()
def initiatives() -> None:
    """Initiatives, their editors, and what they confirm."""


@initiatives.command()
@click.argument("name")
@click.option("--quarter", "quarters", multiple=True, metavar="KEY", help="A quarter it works in; may be repeated.")
@click.option("--about", default="", help="What it does.")
@click.option("--address", default="", help="Where it is.")
@click.option("--hours", default="", help="When somebody is there.")
@operator_command
def add(name: str, quarters: tuple[str, ...], about: str, address: str, hours: str) -> None:
    """Add an initiative.

    Its page is public once it is verified.
    """
    made = service.add(name, quarters, about=about, address_line=address, hours=hours)
    click.echo(f"added {made.slug}; next: neighbour initiatives verify {made.slug}")


@initiatives.command()
@click.argument("slug")
@click.option("--confirm/--no-confirm", default=None, help="Whether its editors may confirm where people live.")
@operator_command
def verify(slug: str, confirm: bool | None) -> None:
    """Say that you know who they are.

    With --confirm its editors confirm addresses at their desk.
    """
    found = _find(slug)
    service.verify(found, None)
    if confirm is not None:
        service.let_confirm(_find(slug), confirm)
    click.echo(f"{slug}: {_state(_find(slug))}")


@initiatives.command()
@click.argument("slug")
@click.argument("email")
@click.option("--lead", is_flag=True, help="The one to talk to.")
@click.option("--remove", is_flag=True, help="Speaks for it no longer.")
@operator_command
def editor(slug: str, email: str, lead: bool, remove: bool) -> None:
    """Let a person speak for an initiative, or no longer."""
    found = _find(slug)
    person = db.session.scalar(
        select(Person).where(Person.email_key == accounts.fold(email), Person.confirmed_at.is_not(None))
    )
    if person is None:
        raise ValueError(f"nobody has the address {email}")
    if remove:
        if not service.remove_editor(found, person):
            raise ValueError(f"{email} does not speak for {slug}")
        click.echo(f"{email} no longer speaks for {slug}")
        return
    service.name_editor(found, person, EditorRole.LEAD if lead else EditorRole.EDITOR)
    click.echo(f"{email} speaks for {slug}")


@initiatives.command()
@click.argument("slug")
@click.option(
    "--review-days",
    type=click.IntRange(0, service.REVIEW_DAYS_MOST),
    default=0,
    show_default=True,
    help="Proofs of so many days wait for a second look.",
)
@operator_command
def suspend(slug: str, review_days: int) -> None:
    """End its power at once.

    Proofs that it confirmed in the last days given wait for a second look.
    """
    held = service.suspend(_find(slug), review_days)
    click.echo(f"{slug}: suspended; {held} proofs wait for a look")


@initiatives.command()
@click.argument("slug")
@operator_command
def resume(slug: str) -> None:
    """End a suspension."""
    service.resume(_find(slug))
    click.echo(f"{slug}: {_state(_find(slug))}")


@initiatives.command()
@operator_command
def place() -> None:
    """Look their addresses up in the register again.

    For the map, after the register was imported or has changed.
    """
    click.echo(f"{service.find_points()} of {len(service.everything())} initiatives have a place on the map")


@initiatives.command("list")
@operator_command
def list_() -> None:
    """Show initiatives and how many addresses each confirmed in 30 days."""
    month = visits.counts(clock.now() - timedelta(days=30))
    for each in service.everything():
        click.echo(f"{each.slug:<40} {_state(each):<28} {month.get(each.public_id, 0):>4} confirmed in 30 days")


def _find(slug: str) -> Initiative:
    found = service.find(slug)
    if found is None:
        raise ValueError(f"there is no initiative {slug}")
    return found


def _state(found: Initiative) -> str:
    if found.suspended_at is not None:
        return "suspended"
    if found.verified_at is None:
        return "not verified"
    return "verified, may confirm" if found.may_confirm else "verified"
