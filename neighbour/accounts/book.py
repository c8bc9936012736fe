"""The address book of notices."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from neighbour.accounts.addresses import fold
from neighbour.accounts.decoys import DECOY
from neighbour.accounts.email_changes import closed, owner_of
from neighbour.accounts.models import Person
from neighbour.core.columns import among
from neighbour.core.db import db
from neighbour.notices.base import Mailbox


def mailboxes(people: Collection[int]) -> dict[int, Mailbox]:
    """The address book of notices: where these people are reached, in one query, and one more for each who
    waits beside others: an address that somebody owns takes no mail of anybody else's account."""
    columns = (
        Person.id,
        Person.email,
        Person.email_key,
        Person.language,
        Person.display_name,
        Person.first_name,
        Person.is_protected,
        Person.confirmed_at,
        Person.id.in_(closed()).label("is_closed"),
    )
    rows = db.session.execute(select(*columns).where(among(Person.id, people), Person.status != "erased"))
    return {
        row.id: Mailbox(
            row.email,
            row.language,
            row.display_name if row.is_protected else row.first_name or row.display_name,
            takes_mail=not row.email_key.startswith(DECOY) or owner_of(fold(row.email)) is None,
            is_confirmed=row.confirmed_at is not None,
            key=fold(row.email),
            is_closed=row.is_closed,
        )
        for row in rows
    }
