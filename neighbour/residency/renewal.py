"""Every proof has its day: the yearly question, the reminders, the yes, and what happens without one.

A strong proof holds for two years and a neighbour's word for one; a yes makes it hold as long again. The question comes a year
after the last yes and 30 and 7 days before the membership would fall. It is asked by mail with a signed link, and on one's own
pages. Opening the link changes nothing; the button on its page says yes. Whoever says nothing falls on the day: the board
closes, what they wrote stays, and any new proof opens it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, text

from neighbour.accounts.models import Person, Status
from neighbour.core import clock, jobs, scope, tokens
from neighbour.core.crypto import keyed_hash, same
from neighbour.core.db import atomic, db
from neighbour.core.jobs import Period
from neighbour.policy import Level
from neighbour.quarters.models import Quarter
from neighbour.residency import grading
from neighbour.residency.cases import crowds
from neighbour.residency.models import Membership, Proof
from neighbour.residency.notices import StillHere
from neighbour.residency.proofs import lasting

YEAR = timedelta(days=365)
REMINDERS = (timedelta(days=30), timedelta(days=7))
ASKED_FROM = 9  # o'clock, local: nobody is asked in the night
PURPOSE, LINK_LIVES = tokens.kind("still-here", "says yes to one yearly question"), 60 * 86_400
YEARLY_CALL = timedelta(days=28)  # after that only the reminders ask: what was sent is remembered for 30 days
PER_KNOCK = 20_000
JOB, ROW_KEPT = "residency.proofs", timedelta(days=7)


@dataclass(frozen=True)
class Question:
    """What a person is asked: which quarter, until when their level holds, which asking this is (``key``: the same until it is
    answered), when they last said yes."""

    quarter: str
    falls_at: datetime | None
    key: str
    membership_id: int
    said_at: datetime


def question_of(person_id: int) -> Question | None:
    """The question a person has not answered yet; None while there is nothing to ask. Through whatever eyes are open: it uses
    the person's own."""
    with scope.use(scope.Viewer(person_id)):
        membership = grading.current_membership(person_id)
        if membership is None or not Level(membership.level).reads_board:
            return None
        proofs = grading.standing(membership.id, clock.now())
        if not proofs or not _is_due(membership, proofs):
            return None
        quarter = db.session.get(Quarter, membership.quarter_id)
        said = max(proof.renewed_at or proof.created_at for proof in proofs)
        key = f"{membership.id} {said:%Y-%m-%d}"
        return Question(quarter.name if quarter else "", falls_at(membership, proofs), key, membership.id, said)


def falls_at(membership: Membership, proofs: list[Proof]) -> datetime | None:
    """The day on which the level would fall without a yes, as its person is told it; None where it would not."""
    seen = grading.words_seen(membership.id)
    told = {proof.id: told_until(proof) for proof in proofs}
    for day in sorted(day for day in told.values() if day):
        left = [proof for proof in proofs if (until := told[proof.id]) is None or until > day]
        if grading.level_of(left, seen).rank < Level(membership.level).rank:
            return day
    return None


def told_until(proof: Proof) -> datetime | None:
    """Until when a proof holds as its person is told it: as if every yes had counted. A yes to what is doubted is answered like
    any other; whoever is asked again at once would know that somebody of the name and house they gave lives there."""
    if proof.expires_at is None or proof.renewed_at is None:
        return proof.expires_at
    return max(proof.expires_at, proof.renewed_at + lasting(proof.method))


def _is_due(membership: Membership, proofs: list[Proof]) -> bool:
    now, falls = clock.now(), falls_at(membership, proofs)
    said = max(proof.renewed_at or proof.created_at for proof in proofs)
    return now >= said + YEAR or (falls is not None and now >= falls - REMINDERS[0])


def token(person_id: int, question: Question) -> str:
    """The signed part of the link: this person's membership (the yes is to whatever is asked there when it is given), nothing
    that could be read by others."""
    public_id = db.session.get_one(Person, person_id).public_id
    return tokens.sign(PURPOSE, [public_id, _membership(question.membership_id)])


def _membership(membership_id: int) -> str:
    return keyed_hash("still-here", str(membership_id)).hex()[:24]


@dataclass(frozen=True)
class Asked:
    """Whom a link asks: the person, and the question as it stands; None where it is answered."""

    person_id: int
    question: Question | None


def read(link: str) -> Asked | None:
    """Whom a link asks; None where that person has moved or left since. Raises ``tokens.BadToken``."""
    public_id, membership = tokens.read(PURPOSE, link, LINK_LIVES)
    person_id = db.session.scalar(
        select(Person.id).where(Person.public_id == public_id, Person.status != Status.ERASED)
    )
    if person_id is None:
        return None
    with scope.use(scope.Viewer(person_id)):
        current = grading.current_membership(person_id)
        is_same = current is not None and same(_membership(current.id).encode(), str(membership).encode())
        if current is None or not is_same or not Level(current.level).reads_board:
            return None
    return Asked(person_id, question_of(person_id))


def say_yes(person_id: int) -> bool:
    """A person says that they still live there: what they have proven holds as long again; what is doubted
    (``crowds.is_doubted``) ends on its day, of which nothing is to be seen before. False where nothing was asked; twice
    is once. Commits."""
    with atomic():
        if question_of(person_id) is None:
            return False
        with scope.use(scope.Viewer(person_id)):
            membership = grading.current_membership(person_id, lock=True)
            now = clock.now()
            is_doubted = membership is not None and crowds.is_doubted(membership.id)
            for proof in grading.standing(membership.id, now) if membership else []:
                proof.renewed_at = now
                if proof.expires_at is not None and not is_doubted:
                    proof.expires_at = now + lasting(proof.method)
            db.session.flush()
        return True


_DUE = text("SELECT * FROM people_with_proofs_due(:at, :turn, :most)")


def look_through(time_zone: str) -> int:
    """What an hour brings: proofs past their day end, whoever is due is asked – once an hour of
    the city, however many beats knock; gives how many people it looked at. Whoever a crash left out is looked at in the next
    hour. Of more people than ``PER_KNOCK`` those past their day come first, the others hour by hour in turn."""
    local = clock.now().astimezone(ZoneInfo(time_zone))
    with atomic():
        if not jobs.once(JOB, f"{local:%Y-%m-%dT%H}"):
            return 0
        old = Period.job == JOB, Period.opened_at < clock.now() - ROW_KEPT
        db.session.execute(delete(Period).where(*old))
    with atomic():
        values = {"at": clock.now(), "turn": _turn(local), "most": PER_KNOCK}
        people = list(db.session.scalars(_DUE, values))
    for person_id in people:
        _look_at(person_id, asks=local.hour >= ASKED_FROM)
    return len(people)


def _turn(local: datetime) -> int:
    """The number of this hour among those in which people are asked: each is a turn, the night's belong to the next."""
    return local.toordinal() * (24 - ASKED_FROM) + max(local.hour - ASKED_FROM, 0)


def _look_at(person_id: int, *, asks: bool) -> None:
    with atomic():
        grading.end_proofs(person_id, past_only=True)
        question = question_of(person_id) if asks else None
        if question is None:
            return
        call = _call(question)
        if call is None:
            return
        StillHere.send(
            person_id,
            subject_key=f"{question.key} {call}",
            payload={"key": question.key, "is_last_call": call == f"{REMINDERS[-1].days} days"},
        )


def _call(question: Question) -> str | None:
    """Which of the calls it is time for: the nearest reminder that is due, or the yearly one; None between them."""
    now = clock.now()
    due = [each for each in REMINDERS if question.falls_at is not None and now >= question.falls_at - each]
    if due:
        return f"{min(due).days} days"
    return "yearly" if now < question.said_at + YEAR + YEARLY_CALL else None
