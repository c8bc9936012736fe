"""What becomes of what somebody wrote when they move away: it stays without a name, is closed, or comes along.

The marks themselves – no name, no answers from there – are set by the database (migration 0021). Here is what the person
chooses, and the list of what still hangs where they lived.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import exists, or_, select, update

from neighbour.contributions import alerts, kinds, service
from neighbour.contributions.models import URGENT, Comment, Contribution, State
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.quarters.models import Quarter
from neighbour.residency.leaving import Leaving


def settle(person_id: int, quarter_id: int, leaving: Leaving) -> None:
    """Do with a person's own contributions in the quarter they are about to leave what they chose. Inside atomic().

    Taking along means: what nobody else has answered is taken down now and pinned up in the new quarter with the proof,
    under its own date. What others answered is theirs, too: it stays. So does what they keep in an office: it is not their own.
    What is urgent in one quarter is not so in another: an alert does not come along, it is taken down. Whoever was told of an
    alert that is closed or taken down hears of it.
    """
    mine = (
        Contribution.author_id == person_id,
        Contribution.quarter_id == quarter_id,
        Contribution.is_office.is_(False),
    )
    is_up = Contribution.state == State.PUBLISHED
    is_open = is_up, Contribution.solved_at.is_(None)
    if leaving is Leaving.CLOSE:
        for alert in alerts.held_by(person_id, *mine):
            with suppress(service.NotPossible):  # the team has said so in this moment
                alerts.clear(alert, "")
        closing = update(Contribution).where(*mine, *is_open, or_(*_can_be_done()))
        db.session.execute(closing.values(solved_at=clock.now()))
    elif leaving is Leaving.TAKE:
        others = exists().where(
            Comment.contribution_id == Contribution.id,
            Comment.author_id != person_id,
            Comment.state == State.PUBLISHED,
        )
        for alert in alerts.held_by(person_id, *mine, ~others):
            alerts.withdraw(alert)
        taking = update(Contribution).where(*mine, *is_open, Contribution.category != URGENT, ~others)
        db.session.execute(taking.values(state=State.WITHDRAWN, goes_along=True, edited_at=clock.now()))


def _can_be_done() -> list:
    """Conditions for the categories about which something can be done: questions, offers, and the like."""
    return [
        (Contribution.kind == kind.name)
        & Contribution.category.in_([each.key for each in kind.categories if each.solved_label is not None])
        for kind in kinds.all_kinds()
    ]


@dataclass(frozen=True)
class Left:
    """What a person left behind: contributions with the name of their quarter, answers with the contribution they hang on
    (its id only: what it says is no longer theirs to read), and what comes along with the next proof; and the answers under what
    they do not see any more where they live, as it was taken down or is shown in fewer quarters."""

    contributions: Sequence[tuple[Contribution, str]]
    answers: Sequence[Comment]
    coming_along: Sequence[Contribution]
    out_of_sight: Sequence[Comment]

    @property
    def is_empty(self) -> bool:
        return not (self.contributions or self.answers or self.coming_along or self.out_of_sight)


def left_by(person_id: int, most: int = 200) -> Left:
    """What still hangs where a person used to live, newest first."""
    mine = Contribution.author_id == person_id
    hanging = (
        select(Contribution, Quarter.name)
        .join(Quarter, Quarter.id == Contribution.quarter_id)
        .where(mine, Contribution.is_left, Contribution.state == State.PUBLISHED)
    )
    own = select(Comment).where(Comment.author_id == person_id, Comment.state == State.PUBLISHED)
    answers, here = own.where(Comment.is_left), own.where(Comment.is_left.is_(False))
    unseen = here.where(~exists().where(Contribution.id == Comment.contribution_id))  # through their eyes
    along = select(Contribution).where(mine, Contribution.goes_along)
    return Left(
        [(row[0], row[1]) for row in db.session.execute(hanging.order_by(Contribution.id.desc()).limit(most))],
        db.session.scalars(answers.order_by(Comment.id.desc()).limit(most)).all(),
        db.session.scalars(along.order_by(Contribution.id.desc()).limit(most)).all(),
        db.session.scalars(unseen.order_by(Comment.id.desc()).limit(most)).all(),
    )
