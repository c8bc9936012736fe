"""Initiatives: organisations of the neighbourhood, where they work, and who speaks for them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, ColumnElement, DateTime, Double, ForeignKey, Text, and_
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock, tokens
from neighbour.core.columns import Timestamps, one_of, pk_int
from neighbour.core.db import Base


class EditorRole(StrEnum):
    """What somebody does for an initiative. A lead is the one to talk to; both may edit and confirm."""

    LEAD = "lead"
    EDITOR = "editor"


class Initiative(Timestamps, Base):
    """An association, a library, a neighbourhood centre. Public once the operator has verified it."""

    __tablename__ = "initiative"
    __table_args__ = (CheckConstraint("(lon IS NULL) = (lat IS NULL)", name="point"),)

    id: Mapped[pk_int]
    public_id: Mapped[str] = mapped_column(Text, unique=True, default=tokens.public_id)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    about: Mapped[str] = mapped_column(Text, default="")
    #: where it is found, as it stands on its own paper
    address_line: Mapped[str] = mapped_column(Text, default="")
    #: where the city's register has that address; None where it does not know it
    lon: Mapped[float | None] = mapped_column(Double)
    lat: Mapped[float | None] = mapped_column(Double)
    #: when somebody is there who can confirm an address
    hours: Mapped[str] = mapped_column(Text, default="")
    verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    verified_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    may_confirm: Mapped[bool] = mapped_column(Boolean, default=False)
    suspended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def is_public(self) -> bool:
        """Whether everybody may see its page."""
        return self.verified_at is not None and self.suspended_at is None

    @classmethod
    def shown_to_all(cls) -> ColumnElement[bool]:
        """The same as a condition for statements."""
        return and_(cls.verified_at.is_not(None), cls.suspended_at.is_(None))

    @property
    def confirms(self) -> bool:
        """Whether its editors may confirm addresses now."""
        return self.is_public and self.may_confirm


class InitiativeQuarter(Base):
    """An initiative works in a quarter."""

    __tablename__ = "initiative_quarter"

    initiative_id: Mapped[int] = mapped_column(ForeignKey("initiative.id", ondelete="CASCADE"), primary_key=True)
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id", ondelete="CASCADE"), primary_key=True, index=True)


class InitiativeEditor(Base):
    """A person speaks for an initiative. Walled: one's own rows, and all of them for the operator."""

    __tablename__ = "initiative_editor"
    __table_args__ = (one_of("role", EditorRole, "role"),)

    initiative_id: Mapped[int] = mapped_column(ForeignKey("initiative.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[EditorRole] = mapped_column(Text, default=EditorRole.EDITOR)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
