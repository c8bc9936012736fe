"""Next door only if nobody answers: own quarter first, the quarters nearby after a while, by day.

The plan is a row of ``widening``. When its time has come the database widens it (``widen_due``, migration 0033) in one
transaction with the note that it was done: whoever dies in between has done nothing, and no second knock finds it again. What
has been answered, solved, taken down or left behind by then stays where it is, and its plan is over.

``since`` is the moment as a key of the digest: in the quarters that are added the contribution counts as new from then on,
while its place on the board stays that of the time it was written.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from neighbour.contributions import kinds
from neighbour.contributions.daytime import is_daytime, next_daytime
from neighbour.contributions.models import Audience, Contribution, State, Widening
from neighbour.contributions.service import NotPossible, one_at_a_time
from neighbour.core import clock
from neighbour.core.columns import id_at
from neighbour.core.db import atomic, db
from neighbour.core.i18n import lazy_gettext as __

AFTER = timedelta(hours=24)
_DUE = text("SELECT widen_due(:at, :mark, :asking)")


def may_widen(contribution: Contribution) -> bool:
    """Whether it waits for answers in its own quarter alone."""
    is_open = contribution.state == State.PUBLISHED and contribution.solved_at is None and not contribution.is_left
    return is_open and contribution.audience == Audience.QUARTER and waits(contribution)


def waits(contribution: Contribution) -> bool:
    """Whether it is of a category that waits for answers."""
    return kinds.look(contribution.kind, contribution.category).is_asking


def plan(contribution: Contribution, zone: str, after: timedelta = AFTER) -> None:
    """Widen it by itself so long from now, by day, unless somebody answers. Again is the same. Raises NotPossible where there
    is nothing to widen any more. Inside atomic()."""
    _look_again(contribution)
    at = next_daytime(clock.now() + after, zone)
    row = insert(Widening).values(contribution_id=contribution.id, widens_at=at)
    open_ = Widening.done_at.is_(None)
    again = row.on_conflict_do_update(index_elements=["contribution_id"], set_={"widens_at": at}, where=open_)
    db.session.execute(again)


def stop(contribution: Contribution) -> None:
    """Leave it where it is. Raises NotPossible for what has been widened: that stays so. Inside atomic()."""
    db.session.refresh(contribution)
    if contribution.audience != Audience.QUARTER:
        raise NotPossible(__("It hangs in the quarters nearby already."))
    mine = Widening.contribution_id == contribution.id, Widening.done_at.is_(None)
    db.session.execute(delete(Widening).where(*mine))


def widen_now(contribution: Contribution) -> None:
    """Show it nearby at once. Raises NotPossible where there is nothing to widen any more. Inside atomic()."""
    _look_again(contribution)
    now = clock.now()
    done = {"done_at": now, "since": id_at(now)}
    row = insert(Widening).values(contribution_id=contribution.id, widens_at=now, **done)
    open_ = Widening.done_at.is_(None)
    db.session.execute(row.on_conflict_do_update(index_elements=["contribution_id"], set_=done, where=open_))
    contribution.audience = Audience.NEARBY
    db.session.flush()


def plan_of(contribution_id: uuid.UUID) -> Widening | None:
    """The plan, or when it was carried out."""
    return db.session.get(Widening, contribution_id, populate_existing=True)


def widen_due(zone: str) -> int:
    """Widen everything whose time has come; gives how many. Commits. Nothing happens at night."""
    now = clock.now()
    if not is_daytime(now, zone):
        return 0
    with atomic():
        return int(db.session.scalar(_DUE, {"at": now, "mark": id_at(now), "asking": kinds.asking()}) or 0)


def _look_again(contribution: Contribution) -> None:
    one_at_a_time(contribution.author_id)
    db.session.refresh(contribution)
    if not may_widen(contribution):
        raise NotPossible(__("There is nothing to widen any more."))
