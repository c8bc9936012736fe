"""Solved, and thanks to whom: answers of the thread that helped, or a word for somebody who wrote none.

Opening again takes all of it back. Whoever helped is told so once (``notices.Helped``), however often it is solved again.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from neighbour.contributions import kinds
from neighbour.contributions.models import Comment, Contribution, Helped, State
from neighbour.contributions.service import NotPossible, one_at_a_time
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.text import clean_line

WORD_LENGTH = 120


def solve(contribution: Contribution, is_solved: bool, by: uuid.UUID | None = None) -> None:
    """Mark as solved, by the comment that helped where one is named (those named before stay); or open again. Raises NotPossible
    where its kind does not let it be opened."""
    one_at_a_time(contribution.author_id)
    db.session.refresh(contribution)
    if not is_solved:
        if contribution.solved_at is not None and contribution.state == State.PUBLISHED:
            kinds.get(contribution.kind).keep_reopening(contribution)
        contribution.solved_at, contribution.solved_word = None, ""
        db.session.execute(delete(Helped).where(Helped.contribution_id == contribution.id))
    else:
        contribution.solved_at = contribution.solved_at or clock.now()
    db.session.flush()
    if is_solved and by is not None:
        _note(contribution.id, {by})


def thank_for(contribution: Contribution, answers: Collection[uuid.UUID], word: str) -> list[Comment]:
    """Say who helped with what is solved: these answers and no others, and a word (at most 120 characters). Gives the answers
    that were named by this call. Raises NotPossible for what was opened again in the meantime."""
    one_at_a_time(contribution.author_id)
    db.session.refresh(contribution)
    if contribution.solved_at is None or contribution.state != State.PUBLISHED:
        raise NotPossible(__("This is open again. Mark it as done first."))
    before, wanted = helped_with(contribution.id), set(answers)
    gone = delete(Helped).where(Helped.contribution_id == contribution.id, Helped.comment_id.in_(before - wanted))
    db.session.execute(gone)
    _note(contribution.id, wanted - before)
    contribution.solved_word = clean_line(word)
    db.session.flush()
    return list(db.session.scalars(select(Comment).where(Comment.id.in_(wanted - before))))


def helped_with(contribution_id: uuid.UUID) -> set[uuid.UUID]:
    """The answers that helped with this."""
    return set(db.session.scalars(select(Helped.comment_id).where(Helped.contribution_id == contribution_id)))


def may_have_helped(contribution: Contribution, comments: Collection[Comment]) -> list[Comment]:
    """Answers of a thread that can be thanked for: somebody else's, and still there."""
    return [each for each in comments if each.author_id != contribution.author_id and each.state == State.PUBLISHED]


def _note(contribution_id: uuid.UUID, answers: Collection[uuid.UUID]) -> None:
    if answers:
        rows = [{"contribution_id": contribution_id, "comment_id": each} for each in answers]
        db.session.execute(insert(Helped).values(rows).on_conflict_do_nothing())
