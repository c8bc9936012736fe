"""``neighbour letters``: print the cards that are waiting, and see what was printed."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app

from neighbour.core import i18n
from neighbour.core.commands import operator_command, progress
from neighbour.residency import printing, turns
from neighbour.residency.letter_pdf import Format

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def letters() -> None:
    """Print the postcards that are waiting."""


@letters.command("print")
@click.option("--out", type=FILE, help="The PDF to write. Default: <batch>.pdf in this folder.")
@click.option(
    "--format",
    "paper",
    type=click.Choice([each.value for each in Format]),
    default=Format.A6.value,
    show_default=True,
    help="a6: cards. c6: A5 sheets for C6 window envelopes. a4: A4 sheets for long window envelopes.",
)
@click.option("--csv", "table", type=FILE, help="Also write the letters as a table, for a print shop.")
@click.option("--again", metavar="BATCH", help="Print this batch once more; cards printed before stay good.")
@operator_command
def print_(out: Path | None, paper: str, table: Path | None, again: str | None) -> None:
    """Print the letters that are due and mark them as printed.

    One page each. At most LETTERS_PER_DAY a day (50), and one per house in 30 days unless its code came back.
    """
    config = current_app.extensions["config"]
    wish = printing.Wish(out=out or Path(), paper=Format(paper), csv=table, progress=progress("writing letter"))
    try:
        done = printing.print_again(again, config, wish) if again else printing.print_due(config, wish)
    except printing.NothingToPrint as nothing:
        if again:
            raise
        click.echo(f"Nothing printed: {nothing}.")
        return
    except OSError as error:
        raise ValueError(str(error)) from error
    click.echo(f"Batch {done.batch}: {done.letters} {'letter' if done.letters == 1 else 'letters'} in {done.file}")
    if done.waiting:
        click.echo(f"{done.waiting} more {'is' if done.waiting == 1 else 'are'} waiting for another day.")
    if done.crowded:
        click.echo(
            f"Houses with more than {printing.CROWD} cards waiting: {done.crowded}. Each gets one in 30 days; if that is"
            " no large house, somebody may be blocking it: neighbour letters list names the accounts."
        )


@letters.command("list")
@operator_command
def list_() -> None:
    """Show the last batches and how many letters are waiting.

    Where many wait for one house, the accounts are named.
    """
    i18n.speak("en", current_app.extensions["config"].time_zone)
    for line in printing.batches():
        printed_at = i18n.local(line.printed_at)
        click.echo(
            f"{line.batch:<14} {printed_at:%Y-%m-%d %H:%M}  {line.letters:>4} letters, {line.used:>4} codes came back"
        )
    click.echo(f"{printing.waiting()} waiting")
    for number, accounts in enumerate(printing.crowded(), 1):
        click.echo(f"crowded house {number}: {', '.join(accounts)}")
    for number, house in enumerate(turns.overtaken(), 1):
        waiting, before = ", ".join(house.waiting), ", ".join(house.before)
        click.echo(f"overtaken at house {number}: {waiting} waits, and had ordered before {before}")
