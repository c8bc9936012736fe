"""What one can do with any contribution: publish, revise, withdraw, solve, comment, thank.

Plain functions; who acts is an argument, what may be done was asked at the gate. Rows that are not visible
to the viewer of the session do not exist here either: the wall is in the database. Every function runs in
the ``atomic()`` of its caller.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from neighbour.contributions import kinds
from neighbour.contributions.models import (
    AnswerTakenDown,
    Audience,
    Comment,
    CommentRevision,
    Contribution,
    ReadMark,
    Revision,
    State,
    Thanks,
)
from neighbour.core import clock
from neighbour.core.columns import id_at
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.text import clean_line, clean_text, excerpt, markdown

Kind = TypeVar("Kind", bound=Contribution)

TITLE_LENGTH, BODY_LENGTH, COMMENT_LENGTH = 140, 8000, 4000
UNDO = timedelta(minutes=10)  # how long a withdrawn contribution can be pinned up again by its author
CHANGES = timedelta(
    hours=1
)  # how long an answer can be changed: later others have read it, and further words are a further answer


class NotPossible(ValueError):
    """The thing cannot be done now. As text it says why, in the reader's language; ``field`` is what to mend in a form."""

    field = ""


def one_at_a_time(person_id: int) -> None:
    """Until the end of the transaction nothing else is written as this person: double clicks and limits hold."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"writing:{person_id}", 0))))


def key_of(form_key: uuid.UUID | None, author_id: int, *content: object) -> uuid.UUID | None:
    """What makes sending twice one: the form's number with its author and content. Coming back with the browser's
    button and writing something else into the same form is something else."""
    words = "\x1f".join(map(str, (author_id, *content)))
    return uuid.uuid5(form_key, words) if form_key is not None else None


def publish(
    model: type[Kind],
    *,
    author_id: int,
    quarter_id: int,
    category: str,
    title: str,
    body_md: str,
    audience: Audience,
    form_key: uuid.UUID | None = None,
    expires_at: datetime | None = None,
    **own: Any,
) -> Kind:
    """Pin something up. The same ``form_key`` again returns what it published before: sent twice is pinned up once. ``own``:
    columns of the kind's own table that its row must have from the beginning.

    Returns the contribution with its id; its rows of reach are written by the database at the flush.
    """
    one_at_a_time(author_id)
    if form_key is not None:
        before = db.session.scalar(select(model).where(model.form_key == form_key))
        if before is not None:
            return before
    contribution = model(
        category=category,
        quarter_id=quarter_id,
        author_id=author_id,
        audience=audience,
        title=clean_line(title),
        **_worded(body_md),
        published_at=clock.now(),
        expires_at=expires_at,
        form_key=form_key,
        **own,
    )
    db.session.add(contribution)
    db.session.flush()
    return contribution


def revise(
    contribution: Kind,
    *,
    editor_id: int,
    category: str,
    title: str,
    body_md: str,
    audience: Audience,
    expires_at: datetime | None = None,
) -> Kind:
    """Change what it says; the wording before is kept as a revision. Nothing changed → no revision.

    Raises NotPossible for what was taken down in the meantime.
    """
    if contribution.state != State.PUBLISHED:
        raise NotPossible(__("You have taken this down in the meantime. Pin it up again first, or write it anew."))
    title, body = clean_line(title), clean_text(body_md)
    if (title, body) != (contribution.title, contribution.body_md):
        db.session.add(
            Revision(
                contribution_id=contribution.id,
                title=contribution.title,
                body_md=contribution.body_md,
                editor_id=editor_id,
                audience=contribution.audience,
                replaced_at=clock.now(),
            )
        )
        contribution.title = title
        for name, value in _worded(body_md).items():
            setattr(contribution, name, value)
        contribution.edited_at = clock.now()
    if audience != contribution.audience:
        contribution.reached_at = clock.now()
    contribution.category, contribution.audience = category, audience
    contribution.expires_at = expires_at
    db.session.flush()
    return contribution


def _worded(body_md: str) -> dict[str, str]:
    """A text as the columns hold it: as typed, as safe HTML, and its beginning."""
    body = clean_text(body_md)
    html = str(markdown(body))
    return {"body_md": body, "body_html": html, "excerpt": excerpt(html)}


def withdraw(contribution: Contribution) -> None:
    """Take it down: it is gone from board, digest and search at once; the author still sees it. What is not up stays as
    it is: the time to undo does not begin anew, and what was hidden is not the author's to bring back."""
    if contribution.state != State.PUBLISHED:
        return
    contribution.state, contribution.edited_at = State.WITHDRAWN, clock.now()
    db.session.flush()


def restore(contribution: Contribution) -> bool:
    """Undo a withdrawal of the last ten minutes; False for what hangs already. Raises NotPossible later, and where its kind does
    not let it be opened again."""
    one_at_a_time(contribution.author_id)
    db.session.refresh(contribution)
    if contribution.state == State.PUBLISHED:
        return False
    if not may_restore(contribution):
        raise NotPossible(__("It was taken down more than ten minutes ago. Please write it anew."))
    if contribution.solved_at is None:
        kinds.get(contribution.kind).keep_reopening(contribution)
    words_changed = select(func.max(Revision.replaced_at)).where(Revision.contribution_id == contribution.id)
    contribution.state, contribution.edited_at = State.PUBLISHED, db.session.scalar(words_changed)
    db.session.flush()
    return True


def may_restore(contribution: Contribution) -> bool:
    """Whether the author took it down so recently that it can be pinned up again."""
    gone_at = contribution.edited_at
    return contribution.state == State.WITHDRAWN and gone_at is not None and clock.now() - gone_at <= UNDO


def comment(
    contribution: Contribution,
    *,
    author_id: int,
    body_md: str,
    parent_id: uuid.UUID | None = None,
    form_key: uuid.UUID | None = None,
) -> Comment:
    """Answer. A reply to a reply hangs on the same comment (one level). The same form twice answers once. Raises NotPossible
    where what it replies to is gone, and for what its kind does not take."""
    one_at_a_time(author_id)
    body = clean_text(body_md)
    form_key = key_of(form_key, author_id, contribution.id, parent_id, body)
    if form_key is not None:
        before = db.session.scalar(select(Comment).where(Comment.form_key == form_key))
        if before is not None:
            return before
    thread = _thread_of(contribution.id, parent_id)
    kinds.get(contribution.kind).keep_answers(contribution, author_id, body, parent_id)
    answer = Comment(
        contribution_id=contribution.id,
        parent_id=thread,
        author_id=author_id,
        body_md=body,
        body_html=str(markdown(body)),
        created_at=clock.now(),
        form_key=form_key,
    )
    db.session.add(answer)
    db.session.flush()
    return answer


def _thread_of(contribution_id: uuid.UUID, parent_id: uuid.UUID | None) -> uuid.UUID | None:
    if parent_id is None:
        return None
    parent = db.session.get(Comment, parent_id)
    if parent is None or parent.contribution_id != contribution_id:
        raise NotPossible(__("The comment you are answering is gone."))
    return parent.parent_id or parent.id


class AnswerOvertaken(NotPossible):
    """An answer was changed since its form was opened. ``stands``: what it says now."""

    def __init__(self, stands: str):
        super().__init__(__("This was changed after you had opened it here."))
        self.stands = stands


def mark_of(words: str) -> str:
    """What a form carries of the words it was opened with: a few symbols of a hash."""
    return hashlib.blake2s(words.encode(), digest_size=5).hexdigest()


def revise_comment(answer: Comment, body_md: str, opened: str = "") -> None:
    """Change what one's own answer says, within an hour; nobody is told a second time. What it said before is kept once it has
    hung for ten minutes, or somebody else has written since. Nothing changed → nothing kept.

    ``opened``: the mark of the words that its writer has seen. Raises AnswerOvertaken where others stand there by now,
    NotPossible later, for what was taken down in the meantime, and for what its kind does not take.
    """
    one_at_a_time(answer.author_id)
    db.session.refresh(answer)
    body = clean_text(body_md)
    if answer.state != State.PUBLISHED:
        raise NotPossible(__("You have taken this answer down in the meantime. Please write it anew."))
    if body == answer.body_md:
        return
    if opened not in ("", mark_of(answer.body_md)):
        raise AnswerOvertaken(answer.body_md)
    if not may_revise(answer):
        raise NotPossible(__("An answer can be changed for an hour. Please write a further one."))
    contribution = db.session.get_one(Contribution, answer.contribution_id)
    kinds.get(contribution.kind).keep_answers(contribution, answer.author_id, body, answer.parent_id)
    now = clock.now()
    if now - answer.created_at > UNDO or _has_been_answered(answer):
        db.session.add(
            CommentRevision(
                comment_id=answer.id, body_md=answer.body_md, audience=contribution.audience, replaced_at=now
            )
        )
    answer.body_md, answer.body_html, answer.edited_at = body, str(markdown(body)), now
    db.session.flush()


def may_revise(answer: Comment) -> bool:
    """Whether an answer hangs, where its author still lives, and has not hung so long that it stays as it is."""
    is_there = answer.state == State.PUBLISHED and not answer.is_left
    return is_there and clock.now() - answer.created_at <= CHANGES


def _has_been_answered(answer: Comment) -> bool:
    """Whether anybody else has written in its thread since."""
    later = Comment.contribution_id == answer.contribution_id, Comment.id > answer.id
    return bool(db.session.scalar(select(exists().where(*later, Comment.author_id != answer.author_id))))


def withdraw_comment(answer: Comment) -> None:
    """Take one's own comment down; its place in the thread stays, its words go, and what they were before: nobody else reads them
    any more, and whoever wrote them can put them back for ten minutes. What is not there stays as it is."""
    one_at_a_time(answer.author_id)
    db.session.refresh(answer)
    if answer.state != State.PUBLISHED:
        return
    now = clock.now()
    db.session.execute(delete(AnswerTakenDown).where(AnswerTakenDown.comment_id == answer.id))
    db.session.execute(delete(CommentRevision).where(CommentRevision.comment_id == answer.id))
    words = AnswerTakenDown(
        comment_id=answer.id, body_md=answer.body_md, taken_down_at=now, changed_at=answer.edited_at
    )
    db.session.add(words)
    answer.state, answer.edited_at = State.WITHDRAWN, now
    answer.body_md = answer.body_html = ""
    db.session.flush()


def restore_comment(answer: Comment) -> None:
    """Undo a withdrawal of the last ten minutes, by whoever wrote it; raises NotPossible later."""
    one_at_a_time(answer.author_id)
    db.session.refresh(answer)
    if answer.state == State.PUBLISHED:
        return
    words = db.session.get(AnswerTakenDown, answer.id, populate_existing=True)
    if words is None or answer.state != State.WITHDRAWN or clock.now() - words.taken_down_at > UNDO:
        raise NotPossible(__("It was taken down more than ten minutes ago. Please write it anew."))
    answer.state, answer.edited_at = State.PUBLISHED, words.changed_at
    answer.body_md, answer.body_html = words.body_md, str(markdown(words.body_md))
    db.session.delete(words)
    db.session.flush()


def is_answered(contribution_id: uuid.UUID) -> bool:
    """Whether anybody else has answered, or asks for it."""
    return bool(db.session.scalar(select(func.is_answered_by_others(contribution_id))))


def thank(contribution_id: uuid.UUID, person_id: int) -> None:
    """Say thank you, once."""
    row = insert(Thanks).values(contribution_id=contribution_id, person_id=person_id, created_at=clock.now())
    db.session.execute(row.on_conflict_do_nothing())


def unthank(contribution_id: uuid.UUID, person_id: int) -> None:
    """Take the thank-you back."""
    db.session.execute(delete(Thanks).where(Thanks.contribution_id == contribution_id, Thanks.person_id == person_id))


def mark_read(person_id: int, quarter_id: int, newest: uuid.UUID) -> None:
    """Move the reader's mark on the board to ``newest``, or to now if that is later; it never moves back."""
    newest = min(newest, id_at(clock.now() + timedelta(seconds=1)))
    row = insert(ReadMark).values(person_id=person_id, quarter_id=quarter_id, seen_up_to=newest, moved_at=clock.now())
    moved = row.on_conflict_do_update(
        index_elements=["person_id", "quarter_id"],
        set_={"seen_up_to": row.excluded.seen_up_to, "moved_at": row.excluded.moved_at},
        where=ReadMark.seen_up_to < row.excluded.seen_up_to,
    )
    db.session.execute(moved)


def find(contribution_id: uuid.UUID) -> Contribution | None:
    """The contribution, if it exists for the viewer of this session; of its kind's class."""
    return db.session.get(Contribution, contribution_id, populate_existing=True)


def comments_of(contribution_id: uuid.UUID) -> list[Comment]:
    """All comments in the order they were written."""
    return list(
        db.session.scalars(select(Comment).where(Comment.contribution_id == contribution_id).order_by(Comment.id))
    )


def comment_of(contribution_id: uuid.UUID, comment_id: uuid.UUID) -> Comment | None:
    """The answer with this id under this contribution, if it exists for the viewer of this session."""
    found = db.session.get(Comment, comment_id)
    return found if found is not None and found.contribution_id == contribution_id else None


def revisions_of(contribution_id: uuid.UUID) -> list[Revision]:
    """Earlier wordings, newest first."""
    wanted = select(Revision).where(Revision.contribution_id == contribution_id).order_by(Revision.id.desc())
    return list(db.session.scalars(wanted))


def earlier_words_of(comment_id: uuid.UUID) -> list[CommentRevision]:
    """What an answer said before, newest first."""
    wanted = select(CommentRevision).where(CommentRevision.comment_id == comment_id)
    return list(db.session.scalars(wanted.order_by(CommentRevision.id.desc())))
