"""Gazetteer, homes, letters, proofs, memberships.

The exact address of a person is in one table, ``home``, sealed; everything else knows the quarter and the
public cell. ``address`` is the public register of the city and says nothing about who lives where.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    and_,
    or_,
    text,
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
        UniqueConstraint("street_key", "postcode", "street", "number", "suffix", name="uq_address_entry"),
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
    #: keyed hashes of the family names on the letterbox, and of every word there (``homes.family_hashes``)
    family_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    word_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    #: public grid cell, merged until it holds at least 30 households; None where coordinates are missing
    cell: Mapped[str | None] = mapped_column(Text)
    #: key of the quarter its person chose at a border that was redrawn beside the house (``residency.changing``)
    chosen_key: Mapped[str | None] = mapped_column(Text)
    #: when the name on the letterbox last came to read differently, at the same house (``homes.settle``)
    renamed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class HomeBefore(Base):
    """A home that was proven, and then left or renamed: sealed, and kept for a while (migration 0098). Only the database adds
    rows. Walled: one's own, and for an operator those of an account that is quarrelled about."""

    __tablename__ = "home_before"

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    #: under which it was proven
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    #: since when the letterbox had read so, None: since it was chosen
    named_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    left_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PlanEntry(Base):
    """A register entry that a change of quarters places anew; None: in no quarter."""

    __tablename__ = "plan_entry"

    plan_id: Mapped[int] = mapped_column(ForeignKey("quarter_plan.id", ondelete="CASCADE"), primary_key=True)
    address_id: Mapped[int] = mapped_column(ForeignKey("address.id", ondelete="CASCADE"), primary_key=True)
    to_key: Mapped[str | None] = mapped_column(Text)


class PlanHouse(Base):
    """Where a house (keyed hash) will belong after a change of quarters. Walled: only the row of one's own house."""

    __tablename__ = "plan_house"

    plan_id: Mapped[int] = mapped_column(ForeignKey("quarter_plan.id", ondelete="CASCADE"), primary_key=True)
    address_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    from_key: Mapped[str | None] = mapped_column(Text)
    to_key: Mapped[str] = mapped_column(Text)
    #: near the new border: what its people may choose instead
    other_key: Mapped[str | None] = mapped_column(Text)
    cell: Mapped[str | None] = mapped_column(Text)


class MissingAddress(Timestamps, Base):
    """An address that somebody says the register lacks: sealed, until the operator has looked. Walled like ``home``."""

    __tablename__ = "missing_address"

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


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
    WITHDRAWN = "withdrawn"  # the person took another address meanwhile, or needs it no longer
    RESENT = "resent"  # another one was asked for, or none is needed any more; its own code stays good


OPEN_LETTERS = (LetterState.REQUESTED, LetterState.PRINTED)  # of which a person has one at most


class Letter(Base):
    """A postcard with a code. Walled: only the person's own row exists.

    Codes are made when the letter is printed, so before that there is nothing to steal; a second print adds
    further ones. The row outlives the account, without the person: whoever holds the card can still
    refuse all others, and deleting the account does not make room for the next letter to the same house.
    """

    __tablename__ = "letter"
    __table_args__ = (
        one_of("state", LetterState, "state"),
        Index("uq_letter_open", "person_id", unique=True, postgresql_where=text("state IN ('requested', 'printed')")),
        Index("ix_letter_refusal_hashes", "refusal_hashes", postgresql_using="gin"),
        Index("ix_letter_requested_at", "requested_at", postgresql_where=text("state = 'requested'")),
    )

    id: Mapped[pk_int]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    address_hash: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    #: keyed hashes of the family names on the letter at this address: what a refusal of the name stops
    name_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    code_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary), default=list)
    refusal_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary), default=list)
    state: Mapped[LetterState] = mapped_column(Text, default=LetterState.REQUESTED)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    printed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: 30 days after printing; None before
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    batch: Mapped[str | None] = mapped_column(Text, index=True)

    @classmethod
    def waits(cls) -> ColumnElement[bool]:
        """The condition for letters asked for and not printed; also those refused meanwhile: to who asked, they wait on."""
        refused = and_(cls.state == LetterState.REFUSED, cls.printed_at.is_(None))
        return or_(cls.state == LetterState.REQUESTED, refused)


class LetterRefusal(Base):
    """A house or a name in a house (keyed hash) that wants no letter, ever. Outlives every account."""

    __tablename__ = "letter_refusal"

    target_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class Membership(Timestamps, Base):
    """Person × quarter × level × role. Walled: one's own, and those of the quarters one may read."""

    __tablename__ = "membership"
    __table_args__ = (
        one_of("level", Level, "level"),
        one_of("role", Role, "role"),
        Index("uq_membership_current", "person_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_membership_household_hash", "household_hash", postgresql_where=text("ended_at IS NULL")),
        Index("ix_membership_person_hash", "person_hash", postgresql_where=text("ended_at IS NULL")),
        Index("ix_membership_quarter_id_level", "quarter_id", "level", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id"))
    level: Mapped[Level] = mapped_column(Text, default=Level.UNPROVEN)
    role: Mapped[Role] = mapped_column(Text, default=Role.RESIDENT)
    #: keyed hash of the household (address and name on the bell), to count households without naming them
    household_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: keyed hash of house and full name when a proof was last given: the same person twice is looked at
    person_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    proven_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @classmethod
    def reads_board(cls) -> ColumnElement[bool]:
        """The condition for rows that open the quarter's board now (see ``Level.reads_board``)."""
        return and_(cls.ended_at.is_(None), cls.level != Level.UNPROVEN)


class Proof(Timestamps, Base):
    """How a person showed that they live there. Walled like ``home``. What it counts for: ``residency.grading``."""

    __tablename__ = "proof"

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="CASCADE"))
    method: Mapped[str] = mapped_column(Text)
    level: Mapped[Level] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: what it came from (a letter, an invitation, a flyer, a case), opaque
    source: Mapped[str | None] = mapped_column(Text)
    #: who confirmed it or vouches for it
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    #: the household (keyed hash) of the neighbour who vouches; None for proofs that nobody vouched for
    vouch_household: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: the house of whoever vouched, at that time. Written by the database (migration 0039): homes of others are walled
    vouch_house: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: how many invitations away from somebody who proved their address on their own
    depth: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    #: waits for somebody's look, and counts for nothing meanwhile
    held_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: the last "yes, I still live here"
    renewed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
