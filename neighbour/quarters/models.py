"""City, quarter, adjacency, and the counts shown about a quarter."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock
from neighbour.core.columns import Timestamps, one_of, pk_int
from neighbour.core.db import Base

OPENS_AT = 20  # households on board from which a quarter has a board of its own, unless the operator says otherwise


class City(Base):
    """The municipality this instance serves: one row."""

    __tablename__ = "city"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, default=1, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    #: goes up with every change of quarters; every process rebuilds its index when it sees a new number
    geo_version: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    #: households on board from which a quarter has a board of its own (``Quarter.opened_at``)
    opens_at: Mapped[int] = mapped_column(Integer, default=OPENS_AT, server_default=text(str(OPENS_AT)))


class Quarter(Timestamps, Base):
    """A named area with a geofence."""

    __tablename__ = "quarter"
    __table_args__ = (CheckConstraint("households IS NULL OR households >= 0", name="households_not_negative"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    #: the operator's own id of the quarter, text, for example 04300414; names are not unique, keys are
    key: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    households: Mapped[int | None]
    #: the boundary as WKB, WGS84, axis order lon, lat
    geometry: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    #: the boundary simplified for drawing, GeoJSON geometry as text
    outline: Mapped[str] = mapped_column(Text, deferred=True)
    area_m2: Mapped[float] = mapped_column(Double)
    lon: Mapped[float] = mapped_column(Double)
    lat: Mapped[float] = mapped_column(Double)
    #: hash of the boundary, to tell "not redrawn"
    checksum: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    #: since when it has a board of its own; before, it reads and is read together with the quarters beside it. Never
    #: closed again (``City.opens_at``, ``residency.opening``)
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class FormerQuarter(Base):
    """A quarter that became part of another: its page leads to that one."""

    __tablename__ = "former_quarter"

    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    became_id: Mapped[int] = mapped_column(ForeignKey("quarter.id"))
    gone_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class Adjacency(Base):
    """Two quarters that share a border, not just a corner; stored in both directions."""

    __tablename__ = "adjacency"

    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id", ondelete="CASCADE"), primary_key=True)
    neighbour_id: Mapped[int] = mapped_column(ForeignKey("quarter.id", ondelete="CASCADE"), primary_key=True)
    border_m: Mapped[float] = mapped_column(Double)


class QuarterStat(Base):
    """Counts shown about a quarter: households with a member, members, digest readers. No row-level wall: only sums."""

    __tablename__ = "quarter_stat"

    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id", ondelete="CASCADE"), primary_key=True)
    households_on_board: Mapped[int] = mapped_column(default=0, server_default="0")
    members: Mapped[int] = mapped_column(default=0, server_default="0")
    readers: Mapped[int] = mapped_column(default=0, server_default="0")


class PlanState(StrEnum):
    PLANNED = "planned"
    DONE = "done"
    CANCELLED = "cancelled"


class ChangeOf(StrEnum):
    """What a plan does to a quarter."""

    NEW = "new"
    REDRAWN = "redrawn"
    RENAMED = "renamed"  # or another number of households; its border stays
    GONE = "gone"


class Plan(Timestamps, Base):
    """A change of quarters that comes into force on a day; one at a time is planned."""

    __tablename__ = "quarter_plan"
    __table_args__ = (
        one_of("state", PlanState, "state"),
        Index("uq_quarter_plan_open", "state", unique=True, postgresql_where=text("state = 'planned'")),
    )

    id: Mapped[pk_int]
    #: local date of the city, from whose beginning on the new quarters are in force
    on_day: Mapped[date] = mapped_column(Date)
    state: Mapped[PlanState] = mapped_column(Text, default=PlanState.PLANNED)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: how many people were told of it
    told: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))


class PlanMove(Base):
    """Who goes from one quarter into another, as counted when the change was planned. Where both are the same: who stays."""

    __tablename__ = "plan_move"

    plan_id: Mapped[int] = mapped_column(ForeignKey("quarter_plan.id", ondelete="CASCADE"), primary_key=True)
    from_key: Mapped[str] = mapped_column(Text, primary_key=True)
    to_key: Mapped[str] = mapped_column(Text, primary_key=True)
    entries: Mapped[int]
    households: Mapped[int]
    people: Mapped[int]
    choosers: Mapped[int]


class PlanQuarter(Base):
    """A quarter as it will be; those that stay as they are have no row. For one that goes, the last it was."""

    __tablename__ = "plan_quarter"
    __table_args__ = (one_of("change", ChangeOf, "change"),)

    plan_id: Mapped[int] = mapped_column(ForeignKey("quarter_plan.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    change: Mapped[ChangeOf] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    slug: Mapped[str] = mapped_column(Text)
    households: Mapped[int | None]
    geometry: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    outline: Mapped[str] = mapped_column(Text, deferred=True)
    area_m2: Mapped[float] = mapped_column(Double)
    lon: Mapped[float] = mapped_column(Double)
    lat: Mapped[float] = mapped_column(Double)
    checksum: Mapped[str] = mapped_column(Text)


class PlanLink(Base):
    """Ground of one quarter that will be another's. ``is_main``: what belongs to no single address follows here when the
    first one goes."""

    __tablename__ = "plan_link"

    plan_id: Mapped[int] = mapped_column(ForeignKey("quarter_plan.id", ondelete="CASCADE"), primary_key=True)
    from_key: Mapped[str] = mapped_column(Text, primary_key=True)
    to_key: Mapped[str] = mapped_column(Text, primary_key=True)
    area_m2: Mapped[float] = mapped_column(Double)
    is_main: Mapped[bool] = mapped_column(default=False)


class PlanBorder(Base):
    """Two quarters that will share a border; ``one`` comes first in the alphabet."""

    __tablename__ = "plan_border"

    plan_id: Mapped[int] = mapped_column(ForeignKey("quarter_plan.id", ondelete="CASCADE"), primary_key=True)
    one: Mapped[str] = mapped_column(Text, primary_key=True)
    other: Mapped[str] = mapped_column(Text, primary_key=True)
    border_m: Mapped[float] = mapped_column(Double)
