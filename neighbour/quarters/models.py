"""City, quarter, adjacency, and the counts shown about a quarter."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Double, ForeignKey, Identity, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock
from neighbour.core.columns import Timestamps
from neighbour.core.db import Base


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
