"""Photos, the pieces in which they arrive, and the names of files that are to go."""

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
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock
from neighbour.core.columns import one_of, pk_uuid, when
from neighbour.core.db import Base


class PhotoState(StrEnum):
    """receiving: pieces are missing; waiting: to be drawn; ready: others see it; refused: ``trouble`` says why."""

    RECEIVING = "receiving"
    WAITING = "waiting"
    READY = "ready"
    REFUSED = "refused"


class Photo(Base):
    """A photo of a contribution, or one that its author has sent and not pinned up yet."""

    __tablename__ = "photo"
    __table_args__ = (
        one_of("state", PhotoState, "state"),
        CheckConstraint("received BETWEEN 0 AND size", name="received"),
        Index("ix_photo_contribution_id", "contribution_id", "position"),
        Index("ix_photo_author_id", "author_id", "id"),
        Index("ix_photo_waiting", "id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[pk_uuid]
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"))
    contribution_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contribution.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    #: what is to be seen on it, for whoever does not see it
    alt: Mapped[str] = mapped_column(Text, default="", server_default="")
    state: Mapped[PhotoState] = mapped_column(Text, default=PhotoState.RECEIVING)
    trouble: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: bytes of the file that was sent, and how many of them are there
    size: Mapped[int] = mapped_column(Integer)
    received: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: pixels of the largest size
    width: Mapped[int | None] = mapped_column(SmallInteger)
    height: Mapped[int | None] = mapped_column(SmallInteger)
    #: its colours in a grid of four by three, as 72 hexadecimal digits: shown until the picture is there
    blur: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: what its files are called; no address says it. Photos of one file go on two contributions where a series goes on as another
    stored_as: Mapped[uuid.UUID] = mapped_column(Uuid, index=True, default=uuid.uuid4)
    #: makes sending twice one
    upload_key: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True)
    #: opens its pieces; gone with them
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    made_at: Mapped[when] = mapped_column(default=clock.now)


class PhotoPiece(Base):
    """A part of a file that was sent, from byte ``start`` on; sealed, and gone as soon as the photo is drawn."""

    __tablename__ = "photo_piece"

    photo_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True)
    start: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class PhotoTrash(Base):
    """Files of a photo that is gone. Written by the database alone, whichever way the photo went."""

    __tablename__ = "photo_trash"

    stored_as: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
