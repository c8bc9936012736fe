"""The operator's part in quarrels about accounts (``disputes``): what waits for them, the links sent again, and their word.

The desk and the command line do the same through the same functions. An operator who is party (``dispute_parties``) sees
none of it. What silence has decided can be turned round for thirty days, with a reason that both mailboxes are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, SQLColumnExpression, select, update

from neighbour.accounts import care, disputes, putting_aside, taking_back
from neighbour.accounts.addresses import fold
from neighbour.accounts.dispute_notices import DecisionWaits, LinksAgain, Turned
from neighbour.accounts.dispute_parties import by_operator, for_operator
from neighbour.accounts.dispute_words import Reason
from neighbour.accounts.disputes import LINKS_FOR, NEW
from neighbour.accounts.email_changes import lately_by_silence
from neighbour.accounts.locks import hold
from neighbour.accounts.models import DISPUTED, Dispute, DisputeState, Person
from neighbour.accounts.onetime import Refused
from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db

LINKS_EVERY = timedelta(days=1)
REMIND_AT, REMIND_AFTER = 8, timedelta(days=2)  # o'clock, on Mondays; of what has waited so long by then


class Undecided(ValueError):
    """The operator cannot do this with that quarrel. ``why`` names the reason for the view: "over", "party", "reason", "quarrel",
    "taken", "links"; the text says so at the command line."""

    def __init__(self, why: str, text: str):
        super().__init__(text)
        self.why = why


def listed() -> Sequence[Dispute]:
    """The quarrels that go on, oldest first."""
    return db.session.scalars(select(Dispute).where(_GOES_ON).order_by(Dispute.begun_at, Dispute.id)).all()


def silent() -> Sequence[Dispute]:
    """What silence has decided of late, newest first: the operator can still turn it round."""
    return db.session.scalars(
        select(Dispute).where(*lately_by_silence()).order_by(Dispute.ended_at.desc(), Dispute.id)
    ).all()


def by_account(operator: int | None = None) -> list[tuple[str, Dispute]]:
    """The quarrels that go on, oldest first, with the public id of each account, which is how pages name it. operator: whose desk
    it is, without those they are party to; None for the command line."""
    return _by_account(operator, _GOES_ON, order=Dispute.begun_at)


def silent_by_account(operator: int | None = None) -> list[tuple[str, Dispute]]:
    """The same of what silence has decided within thirty days, newest first."""
    return _by_account(operator, *lately_by_silence(), order=Dispute.ended_at.desc())


_GOES_ON = Dispute.state.in_(DISPUTED)


def _by_account(
    operator: int | None,
    *which: ColumnElement[bool],
    order: SQLColumnExpression[datetime] | SQLColumnExpression[datetime | None],
) -> list[tuple[str, Dispute]]:
    query = select(Person.public_id, Dispute).join(Person, Person.id == Dispute.person_id).where(*which)
    found = [(row[0], row[1]) for row in db.session.execute(query.order_by(order, Dispute.id))]
    if operator is None:
        return found
    mine = {row.id for row in for_operator([row for _account, row in found], operator)}
    return [(account, row) for account, row in found if row.id in mine]


def of_email(email: str) -> int:
    """The number of the quarrel one of whose mailboxes this is, also of one that silence has decided; raises ValueError."""
    key = fold(email)
    number = next((row.id for row in (*listed(), *silent()) if key in (fold(row.old_email), fold(row.new_email))), None)
    if number is None:
        raise ValueError(f"nobody quarrels about an account of {email}")
    return number


def decide(number: int, side: str, *, by: int | None = None, reason: str = "") -> Dispute:
    """The operator's word: the account is the older mailbox's or the newer one's, also for 30 days after silence has decided.

    by: who says so, None at the command line. reason: one of ``Reason``; needed where it turns silence round. Commits; raises
    Undecided ("over", "party", "reason", "quarrel", "taken")."""
    with atomic():
        row = _held(number, by)
        if row is None or (row.state not in DISPUTED and row.id not in [each.id for each in silent()]):
            raise Undecided("over", "nobody quarrels about that account any more")
        turns = row.state not in DISPUTED and side == NEW
        if turns and reason not in list(Reason):
            raise Undecided("reason", f"say why: --reason, one of {', '.join(Reason)}")
        audit.note(Event.DISPUTE_DECIDED, actor=by, subject=row.person_id, about=reason if turns else "", result=side)
        if row.state in DISPUTED:
            disputes.settle(row, side, is_by_mail=True)
        elif turns:
            _turn_round(row, reason)
        else:
            row.is_by_silence = False
            putting_aside.drop_aside(row.person_id)
    return row


def _held(number: int, by: int | None) -> Dispute | None:
    """The quarrel of this number with its person held, as it is now; raises Undecided("party")."""
    row = db.session.get(Dispute, number)
    if row is None:
        return None
    hold(row.person_id)
    row = db.session.get(Dispute, number, populate_existing=True)
    if row is not None and by is not None and not for_operator([row], by):
        raise Undecided("party", "whoever is party to it has no say")
    return row


def _turn_round(row: Dispute, reason: str) -> None:
    """The newer mailbox has the account after all, as it was when silence decided; whoever had it meanwhile keeps nothing there,
    and no earlier quarrel of theirs can be turned round any more. With the person held."""
    if disputes.open_of(row.person_id) is not None:
        raise Undecided("quarrel", "there is a new quarrel about that account: decide that one")
    lost_at, row.state, row.ended_at = row.ended_at or row.begun_at, DisputeState.NEW, clock.now()
    try:
        taking_back.hand_to(row.person_id, row.new_email, lost_at)
    except Refused:
        raise Undecided("taken", f"somebody else has the address {row.new_email} by now") from None
    care.stop_waiting(row.person_id)  # whoever asked for that had the account from silence
    has_factors = putting_aside.give_back(row.id)
    putting_aside.drop_aside(row.person_id)
    mine = update(Dispute).where(Dispute.person_id == row.person_id, Dispute.is_by_silence)
    db.session.execute(mine.values(is_by_silence=False))
    if has_factors:
        audit.note(Event.FACTORS_GIVEN_BACK, subject=row.person_id)
    audit.note(Event.DISPUTE_SETTLED, subject=row.person_id, result=NEW)
    disputes.tell(Turned, row, sets=NEW, reason=reason, has_factors=has_factors)


def turns_until(row: Dispute) -> datetime:
    """Until when what silence decided can be turned round."""
    return (row.ended_at or row.begun_at) + putting_aside.ASIDE_FOR


def links_end(row: Dispute) -> datetime:
    """Until when the newest links of a quarrel work."""
    return max(filter(None, (row.begun_at, row.objected_at, row.links_at))) + LINKS_FOR


def links_from(row: Dispute) -> datetime | None:
    """From when on the links can be sent again; None: now."""
    again = row.links_at + LINKS_EVERY if row.links_at else None
    return again if again is not None and again > clock.now() else None


def send_links(number: int, *, by: int | None = None) -> None:
    """Promise both mailboxes a new link, which ends the one before it; once a day for each quarrel. Commits; raises Undecided
    ("over", "party", "links")."""
    with atomic():
        row = _held(number, by)
        if row is None or row.state not in DISPUTED:
            raise Undecided("over", "nobody quarrels about that account any more")
        if links_from(row) is not None:
            raise Undecided("links", "they were sent within a day")
        row.links_at = clock.now()
        db.session.flush()
        audit.note(Event.DISPUTE_LINKS_SENT, actor=by, subject=row.person_id)
        disputes.tell(LinksAgain, row)


def remind(time_zone: str) -> int:
    """Tell every operator for whom quarrels wait, in one mail, on Mondays from eight o'clock of the city; whoever runs late tells
    it later in the week. Gives how many were told. Commits."""
    now = clock.now().astimezone(ZoneInfo(time_zone))
    monday = (now - timedelta(days=now.weekday())).replace(hour=REMIND_AT, minute=0, second=0, microsecond=0)
    if now < monday:
        return 0
    with atomic():
        rows = waiting(before=monday - REMIND_AFTER)
        week = monday.date().isoformat()
        return sum(DecisionWaits.send(operator, period=week) for operator, mine in by_operator(rows).items() if mine)


def waiting(*, before: datetime | None = None) -> Sequence[Dispute]:
    """The quarrels that wait for an operator's word, oldest first; before: since when at the latest."""
    query = select(Dispute).where(Dispute.state == DisputeState.OBJECTED)
    if before is not None:
        query = query.where(Dispute.objected_at <= before)
    return db.session.scalars(query.order_by(Dispute.objected_at, Dispute.id)).all()
