"""What happened that matters for safety: who, to whom, what, how it ended. Never an address, a mail or a token.

``note`` writes one row in the transaction it is called in, so that an event stands exactly if what it tells of stands;
where it cannot be written, what it belongs to fails too. Rows hold numbers of people and words of this file; they are read
after an incident (``neighbour privacy affected``) and in the export of whom they concern, and forgotten after twelve months.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

from flask import has_request_context, request
from sqlalchemy import BigInteger, DateTime, Index, Text, insert
from sqlalchemy.orm import Mapped, mapped_column

from neighbour.core import clock
from neighbour.core.columns import pk_int
from neighbour.core.db import Base, atomic, db


class Event(StrEnum):
    """Every kind of event there is. A room that notes something new adds a line."""

    SIGNED_UP = "account.signed_up"
    CONFIRMED = "account.confirmed"
    SIGNED_IN = "session.opened"
    SIGN_IN_REFUSED = "session.refused"
    SIGNED_OUT = "session.ended"
    SESSION_ENDED = "session.ended_elsewhere"
    REAUTHENTICATED = "session.proven_again"
    REAUTHENTICATION_REFUSED = "session.not_proven_again"
    PASSWORD_RESET_ASKED = "password.reset_asked"  # noqa: S105  a kind of event
    PASSWORD_CHANGED = "password.changed"  # noqa: S105
    EMAIL_CHANGE_ASKED = "email.change_asked"
    EMAIL_CHANGED = "email.changed"
    EMAIL_CHANGE_UNDONE = "email.change_undone"
    DISPUTED = "account.disputed"
    DISPUTE_OBJECTED = "account.dispute_objected"
    DISPUTE_DECIDED = "account.dispute_decided"
    DISPUTE_SETTLED = "account.dispute_settled"
    DISPUTE_LINKS_SENT = "account.dispute_links_sent"
    FACTOR_ADDED = "factor.added"
    FACTOR_REMOVED = "factor.removed"
    FACTOR_REFUSED = "factor.refused"
    FACTORS_RESET_ASKED = "factor.reset_asked"
    FACTORS_RESET_STOPPED = "factor.reset_stopped"
    FACTORS_RESET = "factor.reset"
    FACTORS_TAKEN_BACK = "factor.taken_back"
    FACTORS_GIVEN_BACK = "factor.given_back"
    RECOVERY_CODE_USED = "factor.recovery_used"
    ADDRESS_OPENED = "home.opened"
    ADDRESS_CHOSEN = "home.chosen"
    MOVED = "home.moved"
    PROOF_ASKED = "proof.asked"
    PROOF_LOOKED_AT = "proof.looked_at"
    PROOF_GRANTED = "proof.granted"
    PROOF_REFUSED = "proof.refused"
    PROOF_WITHDRAWN = "proof.withdrawn"
    CODE_WRONG = "proof.code_wrong"
    LETTERS_PRINTED = "letter.printed"
    LETTERS_PRINTED_AGAIN = "letter.printed_again"
    LETTERS_FETCHED = "letter.fetched"
    LETTERS_REFUSED = "letter.refused"
    INVITED = "invitation.made"
    INVITATION_USED = "invitation.used"
    INVITATION_ENDED = "invitation.ended"
    FLYER_MADE = "flyer.made"
    FLYER_ENDED = "flyer.ended"
    ALARM_SEEN = "alarm.seen"
    HOUSE_DECIDED = "house.decided"
    MISSING_ANSWERED = "home.missing_answered"
    INITIATIVE_ADDED = "initiative.added"
    INITIATIVE_VERIFIED = "initiative.verified"
    INITIATIVE_CHANGED = "initiative.changed"
    INITIATIVE_CONFIRMS = "initiative.confirms"
    INITIATIVE_SUSPENDED = "initiative.suspended"
    INITIATIVE_RESUMED = "initiative.resumed"
    ROLE_GIVEN = "role.given"
    ROLE_TAKEN = "role.taken"
    SUSPENDED = "account.suspended"
    RESTORED = "account.restored"
    TAKEN_DOWN = "contribution.taken_down"
    PUT_BACK = "contribution.put_back"
    PROTECTED = "privacy.protected"
    EXPORT_ASKED = "export.asked"
    EXPORT_MADE = "export.made"
    EXPORT_FETCHED = "export.fetched"
    EXPORT_REFUSED = "export.refused"
    ERASURE_ASKED = "erasure.asked"
    ERASURE_TAKEN_BACK = "erasure.taken_back"
    ERASURE_DONE = "erasure.done"
    ERASURE_REPLAYED = "erasure.replayed"
    KEYS_ROTATED = "keys.rotated"
    MADE_BY_COMMAND = "account.made"
    QUARTERS_IMPORTED = "quarters.imported"
    QUARTERS_PLANNED = "quarters.planned"
    QUARTERS_CANCELLED = "quarters.cancelled"
    LOG_READ = "log.read"
    INCIDENT_TOLD = "incident.told"


class SecurityEvent(Base):
    """An event. ``actor_id`` did it (None: nobody signed in, or the program), ``subject_id`` is whom it concerns. No
    foreign keys: the numbers outlive the accounts and say nothing without them."""

    __tablename__ = "security_event"
    __table_args__ = (
        Index("ix_security_event_at", "at"),
        Index("ix_security_event_subject_id", "subject_id", "id"),
    )

    id: Mapped[pk_int]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    subject_id: Mapped[int | None] = mapped_column(BigInteger)
    #: what it was about, in a word or an opaque id
    object: Mapped[str] = mapped_column(Text, default="")
    #: the route by which it came, empty for jobs and commands
    route: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[str] = mapped_column(Text, default="done")


_PLAIN = re.compile(r"[A-Za-z0-9_.:/ -]{0,80}")


def note(
    event: Event, *, actor: int | None = None, subject: int | None = None, about: str = "", result: str = "done"
) -> None:
    """Write an event down, with the surrounding ``atomic()`` or in a unit of its own.

    about: a word or an opaque id, never what somebody typed. Raises ValueError for anything else: letters, digits and
    ``_.:/-`` only, so that nobody can write a line of their own into it.
    """
    if not _PLAIN.fullmatch(about) or not _PLAIN.fullmatch(result):
        raise ValueError("an event is described by plain words of ours")
    route = (request.endpoint or "") if has_request_context() else ""
    values = {"at": clock.now(), "kind": event, "actor_id": actor, "subject_id": subject}
    row = insert(SecurityEvent).values(**values, object=about, route=route, result=result)
    with atomic():
        db.session.execute(row.inline())  # the application may write the log and not read it
