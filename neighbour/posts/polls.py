"""A poll in a post: a question with two to eight options, one or several to choose, until it closes.

Everybody who has proven to live where it hangs votes once and may think again until it closes; who is vouched for reads along.
Votes are cast by the database (``cast_vote``, migration 0033), which counts them: no reader's eyes see who voted for what, only
their own. The result is shown to who has voted and, once it is closed, to all. After the first vote nothing of it changes; before
it everything may, so a vote says what its voter has read, and counts for nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text

from neighbour.contributions.details import Detail, Fact
from neighbour.contributions.service import NotPossible, mark_of
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.text import clean_line
from neighbour.posts.models import Poll, PollOption, PollVote, Post

QUESTION_LENGTH, OPTION_LENGTH = 140, 80
FEWEST, MOST_OPTIONS = 2, 8
DAYS = (1, 3, 7, 14, 30)
_CAST = text("SELECT cast_vote(:id, :positions, :now)")


@dataclass(frozen=True)
class Draft:
    """A poll as its author puts it. days: until it closes, from when the poll is put up."""

    question: str
    options: tuple[str, ...]
    is_multiple: bool = False
    days: int = 7


@dataclass(frozen=True)
class Option:
    """An option with its votes; ``is_mine``: the reader chose it."""

    position: int
    label: str
    votes: int
    is_mine: bool


@dataclass(frozen=True)
class Shown:
    """A poll as one reader sees it."""

    question: str
    is_multiple: bool
    closes_at: datetime
    voters: int
    options: tuple[Option, ...]

    @property
    def is_closed(self) -> bool:
        return self.closes_at <= clock.now()

    @property
    def has_voted(self) -> bool:
        return any(option.is_mine for option in self.options)

    @property
    def shows_result(self) -> bool:
        """Who has voted sees it, and once it is closed everybody."""
        return self.has_voted or self.is_closed

    @property
    def mark(self) -> str:
        """What a form carries of what its voter reads: a hash of the question and its kind, then one of each answer in turn."""
        return " ".join(
            map(mark_of, (f"{self.question} {self.is_multiple}", *(option.label for option in self.options)))
        )

    def still_there(self, stood: str, positions: Sequence[int]) -> tuple[int, ...]:
        """Where what was chosen in a form with this mark stands now. Nothing of a poll that asks something else."""
        then, now = stood.split(), self.mark.split()
        if then[:1] != now[:1]:
            return ()
        chosen = {then[place] for place in positions if 0 < place < len(then)}
        return tuple(option.position for option, word in zip(self.options, now[1:], strict=True) if word in chosen)


class PollOvertaken(NotPossible):
    """A poll says something else than its voter has read. ``chosen``: the positions of what they chose, where it still stands."""

    def __init__(self, chosen: tuple[int, ...]):
        super().__init__(
            __("The poll was changed after you had opened it here. Your vote has not been counted: please look again.")
        )
        self.chosen = chosen


class PollDetail(Detail):
    """What the card of a post with a poll says."""

    def __init__(self, closes_at: datetime):
        self.closes_at = closes_at

    @property
    def facts(self) -> tuple[Fact, ...]:
        if self.closes_at <= clock.now():
            return (Fact("vote", _("Poll, closed")),)
        return (Fact("vote", _("Poll, until %(moment)s", moment=i18n.moment(self.closes_at))),)


def details(ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Detail]:
    """What polls add to the cards of these posts."""
    found = db.session.execute(select(Poll.contribution_id, Poll.closes_at).where(Poll.contribution_id.in_(ids)))
    return {key: PollDetail(closes_at) for key, closes_at in found}


def put_up(post: Post, draft: Draft) -> None:
    """Hang a poll on a post that has none; one that has keeps it. Inside atomic()."""
    if db.session.get(Poll, post.id) is not None:
        return
    poll = Poll(
        contribution_id=post.id,
        question=clean_line(draft.question),
        is_multiple=draft.is_multiple,
        days=draft.days,
        closes_at=clock.now() + timedelta(days=draft.days),
    )
    db.session.add(poll)
    db.session.flush()
    rows = enumerate(map(clean_line, draft.options), 1)
    db.session.add_all(PollOption(contribution_id=post.id, position=place, label=label) for place, label in rows)
    db.session.flush()


def revise(post: Post, draft: Draft | None) -> None:
    """Change a post's poll, or take it off (None): one that says something else is put up anew, and its days begin again. Raises
    NotPossible for one that somebody has voted in. Inside atomic()."""
    before = db.session.scalar(
        select(Poll).where(Poll.contribution_id == post.id).with_for_update().execution_options(populate_existing=True)
    )
    if before is not None and before.voters:
        if draft is not None and draft != draft_of(post):
            raise NotPossible(__("Somebody has voted already: the poll stays as it is."))
        return
    if before is not None and draft != draft_of(post):
        db.session.execute(delete(Poll).where(Poll.contribution_id == post.id))
        db.session.expire_all()
    if draft is not None:
        put_up(post, draft)


def draft_of(post: Post) -> Draft | None:
    """The poll as its author put it."""
    poll = db.session.get(Poll, post.id)
    if poll is None:
        return None
    labels = select(PollOption.label).where(PollOption.contribution_id == post.id).order_by(PollOption.position)
    return Draft(poll.question, tuple(db.session.scalars(labels)), poll.is_multiple, poll.days)


def has_votes(post: Post) -> bool:
    """Whether somebody has voted, so that nothing of it changes any more."""
    return bool(db.session.scalar(select(Poll.voters).where(Poll.contribution_id == post.id)))


def show(contribution_id: uuid.UUID, person_id: int | None) -> Shown | None:
    """A post's poll as this reader sees it."""
    poll = db.session.get(Poll, contribution_id, populate_existing=True)
    if poll is None:
        return None
    wanted = select(PollVote.position).where(
        PollVote.contribution_id == contribution_id, PollVote.person_id == (person_id or 0)
    )
    mine = set(db.session.scalars(wanted))
    options = select(PollOption.position, PollOption.label, PollOption.votes).where(
        PollOption.contribution_id == contribution_id
    )
    rows = db.session.execute(options.order_by(PollOption.position))
    return Shown(
        poll.question,
        poll.is_multiple,
        poll.closes_at,
        poll.voters,
        tuple(Option(*row, row[0] in mine) for row in rows),
    )


def vote(contribution_id: uuid.UUID, positions: Sequence[int], stood: str | None = None) -> bool:
    """Vote as the viewer of the session, instead of what they voted before. False: there is no poll for them here.

    ``stood``: the mark of the poll that its voter has read; None where nobody has read a form. Raises PollOvertaken where
    another one stands there by now, NotPossible once it is closed or taken off, and where nothing was chosen, or too much.
    Inside atomic(), which takes the vote back then.
    """
    values = {"id": contribution_id, "positions": list(positions), "now": clock.now()}
    said = db.session.scalar(_CAST, values)
    if said == "none":  # one that was put up anew while this waited for its lock is another row
        said = db.session.scalar(_CAST, values)
    if said == "closed":
        raise NotPossible(__("The poll is closed."))
    stands = show(contribution_id, None) if stood is not None else None  # after cast_vote, which holds it as it is
    if said == "none":
        if stood and stands is None:
            raise NotPossible(__("There is no poll here any more."))
        return False
    if stood is not None and stands is not None and stood != stands.mark:
        raise PollOvertaken(stands.still_there(stood, positions))
    if said == "choose":
        raise NotPossible(__("Choose an answer first."))
    return True
