"""A thread as it is read: comments in order, replies one level below, gone ones keep their place."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from neighbour.accounts.appearance import NOBODY, Byline
from neighbour.contributions import kinds, service
from neighbour.contributions.cards import authors, url_of
from neighbour.contributions.models import Comment, Contribution, State
from neighbour.contributions.readers import Reader
from neighbour.core.i18n import gettext as _
from neighbour.core.tokens import to_uid


@dataclass
class Entry:
    """A comment as the thread macro (templates/macros/thread.html) shows it."""

    id: uuid.UUID
    by: Byline
    html: Markup
    created_at: datetime
    is_author: bool  # pinned the contribution up, in their own name
    is_answer: bool  # it helped
    gone: str
    edited_at: datetime | None
    reply_url: str
    edit_url: str
    history_url: str  # what it said before it was changed
    withdraw_url: str
    solve_url: str
    mute_url: str = ""  # nothing more by whoever wrote it

    @property
    def uid(self) -> str:
        return to_uid(self.id)

    @property
    def author_name(self) -> str:
        return self.by.shown

    @property
    def author_key(self) -> str:
        return self.by.key


Thread = list[tuple[Entry, list[Entry]]]


def build_thread(
    contribution: Contribution,
    comments: Sequence[Comment],
    me: int | None,
    reader: Reader,
    helped: Collection[uuid.UUID] = (),
    *,
    may_answer: bool,
) -> Thread:
    """(comment, its replies) as they were written. A gone comment keeps its place while replies hang on it."""
    people = authors({comment.author_id for comment in comments}, reader, contribution.audience)
    replies: dict[uuid.UUID, list[Entry]] = {comment.id: [] for comment in comments if comment.parent_id is None}
    roots: list[Entry] = []
    for comment in comments:
        by = NOBODY if comment.is_left else people.get(comment.author_id, NOBODY)
        entry = _entry(contribution, comment, by, me, comment.id in helped, may_answer)
        if reader.quarters and comment.author_id != me and not (entry.gone or by.is_gone or by.is_house):
            entry.mute_url = f"{url_of(contribution.id)}/answer/{entry.uid}/mute"
        if comment.parent_id is None:
            roots.append(entry)
        elif not entry.gone and comment.parent_id in replies:
            replies[comment.parent_id].append(entry)
    return [(entry, replies[entry.id]) for entry in roots if not entry.gone or replies[entry.id]]


def _gone(state: State) -> str:
    """What stands in the place of an answer that cannot be read any more; empty for one that can."""
    return {
        State.PUBLISHED: "",
        State.WITHDRAWN: _("Taken down by whoever wrote it."),
        State.HIDDEN: _("Taken down by the operator."),
    }[state]


def _entry(
    contribution: Contribution, comment: Comment, by: Byline, me: int | None, has_helped: bool, may_answer: bool
) -> Entry:
    here = url_of(contribution.id)
    itself = f"{here}/answer/{to_uid(comment.id)}"
    is_gone, is_mine = comment.state != State.PUBLISHED, comment.author_id == me
    answers_me = contribution.author_id == me and not is_mine and not has_helped
    answers_me = answers_me and kinds.get(contribution.kind).is_solvable
    return Entry(
        id=comment.id,
        by=by,
        html=Markup(comment.body_html),  # noqa: S704  sanitised when it was written
        created_at=comment.created_at,
        is_author=comment.author_id == contribution.author_id and not contribution.is_office,
        is_answer=has_helped,
        gone=_gone(State(comment.state)),
        edited_at=comment.edited_at,
        reply_url=f"{here}?to={to_uid(comment.id)}#reply" if may_answer and not is_gone else "",
        edit_url=f"{itself}/edit" if is_mine and may_answer and service.may_revise(comment) else "",
        history_url=f"{itself}/history" if comment.edited_at and not is_gone else "",
        withdraw_url=f"{itself}/withdraw" if is_mine and not is_gone else "",
        solve_url=f"{here}/solve?by={to_uid(comment.id)}" if answers_me and not is_gone else "",
    )
