"""Two mailboxes, one account: the one that was left says the change of address was none of theirs.

It may be the owner, whose account a thief has moved to an address of their own; or the former partner who still reads the old
mailbox, from which the owner has moved away. The press of a button cannot tell. So it hands nothing over: it closes the
account – every session ends, nobody comes in, nothing else changes – and tells both mailboxes. Then

* whoever shows a second factor that was there three days before all this (``FACTOR_FOR``: a younger one may be the thief's, who
  made it before they moved the account) settles it at once, for the mailbox whose link they hold;
* without that, the newer mailbox may object for three days, counted from when a mail server took the mail that asks them;
  then the account stays closed until the operator decides;
* silence decides nothing for an account that ever had a proven home or is protected: there is somebody to ask at home, and who
  is silent may be kept from answering. Nor for one with an office – operator, team, editor –, which is trusted by others
  (migration 0097). Nor where the mail never arrived. There the operator decides, too;
* for the others silence gives it back to the older mailbox (``taking_back.take_back``), with a link for a new password; for
  thirty days the operator can still turn that round (``dispute_deciding``).

Whoever gets the account reads nowhere in it where the other may have fled to: no home goes with it that was not proven before
the quarrel (``hooks.hand_over``).

Nobody in the account can spoil any of this. An older mailbox that comes later takes the place of a younger one, and what was
objected to stays objected to; a younger one that comes later objects.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from neighbour.accounts import (
    dispute_notices,
    entering,
    factors,
    hooks,
    onetime,
    passkeys,
    putting_aside,
    sessions,
    taking_back,
)
from neighbour.accounts.addresses import fold
from neighbour.accounts.email_changes import is_live
from neighbour.accounts.locks import hold
from neighbour.accounts.models import DISPUTED, Dispute, DisputeState, EmailChange, OneTimeToken, Person
from neighbour.accounts.onetime import Refused
from neighbour.accounts.taking_back import FACTOR_FOR
from neighbour.core import audit, clock, limits
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.notices import ledger
from neighbour.notices.models import DeliveryState
from neighbour.notices.service import suppressed

OBJECT_FOR = timedelta(hours=72)
LINKS_FOR = timedelta(days=30)  # the operator may take their time, and a factor still settles it
PURPOSE = "dispute"  # of what a passkey signs
OLD, NEW = "old", "new"
CODES_EVER = 20  # wrong ones of one side; then only the operator settles it for them

limits.register("dispute", limits.Rate(5, 86_400, parts=6))  # codes shown, per side


@dataclass(frozen=True)
class Side:
    """A quarrel, seen from one of the two mailboxes."""

    dispute: Dispute
    is_old: bool

    @property
    def is_open(self) -> bool:
        return self.dispute.state in DISPUTED

    @property
    def is_dead(self) -> bool:
        """Whether this side has typed so many wrong codes that none counts any more."""
        return (self.dispute.wrong_old if self.is_old else self.dispute.wrong_new) >= CODES_EVER

    @property
    def may_object(self) -> bool:
        return not self.is_old and self.dispute.state == DisputeState.WAITING


def by_email(token: str) -> tuple[str, str]:
    """The button of the mail that tells of another address: closes the account. Gives ("", the token of this side), without one
    where somebody else's quarrel goes on; (the token for a new password, "") where the account has this very address again.
    Commits; raises Refused."""
    with atomic():
        row = onetime.redeem(token, onetime.UNDO)
        left = db.session.scalar(select(EmailChange).where(EmailChange.id == int(row.email), *is_live()))
        if left is None:
            raise Refused("used_or_old")
        if _is_now(left.person_id, left.old_key) and open_of(left.person_id) is None:
            to_set = taking_back.take_back(left.person_id, left.changed_at, left)
            audit.note(Event.EMAIL_CHANGE_UNDONE, subject=row.person_id)
            return to_set, ""
        return "", _begin(left, left.changed_at)


def _is_now(person_id: int, key: str) -> bool:
    """Whether this is the address the account has."""
    return db.session.scalar(select(Person.id).where(Person.id == person_id, Person.email_key == key)) is not None


def by_factor(token: str) -> tuple[str, str]:
    """The button of the mail that tells of a new way to sign in. Gives the token for a new password, where the mailbox is still
    the account's: then what was added is taken off; or that of this side, where the account has another address since. Commits;
    raises Refused."""
    with atomic():
        row = onetime.redeem(token, onetime.UNDO_FACTOR)
        person_id, (moment, _space, mailbox) = row.person_id, row.email.partition(" ")
        if not taking_back.is_mailbox_of(person_id, mailbox):
            raise Refused("used_or_old")
        since = datetime.fromisoformat(moment)
        later = (
            EmailChange.person_id == person_id,
            EmailChange.changed_at >= since,
            EmailChange.old_key == fold(mailbox),
        )
        left = db.session.scalar(select(EmailChange).where(*later, *is_live()).order_by(EmailChange.id).limit(1))
        if left is not None and not _is_now(person_id, fold(mailbox)):
            return "", _begin(left, since)
        if open_of(person_id) is not None:
            raise Refused("used_or_old")
        to_set = taking_back.take_back(person_id, since, left)
        audit.note(Event.FACTORS_TAKEN_BACK, subject=person_id)
    return to_set, ""


def open_of(person_id: int) -> Dispute | None:
    """The quarrel about this account, if there is one."""
    mine = Dispute.person_id == person_id, Dispute.state.in_(DISPUTED)
    return db.session.scalar(select(Dispute).where(*mine).execution_options(populate_existing=True))


def _begin(left: EmailChange, since: datetime) -> str:
    """With the person held; raises Refused where somebody else has confirmed the address, which nobody can meanwhile."""
    theirs = Person.email_key == left.old_key, Person.id != left.person_id, Person.confirmed_at.is_not(None)
    if db.session.scalar(select(Person.id).where(*theirs)) is not None:
        raise Refused("taken")
    now, row = clock.now(), open_of(left.person_id)
    if row is not None and row.change_id is not None and row.change_id < left.id:
        _object(row)
        return ""
    if row is None:
        person = db.session.get_one(Person, left.person_id, populate_existing=True)
        newer = person.email or _next_email(left)
        row = Dispute(
            person_id=left.person_id,
            new_email=newer,
            new_key=fold(newer),
            begun_at=now,
            since=since,
            state=DisputeState.WAITING,
        )
        db.session.add(row)
    if row.change_id != left.id:
        row.change_id, row.old_email, row.due_at, row.wrong_old = left.id, left.old_email, now + OBJECT_FOR, 0
    row.since = min(row.since, since)
    db.session.flush()
    sessions.end_all(row.person_id)
    onetime.spoil(row.person_id)
    audit.note(Event.DISPUTED, subject=row.person_id)
    tell(dispute_notices.Begun if row.state == DisputeState.WAITING else dispute_notices.Objected, row)
    return mint(row, OLD)


def _next_email(left: EmailChange) -> str:
    """Where an account that is being left was reached last."""
    later = EmailChange.person_id == left.person_id, EmailChange.id >= left.id
    return db.session.scalar(select(EmailChange.new_email).where(*later).order_by(EmailChange.id.desc()).limit(1)) or ""


def mint(row: Dispute, side: str, *, is_only: bool = False) -> str:
    """A link for one of the two mailboxes; is_only: those it had before work no more. Inside atomic()."""
    bound = f"{row.id} {row.change_id if side == OLD else NEW}"
    if is_only:
        before = (
            OneTimeToken.person_id == row.person_id,
            OneTimeToken.purpose == onetime.SIDE,
            OneTimeToken.email == bound,
        )
        unused = update(OneTimeToken).where(*before, OneTimeToken.used_at.is_(None))
        db.session.execute(unused.values(used_at=clock.now()))
    return onetime.mint(row.person_id, onetime.SIDE, bound, LINKS_FOR)


def side_of(token: str) -> Side | None:
    """What this link speaks for, also when it is settled; None for any other, and for a mailbox whose place an older one took."""
    link = onetime.peek(token, onetime.SIDE)
    if link is None:
        return None
    number, side = link.email.split(" ")
    row = db.session.get(Dispute, int(number), populate_existing=True)
    if row is None or (side != NEW and side != str(row.change_id)):
        return None
    return Side(row, is_old=side != NEW)


def object_to(token: str) -> None:
    """The newer mailbox says that the account is theirs: the operator decides. Commits; raises Refused."""
    with atomic():
        side = _held(token)
        if not side.may_object:
            raise Refused("used_or_old")
        _object(side.dispute)


def _held(token: str) -> Side:
    """The side of an open quarrel, with its person held; raises Refused."""
    link = onetime.peek(token, onetime.SIDE)
    if link is not None:
        hold(link.person_id)
    side = side_of(token)
    if side is None or not side.is_open:
        raise Refused("used_or_old")
    return side


def _object(row: Dispute) -> None:
    if row.state != DisputeState.WAITING:
        return
    row.state, row.objected_at = DisputeState.OBJECTED, clock.now()
    db.session.flush()
    audit.note(Event.DISPUTE_OBJECTED, subject=row.person_id)
    tell(dispute_notices.Objected, row)
    dispute_notices.tell_operators(row)


def show_factor(token: str, *, code: str = "", answer: str = "") -> str:
    """Settle it for the mailbox of this link, with a factor that is older than all this. Gives the token for a new password to
    the older mailbox, "" to the newer, for which everything stays. Commits; raises Refused ("young", "wrong", "passkey",
    "dead", "used_or_old") and TooMany."""
    link = onetime.peek(token, onetime.SIDE)
    side = side_of(token)
    if link is None or side is None or not side.is_open:
        raise Refused("used_or_old")
    counter = f"dispute:{link.person_id}:{link.email}"
    if side.is_dead:
        raise Refused("dead")
    limits.hit("dispute", counter)
    try:
        to_set = _shown(token, link.person_id, code, answer)
    except Refused as error:
        if error.why in ("wrong", "passkey"):
            _count_wrong(token)
        raise
    limits.take_back("dispute", counter)
    return to_set


def _shown(token: str, person_id: int, code: str, answer: str) -> str:
    shown = passkeys.check(answer, holder=token, purpose=PURPOSE, person_id=person_id) if answer else None
    with factors.eyes_of(person_id), atomic():
        side = _held(token)
        changed_at = _changed_at(side.dispute)
        if entering.since_shown(person_id, code, shown) > changed_at - FACTOR_FOR:
            raise Refused("young")
        return settle(side.dispute, OLD if side.is_old else NEW)


def _count_wrong(token: str) -> None:
    """Write down that this side has guessed wrong. Commits."""
    with atomic():
        side = _held(token)
        if side.is_old:
            side.dispute.wrong_old += 1
        else:
            side.dispute.wrong_new += 1
        audit.note(Event.FACTOR_REFUSED, subject=side.dispute.person_id, result="refused")


def _changed_at(row: Dispute) -> datetime:
    """When the older mailbox was left: by that a factor's age is measured, whichever link began the quarrel. ``row.since`` may be
    earlier, for going back takes off what was added before the change, too."""
    left = _change_of(row)
    return left.changed_at if left is not None else row.since


def settle(row: Dispute, side: str, *, is_by_mail: bool = False, is_by_silence: bool = False) -> str:
    """End it for one side. is_by_mail: the link for a new password goes to the older mailbox; is_by_silence: what the account has
    to sign in with is put aside before. Gives the token for a new password to the older side. Inside atomic(), with the person
    held; raises Refused("taken")."""
    row.state, row.ended_at = (DisputeState.OLD if side == OLD else DisputeState.NEW), clock.now()
    row.is_by_silence = is_by_silence
    left = _change_of(row)
    to_set = ""
    if is_by_silence:
        putting_aside.put_aside(row.id)
    if side == OLD:
        to_set = taking_back.take_back(row.person_id, row.since, left)
        hooks.hand_over(row.person_id, row.since)
        audit.note(Event.EMAIL_CHANGE_UNDONE, subject=row.person_id)
    elif left is not None:
        _hold_good(left)
    db.session.flush()
    audit.note(Event.DISPUTE_SETTLED, subject=row.person_id, result=side)
    tell(dispute_notices.Settled, row, sets=OLD if is_by_mail else "")
    return to_set


def _change_of(row: Dispute) -> EmailChange | None:
    """The change of address it is about, as long as that is known."""
    return db.session.get(EmailChange, row.change_id) if row.change_id is not None else None


def _hold_good(left: EmailChange) -> None:
    """This change of address and every later one stands; nobody takes them back any more."""
    later = EmailChange.person_id == left.person_id, EmailChange.id >= left.id
    numbers = [str(number) for number in db.session.scalars(select(EmailChange.id).where(*later))]
    db.session.execute(update(EmailChange).where(*later).values(undo_until=clock.now()))
    links = OneTimeToken.purpose == onetime.UNDO, OneTimeToken.email.in_(numbers)
    db.session.execute(delete(OneTimeToken).where(OneTimeToken.person_id == left.person_id, *links))


def due() -> int:
    """Give accounts back to the older mailbox where silence says so; gives how many. The others of which the time has come wait
    for the operator from now on, or for the mail that asks. Commits each."""
    ripe = Dispute.state == DisputeState.WAITING, Dispute.due_at <= clock.now()
    done = 0
    for number, person_id in db.session.execute(select(Dispute.id, Dispute.person_id).where(*ripe)).all():
        with atomic():
            hold(person_id)
            row = open_of(person_id)
            if row is None or row.id != number or row.state != DisputeState.WAITING or row.due_at > clock.now():
                continue
            if not _is_silence(row):
                continue
            try:
                with db.session.begin_nested():
                    settle(row, OLD, is_by_mail=True, is_by_silence=True)
            except Refused:  # somebody else has the address by now, which nobody could get: a matter for people
                _object(open_of(person_id) or row)
                continue
            done += 1
    return done


def _is_silence(row: Dispute) -> bool:
    """Whether the newer mailbox was asked three days ago, said nothing, and that decides; else it waits. With the person held."""
    about = {"dispute": row.id, "change": row.change_id, "side": NEW}
    state, sent_at = ledger.fate_of(row.person_id, dispute_notices.Begun.key, about)
    if db.session.scalar(select(func.asks_operator(row.person_id))) or suppressed([row.new_email]):
        _object(row)
    elif sent_at is None and state not in (DeliveryState.PENDING, DeliveryState.LEASED):
        _object(row)  # bounced, or given up
    elif sent_at is not None and sent_at + OBJECT_FOR > clock.now():
        row.due_at = sent_at + OBJECT_FOR
    else:
        return sent_at is not None
    return False


def tell(notice: type[dispute_notices.OfDispute], row: Dispute, *, sets: str = "", **more: str | bool) -> None:
    """Promise both mailboxes this mail; ``sets``: which of them gets a link for a new password. Inside atomic()."""
    for side, to in ((OLD, row.old_email), (NEW, row.new_email)):
        if to:
            payload = {
                "to": to,
                "dispute": row.id,
                "change": row.change_id,
                "side": side,
                "sets": side == sets,
                **more,
            }
            notice.send(row.person_id, subject_key=secrets.token_hex(8), payload=payload)
