"""A post: what a post has beyond any contribution."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import DateTime, ForeignKey, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.contributions.models import URGENT, Contribution


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
