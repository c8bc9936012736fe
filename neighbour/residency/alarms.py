"""What looks strange about a code: told to its maker and to those who can end it, within a minute, and kept on the desk.

The database raises an alarm in the transaction of the use that causes it (``use_invitation``, ``use_flyer``), once per code
and kind; here it is told, in the same transaction: a mail each, by the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text, update

from neighbour.core import audit, clock
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.core.desk import Waiting
from neighbour.quarters.models import Quarter
from neighbour.residency.code_models import AlarmKind, CodeAlarm, Flyer, Invitation
from neighbour.residency.notices import CodeAlarmed, InvitationAlarmed

_TEAM = text("SELECT * FROM team_of(:quarter)")


def tell(kind: str, source: str, quarter_id: int, *, inviter: int | None = None) -> None:
    """Promise the mails about a new alarm to the team of its quarter, to operators, and to whoever made the invitation.
    source: what names the code in the ledger. Inside atomic()."""
    payload = {"kind": kind, "quarter_id": quarter_id}
    team = set(db.session.scalars(_TEAM, {"quarter": quarter_id})) - {inviter}
    for person_id in sorted(team):
        CodeAlarmed.send(person_id, subject_key=f"{source} {kind}", payload=payload)
    if inviter is not None:
        InvitationAlarmed.send(inviter, subject_key=f"{source} {kind}", payload=payload)


@dataclass(frozen=True)
class Alarm:
    """An alarm as the desk shows it; ``invitation`` or ``flyer`` is what it is about, None when it is gone."""

    public_id: str
    kind: AlarmKind
    at: datetime
    quarter: str
    invitation: Invitation | None = None
    flyer: Flyer | None = None


def waiting() -> Waiting:
    """How many alarms nobody has looked at, of the quarters whose desk this is."""
    open_ = select(func.count(), func.min(CodeAlarm.at)).where(CodeAlarm.seen_at.is_(None))
    count, since = db.session.execute(open_).one()
    return Waiting(count, since)


def unseen() -> list[Alarm]:
    """The alarms nobody has looked at, oldest first, of the quarters whose desk this is: the wall shows no others."""
    rows = db.session.execute(
        select(CodeAlarm, Quarter.name)
        .join(Quarter, Quarter.id == CodeAlarm.quarter_id)
        .where(CodeAlarm.seen_at.is_(None))
        .order_by(CodeAlarm.at, CodeAlarm.id)
        .limit(100)
    ).all()
    about = {row.id: row.source.partition(" ")[2] for row, _name in rows}
    invitations = select(Invitation).where(Invitation.public_id.in_(about.values()))
    flyers = select(Flyer).where(Flyer.public_id.in_(about.values()))
    made = {each.public_id: each for each in db.session.scalars(invitations)}
    hung = {each.public_id: each for each in db.session.scalars(flyers)}
    return [
        Alarm(row.public_id, AlarmKind(row.kind), row.at, name, made.get(about[row.id]), hung.get(about[row.id]))
        for row, name in rows
    ]


def see(public_id: str, by: int) -> bool:
    """Put an alarm aside; False where these eyes know none of this id. Commits."""
    with atomic():
        mine = CodeAlarm.public_id == public_id, CodeAlarm.seen_at.is_(None)
        done = db.session.execute(update(CodeAlarm).where(*mine).values(seen_at=clock.now(), seen_by_id=by))
        if done.rowcount:  # type: ignore[attr-defined]
            audit.note(Event.ALARM_SEEN, actor=by, about=public_id)
        return bool(done.rowcount)  # type: ignore[attr-defined]
