"""Cases that people look at, what is in them, who looks, and the code of a visit.

A case names a person and a quarter and nothing else of them. Who runs the desk of the quarter sees the case (the database
asks ``app_desks()``); its pages and the home open only for whoever has taken one of its two halves.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock
from neighbour.core.columns import Timestamps, one_of, pk_int, pk_uuid
from neighbour.core.db import Base


class CaseKind(StrEnum):
    DOCUMENT = "document"  # pages somebody uploaded
    HELD = "held"  # a proof that waits for a second look
    QUIET = "quiet"  # a proof that counts meanwhile: nothing about it ever reaches its person (``crowds``)
    WORDS = "words"  # whether two neighbours' words open everything (``grading``)


class CaseState(StrEnum):
    OPEN = "open"
    CONTESTED = "contested"  # the two did not agree: the operator decides
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"  # nobody decided in time: the pages are gone


UNDECIDED = (CaseState.OPEN, CaseState.CONTESTED)


class Appeal(StrEnum):
    OPEN = "open"
    GRANTED = "granted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"  # they moved before anybody decided


class ProofCase(Timestamps, Base):
    """Something to be decided about one person's proof. Walled: one's own, and those on the desk one works at."""

    __tablename__ = "proof_case"
    __table_args__ = (
        one_of("kind", CaseKind, "kind"),
        one_of("state", CaseState, "state"),
        one_of("appeal", Appeal, "appeal"),
        Index(
            "uq_proof_case_document",
            "person_id",
            unique=True,
            postgresql_where=text("kind = 'document' AND state IN ('open', 'contested')"),
        ),
        Index("ix_proof_case_waiting", "quarter_id", postgresql_where=text("state IN ('open', 'contested')")),
    )

    id: Mapped[pk_uuid]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id", ondelete="CASCADE"))
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id"))
    kind: Mapped[CaseKind] = mapped_column(Text)
    state: Mapped[CaseState] = mapped_column(Text, default=CaseState.OPEN)
    #: the method of the proof it is about
    method: Mapped[str] = mapped_column(Text)
    #: the proof that is held, or that came of it
    proof_id: Mapped[int | None] = mapped_column(ForeignKey("proof.id", ondelete="SET NULL"), index=True)
    #: keyed hash of the household, so that nobody is offered their own
    household_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: what kind of paper the person says it is
    paper: Mapped[str] = mapped_column(Text, default="")
    page_count: Mapped[int] = mapped_column(SmallInteger, default=0)
    #: when the desk said no. Until its person is told, at a fixed age of the case, it stands as if nobody had
    refused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: one person looked twice, as there is no second wherever its person lives; so its person may know
    looked_twice: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: why not: a word of ``deciding.REASONS``, and what was written to the person
    reason: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
    appeal: Mapped[Appeal | None] = mapped_column(Text)
    appeal_text: Mapped[str] = mapped_column(Text, default="")
    appealed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: when an appeal was decided that its person is told of later, at a fixed age of it
    appeal_said_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    appeal_decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: when its looks began anew, because the letterbox bears another name; once
    anew_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CasePage(Base):
    """One page of a document, a sealed picture; gone when the case is decided."""

    __tablename__ = "case_page"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("proof_case.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class CaseKey(Base):
    """What the key of a case's pages is made from, together with the key outside the database. No backup has it."""

    __tablename__ = "case_key"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("proof_case.id", ondelete="CASCADE"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)


class CaseHalf(Base):
    """One of the two pairs of eyes: taken for a while, then said. Walled: one's own, and those about oneself."""

    __tablename__ = "case_half"
    __table_args__ = (
        Index(
            "uq_case_half_case_id_by_person_id",
            "case_id",
            "by_person_id",
            "part",
            "is_second",
            unique=True,
            postgresql_where=text("voided_at IS NULL"),
        ),
        CheckConstraint("says IN ('yes', 'no')", name="says"),
        CheckConstraint("part IN ('half', 'final', 'appeal')", name="part"),
    )

    id: Mapped[pk_int]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("proof_case.id", ondelete="CASCADE"))
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    household_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    part: Mapped[str] = mapped_column(Text, default="half")
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    says: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    said_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: where nobody else can look: the same person again, a day later
    is_second: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: it was at another name on the letterbox, or the second look said otherwise: it counts for nothing and is kept, because it
    #: was said
    voided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CaseGround(Base):
    """Why a proof is held. For the desk only: the person is never told, and their export has none of it."""

    __tablename__ = "case_ground"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("proof_case.id", ondelete="CASCADE"), primary_key=True)
    ground: Mapped[str] = mapped_column(Text, primary_key=True)


class NamePair(Base):
    """Two people whose names read alike, and the case in which somebody looks at that: one for the two of them, until one takes
    another name. Nobody reads it; the database keeps it and asks it (migration 0094)."""

    __tablename__ = "name_pair"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("proof_case.id", ondelete="CASCADE"), index=True)


class HouseRule(Base):
    """What was decided about a house with many accounts: up to how many nobody asks, or that each is looked at."""

    __tablename__ = "house_rule"

    house_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id", ondelete="CASCADE"))
    up_to: Mapped[int] = mapped_column(Integer)
    one_by_one: Mapped[bool]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class Visit(Timestamps, Base):
    """A resident at an initiative's desk: a code for a quarter of an hour, who took it, and whether it was confirmed.

    Walled: one's own, the one an editor has taken, and those of the editor's initiative.
    """

    __tablename__ = "visit"
    __table_args__ = (
        Index("uq_visit_open", "person_id", unique=True, postgresql_where=text("confirmed_at IS NULL")),
        Index("ix_visit_place", "place", postgresql_where=text("confirmed_at IS NOT NULL")),
    )

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    taken_by: Mapped[int | None] = mapped_column(BigInteger)
    #: the public id of the initiative where it was taken
    place: Mapped[str | None] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
