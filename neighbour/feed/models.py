"""What the board remembers of its readers besides the mark of each quarter: up to where they have read answers to themselves."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock
from neighbour.core.db import Base


class AnswerMark(Base):
    """Up to which answer to them a person has read, on whatever slip."""

    __tablename__ = "answer_mark"

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    seen_up_to: Mapped[uuid.UUID] = mapped_column(Uuid)
    moved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
