"""Person, signed-in sessions, single-use tokens."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, false, true
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from neighbour.accounts.appearance import TABLE, Ring, Shows
from neighbour.core import clock, tokens
from neighbour.core.columns import Timestamps, one_of, pk_int
from neighbour.core.db import Base


class Status(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


class SignUpStep(StrEnum):
    """The step of sign-up that comes next; every step is saved."""

    ADDRESS = "address"
    APPEARANCE = "appearance"
    CONFIRM = "confirm"
    DONE = "done"


class Person(Timestamps, Base):
    """An account. The number never leaves the server; outside a person is ``public_id``."""

    __tablename__ = "person"
    __table_args__ = (
        one_of("status", Status, "status"),
        one_of("signup_step", SignUpStep, "signup_step"),
        one_of("shows_own", Shows, "shows_own"),
        one_of("shows_nearby", Shows, "shows_nearby"),
        one_of("shows_city", Shows, "shows_city"),
        # Whatever writes this row: a protected person bears another name everywhere and shows no street.
        CheckConstraint(
            "NOT is_protected OR (alias <> '' AND display_name = alias AND street_shown IS NULL"
            " AND name_nearby IN ('', alias) AND name_city IN ('', alias))",
            name="protected",
        ),
    )

    id: Mapped[pk_int]
    public_id: Mapped[str] = mapped_column(Text, unique=True, default=tokens.public_id)
    #: as typed; ``email_key`` is the folded form that must be unique
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Text, unique=True)
    password_hash: Mapped[str] = mapped_column(Text, deferred=True)
    first_name: Mapped[str] = mapped_column(Text, default="")
    last_name: Mapped[str] = mapped_column(Text, default="")
    #: another name, which then stands wherever a name would
    alias: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: how much of the name each ring may see (``appearance.TABLE``)
    shows_own: Mapped[Shows] = mapped_column(Text, default=Shows.SHORT, server_default=TABLE[Ring.OWN].default)
    shows_nearby: Mapped[Shows] = mapped_column(Text, default=Shows.SHORT, server_default=TABLE[Ring.NEARBY].default)
    shows_city: Mapped[Shows] = mapped_column(Text, default=Shows.FIRST, server_default=TABLE[Ring.CITY].default)
    #: what each ring reads, worked out from these (``appearance.dress``): own quarter, nearby, city; empty: no name
    display_name: Mapped[str] = mapped_column(Text, default="")
    name_nearby: Mapped[str] = mapped_column(Text, default="", server_default="")
    name_city: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: the street's name if the person lets neighbours see it, never a house number
    street_shown: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text, default="de")
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    status: Mapped[Status] = mapped_column(Text, default=Status.ACTIVE)
    signup_step: Mapped[SignUpStep] = mapped_column(Text, default=SignUpStep.ADDRESS)
    is_operator: Mapped[bool] = mapped_column(Boolean, default=False)
    #: at risk: another name only, no street, no public cell, in no list, address for the operator alone
    is_protected: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: may be named in lists of people (the team of a quarter, a directory)
    is_listed: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())

    @classmethod
    def face(cls) -> tuple[InstrumentedAttribute, ...]:
        """The columns of ``appearance.Face``: all that naming somebody reads of them."""
        return (cls.display_name, cls.name_nearby, cls.name_city, cls.street_shown, cls.public_id, cls.status)


class LoginSession(Base):
    """A signed-in device. The cookie carries a random token, the table its hash: delete the row and it is over."""

    __tablename__ = "login_session"
    __table_args__ = (Index("ix_login_session_expires_at", "expires_at"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    #: the earlier of the idle limit (moved on by use) and the absolute limit
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    is_kept: Mapped[bool] = mapped_column(Boolean, default=False)
    device: Mapped[str] = mapped_column(Text, default="")


class OneTimeToken(Base):
    """A token that works once (confirm a mail address, set a new password), kept as a hash."""

    __tablename__ = "one_time_token"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
