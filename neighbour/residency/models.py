"""Gazetteer, homes, letters, proofs, memberships.

The exact address of a person is in one table, ``home``, sealed; everything else knows the quarter and the
public cell. ``address`` is the public register of the city and says nothing about who lives where.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger, DateTime, Double, ForeignKey, Identity, Index, Integer, LargeBinary, SmallInteger, Text, UniqueConstraint, text,
)
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock
from neighbour.core.columns import Timestamps, one_of, pk_int
from neighbour.core.db import Base
from neighbour.policy import Level, Role


class Address(Base):
    """An entry of the city's register."""

    __tablename__ = "address"
    __table_args__ = (
        UniqueConstraint("street_key", "number", "suffix", "postcode", "street", name="uq_address_entry"),
        Index("ix_address_postcode_street_key", "postcode", "street_key"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    street: Mapped[str] = mapped_column(Text)
    #: the street's name folded for comparison (residency.gazetteer.spelling)
    street_key: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text, default="")
    suffix: Mapped[str] = mapped_column(Text, default="")
    postcode: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(Text, default="")
    lon: Mapped[float | None] = mapped_column(Double)
    lat: Mapped[float | None] = mapped_column(Double)
    quarter_id: Mapped[int | None] = mapped_column(ForeignKey("quarter.id"), index=True)


class Home(Timestamps, Base):
    """Where a person lives: sealed. Walled: only the person's own row exists."""

    __tablename__ = "home"

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), unique=True)
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id"))
    sealed: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    #: keyed hash of the address: how many accounts share it, and how many letters it got
    address_hash: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    #: public grid cell, merged until it holds at least 30 households; None where coordinates are missing
    cell: Mapped[str | None] = mapped_column(Text)


class AddressAccess(Base):
    """Somebody or something opened a sealed address: who, what for, when."""

    __tablename__ = "address_access"

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    by_person_id: Mapped[int | None] = mapped_column(BigInteger)
    purpose: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class LetterState(StrEnum):
    REQUESTED = "requested"
    PRINTED = "printed"
    USED = "used"
    DEAD = "dead"  # too many tries
    EXPIRED = "expired"
    REFUSED = "refused"


class Letter(Base):
    """A postcard with a code. Walled: only the person's own row exists."""

    __tablename__ = "letter"
    __table_args__ = (one_of("state", LetterState, "state"),)

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id"))
    address_hash: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    #: the code itself, sealed, only until the letter is printed
    code_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    refusal_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    state: Mapped[LetterState] = mapped_column(Text, default=LetterState.REQUESTED)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    printed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    batch: Mapped[str | None] = mapped_column(Text)


class LetterRefusal(Base):
    """An address (keyed hash) that wants no letter, ever. Outlives every account."""

    __tablename__ = "letter_refusal"

    address_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class Membership(Timestamps, Base):
    """Person × quarter × level × role. Walled: one's own, and those of the quarters one may read."""

    __tablename__ = "membership"
    __table_args__ = (
        one_of("level", Level, "level"),
        one_of("role", Role, "role"),
        Index("uq_membership_current", "person_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_membership_quarter_id_level", "quarter_id", "level", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id"))
    level: Mapped[Level] = mapped_column(Text, default=Level.UNPROVEN)
    role: Mapped[Role] = mapped_column(Text, default=Role.RESIDENT)
    #: keyed hash of the household (address and name on the bell), to count households without naming them
    household_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    proven_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Proof(Timestamps, Base):
    """How a person showed that they live there. Walled like ``home``."""

    __tablename__ = "proof"

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="CASCADE"))
    method: Mapped[str] = mapped_column(Text)
    level: Mapped[Level] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
