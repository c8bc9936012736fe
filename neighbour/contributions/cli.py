"""``neighbour board``: take down what must not stay, and put it back."""

from __future__ import annotations

import re
from datetime import datetime

import click
from sqlalchemy import func, select

from neighbour.accounts.models import Person
from neighbour.contributions.models import Comment, Contribution, Revision, State
from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.commands import operator_command
from neighbour.core.db import atomic, db
from neighbour.core.tokens import from_uid, to_uid

_UID = re.compile(r"[a-z2-7]{26}")


@click.group()
def board() -> None:
    """Take down what must not stay, and put it back."""


@board.command("hide")
@click.argument("address")
@operator_command
def hide(address: str) -> None:
    """Take a slip or an answer down; its words are kept.

    ADDRESS is that of the page; with #r-… at its end, of an answer. Whoever wrote a slip still sees it, and that it is hidden.
    """
    _set(address, State.PUBLISHED, State.HIDDEN)


@board.command("show")
@click.argument("address")
@operator_command
def show(address: str) -> None:
    """Put back what was hidden."""
    _set(address, State.HIDDEN, State.PUBLISHED)


def _set(address: str, before: State, after: State) -> None:
    with atomic():
        thing = _thing(address)
        if thing.state != before:
            raise ValueError(f"it is {thing.state}, not {before}")
        thing.state = after
        thing.edited_at = clock.now() if after is State.HIDDEN else _words_changed(thing)  # a year counts from here
        event = Event.TAKEN_DOWN if after is State.HIDDEN else Event.PUT_BACK
        audit.note(event, subject=thing.author_id, about=to_uid(thing.id))
        author = db.session.scalar(select(Person.email).where(Person.id == thing.author_id))
    said = thing.title if isinstance(thing, Contribution) else "an answer"
    click.echo(f"{after}: {said} (written by {author})")


def _words_changed(thing: Contribution | Comment) -> datetime | None:
    """When its words were last changed, as before it was hidden."""
    if isinstance(thing, Comment):
        return None
    return db.session.scalar(select(func.max(Revision.replaced_at)).where(Revision.contribution_id == thing.id))


def _thing(address: str) -> Contribution | Comment:
    path, _hash, answer = address.partition("#r-")
    found = _UID.findall(answer or path)
    model: type[Contribution] | type[Comment] = Comment if answer else Contribution
    thing: Contribution | Comment | None = db.session.get(model, from_uid(found[-1])) if found else None  # type: ignore[assignment]
    if thing is None:
        raise ValueError(f"nothing is pinned up at {address}")
    return thing
