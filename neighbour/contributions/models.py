"""The base of everything published, where it is shown, and what hangs on it.

``reach`` says in which quarters a contribution is shown. Its rows exist exactly while it is shown: a
withdrawn or hidden contribution has none, so feed, digest and the wall never ask about states.
Counters and ``version`` are kept by triggers (migration of this room): whoever writes a comment may not
write the contribution, and every visible change gives the card a new version.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock
from neighbour.core.columns import Timestamps, one_of, pk_int, pk_uuid
from neighbour.core.db import Base


class Audience(StrEnum):
    """Reach, as the author chose it."""

    QUARTER = "quarter"
    NEARBY = "nearby"
    CITY = "city"
    PUBLIC = "public"


class State(StrEnum):
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    HIDDEN = "hidden"


class Contribution(Base):
    """Anything published in a quarter. Kinds add a table of their own, one level deep."""

    __tablename__ = "contribution"
    __table_args__ = (
        one_of("audience", Audience, "audience"),
        one_of("state", State, "state"),
        CheckConstraint("initiative_id IS NULL OR is_office", name="office"),
        Index("ix_contribution_author_id", "author_id", "id"),
        Index("ix_contribution_office", "author_id", "initiative_id", postgresql_where=text("is_office")),
        Index("ix_contribution_initiative_id", "initiative_id", postgresql_where=text("initiative_id IS NOT NULL")),
    )
    __mapper_args__ = {"polymorphic_on": "kind"}

    id: Mapped[pk_uuid]
    kind: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id"))
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"))
    audience: Mapped[Audience] = mapped_column(Text, default=Audience.QUARTER)
    state: Mapped[State] = mapped_column(Text, default=State.PUBLISHED)
    title: Mapped[str] = mapped_column(Text)
    body_md: Mapped[str] = mapped_column(Text, default="")
    body_html: Mapped[str] = mapped_column(Text, default="")
    excerpt: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    comment_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    thanks_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    edited_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: when its author last showed it to others than before: where it comes to hang then it is new (keep_reach, migration 0124)
    reached_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    solved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: who helped besides those whose answers did (``Helped``)
    solved_word: Mapped[str] = mapped_column(Text, default="", server_default="")
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: its author has moved away from the quarter: shown without a name. Set by the database (migration 0021)
    is_left: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    #: taken down by its author to be pinned up again in the next quarter they prove to live in
    goes_along: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    #: the form's own number, so that the same form sent twice publishes once
    form_key: Mapped[uuid.UUID | None] = mapped_column(Uuid, unique=True)
    #: kept in an office, not a person's own: see ``offices``. Its author is whoever keeps it now
    is_office: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    #: the initiative whose it is; None in an office: whoever runs the instance
    initiative_id: Mapped[int | None] = mapped_column(ForeignKey("initiative.id", ondelete="SET NULL"))


#: The one category the base knows: what is urgent stands on top of the board and of the digest until it expires, whatever
#: kind it is of. It becomes so within a day of being published and for three days at most, so that the board need not
#: look far back for it.
URGENT, LONGEST_ALERT, ALERT_WITHIN = "urgent", timedelta(days=3), timedelta(days=1)


class Reach(Base):
    """A contribution is shown in a quarter. Written and removed only by the database's own functions."""

    __tablename__ = "reach"
    __table_args__ = (
        Index("ix_reach_quarter_category", "quarter_id", "category", "contribution_id"),
        Index("ix_reach_quarter_home", "quarter_id", "contribution_id", postgresql_where=text("is_home")),
        Index("ix_reach_contribution_quarter", "contribution_id", "quarter_id"),
        Index("ix_reach_since", "quarter_id", "since", postgresql_where=text("since IS NOT NULL")),
        Index("ix_reach_urgent", "quarter_id", "contribution_id", postgresql_where=text("category = 'urgent'")),
    )

    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id"), primary_key=True)
    contribution_id: Mapped[uuid.UUID] = mapped_column(
        Uuid, ForeignKey("contribution.id", ondelete="CASCADE"), primary_key=True
    )
    is_home: Mapped[bool] = mapped_column(Boolean)
    category: Mapped[str] = mapped_column(Text)
    #: in a quarter that was added later, by its author or by ``Widening``: new there from then on, as a key like a contribution's
    since: Mapped[uuid.UUID | None] = mapped_column(Uuid)


class Widening(Base):
    """A contribution goes next door by itself unless somebody answers (``widening``)."""

    __tablename__ = "widening"
    __table_args__ = (Index("ix_widening_due", "widens_at", postgresql_where=text("done_at IS NULL")),)

    contribution_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contribution.id", ondelete="CASCADE"), primary_key=True
    )
    widens_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: the moment it was widened, as a key
    since: Mapped[uuid.UUID | None] = mapped_column(Uuid)


class ReachKept(Base):
    """Where a contribution stays shown although its reach would no longer say so: quarters whose people could read it
    before borders changed, or before a quarter had a board of its own. Written by the database's own functions only.

    ``audience``: holds while the author's reach is at least that wide, ``quarter`` or ``nearby``.
    """

    __tablename__ = "reach_kept"
    __table_args__ = (CheckConstraint("audience IN ('quarter', 'nearby')", name="audience"),)

    contribution_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contribution.id", ondelete="CASCADE"), primary_key=True
    )
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id", ondelete="CASCADE"), primary_key=True)
    is_home: Mapped[bool] = mapped_column(Boolean)
    audience: Mapped[str] = mapped_column(Text)


class ReachBefore(Base):
    """Where a contribution hung before it was taken down or shown to fewer, and since when it was new there: who was told of it
    then is not told again. Written by the database's own functions only."""

    __tablename__ = "reach_before"

    contribution_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contribution.id", ondelete="CASCADE"), primary_key=True
    )
    quarter_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    gone_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Comment(Base):
    """A comment or a reply to one (one level)."""

    __tablename__ = "comment"
    __table_args__ = (
        one_of("state", State, "state"),
        Index("ix_comment_contribution_id", "contribution_id", "id"),
        Index("ix_comment_author_id", "author_id", "id"),
    )

    id: Mapped[pk_uuid]
    contribution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contribution.id", ondelete="CASCADE"))
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"))
    body_md: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    state: Mapped[State] = mapped_column(Text, default=State.PUBLISHED)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    edited_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: written before its author moved away: shown without a name. Set by the database (migration 0021)
    is_left: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    form_key: Mapped[uuid.UUID | None] = mapped_column(Uuid, unique=True)


class AnswerTakenDown(Base):
    """The words of an answer that was taken down a moment ago. Walled: nobody but whoever wrote them, who may put them back for
    ten minutes; see ``service.restore_comment``."""

    __tablename__ = "answer_taken_down"

    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True)
    body_md: Mapped[str] = mapped_column(Text)
    taken_down_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    #: when they had been changed, if they had
    changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CommentRevision(Base):
    """What an answer said before it was changed. Walled: whoever reads the answer and could read it then (``audience`` and
    ``quarter_id`` as of a ``Revision``)."""

    __tablename__ = "comment_revision"
    __table_args__ = (Index("ix_comment_revision_comment_id", "comment_id", "id"),)

    id: Mapped[pk_int]
    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    body_md: Mapped[str] = mapped_column(Text)
    audience: Mapped[Audience] = mapped_column(Text)
    quarter_id: Mapped[int | None] = mapped_column(Integer)
    replaced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Thanks(Timestamps, Base):
    """A person said thank you for a contribution."""

    __tablename__ = "thanks"

    contribution_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contribution.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)


class Helped(Base):
    """An answer that helped with what is solved; its author says so, and opening it again takes it back."""

    __tablename__ = "helped"

    contribution_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contribution.id", ondelete="CASCADE"), primary_key=True
    )
    comment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Revision(Base):
    """What a contribution said before it was edited. ``audience``: its reach then; those whom a wider one takes in later do not
    read it (``revision_select``). ``quarter_id``: where it hung then, if it has come along to another quarter since, whose people
    do not read it either. Set by the database (``arrive_in_quarter``), and no key: a quarter that is gone has no readers."""

    __tablename__ = "revision"
    __table_args__ = (Index("ix_revision_contribution_id", "contribution_id", "id"),)

    id: Mapped[pk_int]
    contribution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contribution.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(Text)
    body_md: Mapped[str] = mapped_column(Text)
    editor_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"))
    audience: Mapped[Audience] = mapped_column(Text)
    quarter_id: Mapped[int | None] = mapped_column(Integer)
    replaced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class ReadMark(Base):
    """Up to where a person has read a quarter's board."""

    __tablename__ = "read_mark"

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id", ondelete="CASCADE"), primary_key=True)
    seen_up_to: Mapped[uuid.UUID] = mapped_column(Uuid)
    moved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class Bookmark(Timestamps, Base):
    """A person has set a contribution aside to find it again."""

    __tablename__ = "bookmark"
    __table_args__ = (Index("ix_bookmark_person_id", "person_id", "created_at"),)

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    contribution_id: Mapped[uuid.UUID] = mapped_column(
        Uuid, ForeignKey("contribution.id", ondelete="CASCADE"), primary_key=True
    )


class Mute(Timestamps, Base):
    """What a person does not want to hear of: the answers in a thread, a category, what one neighbour pins up. Nobody else
    can tell."""

    __tablename__ = "mute"
    __table_args__ = (
        CheckConstraint("num_nonnulls(contribution_id, category, author_id) = 1", name="one_thing"),
        UniqueConstraint("person_id", "contribution_id", name="uq_mute_thread"),
        UniqueConstraint("person_id", "category", name="uq_mute_category"),
        UniqueConstraint("person_id", "author_id", name="uq_mute_author"),
    )

    id: Mapped[pk_uuid]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"))
    contribution_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contribution.id", ondelete="CASCADE"))
    category: Mapped[str | None] = mapped_column(Text)
    author_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"))
