"""Sealing anew what an old key has sealed, in batches, while everything else goes on.

The order for the operator (``neighbour keys new`` says it with the values): every process first learns both keys, then
``neighbour keys rotate`` runs, and once it says that nothing is left the old key may go. A row that somebody else holds is taken
in the next round; one that cannot be opened stays as it is and is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text

from neighbour.core.crypto import SEALED, CannotOpen, Sealed, key_number, reseal
from neighbour.core.db import atomic, db

BATCH = 500


@dataclass
class Rotated:
    """What became of the rows of one column: sealed anew, and those that no key opens."""

    place: str
    done: int = 0
    lost: int = 0


def rotate(tell: Callable[[int], object] = lambda done: None) -> list[Rotated]:
    """Seal everything with the key that seals now. On the owner's connection; commits batch by batch, may be repeated.

    tell: called with the number of rows done so far after each batch.
    """
    found = []
    for column in SEALED:
        place = Rotated(f"{column.table}.{column.column}")
        found.append(place)
        after = 0
        while rows := _batch(column, after, place):
            after = rows
            tell(sum(each.done for each in found))
    return found


def left() -> dict[int, int]:
    """How many sealed values each key's number has, over all columns. On the owner's connection."""
    counts: dict[int, int] = {}
    for column in SEALED:
        asked = (
            f"SELECT get_byte({column.column}, 0), count(*) FROM {column.table} WHERE {column.column} <> '' GROUP BY 1"  # noqa: S608
        )
        for number, count in db.session.execute(text(asked)):
            counts[number] = counts.get(number, 0) + count
    return counts


def _batch(column: Sealed, after: int, place: Rotated) -> int:
    """One batch of rows whose number is greater than ``after``; gives the last one's, 0 when there are none."""
    name, key = column.column, column.key
    # Names of tables and columns are those of ``sealed_in``, nobody's words. S608
    chosen = text(
        f"SELECT {key}, {column.whose}, {name} FROM {column.table} WHERE {key} > :after AND get_byte({name}, 0) <> :number"  # noqa: S608
        f" AND {name} <> '' ORDER BY {key} LIMIT {BATCH} FOR UPDATE"
    )
    changed = text(f"UPDATE {column.table} SET {name} = :sealed WHERE {key} = :key")  # noqa: S608
    with atomic():
        rows = db.session.execute(chosen, {"after": after, "number": key_number()}).all()
        anew = []
        for row, whose, sealed in rows:
            try:
                anew.append({"key": row, "sealed": reseal(bytes(sealed), column.belongs_to(whose), column.purpose)})
            except CannotOpen:
                place.lost += 1
        if anew:
            db.session.execute(changed, anew)
        place.done += len(anew)
        return rows[-1][0] if rows else 0
