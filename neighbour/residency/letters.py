"""Proof by postcard, from the request to the code that comes back.

The limits are those against harassment by letters and against guessing:

* one letter per house in 30 days, unless its code came back: a letter that was answered was welcome, and in a house of
  forty flats the second neighbour must not wait because of the first (kept when printing, ``printing.due``);
* three per account in a year (here); 50 a day for the whole instance (``LETTERS_PER_DAY``, when printing);
* five tries per letter, twenty per house and month over all accounts, 30 days of life after printing;
* never again where a card was refused (``refuse``), also after every account concerned is gone.

A card that has not come within 14 days may be asked for once more, within the same limits; the code of the first stays good,
should it still arrive.

A request says nothing about other people: whether somebody else in the house waits for a letter shows in no
answer, nor whether somebody there wants none. Else whoever looks for somebody would order a card to her name at one house
after another and see where it is refused; so a refused letter is to who asked for it like one that nobody answers. It queues,
takes its place in the day's number, belongs to a batch, and the opening of the address is written down as for a card
(``printing``); it is only in no file, and no code opens anything. Letters queue, and the operator prints what is due.

The code proves where somebody lives. It is no way to sign in: it is read from the person who is signed in
already and opens no session; its 30 days are therefore longer than the ten minutes allowed to a code that does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Select, func, or_, select, text, update

from neighbour.core import audit, clock, limits
from neighbour.core.audit import Event
from neighbour.core.db import atomic, db
from neighbour.policy import Level
from neighbour.residency import codes
from neighbour.residency.grading import current_membership, grant
from neighbour.residency.models import OPEN_LETTERS, Home, Letter, LetterState, Membership
from neighbour.residency.notices import LetterRequested
from neighbour.residency.proofs.method import Answer, Outcome
from neighbour.residency.proofs.postcard import POSTCARD

LIFE = timedelta(days=30)
TRIES = 5
TRIES_OF_HOUSE = limits.Rate(20, 30 * 86_400)
PER_ACCOUNT, ACCOUNT_YEAR = 3, timedelta(days=365)
ADDRESS_REST = timedelta(days=30)
ARRIVES_IN = timedelta(days=14)  # whoever has no card by then may ask for another


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
    """Where a person's letter is. ``letter`` is the newest one that was not withdrawn; ``can_request`` whether another
    may be asked for now, ``why_not`` and ``again_at`` if not; ``not_before``: the earliest day it would be printed."""

    letter: Letter | None
    can_request: bool
    why_not: Reason | None = None
    again_at: datetime | None = None
    not_before: datetime | None = None

    @property
    def state(self) -> str:
        """The letter's state as its person is told it, empty without one: what was refused looks as if it were not, and past its
        day both are over, whether the night has closed the other already or not."""
        if self.letter is None:
            return ""
        told = LetterState(self.letter.state)
        if told is LetterState.REFUSED:
            told = LetterState.PRINTED if self.letter.printed_at else LetterState.REQUESTED
        is_past = self.letter.expires_at is not None and self.letter.expires_at <= clock.now()
        return str(LetterState.EXPIRED if told is LetterState.PRINTED and is_past else told)


def request(person_id: int) -> Letter:
    """Queue a letter to the person's home. Raises NoLetter. Two clicks make one letter: the home is locked."""
    with atomic():
        current_membership(person_id, lock=True)  # before letters and home, as whoever moves
        home = db.session.scalar(select(Home).where(Home.person_id == person_id).with_for_update())
        _demand_allowed(person_id, home)
        assert home is not None
        _close_outlived(person_id)
        lost = Letter.person_id == person_id, Letter.state == LetterState.PRINTED
        db.session.execute(update(Letter).where(*lost).values(state=LetterState.RESENT))
        letter = Letter(
            person_id=person_id,
            address_hash=home.address_hash,
            name_hashes=home.family_hashes,
        )
        db.session.add(letter)
        db.session.flush()
        not_before = _not_before(person_id, home)
        payload = {"not_before": not_before.isoformat() if not_before else None}
        LetterRequested.send(person_id, subject_key=str(letter.id), payload=payload)
        audit.note(Event.PROOF_ASKED, actor=person_id, subject=person_id, about=POSTCARD.key)
        return letter


def status(person_id: int) -> Status:
    """What to tell a person about their letter; says nothing about anybody else's."""
    home = db.session.scalar(select(Home).where(Home.person_id == person_id))
    letter = _newest(person_id)
    not_before = _not_before(person_id, home) if home else None
    try:
        _demand_allowed(person_id, home)
    except NoLetter as no:
        return Status(letter, False, no.reason, no.again_at, not_before)
    return Status(letter, True, not_before=not_before)


def _not_before(person_id: int, home: Home) -> datetime | None:
    """Until when the house rests after the person's own letters; others' are not told."""
    mine = Letter.person_id == person_id, Letter.address_hash == home.address_hash
    last = db.session.scalar(select(func.max(Letter.printed_at)).where(*mine))
    return last + ADDRESS_REST if last and last + ADDRESS_REST > clock.now() else None


def _demand_allowed(person_id: int, home: Home | None) -> None:
    membership = current_membership(person_id)
    if home is None or membership is None:
        raise NoLetter(Reason.NO_HOME)
    if Level(membership.level) is Level.VERIFIED:
        raise NoLetter(Reason.PROVEN)
    now = clock.now()
    mine = Letter.person_id == person_id
    looks_open = Letter.state.in_((*OPEN_LETTERS, LetterState.REFUSED))
    alive = or_(Letter.expires_at.is_(None), Letter.expires_at > now)
    under_way = db.session.scalar(select(Letter).where(mine, looks_open, alive).order_by(Letter.id.desc()).limit(1))
    if under_way is not None and (under_way.printed_at is None or now < under_way.printed_at + ARRIVES_IN):
        raise NoLetter(Reason.UNDER_WAY, under_way.printed_at + ARRIVES_IN if under_way.printed_at else None)
    counted = or_(Letter.state != LetterState.WITHDRAWN, Letter.printed_at.is_not(None))
    recent = db.session.scalars(
        select(Letter.requested_at).where(mine, counted, Letter.requested_at > now - ACCOUNT_YEAR).order_by(Letter.id)
    ).all()
    if len(recent) >= PER_ACCOUNT:
        raise NoLetter(Reason.TOO_MANY, recent[-PER_ACCOUNT] + ACCOUNT_YEAR)


def _newest(person_id: int) -> Letter | None:
    mine = Letter.person_id == person_id, Letter.state != LetterState.WITHDRAWN
    return db.session.scalar(select(Letter).where(*mine).order_by(Letter.id.desc()).limit(1))


def _close_outlived(person_id: int) -> None:
    """A printed letter past its day makes room for the next one."""
    sent = Letter.state.in_((LetterState.PRINTED, LetterState.RESENT))
    past = Letter.person_id == person_id, sent, Letter.expires_at <= clock.now()
    db.session.execute(update(Letter).where(*past).values(state=LetterState.EXPIRED))


def redeem(person_id: int, typed: str) -> Answer:
    """Answer a code: proves the person's current home when it is the one on their printed letter.

    typed: as a person writes it. Every readable code costs a try, of the letter and of the house, before it is
    compared. Of any number of simultaneous redemptions one is PROVEN: the letter's row is locked. Every code is wrong for
    a letter that was refused.
    """
    code = codes.read(typed)
    if code is None:
        return Answer(Outcome.UNREADABLE)
    with atomic():
        current_membership(person_id, lock=True)  # before the letter, as whoever moves or is graded anew: no deadlock
        letter = db.session.scalar(_answerable(person_id).with_for_update())
        home = db.session.scalar(select(Home.address_hash).where(Home.person_id == person_id))
        if letter is None or home is None or bytes(home) != bytes(letter.address_hash):
            return Answer(_why_none(person_id, home))
        if letter.expires_at is None or letter.expires_at <= clock.now():
            letter.state = LetterState.EXPIRED
            return Answer(Outcome.EXPIRED)
        if limits.is_reached("code_address", letter.address_hash.hex()):
            return Answer(Outcome.HOUSE_LOCKED)
        limits.hit("code_address", letter.address_hash.hex())
        letter.tries += 1
        is_right = codes.matches(code, letter.code_hashes, bound_to=binding(letter))
        if is_right and letter.state != LetterState.REFUSED:
            letter.state, letter.used_at = LetterState.USED, clock.now()
            proof = grant(person_id, POSTCARD.key, POSTCARD.level, POSTCARD.lasts, source=f"letter {letter.id}")
            return Answer(Outcome.HELD if proof.held_at else Outcome.PROVEN)
        if letter.tries >= TRIES:
            letter.state = LetterState.DEAD
            return Answer(Outcome.DEAD)
        return Answer(Outcome.WRONG, TRIES - letter.tries)


def binding(letter: Letter) -> str:
    """What a letter's codes are bound to: the letter (and so the account that asked for it) and the house."""
    return f"{letter.id}:{bytes(letter.address_hash).hex()}"


def _answerable(person_id: int) -> Select[Letter]:
    refused = (Letter.state == LetterState.REFUSED) & Letter.printed_at.is_not(None)
    sent = Letter.state.in_((LetterState.PRINTED, LetterState.RESENT)) | refused
    newest_first = (Letter.state != LetterState.RESENT).desc(), Letter.id.desc()
    return select(Letter).where(Letter.person_id == person_id, sent).order_by(*newest_first).limit(1)


def _is_proven(person_id: int) -> bool:
    mine = select(Membership.id).where(Membership.person_id == person_id, Membership.reads_board())
    return db.session.scalar(mine) is not None


def _why_none(person_id: int, home: bytes | None) -> Outcome:
    newest = _newest(person_id)
    is_of_here = newest is not None and bytes(newest.address_hash) == bytes(home or b"")
    if newest is not None and is_of_here and newest.state == LetterState.USED and _is_proven(person_id):
        return Outcome.USED
    states = {LetterState.DEAD: Outcome.DEAD, LetterState.EXPIRED: Outcome.EXPIRED}
    return states.get(LetterState(newest.state), Outcome.NO_LETTER) if newest else Outcome.NO_LETTER


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
