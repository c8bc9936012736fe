"""An issue of a quarter's digest."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Integer, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock
from neighbour.core.db import Base


class Edition(Base):
    """The issue of a quarter for a period (a local date): numbered, and cut at ``cut``: what is older is in it."""

    __tablename__ = "edition"

    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id", ondelete="CASCADE"), primary_key=True)
    period: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
    cut: Mapped[uuid.UUID] = mapped_column(Uuid)
    readers: Mapped[int] = mapped_column(Integer, default=0)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
