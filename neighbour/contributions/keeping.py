"""What somebody finds again: contributions they set aside, and the threads they take part in."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select, union
from sqlalchemy.dialects.postgresql import insert

from neighbour.contributions.models import Bookmark, Comment, Contribution, State, Thanks
from neighbour.core import clock
from neighbour.core.db import db

PAGE = 20


@dataclass(frozen=True)
class Found:
    """A page of contributions: their ids in order, and whether there are more."""

    ids: Sequence[uuid.UUID]
    has_more: bool


def keep(person_id: int, contribution_id: uuid.UUID) -> None:
    """Set aside, once."""
    row = insert(Bookmark).values(person_id=person_id, contribution_id=contribution_id, created_at=clock.now())
    db.session.execute(row.on_conflict_do_nothing())


def let_go(person_id: int, contribution_id: uuid.UUID) -> None:
    """Take it back."""
    mine = Bookmark.person_id == person_id, Bookmark.contribution_id == contribution_id
    db.session.execute(delete(Bookmark).where(*mine))


def carry_over(old: uuid.UUID, new: uuid.UUID) -> None:
    """Whoever has saved ``old`` has saved ``new``, too, and whoever has silenced its thread hears nothing of the other one's:
    what its author has made two of. As the author of both."""
    for carry in (func.carry_bookmarks, func.carry_silences):
        db.session.execute(select(carry(old, new, clock.now())))


@dataclass(frozen=True)
class Marks:
    """What a reader has done with a contribution: said thank you, saved it."""

    is_thanked: bool = False
    is_kept: bool = False


def marks_of(person_id: int | None, contribution_id: uuid.UUID) -> Marks:
    """Both with one question; nothing for whoever is not signed in."""
    if person_id is None:
        return Marks()
    said, saved = (
        exists().where(each.person_id == person_id, each.contribution_id == contribution_id)
        for each in (Thanks, Bookmark)
    )
    return Marks(*db.session.execute(select(said, saved)).one())


def kept(person_id: int, page: int = 1) -> Found:
    """What a person has set aside, the latest first, as far as they may still see it and it hangs."""
    wanted = (
        select(Bookmark.contribution_id)
        .join(Contribution, Contribution.id == Bookmark.contribution_id)
        .where(Bookmark.person_id == person_id, Contribution.state == State.PUBLISHED)
        .order_by(Bookmark.created_at.desc(), Bookmark.contribution_id.desc())
    )
    return _page(wanted, page)


def threads(person_id: int, page: int = 1) -> Found:
    """The threads a person began or wrote in, the one somebody answered last first."""
    mine = union(
        select(Contribution.id).where(Contribution.author_id == person_id, Contribution.state == State.PUBLISHED),
        select(Comment.contribution_id).where(Comment.author_id == person_id, Comment.state == State.PUBLISHED),
    ).subquery()
    latest = (
        select(Comment.id)
        .where(Comment.contribution_id == Contribution.id, Comment.state == State.PUBLISHED)
        .order_by(Comment.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    wanted = (
        select(Contribution.id)
        .join(mine, mine.c.id == Contribution.id)
        .where(Contribution.state == State.PUBLISHED)
        .order_by(func.coalesce(latest, Contribution.id).desc())
    )
    return _page(wanted, page)


def _page(wanted: object, page: int) -> Found:
    ids = db.session.scalars(wanted.limit(PAGE + 1).offset((page - 1) * PAGE)).all()  # type: ignore[attr-defined]
    return Found(ids[:PAGE], len(ids) > PAGE)
