"""Who reads: in which ring around an author somebody stands (``accounts.appearance`` says what the ring sees).

Proven in the quarter where the author lives: the innermost ring. Otherwise it is the reach of the thread that says how far
away a reader may be: ``quarter`` and ``nearby`` mean next door, anything wider the city. Without a quarter of one's own – not
signed in, or not proven anywhere – one is the public.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import select

from neighbour.accounts.appearance import Ring
from neighbour.contributions.models import Audience
from neighbour.core import scope
from neighbour.core.db import db
from neighbour.policy import Identity, Level
from neighbour.residency.models import Membership

NEXT_DOOR = (Audience.QUARTER, Audience.NEARBY)


class Reader(NamedTuple):
    """The quarters whose board somebody reads, and those of them they have proven to live in."""

    quarters: tuple[int, ...] = ()
    proven: tuple[int, ...] = ()

    def ring(self, quarter_id: int | None, audience: str) -> Ring:
        """The ring around somebody who lives in this quarter (None: nobody knows), in a thread of this reach."""
        if not self.quarters:
            return Ring.PUBLIC
        if quarter_id in self.quarters:
            return Ring.OWN if quarter_id in self.proven else Ring.NEARBY
        return Ring.NEARBY if audience in NEXT_DOOR else Ring.CITY


def ring_on_board(is_home: bool, audience: str, is_proven: bool) -> Ring:
    """The ring of a reader of the board a contribution hangs on: ``is_home`` where it was written, ``is_proven`` if the
    reader has proven to live there."""
    if is_home:
        return Ring.OWN if is_proven else Ring.NEARBY
    return Ring.NEARBY if audience in NEXT_DOOR else Ring.CITY


def reader_of(who: Identity) -> Reader:
    """Whoever asks in a request."""
    return _reader(tuple((seat.quarter_id, seat.level) for seat in who.seats))


def reader_by_number(person_id: int) -> Reader:
    """A person a mail goes to. The viewer of the session is that person."""
    seats = select(Membership.quarter_id, Membership.level).where(
        Membership.person_id == person_id, Membership.ended_at.is_(None)
    )
    return _reader(tuple((row.quarter_id, Level(row.level)) for row in db.session.execute(seats)))


@contextmanager
def reading_as(person_id: int) -> Iterator[Reader]:
    """What a mail to this person says is read through their own eyes: they see what they would on the pages, and names as their
    ring does."""
    with scope.use(scope.Viewer(person_id)):
        reader = reader_by_number(person_id)
    with scope.use(scope.Viewer(person_id, reader.quarters)):
        yield reader


def _reader(seats: tuple[tuple[int, Level], ...]) -> Reader:
    return Reader(
        tuple(quarter_id for quarter_id, level in seats if level.reads_board),
        tuple(quarter_id for quarter_id, level in seats if level is Level.VERIFIED),
    )
