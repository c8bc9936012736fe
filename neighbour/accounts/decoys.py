"""Sign-ups that wait for their confirmation.

An account that nobody has confirmed owns no address: any number of them wait under the same one, each with its own password,
digits and links, and whoever confirms theirs first has it (``claim``). The others stay what they look like, and can never get it:
whoever signs up with an address that is taken waits like anybody else, and is forgotten after 14 days. To vanish at the moment
its owner comes would tell whoever waits for that.

The first bears the address as its key, those beside it keys that are no address; the last few can be signed in to.
"""

from __future__ import annotations

import secrets

from sqlalchemy import select, update
from sqlalchemy.orm import undefer

from neighbour.accounts import onetime, passwords
from neighbour.accounts.models import Person
from neighbour.accounts.onetime import Refused
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import db

DECOY = "decoy:"
MOST = 8  # so many of an address can be signed in to


def key_of(key: str, place: int = 0) -> str:
    """What stands in the place of an address that somebody else has, or waits for."""
    beside = DECOY + keyed_hash("decoy", key).hex()[:32]
    return f"{beside}:{place}" if place else beside


def _places(key: str) -> list[str]:
    return [key_of(key, place) for place in range(MOST)]


def waiting(key: str) -> list[Person]:
    """The last who signed up with this address and have not confirmed it, newest first, with their hashes.

    Of those that corrected their address only one: theirs have salts of their own, and each would cost a computation.
    """
    mine = Person.email_key.in_((key, *_places(key))), Person.confirmed_at.is_(None), Person.status != "erased"
    query = select(Person).where(*mine).options(undefer(Person.password_hash)).order_by(Person.id.desc()).limit(MOST)
    found = list(db.session.scalars(query.execution_options(populate_existing=True)))
    apart = [each.id for each in found if passwords.costs_two(each.password_hash)]
    return [each for each in found if each.id not in apart[1:]]


def is_free(key: str) -> bool:
    """Whether no row bears this key, not even one that only waits."""
    return db.session.scalar(select(Person.id).where(Person.email_key == key)) is None


def room_for(key: str) -> str:
    """The key of one more beside whoever has this address, or waits for it; the oldest makes room. Inside atomic()."""
    beside = select(Person.id, Person.email_key).where(Person.email_key.in_(_places(key))).order_by(Person.id)
    taken = {row.email_key: row.id for row in db.session.execute(beside)}
    free = next((place for place in _places(key) if place not in taken), "")
    oldest = next(iter(taken)) if not free else ""
    away = update(Person).where(Person.id == taken.get(oldest))
    db.session.execute(away.values(email_key=f"{key_of(key)}:{secrets.token_hex(8)}"))
    return free or oldest


def claim(key: str, person: Person) -> None:
    """Let this person have the address, which nobody else owns: links and digits of the others that wait work no more. Inside
    atomic(), with the address held; raises Refused("taken")."""
    turn_aside(key, person.id, beside=person.password_hash)
    others = select(Person.id).where(Person.email_key.in_(_places(key)), Person.id != person.id)
    onetime.void(list(db.session.scalars(others)))
    person.email_key = key
    db.session.flush()


def turn_aside(key: str, person_id: int, *, beside: str = "") -> None:
    """The address goes to this person, whose password's hash is ``beside``: who has signed up with it meanwhile and confirmed
    nothing makes room. Inside atomic(), with the address held; raises Refused("taken") where somebody else has confirmed it."""
    others = Person.email_key == key, Person.id != person_id
    holder = db.session.scalar(select(Person).where(*others).options(undefer(Person.password_hash)))
    if holder is None:
        return
    if holder.confirmed_at is not None:
        raise Refused("taken")
    holder.email_key = room_for(key)
    if not passwords.are_salted_alike(holder.password_hash, beside):
        holder.password_hash = passwords.costing_two(holder.password_hash)
    db.session.flush()
