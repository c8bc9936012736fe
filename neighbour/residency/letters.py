"""Proof by postcard, from the request to the code that comes back.

The limits are those against harassment by letters and against guessing:

* one letter per house in 30 days, unless its code came back: a letter that was answered was welcome, and in a house of
  forty flats the second neighbour must not wait because of the first (kept when printing, ``printing.due``);
* three orders per account in a year, whatever became of them (here); 50 a day for the whole instance (``LETTERS_PER_DAY``,
  when printing);
* five tries per letter, twenty per house and month over all accounts, 30 days of life after printing;
* never again where a card was refused (``refuse``), also after every account concerned is gone.

A card may be ordered once more 21 days after it was ordered, within the same limits. The code of the first stays good, should
it still arrive; where the first was not printed yet, the second order takes its place in the queue, and there is one letter.

A request says nothing about other people: whether somebody else in the house waits for a letter, or has got one, shows in no
answer, nor whether somebody there wants none. Else whoever looks for somebody would order a card to her name at one house
after another and see where it is refused; so a refused letter is to who asked for it like one that nobody answers. It queues,
takes its place in the day's number, belongs to a batch, and the opening of the address is written down as for a card
(``printing``); it is only in no file, and no code opens anything. Letters queue, and the operator prints what is due.

For the same reason nobody is told that, or when, a card of theirs was printed, before it tells so itself: before its code was
typed. A house gets one card in 30 days, so whoever waits longer than others who ordered on the same day has somebody in the
house who was first, and in a house of one family knows who. Pages, mails, the archive, the list of looks at one's address
and the answers to a wrong code follow from the orders alone and from what their person did: an order that was printed, one
that waits, one that was refused and one whose card has expired are the same. Only the desk sees which is which.

The code proves where somebody lives. It is no way to sign in: it is read from the person who is signed in
already and opens no session; its 30 days are therefore longer than the ten minutes allowed to a code that does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, text, update

from neighbour.core import audit, clock, limits
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.policy import Level
from neighbour.residency import codes
from neighbour.residency.grading import current_membership, grant
from neighbour.residency.models import Home, Letter, LetterState, Membership
from neighbour.residency.notices import LetterRequested
from neighbour.residency.proofs.method import Answer, Outcome
from neighbour.residency.proofs.postcard import POSTCARD

LIFE = timedelta(days=30)
TRIES = 5
TRIES_OF_HOUSE = limits.Rate(20, 30 * 86_400)
PER_ACCOUNT, ACCOUNT_YEAR = 3, timedelta(days=365)
ADDRESS_REST = timedelta(days=30)
AGAIN_AFTER = timedelta(days=21)  # from the order on, whether its card was printed or not

# Printed or not, refused or not, expired or not: to its person a card that is ordered.
ORDERED = (LetterState.REQUESTED, LetterState.PRINTED, LetterState.REFUSED, LetterState.EXPIRED)
AS_IT_IS = {"populate_existing": True}  # read under the lock, not as it was before
GOOD = (LetterState.PRINTED, LetterState.RESENT)  # its code is, while its 30 days last


class Reason(StrEnum):
    """Why no letter can be asked for."""

    NO_HOME = "no_home"
    PROVEN = "proven"
    UNDER_WAY = "under_way"
    TOO_MANY = "too_many"


class NoLetter(Exception):
    """No letter can be asked for; ``again_at`` says from when on, where that is known."""

    def __init__(self, reason: Reason, again_at: datetime | None = None):
        super().__init__(reason.value)
        self.reason, self.again_at = reason, again_at


@dataclass(frozen=True)
class Status:
    """Where a person's card is, as they are told it. state: empty without one, ``ordered``, ``used`` or ``dead``; ordered_at:
    when they asked for it; ``can_request`` whether another may be asked for now, ``why_not`` and ``again_at`` if not."""

    state: str
    ordered_at: datetime | None
    can_request: bool
    why_not: Reason | None = None
    again_at: datetime | None = None


def request(person_id: int) -> Letter:
    """Queue a letter to the person's home. Raises NoLetter. Two clicks make one letter: the home is locked."""
    with atomic():
        current_membership(person_id, lock=True)  # before letters and home, as whoever moves
        home = db.session.scalar(select(Home).where(Home.person_id == person_id).with_for_update())
        _demand_allowed(person_id, home)
        assert home is not None
        waits = Letter.person_id == person_id, Letter.waits()
        query = select(Letter).where(*waits).order_by(Letter.id).limit(1).with_for_update()
        waiting = db.session.scalar(query, execution_options=AS_IT_IS)
        lost = Letter.person_id == person_id, Letter.state == LetterState.PRINTED
        db.session.execute(update(Letter).where(*lost).values(state=LetterState.RESENT))
        order = Letter(person_id=person_id, address_hash=home.address_hash, name_hashes=home.family_hashes)
        if waiting is not None:
            _take_place(order, waiting)
        db.session.add(order)
        db.session.flush()
        LetterRequested.send(person_id, subject_key=str(order.id))
        audit.note(Event.PROOF_ASKED, actor=person_id, subject=person_id, about=POSTCARD.key)
        return waiting or order


def _take_place(order: Letter, waiting: Letter) -> None:
    """Let an order stand where an earlier one waits: the row that waits keeps its turn and becomes the order, and the new row
    keeps the day of the earlier one, because it counts. In a large house the turn is worth months."""
    order.requested_at, waiting.requested_at = waiting.requested_at, clock.now()
    order.state, waiting.state = LetterState.WITHDRAWN, LetterState.REQUESTED
    waiting.name_hashes, waiting.tries = order.name_hashes, 0


def status(person_id: int) -> Status:
    """What to tell a person about their card; says nothing about anybody else's."""
    home = db.session.scalar(select(Home).where(Home.person_id == person_id))
    order = _order(_letters(person_id, home))
    state = "" if order is None else "ordered" if order.state in ORDERED else str(order.state)
    told = state, order.requested_at if order else None
    try:
        _demand_allowed(person_id, home)
    except NoLetter as no:
        return Status(*told, False, no.reason, no.again_at)
    return Status(*told, True)


def _demand_allowed(person_id: int, home: Home | None) -> None:
    membership = current_membership(person_id)
    if home is None or membership is None:
        raise NoLetter(Reason.NO_HOME)
    if Level(membership.level) is Level.VERIFIED:
        raise NoLetter(Reason.PROVEN)
    now = clock.now()
    order = _order(_letters(person_id, home))
    if order is not None and order.state in ORDERED and now < order.requested_at + AGAIN_AFTER:
        raise NoLetter(Reason.UNDER_WAY, order.requested_at + AGAIN_AFTER)
    asked = Letter.person_id == person_id, Letter.requested_at > now - ACCOUNT_YEAR
    recent = db.session.scalars(select(Letter.requested_at).where(*asked).order_by(Letter.requested_at)).all()
    if len(recent) >= PER_ACCOUNT:
        raise NoLetter(Reason.TOO_MANY, recent[-PER_ACCOUNT] + ACCOUNT_YEAR)


def _letters(person_id: int, home: Home | None, *, lock: bool = False) -> list[Letter]:
    """The person's letters to where they live, by the day they were asked for."""
    if home is None:
        return []
    here = Letter.person_id == person_id, Letter.address_hash == home.address_hash
    query = select(Letter).where(*here, Letter.state != LetterState.WITHDRAWN).order_by(Letter.id)
    found = db.session.scalars(query.with_for_update() if lock else query, execution_options=AS_IT_IS).all()
    return sorted(found, key=lambda letter: letter.requested_at)


def _order(letters: list[Letter]) -> Letter | None:
    """The newest one of which its person is told."""
    return next((letter for letter in reversed(letters) if letter.state != LetterState.RESENT), None)


def _sent(letters: list[Letter]) -> Letter | None:
    """The newest one whose code can be typed in."""
    return next((letter for letter in reversed(letters) if letter.state in GOOD), None)


def redeem(person_id: int, typed: str) -> Answer:
    """Answer a code: proves the person's current home when it is the one on their printed letter.

    typed: as a person writes it. Every readable code that is wrong costs a try of the order, whether its card was printed or
    not, and one of the house where there is something to compare it with. Of any number of simultaneous redemptions one is
    PROVEN: the letters' rows are locked. What is told of the card itself (EXPIRED, HOUSE_LOCKED) is told to its code only.
    """
    code = codes.read(typed)
    if code is None:
        return Answer(Outcome.UNREADABLE)
    with atomic():
        current_membership(person_id, lock=True)  # before letters, as whoever moves or is graded anew: no deadlock
        home = db.session.scalar(select(Home).where(Home.person_id == person_id))
        mine = _letters(person_id, home, lock=True)
        order, sent = _order(mine), _sent(mine)
        if order is not None and order.state == LetterState.DEAD:
            return Answer(Outcome.DEAD)
        found = _compared(sent, code) if sent is not None and sent.tries < TRIES else Outcome.WRONG
        if found is Outcome.PROVEN and sent is not None:
            sent.state, sent.used_at, sent.tries = LetterState.USED, clock.now(), sent.tries + 1
            proof = grant(person_id, POSTCARD.key, POSTCARD.level, POSTCARD.lasts, source=f"letter {sent.id}")
            return Answer(Outcome.HELD if proof.held_at else Outcome.PROVEN)
        return Answer(found) if found is not Outcome.WRONG else _wrong(person_id, order, sent)


def _compared(letter: Letter, code: str) -> Outcome:
    """Whether this is the code of a letter that was sent. It is not said, nor let in, to a house that has tried too often."""
    house = bytes(letter.address_hash).hex()
    is_past = letter.expires_at is None or letter.expires_at <= clock.now()
    is_locked = limits.is_reached("code_address", house)
    if not is_past and not is_locked:
        limits.hit("code_address", house)
    if not codes.matches(code, letter.code_hashes, bound_to=binding(letter)):
        return Outcome.WRONG
    if is_past:
        return Outcome.EXPIRED
    return Outcome.HOUSE_LOCKED if is_locked else Outcome.PROVEN


def _wrong(person_id: int, order: Letter | None, sent: Letter | None) -> Answer:
    """What a code that is none is answered, and what it costs: the same whether there was a card to compare it with."""
    if sent is not None and sent is not order:
        sent.tries += 1
    if order is None or order.state not in ORDERED:
        is_used = order is not None and order.state == LetterState.USED and _is_proven(person_id)
        return Answer(Outcome.USED if is_used else Outcome.NO_LETTER)
    order.tries += 1
    if order.tries >= TRIES:
        order.state = LetterState.DEAD
        return Answer(Outcome.DEAD)
    return Answer(Outcome.WRONG, TRIES - order.tries)


def binding(letter: Letter) -> str:
    """What a letter's codes are bound to: the letter (and so the account that asked for it) and the house."""
    return f"{letter.id}:{bytes(letter.address_hash).hex()}"


def _is_proven(person_id: int) -> bool:
    mine = select(Membership.id).where(Membership.person_id == person_id, Membership.reads_board())
    return db.session.scalar(mine) is not None


_REFUSE = text("SELECT refuse_letters(:code_hash, :whole_house, :at)")


def is_refusal(typed: str) -> bool:
    """Whether this has the shape of the code on a card that stops further ones."""
    return codes.read(typed, codes.REFUSAL_CODE_LENGTH) is not None


def refuse(typed: str, *, whole_house: bool) -> bool:
    """Never again: stop all letters to the names on this card in this house, or to the whole house.

    typed: the refusal code on the card; no account is needed, and none is told. The whole house is refused only as
    long as nobody has proven to live there. False when no card has this code.
    """
    code = codes.read(typed, codes.REFUSAL_CODE_LENGTH)
    if code is None:
        return False
    values = {"code_hash": codes.refusal_fingerprint(code), "whole_house": whole_house, "at": clock.now()}
    with atomic():
        is_known = bool(db.session.execute(_REFUSE, values).scalar_one())
        audit.note(Event.LETTERS_REFUSED, result="done" if is_known else "refused")
        return is_known
