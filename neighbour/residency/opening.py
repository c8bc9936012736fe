"""Small quarters that have grown: from the threshold on (``City.opens_at``) a quarter has a board of its own.

Before, what is published for the quarter reaches those beside it as well, and what is published there reaches it
(``quarters_reached``, migration 0020), so that nobody sits before an empty board. Afterwards what was pinned up before
stays readable for all who could read it. A board is never closed again, however many move away.
"""

from __future__ import annotations

from sqlalchemy import func, select, text

from neighbour.core import clock, scope
from neighbour.core.db import atomic, db
from neighbour.quarters.models import Adjacency, City, Quarter, QuarterStat
from neighbour.residency.changing_notices import QuarterOpened
from neighbour.residency.models import Membership


def open_due() -> int:
    """Open the boards of quarters with enough households on board; tells everyone concerned once. Gives how many."""
    with scope.use(scope.NOBODY):
        ready = (
            select(Quarter.id)
            .join(QuarterStat, QuarterStat.quarter_id == Quarter.id)
            .join(City, QuarterStat.households_on_board >= City.opens_at)
            .where(Quarter.opened_at.is_(None))
        )
        found = list(db.session.scalars(ready.order_by(Quarter.id)))
    return sum(open_board(quarter_id) for quarter_id in found)


def open_board(quarter_id: int) -> bool:
    """Open one quarter's board and promise a mail to its members and to those beside it; False if it is open already, or
    not ready."""
    with scope.use(scope.NOBODY):
        beside = list(db.session.scalars(select(Adjacency.neighbour_id).where(Adjacency.quarter_id == quarter_id)))
    with scope.use(scope.Viewer(None, (quarter_id, *beside), sees_public=False)), atomic():
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        if not db.session.scalar(select(func.open_own_board(quarter_id, clock.now()))):
            return False
        people = select(Membership.person_id, Membership.quarter_id).where(
            Membership.reads_board(), Membership.quarter_id.in_([quarter_id, *beside])
        )
        for person_id, home in db.session.execute(people.order_by(Membership.person_id)).all():
            payload = {"quarter_id": quarter_id, "is_mine": home == quarter_id}
            QuarterOpened.send(person_id, subject_key=str(quarter_id), payload=payload)
        return True


def read_along(quarter_id: int) -> list[str]:
    """The names of the quarters that read what is published for this one because it, or they, have no board of their own
    yet; empty for none."""
    mine = select(Quarter.opened_at).where(Quarter.id == quarter_id)
    has_own = db.session.scalar(mine) is not None
    beside = select(Quarter.name).join(Adjacency, Adjacency.neighbour_id == Quarter.id)
    if has_own:
        beside = beside.where(Quarter.opened_at.is_(None))
    return list(db.session.scalars(beside.where(Adjacency.quarter_id == quarter_id).order_by(Quarter.name)))
