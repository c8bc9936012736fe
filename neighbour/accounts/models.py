"""Person, signed-in sessions, second factors, single-use tokens, changes of address."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    and_,
    false,
    or_,
    text,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from neighbour.accounts.appearance import TABLE, Ring, Shows
from neighbour.core import clock, tokens
from neighbour.core.columns import Timestamps, one_of, pk_int
from neighbour.core.db import Base


class Status(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


class SignUpStep(StrEnum):
    """The step of sign-up that comes next; every step is saved."""

    ADDRESS = "address"
    APPEARANCE = "appearance"
    CONFIRM = "confirm"
    DONE = "done"


class Person(Timestamps, Base):
    """An account. The number never leaves the server; outside a person is ``public_id``."""

    __tablename__ = "person"
    __table_args__ = (
        one_of("status", Status, "status"),
        one_of("signup_step", SignUpStep, "signup_step"),
        one_of("shows_own", Shows, "shows_own"),
        one_of("shows_nearby", Shows, "shows_nearby"),
        one_of("shows_city", Shows, "shows_city"),
        # Whatever writes this row: a protected person bears another name everywhere and shows no street.
        CheckConstraint(
            "NOT is_protected OR (alias <> '' AND display_name = alias AND street_shown IS NULL"
            " AND name_nearby IN ('', alias) AND name_city IN ('', alias))",
            name="protected",
        ),
        Index("ix_person_names_unhashed", "id", postgresql_where=text("NOT names_hashed")),
    )

    id: Mapped[pk_int]
    public_id: Mapped[str] = mapped_column(Text, unique=True, default=tokens.public_id)
    #: as typed; ``email_key`` is the folded form that must be unique
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Text, unique=True)
    password_hash: Mapped[str] = mapped_column(Text, deferred=True)
    first_name: Mapped[str] = mapped_column(Text, default="")
    last_name: Mapped[str] = mapped_column(Text, default="")
    #: another name, which then stands wherever a name would
    alias: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: how much of the name each ring may see (``appearance.TABLE``)
    shows_own: Mapped[Shows] = mapped_column(Text, default=Shows.SHORT, server_default=TABLE[Ring.OWN].default)
    shows_nearby: Mapped[Shows] = mapped_column(Text, default=Shows.SHORT, server_default=TABLE[Ring.NEARBY].default)
    shows_city: Mapped[Shows] = mapped_column(Text, default=Shows.FIRST, server_default=TABLE[Ring.CITY].default)
    #: what each ring reads, worked out from these (``appearance.dress``): own quarter, nearby, city; empty: no name
    display_name: Mapped[str] = mapped_column(Text, default="")
    name_nearby: Mapped[str] = mapped_column(Text, default="", server_default="")
    name_city: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: the street's name if the person lets neighbours see it, never a house number
    street_shown: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text, default="de")
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    status: Mapped[Status] = mapped_column(Text, default=Status.ACTIVE)
    signup_step: Mapped[SignUpStep] = mapped_column(Text, default=SignUpStep.ADDRESS)
    is_operator: Mapped[bool] = mapped_column(Boolean, default=False)
    #: counts up whenever links and codes are spoilt: a mail that was asked for in an earlier round is not sent any more
    links_round: Mapped[int] = mapped_column(default=0, server_default="0")
    #: the mail address this person asked for, until it is confirmed or given up; says nothing about whether it is free
    email_wish: Mapped[str | None] = mapped_column(Text)
    email_wished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: counts up with every new password: a browser that was known under the one before is not known any more
    password_round: Mapped[int] = mapped_column(default=0, server_default="0")
    #: why this person may not write at present, in the words they are told
    suspension_reason: Mapped[str | None] = mapped_column(Text)
    #: at risk: another name only, no street, no public cell, in no list, address for the operator alone
    is_protected: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: may be named in lists of people (the team of a quarter, a directory)
    is_listed: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    #: their offers may stand in their public cell on the map, for those who have proven to live in the same quarter
    is_on_map: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: from when on that holds: a new name stands in no list for a while (``choosing``)
    listed_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: when the name that others read was last changed
    renamed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: when they protected themselves for the first time: after that a further name of their choice waits as for anybody
    protected_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: the other name before this one: whoever needs protection while a further name waits has it back at once
    alias_before: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: whether the present names stand in ``worn_name``; the database takes it back with every change of them
    names_hashed: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())

    @classmethod
    def stands_in_lists(cls) -> ColumnElement[bool]:
        """The condition for people who may be named in lists now."""
        return and_(cls.is_listed, or_(cls.listed_from.is_(None), cls.listed_from <= clock.now()))

    @classmethod
    def face(cls) -> tuple[InstrumentedAttribute, ...]:
        """The columns of ``appearance.Face``: all that naming somebody reads of them."""
        return (cls.display_name, cls.name_nearby, cls.name_city, cls.street_shown, cls.public_id, cls.status)


class NameKind(StrEnum):
    ALIAS = "alias"  # another name, shown
    NAME = "name"  # the own name as a ring reads it
    REAL = "real"  # first and last name in full, read by nobody


class WornName(Base):
    """A keyed hash of how a name reads (``names.skeleton``) that somebody wears, or wore since names were last compared
    (``residency.cases.crowds``). Walled: one's own."""

    __tablename__ = "worn_name"
    __table_args__ = (
        one_of("kind", NameKind, "kind"),
        Index("uq_worn_name_person_id_hash", "person_id", "hash", unique=True),
        Index("ix_worn_name_hash", "hash"),
        Index("ix_worn_name_due", "due", postgresql_where=text("due IS NOT NULL")),
    )

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[NameKind] = mapped_column(Text)
    worn_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    #: when it was taken off; such rows go with the next comparison
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: its turn to be compared, given by the database to whoever has the mark of the proven; NULL: compared, or no mark
    due: Mapped[int | None] = mapped_column(BigInteger)


class LoginSession(Base):
    """A signed-in device. The cookie carries a random token, the table its hash: delete the row and it is over."""

    __tablename__ = "login_session"
    __table_args__ = (Index("ix_login_session_expires_at", "expires_at"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    #: the earlier of the idle limit (moved on by use) and the absolute limit
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    is_kept: Mapped[bool] = mapped_column(Boolean, default=False)
    device: Mapped[str] = mapped_column(Text, default="")
    #: when somebody last showed here that it is them, by password, passkey or app
    fresh_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: when a second factor was last shown here
    strong_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: when staff last did anything here; noted by the minute, so that their rights can end after half an hour
    active_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Passkey(Timestamps, Base):
    """A key on a device of the person (WebAuthn). Walled: it exists for their eyes only."""

    __tablename__ = "passkey"

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    #: how often the device says it has signed; one that says less than before was copied
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    transports: Mapped[str] = mapped_column(Text, default="")
    name: Mapped[str] = mapped_column(Text)
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Authenticator(Timestamps, Base):
    """The app that shows six digits (TOTP). Its seed is sealed. Walled."""

    __tablename__ = "authenticator"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    #: the last half minute whose digits were used; they and older ones do not work again
    last_step: Mapped[int] = mapped_column(BigInteger)
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RecoveryCode(Timestamps, Base):
    """A code on paper for the day the phone is gone; works once. Walled."""

    __tablename__ = "recovery_code"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Challenge(Base):
    """What a passkey has to sign: for one browser or session, one purpose, once, five minutes at most."""

    __tablename__ = "challenge"

    holder_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class EmailChange(Base):
    """An address that was left. Until ``undo_until`` it is nobody else's, and its mailbox can take the change back."""

    __tablename__ = "email_change"

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    old_email: Mapped[str] = mapped_column(Text)
    old_key: Mapped[str] = mapped_column(Text, index=True)
    #: what the account got in its place
    new_email: Mapped[str] = mapped_column(Text, default="", server_default="")
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    undo_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DisputeState(StrEnum):
    WAITING = "waiting"  # the mailbox of now may object
    OBJECTED = "objected"  # both say it is theirs: the operator decides
    OLD = "old"  # the mailbox that was left has it back
    NEW = "new"  # everything stays as it is


DISPUTED = (DisputeState.WAITING, DisputeState.OBJECTED)


class Dispute(Base):
    """The mailbox that was left says that the change of address was none of theirs. While it lasts the account is closed."""

    __tablename__ = "dispute"
    __table_args__ = (
        one_of("state", DisputeState, "state"),
        Index("uq_dispute_open", "person_id", unique=True, postgresql_where=text("state IN ('waiting', 'objected')")),
        Index("ix_dispute_new_key", "new_key", postgresql_where=text("is_by_silence")),
    )

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    change_id: Mapped[int | None] = mapped_column(ForeignKey("email_change.id", ondelete="SET NULL"), index=True)
    #: the mailboxes of the two sides; the second is the one the account has
    old_email: Mapped[str] = mapped_column(Text)
    new_email: Mapped[str] = mapped_column(Text)
    new_key: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: the moment to which the older mailbox goes back
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    begun_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    objected_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    state: Mapped[DisputeState] = mapped_column(Text, default=DisputeState.WAITING)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: nobody had objected: the operator can still turn it round
    is_by_silence: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: when the operator last had the links of both sides sent again
    links_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: wrong codes each side has typed
    wrong_old: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    wrong_new: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")


class FactorAside(Base):
    """A factor as it was when silence gave its account away: a passkey, an app or a code, whichever it holds. Opens nothing, and
    is nobody's to read (``putting_aside``)."""

    __tablename__ = "factor_aside"
    __table_args__ = (CheckConstraint("num_nonnulls(credential_id, sealed, code_hash) = 1", name="one"),)

    id: Mapped[pk_int]
    dispute_id: Mapped[int] = mapped_column(ForeignKey("dispute.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    aside_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    credential_id: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    sign_count: Mapped[int | None] = mapped_column(BigInteger)
    transports: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ResetState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"


class FactorReset(Base):
    """The operator was asked to take the second factors off an account whose owner lost them; the owner may object."""

    __tablename__ = "factor_reset"
    __table_args__ = (
        one_of("state", ResetState, "state"),
        Index("uq_factor_reset_waiting", "person_id", unique=True, postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[pk_int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[ResetState] = mapped_column(Text, default=ResetState.WAITING)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class OneTimeToken(Base):
    """A token that works once (confirm a mail address, set a new password), kept as a hash."""

    __tablename__ = "one_time_token"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
