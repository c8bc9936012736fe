"""Which names somebody wears, as keyed hashes of how they read: what neighbours' names are compared by.

Behind a name stands the mark of the proven, so nobody may wear a neighbour's. Every name is kept from the moment it is taken,
also one that is taken off before it was compared (``residency.cases.crowds``, every hour). Of a hash nobody reads the name.

A bare first name that only rings further out read is not among them: every Anna is one there, and nobody is taken for another.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Delete, Update, and_, case, delete, select, update
from sqlalchemy.dialects.postgresql import Insert, insert

from neighbour.accounts.models import NameKind, Person, WornName
from neighbour.accounts.names import skeleton
from neighbour.core import clock
from neighbour.core.crypto import keyed_hash
from neighbour.core.db import db


def remember(person: Person, *, since: datetime) -> None:
    """Keep the names that the person wears now, as worn since then if they are new, beside those they took off that nobody has
    compared. Does nothing where these names are kept. Through the person's own eyes, inside atomic()."""
    if db.session.scalar(select(Person.names_hashed).where(Person.id == person.id)):
        return
    present = {keyed_hash("worn-name", reads): kind for reads, kind in _worn(person).items()}
    mine = WornName.person_id == person.id
    taken_off = mine, WornName.until.is_(None), WornName.hash.not_in(present)
    _run(update(WornName).where(*taken_off).values(until=clock.now()))
    _run(delete(WornName).where(mine, WornName.until.is_not(None), WornName.due.is_(None)))
    for name, kind in present.items():
        row = insert(WornName).values(person_id=person.id, hash=name, kind=kind, worn_at=since)
        still = and_(WornName.until.is_(None), WornName.kind == kind)  # a name that was not shown was worn by nobody
        again = {"kind": kind, "worn_at": case((still, WornName.worn_at), else_=since), "until": None}
        _run(row.on_conflict_do_update(index_elements=["person_id", "hash"], set_=again))
    _run(update(Person).where(Person.id == person.id).values(names_hashed=True))


def _run(statement: Update | Delete | Insert) -> None:
    db.session.execute(statement, execution_options={"synchronize_session": False})


def _worn(person: Person) -> dict[str, NameKind]:
    """How each name of the person reads, and what it is; where two read alike, the one that is shown."""
    shown = [person.display_name]
    for further in (person.name_nearby, person.name_city):
        if person.alias or further != person.first_name:
            shown.append(further)
    kind = NameKind.ALIAS if person.alias else NameKind.NAME
    found = {skeleton(f"{person.first_name} {person.last_name}"): NameKind.REAL}
    found |= {skeleton(name): kind for name in shown}
    found.pop("", None)
    return found
