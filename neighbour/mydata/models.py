"""Archives being made, people who are leaving, marks of those who left, incidents and who was told of them, and what was
forgotten in which night."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock
from neighbour.core.columns import one_of, pk_int, pk_uuid
from neighbour.core.db import Base


class ExportState(StrEnum):
    ASKED = "asked"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"  # its worker died again and again
    GONE = "gone"  # seven days are over, or another one was asked for


class DataExport(Base):
    """Somebody's archive, from the wish to its end. The truth about it: a worker that dies leaves no other trace."""

    __tablename__ = "data_export"
    __table_args__ = (
        one_of("state", ExportState, "state"),
        Index("uq_data_export_one", "person_id", unique=True, postgresql_where=text("state IN ('asked', 'building')")),
    )

    id: Mapped[pk_uuid]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"), index=True)
    state: Mapped[ExportState] = mapped_column(Text, default=ExportState.ASKED)
    done: Mapped[int] = mapped_column(SmallInteger, default=0)
    parts: Mapped[int] = mapped_column(SmallInteger, default=0)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    ready_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: name of the file in INSTANCE_DIR/exports: random, so that it tells nobody whose it is
    file: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int | None] = mapped_column(BigInteger)
    #: the session that fetched it first; no other one gets it
    session_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    fetched_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ErasureState(StrEnum):
    HIDDEN = "hidden"  # invisible, and can come back
    RUNNING = "running"  # rows are being taken away


class ErasureReason(StrEnum):
    OWN = "own"
    INACTIVE = "inactive"
    RESTORED = "restored"  # a backup had brought the person back


class Erasure(Base):
    """Somebody is leaving. The row goes with the last step; what is left is an ``ErasureMark``."""

    __tablename__ = "erasure"
    __table_args__ = (one_of("state", ErasureState, "state"), one_of("reason", ErasureReason, "reason"))

    id: Mapped[pk_uuid]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"), unique=True)
    state: Mapped[ErasureState] = mapped_column(Text, default=ErasureState.HIDDEN)
    reason: Mapped[ErasureReason] = mapped_column(Text, default=ErasureReason.OWN)
    keeps_texts: Mapped[bool] = mapped_column(Boolean)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    steps_done: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    #: what was taken out of the person's row and out of sight at once, for whoever comes back
    stash: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    mark: Mapped[bytes] = mapped_column(LargeBinary)
    #: hash of the token in the mail by which one comes back
    back_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)


class MarkState(StrEnum):
    ASKED = "asked"
    BACK = "back"
    DONE = "done"


class ErasureMark(Base):
    """The deletion ledger: fingerprints of people who asked to go, kept for good and beside the instance too
    (``marks``). Says nothing without a backup in which they still are."""

    __tablename__ = "erasure_mark"
    __table_args__ = (one_of("state", MarkState, "state"),)

    mark: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    state: Mapped[MarkState] = mapped_column(Text)
    keeps_texts: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Activity(Base):
    """The last day somebody was here, and when they were asked whether they stay."""

    __tablename__ = "activity"

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    seen_on: Mapped[date] = mapped_column(Date, index=True)
    reminders: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    reminded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Incident(Base):
    """Something that went wrong and whom it concerned: what we wrote about it, in both languages, as it has to be kept on
    record (Art. 33 (5) GDPR). For operators' commands alone."""

    __tablename__ = "incident"

    id: Mapped[pk_int]
    #: one word of the operator's; telling the same one again tells only whom it has not been told
    name: Mapped[str] = mapped_column(Text, unique=True)
    since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    route: Mapped[str] = mapped_column(Text, default="")
    subject_de: Mapped[str] = mapped_column(Text)
    text_de: Mapped[str] = mapped_column(Text)
    subject_en: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), default=clock.now, server_default=text("now()")
    )


class IncidentTold(Base):
    """A person was told of an incident, in these words. Walled: it exists for their eyes only."""

    __tablename__ = "incident_told"
    __table_args__ = (UniqueConstraint("incident_id", "person_id", name="uq_incident_told_once"),)

    id: Mapped[pk_int]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"), index=True)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    told_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class RetentionRun(Base):
    """A night in which old things were forgotten: how many of each, and how long it took."""

    __tablename__ = "retention_run"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    milliseconds: Mapped[int] = mapped_column(Integer, default=0)
