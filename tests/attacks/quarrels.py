"""An account that two mailboxes say is theirs, and about which silence has decided once before: its person asks for nothing here,
the operator decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neighbour.accounts.models import Dispute, DisputeState, EmailChange
from neighbour.core import clock
from neighbour.core.db import as_owner, atomic, db

if TYPE_CHECKING:
    from tests.attacks.world import World


def make(world: World) -> str:
    """One about which both have spoken; gives the public id of its account."""
    now, person = clock.now(), world.people["quarrel"]
    old, new = "vorher@altenbrueck.example", "nachher@altenbrueck.example"
    with as_owner(), atomic():
        left = EmailChange(person_id=person.id, old_email=old, old_key=old, new_email=new, undo_until=now)
        db.session.add(left)
        db.session.flush()
        row = Dispute(
            person_id=person.id, change_id=left.id, old_email=old, new_email=new, since=now, due_at=now, objected_at=now,
            state=DisputeState.OBJECTED,
        )  # fmt: skip
        given = Dispute(
            person_id=person.id, old_email=old, new_email="stumm@altenbrueck.example", since=now, due_at=now, ended_at=now,
            state=DisputeState.OLD, is_by_silence=True,
        )  # fmt: skip
        db.session.add_all([row, given])
        return person.public_id
