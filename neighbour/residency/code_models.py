"""Codes that neighbours and the Quartiersteam give out: invitations, flyers, who used them, and what looked strange.

No code stands here: ``code_hash`` is a keyed hash to look it up by, and the code itself is derived from ``public_id`` with a key
outside the database (``codes.derive``), so that a slip can be printed again and a copy of the database opens nothing.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, DateTime, ForeignKey, LargeBinary, SmallInteger, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock, tokens
from neighbour.core.columns import Timestamps, one_of, pk_int
from neighbour.core.db import Base


class Invitation(Timestamps, Base):
    """A neighbour's invitation: a few may use it, in the inviter's quarter only. Walled: the inviter's and the desk's."""

    __tablename__ = "invitation"
    __table_args__ = (CheckConstraint("uses BETWEEN 0 AND most_uses", name="uses"),)

    id: Mapped[pk_int]
    public_id: Mapped[str] = mapped_column(Text, unique=True, default=tokens.public_id)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id", ondelete="CASCADE"), index=True)
    #: how many invitations the inviter is away from somebody who proved their address on their own
    depth: Mapped[int] = mapped_column(SmallInteger)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    most_uses: Mapped[int] = mapped_column(SmallInteger)
    uses: Mapped[int] = mapped_column(SmallInteger, default=0)
    #: how often the code was tried after it was used up
    refused: Mapped[int] = mapped_column(default=0)
    #: whether the inviter's name stands on the slip: only where they ticked it
    is_named: Mapped[bool] = mapped_column(Boolean, default=False)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class InvitationUse(Base):
    """Somebody joined by an invitation. Written by ``use_invitation()`` in the database alone."""

    __tablename__ = "invitation_use"
    __table_args__ = (UniqueConstraint("invitation_id", "person_id", name="uq_invitation_use_once"),)

    id: Mapped[pk_int]
    public_id: Mapped[str] = mapped_column(Text, unique=True, default=tokens.public_id)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id", ondelete="CASCADE"))
    #: None when the account is gone: the use stays used
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    taken_back_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Flyer(Timestamps, Base):
    """A code for the houses of some streets, on paper in their staircases. Walled: the desk's."""

    __tablename__ = "flyer"
    __table_args__ = (CheckConstraint("uses BETWEEN 0 AND most_uses", name="uses"),)

    id: Mapped[pk_int]
    public_id: Mapped[str] = mapped_column(Text, unique=True, default=tokens.public_id)
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id", ondelete="CASCADE"), index=True)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    #: the streets and numbers as they were asked for, one a line: what the desk calls this flyer
    streets: Mapped[str] = mapped_column(Text)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    most_uses: Mapped[int] = mapped_column(SmallInteger)
    uses: Mapped[int] = mapped_column(SmallInteger, default=0)
    refused: Mapped[int] = mapped_column(default=0)
    #: how often it was tried by people of other houses
    strays: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class FlyerHouse(Base):
    """A house (keyed hash of its register entry) whose people a flyer is for."""

    __tablename__ = "flyer_house"

    flyer_id: Mapped[int] = mapped_column(ForeignKey("flyer.id", ondelete="CASCADE"), primary_key=True)
    address_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class FlyerUse(Base):
    """Somebody joined by a flyer. Written by ``use_flyer()`` in the database alone."""

    __tablename__ = "flyer_use"
    __table_args__ = (UniqueConstraint("flyer_id", "person_id", name="uq_flyer_use_once"),)

    id: Mapped[pk_int]
    flyer_id: Mapped[int] = mapped_column(ForeignKey("flyer.id", ondelete="CASCADE"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class AlarmKind(StrEnum):
    """What looked strange about a code."""

    INVITATION_BURST = "invitation_burst"
    INVITATION_FULL = "invitation_full"  # tried again and again after its last use
    FLYER_BURST = "flyer_burst"
    FLYER_LIMIT = "flyer_limit"  # its last use: it closes
    FLYER_FULL = "flyer_full"
    FLYER_ELSEWHERE = "flyer_elsewhere"  # tried by people of other houses


class CodeAlarm(Base):
    """Something strange about an invitation or a flyer, once per code and kind. Walled: the desk's."""

    __tablename__ = "code_alarm"
    __table_args__ = (
        one_of("kind", AlarmKind, "kind"),
        UniqueConstraint("source", "kind", name="uq_code_alarm_once"),
    )

    id: Mapped[pk_int]
    public_id: Mapped[str] = mapped_column(Text, unique=True, default=tokens.public_id)
    quarter_id: Mapped[int] = mapped_column(ForeignKey("quarter.id", ondelete="CASCADE"), index=True)
    kind: Mapped[AlarmKind] = mapped_column(Text)
    #: ``invitation`` or ``flyer`` and its public id
    source: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    seen_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)


class PrintState(StrEnum):
    """Where a batch is that was asked for at the desk."""

    ASKED = "asked"
    READY = "ready"
    NOTHING = "nothing"  # when its turn came, no letter was due
    FAILED = "failed"


class PrintRun(Base):
    """A batch of letters that an operator asked for at the desk. Walled: operators'."""

    __tablename__ = "print_run"
    __table_args__ = (one_of("state", PrintState, "state"),)

    id: Mapped[pk_int]
    public_id: Mapped[str] = mapped_column(Text, unique=True, default=tokens.public_id)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    paper: Mapped[str] = mapped_column(Text)
    wants_table: Mapped[bool] = mapped_column(Boolean, default=False)
    #: the batch to be printed once more; None: what is due
    again: Mapped[str | None] = mapped_column(Text)
    state: Mapped[PrintState] = mapped_column(Text, default=PrintState.ASKED)
    batch: Mapped[str | None] = mapped_column(Text)
    letters: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: each of the two files is fetched once
    pdf_fetched_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    table_fetched_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
