"""``neighbour cases``: proofs that nobody at a desk may decide about."""

from __future__ import annotations

import uuid

import click

from neighbour.core import i18n, tokens
from neighbour.core.commands import operator_command
from neighbour.core.text import clean_line
from neighbour.residency.cases import at_terminal
from neighbour.residency.cases.deciding import REASONS, YES
from neighbour.residency.cases.queues import NotYours

LONGEST_NOTE = 500
PARTS = {"half": "a proof", "final": "two did not agree", "appeal": "an appeal"}


@click.group()
def cases() -> None:
    """Proofs that nobody at a desk may decide about."""


@cases.command("list")
@operator_command
def list_() -> None:
    """List proofs that nobody at a desk may bring to an end.

    Everybody who operates lives with the person, or had a part in it. Name, since when, what it is, mail address; homes and
    papers are never shown. A second operator of another household (neighbour person promote) finds them on their desk instead.
    """
    rows = at_terminal.stuck()
    for row in rows:
        click.echo(f"{tokens.to_uid(row.case_id)}\t{i18n.exact(row.since)}\t{PARTS[row.part]}\t{row.email}")
    if not rows:
        click.echo("nothing waits that nobody may decide about")


@cases.command()
@click.argument("case")
@click.option("--verdict", type=click.Choice((YES, *REASONS)), required=True, help="It fits, or why not.")
@click.option("--note", default="", help="What the person is told besides.")
@operator_command
def decide(case: str, verdict: str, note: str) -> None:
    """Say the last word on one of them, by its name in the list.

    It is written down. Have the person show you the paper: what they handed in is not opened here. They are told a no after three
    days, as everybody is.
    """
    note = clean_line(note)
    if verdict == "other" and not note:
        raise ValueError("say what it is: --note")
    if len(note) > LONGEST_NOTE:
        raise ValueError(f"a note has {LONGEST_NOTE} characters at most")
    try:
        row = at_terminal.decide(_key(case), verdict, note)
    except NotYours:
        raise ValueError(f"no case {case} waits that nobody else may decide about") from None
    click.echo(f"{row.email}: decided; they are told")


def _key(name: str) -> uuid.UUID:
    try:
        return tokens.from_uid(name)
    except ValueError:
        raise NotYours(name) from None
