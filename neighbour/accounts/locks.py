"""Who waits for whom, where two requests want the same at the same moment.

Always in this order, or two of them would wait for each other: the person first (``hold``), then an address
(``email_changes.one_at_a_time``), then rows of the person's. What is read after ``hold`` is what counts. Only a sign-up that is
confirmed takes its address first: several that wait for it touch each other's rows, and nobody else waits for those.
"""

from __future__ import annotations

from sqlalchemy import select

from neighbour.accounts.models import Person
from neighbour.core.db import db


def hold(person_id: int) -> None:
    """Nobody else changes anything about this person who holds them too, until the end of the transaction. A row that only
    points at the person is written meanwhile."""
    db.session.execute(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True))
