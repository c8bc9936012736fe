"""Whose card comes next at a house, which gets one in 30 days.

Whoever had a card there in vain comes after the others, so that an account cannot order a neighbour's turns away. A name counts
for nothing: else whoever knows hers orders one card in it, and hers comes after every stranger's for ever. And nobody waits for
ever: after 31 days an order comes before all that are younger, whatever was before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, case, or_, select
from sqlalchemy.orm import aliased

from neighbour.accounts.models import Person
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.residency.models import Letter, LetterState

NEXT_AFTER = timedelta(days=31)


def turn() -> Sequence[SQLColumnExpression[Any]]:
    """By what the orders of one house are sorted, the next first."""
    return ~_is_old(), case((_is_old(), False), else_=_had_one()), Letter.id


def _had_one() -> ColumnElement[bool]:
    """Whether who asks had a card for this house that was not answered."""
    other = aliased(Letter)
    vain = other.printed_at.is_not(None), other.state != LetterState.USED, other.id != Letter.id
    mine = other.person_id == Letter.person_id, other.address_hash == Letter.address_hash
    return select(other.id).where(*mine, *vain).correlate(Letter).exists()


def _is_old() -> ColumnElement[bool]:
    """Whether an order has waited for 31 days. One that was asked for again meanwhile kept its row, and the row beside it the
    day of the first asking (``letters.request``)."""
    since = clock.now() - NEXT_AFTER
    first = aliased(Letter)
    mine = first.person_id == Letter.person_id, first.address_hash == Letter.address_hash
    again = first.state == LetterState.WITHDRAWN, first.id > Letter.id, first.requested_at <= since
    return or_(Letter.requested_at <= since, select(first.id).where(*mine, *again).correlate(Letter).exists())


@dataclass(frozen=True)
class Overtaken:
    """A house: the accounts (mail addresses) that wait, and those that ordered later and had their card before."""

    waiting: Sequence[str]
    before: Sequence[str]


def overtaken() -> list[Overtaken]:
    """The houses where a card was printed for somebody who ordered later than one who still waits. That is right where the one
    had a card in vain; where it is not, somebody keeps a neighbour waiting, which only the operator can see. Which house it is
    stays sealed. On the owner's connection, or inside ``printing.as_printer``."""
    late = aliased(Letter)
    pair = select(Letter.address_hash, Letter.person_id, late.person_id.label("late_id")).join(
        late, (late.address_hash == Letter.address_hash) & (late.id > Letter.id)
    )
    rows = pair.where(Letter.waits(), late.printed_at.is_not(None), late.person_id != Letter.person_id).subquery().c
    waits, came = aliased(Person), aliased(Person)
    query = select(rows.address_hash, waits.email, came.email).join(waits, waits.id == rows.person_id)
    found: dict[bytes, tuple[dict[str, None], dict[str, None]]] = {}
    for house, email, before in db.session.execute(
        query.join(came, came.id == rows.late_id).order_by(waits.id, came.id)
    ):
        who, whom = found.setdefault(bytes(house), ({}, {}))
        who[email], whom[before] = None, None
    return [Overtaken(list(who), list(whom)) for who, whom in found.values()]
