"""``neighbour mails``: what the ledger holds, and what was given up on."""

from __future__ import annotations

import click

from neighbour.core import clock, scope
from neighbour.core.commands import application
from neighbour.notices import ledger


@click.group()
def mails() -> None:
    """What waits to be sent, and what was given up on."""


@mails.command("list")
def list_() -> None:
    """Count mails by state, and say why some were given up on."""
    with application(), scope.use(scope.NOBODY):
        for state, count in sorted(ledger.counts().items()):
            click.echo(f"{count:>8} {state}")
        for row in ledger.given_up():
            click.echo(
                f"{row.id}  {row.state:<7} {row.notice} {row.period or row.subject_key}"
                f"  {row.attempts} attempts: {row.last_error or 'no answer kept'}"
            )


@mails.command()
@click.option("--failed", is_flag=True, help="Also those a mail server refused or that could not be sent in 48 hours.")
def retry(failed: bool) -> None:
    """Put back what was parked, once its cause is mended.

    The sweep sends it within two minutes.
    """
    with application(), scope.use(scope.NOBODY):
        count = ledger.put_back(at=clock.now(), with_failed=failed)
    click.echo(f"{count} mails wait again." if count else "Nothing was given up on.")
