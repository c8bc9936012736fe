"""An offer, and those who ask for it.

What everybody sees of the queue – ``stage``, ``waiting``, ``due_on`` – is kept by the database (migration 0040), so it is never
behind. That an offer is over says the base: ``solved_at``. ``expires_at`` is when it ends by itself.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, Date, DateTime, ForeignKey, Index, Integer, SmallInteger, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.contributions.models import Contribution
from neighbour.core import clock
from neighbour.core.columns import one_of, pk_uuid
from neighbour.core.db import Base
from neighbour.offers.prices import Price, typed


class Category(StrEnum):
    GIVE = "give"
    LEND = "lend"
    SELL = "sell"
    SWAP = "swap"
    WANTED = "wanted"


#: nobody earns by it
UNPAID = (Category.GIVE, Category.LEND)


class Stage(StrEnum):
    """Where the thing is, as long as the offer is not over."""

    FREE = "free"
    PROMISED = "promised"
    LENT = "lent"


class AskState(StrEnum):
    WAITING = "waiting"
    PROMISED = "promised"
    LENT = "lent"
    DONE = "done"  # collected, or brought back
    LEFT = "left"  # stepped back, was passed over, moved away
    MISSED = "missed"  # the offer was over first, or is not shown any more where they live
    DECLINED = "declined"  # its author has said no


OPEN = (AskState.WAITING, AskState.PROMISED, AskState.LENT)
HELD = (AskState.PROMISED, AskState.LENT)


def is_unclaimed(solved_at: datetime | None, expires_at: datetime | None) -> bool:
    """Whether an offer that is over since then ended by itself (``close_offers`` of migration 0125): nobody got it."""
    return solved_at is not None and expires_at is not None and expires_at <= solved_at


class Offer(Contribution):
    """Something to give, lend, sell or swap, or something wanted."""

    __tablename__ = "offer"
    __mapper_args__ = {"polymorphic_identity": "offer"}
    __table_args__ = (one_of("stage", Stage, "stage"),)  # type: ignore[assignment]

    id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("contribution.id", ondelete="CASCADE"), primary_key=True)
    stage: Mapped[Stage] = mapped_column(Text, default=Stage.FREE, server_default="free")
    waiting: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    due_on: Mapped[date | None] = mapped_column(Date)
    price_cents: Mapped[int | None] = mapped_column(Integer)
    #: instead of an amount: "for a coffee", "against an overlock"
    price_words: Mapped[str] = mapped_column(Text, default="")
    condition: Mapped[str] = mapped_column(Text, default="")
    pickup: Mapped[str] = mapped_column(Text, default="")
    lend_days: Mapped[int | None] = mapped_column(SmallInteger)
    #: kept by the database (migration 0113): a sale counts whatever becomes of it
    was_for_sale: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    #: the end for which its author was asked whether it is still there
    asked_for: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: the end that the database has set because the thing became free again shortly before: issues reminded of the end before it
    a_week_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def is_unclaimed(self) -> bool:
        """Over, and nobody got it: its days were over, or its author is gone."""
        return is_unclaimed(self.solved_at, self.expires_at)

    @property
    def price(self) -> str:
        """As it stands in the composer's field."""
        return typed(Price(self.price_cents, self.price_words))


class OfferForHolder(Base):
    """What only the one reads who was chosen, or has the thing: the house number, the bell. Whoever moved up reads it once the
    author says so. A table of its own, behind a wall of its own."""

    __tablename__ = "offer_for_holder"

    offer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class Ask(Base):
    """A neighbour asks for an offer. Walled: whoever asked, and the author of the offer."""

    __tablename__ = "ask"
    __table_args__ = (
        one_of("state", AskState, "state"),
        Index("uq_ask_place", "offer_id", "place", unique=True),
        Index("uq_ask_held", "offer_id", unique=True, postgresql_where=text("state IN ('promised', 'lent')")),
        Index(
            "uq_ask_once",
            "person_id",
            "offer_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'promised', 'lent')"),
        ),
        Index("ix_ask_ended_at", "ended_at"),
    )

    id: Mapped[pk_uuid]
    offer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"))
    words: Mapped[str] = mapped_column(Text)
    state: Mapped[AskState] = mapped_column(Text, default=AskState.WAITING, server_default="waiting")
    #: in the order of asking, given by the database
    place: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: how often it was promised, and the last promise that was told
    turn: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    told: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    #: promised because whoever had it stepped back or was passed over, and not yet let read what is for the chosen one alone
    moved_up: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    #: wrong codes typed at the hand-over
    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    #: a loan: when it is due, how far its reminders have come, how the thing was when it went and when it came back
    due_on: Mapped[date | None] = mapped_column(Date)
    reminded: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    note_out: Mapped[str] = mapped_column(Text, default="", server_default="")
    note_back: Mapped[str] = mapped_column(Text, default="", server_default="")
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
