"""``neighbour person``: create, promote, list."""

from __future__ import annotations

import secrets

import click
from email_validator import EmailNotValidError, validate_email
from flask import current_app
from sqlalchemy import select, text

from neighbour.accounts import passwords, service
from neighbour.accounts.addresses import reachable
from neighbour.accounts.models import Person, SignUpStep
from neighbour.core import clock
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
    email, name = " ".join(email.split()), clean_line(name)
    try:
        validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(f"{email[:80]!r} is no e-mail address: {error}") from None
    if len(name) > LONGEST_NAME:
        raise ValueError(f"a name has {LONGEST_NAME} characters at most")
    if db.session.scalar(select(Person.id).where(Person.email_key == service.fold(email))) is not None:
        raise ValueError(f"{email} has an account already")
    password = secrets.token_urlsafe(12)
    first, _space, last = name.partition(" ")
    with atomic():
        made = Person(
            email=reachable(email),
            email_key=service.fold(email),
            password_hash=passwords.hash_password(password, config.argon2_memory_kib),
            first_name=first,
            last_name=last,
            display_name=service.default_name(first, last),
            language=config.language,
            confirmed_at=clock.now(),
            signup_step=SignUpStep.ADDRESS,
            is_operator=operator,
        )
        db.session.add(made)
    click.echo(f"created {email}; password (shown only now): {password}")


@person.command()
@click.argument("email")
@click.option("--operator", is_flag=True, help="May run this instance.")
@click.option("--steward", metavar="QUARTER", help="Joins the Quartiersteam of the quarter with this id.")
@operator_command
def promote(email: str, operator: bool, steward: str | None) -> None:
    """Make a person operator, or member of a Quartiersteam."""
    found = db.session.scalar(select(Person).where(Person.email_key == service.fold(email)))
    if found is None:
        raise ValueError(f"nobody has the address {email}")
    if not operator and not steward:
        raise ValueError("say what to: --operator or --steward QUARTER")
    with atomic():
        if operator:
            found.is_operator = True
        if steward:
            changed = db.session.execute(
                text(
                    "UPDATE membership m SET role = 'steward' FROM quarter q WHERE q.id = m.quarter_id AND q.key = :key"
                    " AND m.person_id = :person AND m.ended_at IS NULL AND m.level = 'verified'"
                ),
                {"key": steward, "person": found.id},
            )
            if not changed.rowcount:  # type: ignore[attr-defined]
                raise ValueError(f"{email} is no verified member of quarter {steward}")
    click.echo(
        f"{email}: "
        + " and ".join(
            ([] if not operator else ["operator"]) + ([] if not steward else [f"Quartiersteam of {steward}"])
        )
    )


@person.command("list")
@click.option("--operators", is_flag=True, help="Only those who run this instance.")
@operator_command
def list_command(operators: bool) -> None:
    """List people: mail address, name, marks.

    Marks are confirmed and operator. Homes are never shown.
    """
    wanted = (
        select(Person).where(Person.status != "erased", ~Person.email_key.startswith(service.DECOY)).order_by(Person.id)
    )
    for each in db.session.scalars(wanted.where(Person.is_operator) if operators else wanted):
        marks = ", ".join(
            word for word, is_so in (("confirmed", each.confirmed_at), ("operator", each.is_operator)) if is_so
        )
        click.echo(f"{each.email}\t{each.display_name}\t{marks or 'not confirmed'}")
