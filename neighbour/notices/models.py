"""The delivery ledger, subscriptions, and addresses that take no mail.

These tables know people by number only; the foreign keys point up to ``person`` by name, not by import.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock, tokens
from neighbour.core.columns import Timestamps, one_of, pk_int, pk_uuid
from neighbour.core.db import Base


class DeliveryState(StrEnum):
    PENDING = "pending"
    LEASED = "leased"
    SENT = "sent"
    SKIPPED = "skipped"  # nothing left to say, or no longer wanted, when its turn came
    FAILED = "failed"  # refused for good, or given up after 48 h
    PARKED = "parked"  # its worker died three times


class Delivery(Timestamps, Base):
    """One message that must reach one person: written in the transaction of its cause, and only once
    as long as the row is kept (``ledger.purge``)."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("person_id", "notice", "subject_key", "period", "channel", name="uq_delivery_once"),
        one_of("state", DeliveryState, "state"),
        Index("ix_delivery_due", "due_at", postgresql_where=text("state IN ('pending', 'leased')")),
        Index("ix_delivery_turn", "mailbox_hash", "turn", postgresql_where=text("mailbox_hash IS NOT NULL")),
        Index(
            "ix_delivery_piece", "mailbox_hash", "piece_hash", "turn", postgresql_where=text("mailbox_hash IS NOT NULL")
        ),
        Index(
            "ix_delivery_line",
            "mailbox_hash",
            postgresql_where=text("mailbox_hash IS NOT NULL AND state = 'pending'"),
        ),
    )

    id: Mapped[pk_uuid]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"))
    notice: Mapped[str] = mapped_column(Text)
    subject_key: Mapped[str] = mapped_column(Text, default="")
    period: Mapped[str] = mapped_column(Text, default="")
    channel: Mapped[str] = mapped_column(Text, default="mail")
    quarter_id: Mapped[int | None] = mapped_column(ForeignKey("quarter.id"))
    #: what the notice needs to be written, ids rather than texts
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    state: Mapped[DeliveryState] = mapped_column(Text, default=DeliveryState.PENDING, server_default="pending")
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    deaths: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    message_id: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(Text)
    #: only of mail to an address nobody has confirmed (``strangers``): the address, and the piece of the network that asked
    mailbox_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    piece_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: counts up with each mail to this address
    turn: Mapped[int | None] = mapped_column(BigInteger)
    #: how often this person has asked for it
    asks: Mapped[int] = mapped_column(default=1, server_default="1")
    #: whether it may be one of those that go at once
    may_rush: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    #: it has had its turn; what another server puts off then is tried again without another
    is_counted: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))


class Subscription(Timestamps, Base):
    """A person on a list. ``told_up_to`` is the newest contribution an issue has covered for this reader, whether they had one or
    not; ``heard_up_to`` is the end of the last issue they had (None: as ``told_up_to``)."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("person_id", "list", name="uq_subscription_person_list"),
        Index("ix_subscription_quarter_id_list", "quarter_id", "list"),
    )

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"))
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id"))
    list: Mapped[str] = mapped_column(Text, default="digest", server_default="digest")
    is_on: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    includes_nearby: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    paused_until: Mapped[date | None] = mapped_column(Date)
    told_up_to: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    heard_up_to: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    #: names this subscription in unsubscribe links; opaque, one list only, valid as long as the row
    token: Mapped[str] = mapped_column(Text, unique=True, default=tokens.random_token)


class Suppression(Base):
    """A mail address (hashed) that takes no mail: bounced for good, or complained."""

    __tablename__ = "suppression"

    address_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
