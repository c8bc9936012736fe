"""An event: when it is, where, and what one needs to know; what is different on single dates; the dates to come.

Times stand as the clock of the place shows them (``begins``, ``ends``, without a zone) with the zone beside them: see
``recurrence``. The rows of ``occurrence`` are made from them by ``dates`` and hold moments: lists read these and nothing else.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.contributions.models import Contribution
from neighbour.core import clock
from neighbour.core.columns import one_of, pk_uuid
from neighbour.core.db import Base


class Category(StrEnum):
    GATHERING = "gathering"
    CULTURE = "culture"
    ACTIVE = "active"
    LEARNING = "learning"
    FESTIVAL = "festival"


class Event(Contribution):
    """An event, once or as a series."""

    __tablename__ = "event"
    __table_args__ = (  # type: ignore[assignment]
        CheckConstraint("ends >= begins", name="order"),
        CheckConstraint("capacity > 0", name="capacity"),
        CheckConstraint("(lon IS NULL) = (lat IS NULL)", name="point"),
        CheckConstraint("lon IS NOT NULL OR NOT has_own_point", name="own_point"),
        Index("ix_event_dated_until", "dated_until", postgresql_where=text("rule <> ''")),
        Index("ix_event_goes_on_as", "goes_on_as", postgresql_where=text("goes_on_as IS NOT NULL")),
        Index("ix_event_gone_at", "gone_at", postgresql_where=text("gone_at IS NOT NULL")),
    )
    __mapper_args__ = {"polymorphic_identity": "event"}

    id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("contribution.id", ondelete="CASCADE"), primary_key=True)
    zone: Mapped[str] = mapped_column(Text)
    begins: Mapped[datetime] = mapped_column(DateTime(timezone=False))
    ends: Mapped[datetime] = mapped_column(DateTime(timezone=False))
    is_all_day: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    #: an RRULE without its end; empty for what happens once (``recurrence.checked``)
    rule: Mapped[str] = mapped_column(Text, default="", server_default="")
    until_on: Mapped[date | None] = mapped_column(Date)
    #: days besides those of the rule
    more_on: Mapped[list[date]] = mapped_column(ARRAY(Date), default=list, server_default=text("'{}'"))
    #: from which day on another event holds the series' dates: "this one and all that follow" were changed
    goes_on_at: Mapped[date | None] = mapped_column(Date)
    #: which one; None, too, where it is gone or was made before this was kept
    goes_on_as: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("event.id", ondelete="SET NULL"))
    place: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: where the place is: the point its author has set (``has_own_point``), or where the register has the address. Only the
    #: first is given away as it is; the other may be somebody's door, and leaves here as the middle of its cell
    lon: Mapped[float | None] = mapped_column(Double)
    lat: Mapped[float | None] = mapped_column(Double)
    has_own_point: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    online_url: Mapped[str] = mapped_column(Text, default="", server_default="")
    cost: Mapped[str] = mapped_column(Text, default="", server_default="")
    access: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: places on each date; None: as many as come
    capacity: Mapped[int | None] = mapped_column(Integer)
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: why, in one line; empty where nobody said so
    cancelled_why: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: it was called off and takes place after all: what its last change was
    is_on_again: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    #: what it said before its last change of time or place, shown struck until it is over
    changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    was_begins: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    was_place: Mapped[str | None] = mapped_column(Text)
    #: where it or single dates have been before; mails of changes name them by their number here
    places_before: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    #: counts every change that a calendar shows, for calendars (RFC 5545 section 3.8.7.4); being taken down and pinned up
    #: again is counted by the database (migration 0043)
    sequence: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: when it was last counted; None where that was before this was kept
    counted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: up to which day the rows of ``occurrence`` are made
    dated_until: Mapped[date | None] = mapped_column(Date)
    #: since when it is shown nowhere any more; kept by the database (migration 0043)
    gone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    def count(self) -> None:
        """Count one more change that calendars show, and when it was made."""
        self.sequence, self.counted_at = self.sequence + 1, clock.now()

    @property
    def own_point(self) -> tuple[float, float] | None:
        """Longitude and latitude its author has set; None where they are the register's, or there are none."""
        return (self.lon, self.lat) if self.has_own_point and self.lon is not None and self.lat is not None else None


class EventException(Base):
    """One date of an event that is different: called off, at another time, at another place. ``slot_on``: its day as the
    rule gives it."""

    __tablename__ = "event_exception"
    __table_args__ = (CheckConstraint("(begins IS NULL) = (ends IS NULL) AND ends >= begins", name="times"),)

    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), primary_key=True)
    slot_on: Mapped[date] = mapped_column(Date, primary_key=True)
    is_cancelled: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    cancelled_why: Mapped[str] = mapped_column(Text, default="", server_default="")
    is_on_again: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    begins: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    ends: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    place: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Occurrence(Base):
    """One date of an event as a pair of moments. ``is_long``: it lasts more than a day, so lists look for it longer."""

    __tablename__ = "occurrence"
    __table_args__ = (
        UniqueConstraint("event_id", "slot_on", name="uq_occurrence_event_slot"),
        Index("ix_occurrence_event_begins", "event_id", "begins_at"),
        Index("ix_occurrence_long", "event_id", postgresql_where=text("is_long")),
    )

    id: Mapped[pk_uuid]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    slot_on: Mapped[date] = mapped_column(Date)
    begins_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    is_long: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    is_cancelled: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    #: what those who have answered know of it, where it was changed while it was off (``telling``)
    known: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    #: places that are taken or offered, and people in line; kept by the database, which closes the count when it forgets who
    taken: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    waiting: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    is_closed: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))


class Answer(StrEnum):
    COMING = "coming"
    WAITING = "waiting"
    OFFERED = "offered"  # a place is kept until ``offered_until``
    DECLINED = "declined"
    LAPSED = "lapsed"  # an offer was not taken in time


class Participation(Base):
    """What somebody has answered to a date. Written by functions of the database alone (migration 0035)."""

    __tablename__ = "participation"
    __table_args__ = (
        one_of("state", Answer, "state"),
        CheckConstraint("companions BETWEEN 0 AND 4", name="companions"),
        Index("ix_participation_person_id", "person_id"),
        Index("ix_participation_offered", "offered_until", postgresql_where=text("state = 'offered'")),
    )

    occurrence_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("occurrence.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[Answer] = mapped_column(Text)
    companions: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: the place in line
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    offered_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class EventForGuests(Base):
    """What only those read who come: the bell, the exact place, a link. A table of its own, behind a wall of its own."""

    __tablename__ = "event_for_guests"

    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class FeedKind(StrEnum):
    MINE = "mine"  # what somebody comes to, invites to or has saved
    QUARTER = "quarter"  # all that hangs on the board they read


class CalendarFeed(Base):
    """A calendar somebody follows with their own program, under a secret address. The address itself is not kept."""

    __tablename__ = "calendar_feed"
    __table_args__ = (
        one_of("kind", FeedKind, "kind"),
        UniqueConstraint("person_id", "kind", name="uq_calendar_feed_kind"),
    )

    id: Mapped[pk_uuid]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"))
    kind: Mapped[FeedKind] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class EventImport(Base):
    """An event came from a row of a list: which list, and how that calls the row. ``digest``: of what the row said."""

    __tablename__ = "event_import"

    list: Mapped[str] = mapped_column(Text, primary_key=True)
    uid: Mapped[str] = mapped_column(Text, primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    imported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
