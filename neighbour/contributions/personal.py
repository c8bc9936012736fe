"""What people wrote and read; see ``core/personal``."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy import select

from neighbour.contributions import alerts
from neighbour.contributions.photo_drawing import file_name
from neighbour.contributions.photo_models import Photo, PhotoState
from neighbour.contributions.photos import EDGES
from neighbour.core import storage
from neighbour.core.db import db
from neighbour.core.personal import WITH_PARENT, Texts, about, files_of, nobodys
from neighbour.core.tokens import to_uid

#: what stands in place of a title that was taken away, in every language
LEFT_OUT = "'[…]'"

about(
    "contribution",
    of="author_id",
    kind="contribution",
    office="is_office",
    out="id kind category audience state title body_md published_at edited_at reached_at solved_at solved_word expires_at"
    " comment_count thanks_count is_office initiative_id:initiative",
    shown={"initiative_id": "(SELECT i.name FROM initiative i WHERE i.id = contribution.initiative_id)"},
    inner="quarter_id author_id body_html excerpt version form_key is_left goes_along",
    erase=Texts(
        hide={"state": "'withdrawn'"},
        back={"state": "'published'"},
        blank={"title": LEFT_OUT, "body_md": "''", "body_html": "''", "excerpt": "''", "solved_word": "''"},
        returns=True,
        first=alerts.take_down_all_of,
        stays="EXISTS (SELECT 1 FROM comment o WHERE o.contribution_id = contribution.id AND o.author_id <> :me)",
        shown="state = 'published'",
    ),
    order="id",
    ends="withdrawn hidden",
)
about(
    "comment",
    of="author_id",
    kind="contribution",
    out="id contribution_id body_md state created_at edited_at",
    inner="parent_id author_id body_html form_key is_left",
    erase=Texts(
        hide={"state": "'withdrawn'"},
        back={"state": "'published'"},
        blank={"body_md": "''", "body_html": "''"},
        stays="is_answered(comment.id)",
        shown="state = 'published'",
    ),
    order="id",
    ends="withdrawn hidden",
)
about(
    "answer_taken_down",
    of="comment_id.author_id",
    kind="contribution",
    out="body_md taken_down_at changed_at",
    inner="comment_id",
    erase=WITH_PARENT,
    ends="answers_taken_down",
)
about(
    "comment_revision",
    of="comment_id.author_id",
    kind="contribution",
    out="comment_id body_md audience replaced_at",
    inner="id quarter_id",
    order="id",
    lasts="as long as the answer hangs: who read it must be able to show what they answered to; it goes when that is taken down",
)
about(
    "thanks",
    of="person_id",
    kind="contribution",
    out="contribution_id created_at",
    inner="person_id",
    order="created_at",
    lasts="as long as the contribution: a thank you can be taken back by whoever said it",
)
about(
    "revision",
    of="editor_id",
    kind="contribution",
    office="contribution_id.is_office",
    out="contribution_id title body_md audience replaced_at",
    inner="id editor_id quarter_id",
    order="id",
    lasts="as long as the contribution: who answered must be able to show what they answered to",
)
about(
    "read_mark",
    of="person_id",
    kind="contribution",
    out="quarter_id:quarter moved_at",
    inner="person_id seen_up_to",
    ends="read_marks",
)
about(
    "bookmark",
    of="person_id",
    kind="contribution",
    out="contribution_id created_at",
    inner="person_id",
    order="created_at",
    lasts="until whoever set it aside lets go of it, or it is gone itself",
)
about(
    "mute",
    of="person_id",
    kind="contribution",
    out="contribution_id category created_at",
    inner="id person_id author_id",
    order="id",
    lasts="until whoever silenced it wants to hear of it again: else it would begin anew without a word",
)
nobodys(
    "helped", "contribution_id comment_id", why="which answers helped; it goes with the answer and the contribution"
)
nobodys(
    "widening", "contribution_id widens_at done_at since", why="when a contribution goes next door; it goes with it"
)
nobodys("reach", "quarter_id contribution_id is_home category since", why="in which quarters a contribution is shown")
nobodys(
    "reach_before", "contribution_id quarter_id since gone_at", why="where a contribution hung before; it goes with it"
)
nobodys(
    "reach_kept",
    "contribution_id quarter_id is_home audience",
    why="where a contribution stays readable after borders changed",
)
about(
    "photo",
    of="author_id",
    kind="contribution",
    office="contribution_id.is_office",
    out="id contribution_id position:order alt state size width height made_at",
    inner="author_id trouble received blur stored_as upload_key lease_until attempts",
    secret="salt",
    order="id",
    ends="withdrawn hidden uploads",
)
about(
    "photo_piece",
    of="photo_id.author_id",
    kind="contribution",
    inner="photo_id start",
    secret="sealed",
    erase=WITH_PARENT,
    ends="uploads",
)
nobodys("photo_trash", "stored_as", why="random names of files whose photo is gone, until they are taken away")


def _photos(person_id: int) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """A person's photos for their archive, in the largest size. An erasure takes the rows, and their files go after them."""
    ready = select(Photo.id, Photo.stored_as).where(Photo.author_id == person_id, Photo.state == PhotoState.READY)
    for key, stored_as in db.session.execute(ready.order_by(Photo.id)).all():
        yield f"photos/{to_uid(key)}.webp", partial(_largest, stored_as)


def _largest(stored_as: uuid.UUID) -> bytes:
    return storage.here().get(file_name(stored_as, EDGES[-1], "webp")) or b""


files_of(_photos)
