"""Decoys: sign-ups with an address that is taken, or kept for somebody, which look like any other (see ``service``).

They bear a key that is no address. The last one for an address can be signed in to; those before make room.
"""

from __future__ import annotations

import secrets

from sqlalchemy import select, update
from sqlalchemy.orm import undefer

from neighbour.accounts import passwords
from neighbour.accounts.models import Person
from neighbour.accounts.onetime import Refused
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import db

DECOY = "decoy:"


def key_of(key: str) -> str:
    """What stands in the place of an address that somebody else has."""
    return DECOY + keyed_hash("decoy", key).hex()[:32]


def room_for(key: str) -> str:
    """The key of a new decoy; the one before, if there is one, makes room. Inside atomic()."""
    newest = key_of(key)
    before = update(Person).where(Person.email_key == newest)
    db.session.execute(before.values(email_key=f"{newest}:{secrets.token_hex(8)}"))
    return newest


def is_decoy(person: Person) -> bool:
    """Whether this account only exists to look the same."""
    return person.email_key.startswith(DECOY)


def turn_aside(key: str, person_id: int) -> None:
    """The address goes back to this person: who has signed up with it meanwhile and confirmed nothing becomes a decoy.
    Inside atomic(), with the address held; raises Refused("taken") where somebody else has confirmed it."""
    others = Person.email_key == key, Person.id != person_id
    holder = db.session.scalar(select(Person).where(*others).options(undefer(Person.password_hash)))
    if holder is None:
        return
    if holder.confirmed_at is not None:
        raise Refused("taken")
    holder.email_key = room_for(key)
    holder.password_hash = passwords.costing_two(holder.password_hash)  # beside an owner it has another salt
    db.session.flush()
