"""``neighbour person``: create, promote, list, reset-factors, disputes, decide, suspend, restore."""

from __future__ import annotations

import secrets

import click
from flask import current_app
from sqlalchemy import select

from neighbour.accounts import care, decoys, dispute_deciding, disputes, hooks, service
from neighbour.accounts.dispute_words import Reason
from neighbour.accounts.models import Person
from neighbour.core import audit, i18n
from neighbour.core.audit import Event
from neighbour.core.commands import operator_command
from neighbour.core.db import atomic, db
from neighbour.core.text import clean_line

LONGEST_NAME = 120


@click.group()
def person() -> None:
    """Create and promote people."""


@person.command()
@click.argument("email")
@click.option("--name", default="", help="First and last name.")
@click.option("--operator", is_flag=True, help="May run this instance.")
@operator_command
def create(email: str, name: str, operator: bool) -> None:
    """Create a person whose mail address counts as confirmed.

    Prints a password that is shown only now.
    """
    config = current_app.extensions["config"]
    email, password = clean_line(email), secrets.token_urlsafe(12)
    if len(clean_line(name)) > LONGEST_NAME:
        raise ValueError(f"a name has {LONGEST_NAME} characters at most")
    try:
        made = service.create(
            email,
            password,
            name=name,
            language=config.language,
            memory_kib=config.argon2_memory_kib,
            is_operator=operator,
        )
    except service.Refused:
        raise ValueError(f"{email} has an account already") from None
    click.echo(f"created {made.email}; password (shown only now): {password}")


@person.command()
@click.argument("email")
@click.option("--operator", is_flag=True, help="May run this instance.")
@click.option("--steward", metavar="QUARTER", help="Joins the Quartiersteam of the quarter with this id.")
@click.option("--verifier", metavar="QUARTER", help="Looks at proofs of the quarter with this id, and at nothing else.")
@operator_command
def promote(email: str, operator: bool, steward: str | None, verifier: str | None) -> None:
    """Make a person operator, verifier or steward."""
    found = _find(email)
    if steward and verifier:
        raise ValueError("a member of the Quartiersteam is a verifier already: give one of --steward and --verifier")
    if not operator and not steward and not verifier:
        raise ValueError("say what to: --operator, --steward QUARTER or --verifier QUARTER")
    with atomic():
        if operator:
            found.is_operator = True  # ends their sessions, as every new role does: the database sees to it
            audit.note(Event.ROLE_GIVEN, subject=found.id, about="operator")
        for quarter, role in ((steward, "steward"), (verifier, "verifier")):
            if quarter and not hooks.appoint(found.id, quarter, role):
                raise ValueError(f"{email} is no verified member of quarter {quarter}")
    became = [
        "operator" if operator else "",
        f"Quartiersteam of {steward}" if steward else "",
        f"verifier of {verifier}" if verifier else "",
    ]
    click.echo(f"{email}: " + " and ".join(filter(None, became)))


@person.command()
@click.argument("email")
@click.argument("quarter")
@operator_command
def dismiss(email: str, quarter: str) -> None:
    """End what a person does in a quarter.

    Neither verifier nor in the Quartiersteam from now on; they stay a resident.
    """
    with atomic():
        if not hooks.appoint(_find(email).id, quarter, "resident"):
            raise ValueError(f"{email} is no verified member of quarter {quarter}")
    click.echo(f"{email}: resident of {quarter}")


def _find(email: str) -> Person:
    found = db.session.scalar(select(Person).where(Person.email_key == service.fold(email)))
    if found is None:
        raise ValueError(f"nobody has the address {email}")
    return found


@person.command("list")
@click.option("--operators", is_flag=True, help="Only those who run this instance.")
@operator_command
def list_command(operators: bool) -> None:
    """List people: mail address, name, marks.

    Marks are confirmed and operator. Homes are never shown.
    """
    wanted = (
        select(Person).where(Person.status != "erased", ~Person.email_key.startswith(decoys.DECOY)).order_by(Person.id)
    )
    for each in db.session.scalars(wanted.where(Person.is_operator) if operators else wanted):
        marks = ", ".join(
            word for word, is_so in (("confirmed", each.confirmed_at), ("operator", each.is_operator)) if is_so
        )
        click.echo(f"{each.email}\t{each.display_name}\t{marks or 'not confirmed'}")


@person.command("reset-factors")
@click.argument("email")
@operator_command
def reset_factors(email: str) -> None:
    """Take a lost second step off, after 72 hours.

    For whoever lost phone and codes. The owner is told by mail and can stop it; signing in with the second step stops it, too.
    """
    asked = care.ask_for_reset(clean_line(email))
    click.echo(f"{email}: told by mail; without objection the second step is off from {i18n.exact(asked.due_at)} on")


@person.command()
@click.argument("email")
@click.option("--reason", default="", help="What the person is told.")
@operator_command
def suspend(email: str, reason: str) -> None:
    """Let a person read, but not write; they are told why."""
    care.suspend(clean_line(email), reason)
    click.echo(f"{email}: suspended, and told why")


@person.command()
@click.argument("email")
@operator_command
def restore(email: str) -> None:
    """Let a suspended person write again; they are told."""
    care.restore(clean_line(email))
    click.echo(f"{email}: may write again")


@person.command("disputes")
@operator_command
def list_disputes() -> None:
    """List accounts that two mailboxes say are theirs.

    Since when, state, older and newer mailbox; also what silence gave to the older one within 30 days. Homes are never shown.
    """
    for each in (*dispute_deciding.listed(), *dispute_deciding.silent()):
        state = "silence" if each.is_by_silence else each.state
        click.echo(f"{i18n.exact(each.begun_at)}\t{state}\t{each.old_email}\t{each.new_email}")


@person.command()
@click.argument("email")
@click.option(
    "--for", "side", type=click.Choice((disputes.OLD, disputes.NEW)), required=True, help="Which mailbox it is."
)
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in Reason]),
    help="Why; needed to turn round what silence decided.",
)
@operator_command
def decide(email: str, side: str, reason: str | None) -> None:
    """Say whose a disputed account is.

    Also for 30 days after silence gave it to the older mailbox; both are told the reason then. Believe no mail alone: either
    of them may be whoever the other one flees from. The desk shows the home of the account, where you can ask: with a letter,
    or a visit in person.
    """
    row = dispute_deciding.decide(dispute_deciding.of_email(clean_line(email)), side, reason=reason or "")
    click.echo(f"{row.old_email if side == disputes.OLD else row.new_email}: has the account; both are told")
