"""A post: what a post has beyond any contribution."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Integer, SmallInteger, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.contributions.models import URGENT, Contribution
from neighbour.core.db import Base


class Category(StrEnum):
    QUESTION = "question"
    RECOMMENDATION = "recommendation"
    LOST_FOUND = "lost_found"
    HELP_WANTED = "help_wanted"
    HELP_OFFERED = "help_offered"
    NOTICE = "notice"
    URGENT = URGENT


class Post(Contribution):
    """A post of one of the categories. What belongs to posts alone has a column here, and no other kind carries it."""

    __tablename__ = "post"
    __mapper_args__ = {"polymorphic_identity": "post"}

    id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("contribution.id", ondelete="CASCADE"), primary_key=True)
    #: when it became urgent last; stays when the post turns into something else, so that a day has one alert
    alerted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: when it became something else while it was urgent, and until when it would have held: that can be taken back
    calmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    calmed_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Poll(Base):
    """A question to vote on, hung on a post. ``voters`` is counted by the database."""

    __tablename__ = "poll"

    contribution_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contribution.id", ondelete="CASCADE"), primary_key=True
    )
    question: Mapped[str] = mapped_column(Text)
    is_multiple: Mapped[bool] = mapped_column(Boolean)
    #: for so many days it was put up, as its author chose
    days: Mapped[int] = mapped_column(SmallInteger)
    closes_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    voters: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class PollOption(Base):
    """One of its options, with its votes, counted by the database."""

    __tablename__ = "poll_option"

    contribution_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("poll.contribution_id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    label: Mapped[str] = mapped_column(Text)
    votes: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class PollVote(Base):
    """What somebody voted for. Written by the database's own function only, and read by nobody but themselves."""

    __tablename__ = "poll_vote"

    contribution_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("poll.contribution_id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    voted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
