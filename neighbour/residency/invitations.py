"""A neighbour's invitations: made, shown, used, ended, and a word taken back.

Whoever has proven to live in a quarter may invite: two invitations at a time, five uses each, fourteen days, ten people in
thirty days altogether, into the own quarter only. An invitation is the inviter's word, so they see who used it – the name as
neighbours see it, never the address – and may take the word back within fourteen days. A word goes so far and no farther: who
is two invitations away from somebody who proved their address on their own does not invite.

The code and its link may wander; what they open is one quarter's board to people who say that they live there, five of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select, text, update

from neighbour.accounts.appearance import Byline, Face, Ring, seen
from neighbour.accounts.models import Person
from neighbour.core import audit, clock, tokens
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.policy import Level
from neighbour.residency import alarms, codes, grading, guessing
from neighbour.residency.code_models import Invitation, InvitationUse
from neighbour.residency.grading import Vouch, current_membership, depth_of, standing
from neighbour.residency.models import Membership, Proof
from neighbour.residency.notices import InvitationUsed
from neighbour.residency.proofs.invitation import INVITATION
from neighbour.residency.proofs.method import Answer, Outcome

CODE = tokens.kind("invitation_code", "a neighbour's word for five people who say that they live in one quarter")
MOST_USES, LIFE = 5, timedelta(days=14)
MOST_LIVE, MOST_PER_MONTH, MONTH = 2, 10, timedelta(days=30)
TAKEN_BACK_WITHIN = timedelta(days=14)
MOST_DEPTH = 2
SHOWN_AFTER = timedelta(days=90)  # how long an invitation that is over stays on the inviter's page


class Reason(StrEnum):
    """Why nobody can be invited now."""

    NOT_VERIFIED = "not_verified"
    TOO_FAR = "too_far"
    TWO_LIVE = "two_live"
    MONTH_FULL = "month_full"


class NoInvitation(Exception):
    """Nobody can be invited now."""

    def __init__(self, reason: Reason):
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Use:
    """Somebody who joined, as the inviter sees them. number: the how manieth of all who are shown, so that two of one name are
    two; key: the colour of the avatar; words: by how many of their invitations the inviter stands for this person, 0 where no
    name is shown. name: empty when they do not live in the quarter any more, when they bear
    another name, and when the account is gone: the inviter knows who it was, and would read off where and under which name
    they live now. Whether the other name is a protected person's makes no difference, here or in the mail: nobody can tell."""

    public_id: str
    number: int
    name: str
    key: str
    words: int
    used_at: datetime
    is_taken_back: bool
    is_recent: bool

    @property
    def can_be_taken_back(self) -> bool:
        return self.is_recent and not self.is_taken_back


@dataclass(frozen=True)
class Shown:
    """An invitation on its maker's page."""

    public_id: str
    code: str
    is_live: bool
    is_named: bool
    ended_at: datetime | None
    expires_at: datetime
    left: int
    uses: tuple[Use, ...]


def make(person_id: int, *, is_named: bool = False) -> Invitation:
    """Make an invitation into the person's own quarter. is_named: their name may stand on the slip. Raises NoInvitation.
    Two clicks at once make no third one: the membership is locked."""
    with atomic():
        membership = current_membership(person_id, lock=True)
        reason = why_not(person_id, membership)
        if reason is not None or membership is None:
            raise NoInvitation(reason or Reason.NOT_VERIFIED)
        row = Invitation(
            person_id=person_id,
            quarter_id=membership.quarter_id,
            depth=depth_of(standing(membership.id, clock.now())),
            most_uses=MOST_USES,
            is_named=is_named,
            expires_at=clock.now() + LIFE,
            public_id=codes.new_public_id(),
        )
        row.code_hash = codes.marked_fingerprint(code_of(row.public_id))
        db.session.add(row)
        db.session.flush()
        audit.note(Event.INVITED, actor=person_id, subject=person_id)
        return row


def why_not(person_id: int, membership: Membership | None) -> Reason | None:
    """What keeps a person from inviting now, None where nothing does."""
    now = clock.now()
    if membership is None or Level(membership.level) is not Level.VERIFIED:
        return Reason.NOT_VERIFIED
    if depth_of(standing(membership.id, now)) >= MOST_DEPTH:
        return Reason.TOO_FAR
    mine = Invitation.person_id == person_id
    live = mine, Invitation.ended_at.is_(None), Invitation.expires_at > now, Invitation.uses < Invitation.most_uses
    if (db.session.scalar(select(func.count()).where(*live)) or 0) >= MOST_LIVE:
        return Reason.TWO_LIVE
    recent = (
        select(func.count()).select_from(InvitationUse).join(Invitation, Invitation.id == InvitationUse.invitation_id)
    )
    if (db.session.scalar(recent.where(mine, InvitationUse.used_at > now - MONTH)) or 0) >= MOST_PER_MONTH:
        return Reason.MONTH_FULL
    return None


def code_of(public_id: str) -> str:
    """The code of the invitation with this id, as it is printed without hyphens."""
    return codes.derive(codes.INVITATION, public_id)


def of_person(person_id: int) -> list[Shown]:
    """A person's invitations with who used them, newest first; those long over are left out."""
    since = clock.now() - SHOWN_AFTER
    query = select(Invitation).where(Invitation.person_id == person_id, Invitation.expires_at > since)
    rows = db.session.scalars(query.order_by(Invitation.id.desc())).all()
    uses = _uses_of([row.id for row in rows])
    return [_shown(row, uses.get(row.id, ())) for row in rows]


def one_of_person(person_id: int, public_id: str) -> Shown | None:
    """One of a person's own invitations that still works; None where there is none of this id."""
    return next((each for each in of_person(person_id) if each.public_id == public_id and each.is_live), None)


def word_of_person(person_id: int, use_id: str) -> tuple[Shown, Use] | None:
    """Somebody for whom the person gave their word, and by which invitation; None where there is none of this id, or it was
    given too long ago to be taken back."""
    return next(
        (
            (each, use)
            for each in of_person(person_id)
            for use in each.uses
            if use.public_id == use_id and use.is_recent
        ),
        None,
    )


def _shown(row: Invitation, uses: tuple[Use, ...]) -> Shown:
    is_live = row.ended_at is None and row.expires_at > clock.now() and row.uses < row.most_uses
    left, code = row.most_uses - row.uses, codes.show(code_of(row.public_id))
    return Shown(row.public_id, code, is_live, row.is_named, row.ended_at, row.expires_at, left, uses)


def _uses_of(ids: list[int]) -> dict[int, tuple[Use, ...]]:
    lives_here = Membership.quarter_id == Invitation.quarter_id, Membership.ended_at.is_(None)
    is_shown = func.coalesce(Membership.id.is_not(None) & (Person.alias == ""), False)
    words = func.count().filter(InvitationUse.taken_back_at.is_(None)).over(partition_by=InvitationUse.person_id)
    query = (
        select(InvitationUse, is_shown, words, *Person.face())
        .join(Invitation, Invitation.id == InvitationUse.invitation_id)
        .outerjoin(Person, Person.id == InvitationUse.person_id)
        .outerjoin(Membership, and_(Membership.person_id == InvitationUse.person_id, *lives_here))
        .where(InvitationUse.invitation_id.in_(ids))
        .order_by(InvitationUse.id)
    )
    since = clock.now() - TAKEN_BACK_WITHIN  # of who is erased too: nobody sees who moved and who is gone
    found: dict[int, tuple[Use, ...]] = {}
    for number, (use, is_named, standing_for, *face) in enumerate(db.session.execute(query), start=1):
        by = seen(Face(*face), Ring.OWN) if is_named else Byline("", "")
        one = Use(
            public_id=use.public_id,
            number=number,
            name=by.name,
            key=by.key,
            words=standing_for if is_named else 0,
            used_at=use.used_at,
            is_taken_back=use.taken_back_at is not None,
            is_recent=use.used_at > since,
        )
        found[use.invitation_id] = (*found.get(use.invitation_id, ()), one)
    return found


def end(public_id: str, *, by: int | None = None) -> bool:
    """End an invitation: it takes nobody in any more, those it took in stay. By its maker or at the desk (by: who at
    the desk): the wall shows it to no others. False where there is none that could be ended. Commits."""
    with atomic():
        live = Invitation.public_id == public_id, Invitation.ended_at.is_(None)
        ended = update(Invitation).where(*live).values(ended_at=clock.now()).returning(Invitation.person_id)
        maker = db.session.scalar(ended)
        if maker is None:
            return False
        audit.note(Event.INVITATION_ENDED, actor=by or maker, subject=maker, about=public_id)
        return True


def take_back(person_id: int, use_id: str) -> bool:
    """Take one's word for somebody back, within 14 days: that proof ends, their level is counted anew, and they are told that a
    word for them holds no longer – not whose. False where there is nothing to take back. Commits."""
    now = clock.now()
    with atomic():
        mine = select(Invitation.id).where(Invitation.person_id == person_id)
        use = db.session.scalar(
            select(InvitationUse)
            .where(
                InvitationUse.public_id == use_id,
                InvitationUse.invitation_id.in_(mine),
                InvitationUse.taken_back_at.is_(None),
                InvitationUse.used_at > now - TAKEN_BACK_WITHIN,
            )
            .with_for_update()
        )
        if use is None:
            return False
        use.taken_back_at = now
        if use.person_id is not None:
            grading.end_proofs(use.person_id, Proof.source == source_of(use.id), Proof.by_person_id == person_id)
        return True


def source_of(use_id: int | str) -> str:
    """What a proof says it came from."""
    return f"invitation {use_id}"


def is_taken_back() -> ColumnElement[bool]:
    """The condition for proofs whose giver has taken their word back. Through the eyes of whom it was given."""
    use = InvitationUse.taken_back_at.is_not(None), Proof.source == func.concat(source_of(""), InvitationUse.id)
    return exists().where(*use)


_USE = text(
    "SELECT outcome, use_id, inviter_id, household, distance, place, alarm FROM use_invitation(:code, :at, :most)"
)


def redeem(person_id: int, code: str, network: str) -> Answer:
    """Answer an invitation's code for a person who says that they live in its quarter.

    code: as ``codes.read_marked`` gives it. Every try is counted first (``guessing``). Of any number of simultaneous uses no
    more than five count: the database locks the inviter's invitations. A code of another quarter is a wrong one. Whoever used
    it before and has moved inside the quarter is let in anew, without a further use.
    """
    if not guessing.may_try(person_id, network):
        return Answer(Outcome.LOCKED, method=INVITATION.key)
    with atomic():
        grading.current_membership(person_id, lock=True)  # nobody moves between the code's answer and the proof
        values: dict[str, Any] = {"code": codes.marked_fingerprint(code), "at": clock.now(), "most": MOST_PER_MONTH}
        used = db.session.execute(_USE, values).one()
        if used.outcome in (Outcome.USED, Outcome.HELD, "good"):
            guessing.was_right(person_id, network)
        outcome = Outcome.PROVEN if used.outcome == "good" else Outcome(used.outcome)
        if outcome is Outcome.PROVEN:
            word = Vouch(used.inviter_id, bytes(used.household), used.distance)
            source = source_of(used.use_id)
            proof = grading.grant(
                person_id, INVITATION.key, INVITATION.level, INVITATION.lasts, source=source, vouch=word
            )
            outcome = Outcome.HELD if proof.held_at else Outcome.PROVEN
            audit.note(Event.INVITATION_USED, actor=person_id, subject=used.inviter_id)
            InvitationUsed.send(used.inviter_id, subject_key=source, payload={"person_id": person_id})
        if used.alarm:
            alarms.tell(used.alarm, values["code"].hex()[:16], used.place, inviter=used.inviter_id)
        return Answer(outcome, method=INVITATION.key)


def is_vouched_for(person_id: int) -> bool:
    """Whether a neighbour's word stands for the person already: a second one, from another house, may open everything."""
    membership = current_membership(person_id)
    proofs = standing(membership.id, clock.now()) if membership else []
    return any(proof.vouch_household is not None for proof in proofs)
