"""The queue of an offer: who asks, to whom it is promised, how it changes hands, how it comes back.

An ask goes waiting → promised → done; a loan promised → lent → done; anybody who has not got it may go (``left``), and when the
offer is over first, who still waits or was promised it has ``missed`` it. To whoever waits the author can say no (``declined``).
The author chooses to whom it is promised; when that one steps back or is passed over, the next in the order of asking is. The
database keeps places, the one promise, the moving up, and a week for what becomes free again at its end (migrations 0040, 0119);
here is who may do what, and that everybody concerned hears of it once. Runs in the ``atomic()`` of its caller.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from neighbour.contributions import service as base
from neighbour.contributions import solving
from neighbour.contributions.models import State
from neighbour.contributions.service import NotPossible
from neighbour.core import clock, tokens
from neighbour.core.columns import new_id
from neighbour.core.crypto import keyed_hash
from neighbour.core.crypto import same as same_bytes
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.core.i18n import ngettext
from neighbour.core.text import clean_text
from neighbour.notices.base import Notice
from neighbour.offers import loans, newcomers, notices
from neighbour.offers import words as directions
from neighbour.offers.models import HELD, OPEN, Ask, AskState, Category, Offer, Stage
from neighbour.offers.service import MOST_ASKS, room

WORDS_LENGTH, NOTE_LENGTH = 600, 600
TRIES, DIGITS = 5, 5
DAY = timedelta(days=1)
CODE = tokens.kind("offer_code", "tells whoever promised a thing that the right neighbour has come for it")


class WrongCode(NotPossible):
    """Not the code of this promise; counted, and after the fifth no code counts any more."""

    field = "code"

    def __init__(self, left: int) -> None:
        self.left = left
        super().__init__(
            ngettext(
                "That is not the code. %(num)s try is left.", "That is not the code. %(num)s tries are left.", left
            )
            if left
            else __("That was not the code, five times. Say “collected” without it if you know who stands before you.")
        )


def hold(offer_id: uuid.UUID) -> None:
    """Until the end of the transaction nobody else changes this queue; ``tell_queue`` takes the same lock."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"offer:{offer_id}", 0))))


# Whoever asks ---------------------------------------------------------------------------------------------------------


def ask(offer: Offer, *, person_id: int, words: str) -> Ask:
    """Stand in the queue, behind whoever was there. Asking again is the same ask. Raises NotPossible."""
    base.one_at_a_time(person_id)
    hold(offer.id)
    before = mine(offer.id, person_id)
    if before is not None:
        return before
    db.session.refresh(offer)
    if is_over(offer):
        raise NotPossible(__("This is over: somebody else was first."))
    if is_declined(offer.id, person_id):
        raise NotPossible(directions.of(offer.category).later("declined"))
    newcomers.keep_slow(person_id, words, offer)
    keep_few(person_id)
    made = Ask(offer_id=offer.id, person_id=person_id, words=clean_text(words), asked_at=clock.now())
    db.session.add(made)
    try:
        db.session.flush()
    except IntegrityError as error:  # over in this very moment
        raise NotPossible(__("This is over: somebody else was first.")) from error
    notices.Asked.send(offer.author_id, subject_key=str(_first_today(made)), payload={"ask": str(made.id)})
    return made


def keep_few(person_id: int) -> None:
    """Raises NotPossible where this person is in as many queues as anybody may."""
    if not room(person_id).asks:
        raise NotPossible(
            __(
                "You are in the queue for %(most)s things already, as many as anybody may. Step back from one first.",
                most=MOST_ASKS,
            )
        )


def _first_today(made: Ask) -> uuid.UUID:
    """What this person asked first within a day: however often they step back and ask again, that is one mail."""
    today = Ask.offer_id == made.offer_id, Ask.person_id == made.person_id, Ask.asked_at > made.asked_at - DAY
    return db.session.scalars(select(Ask.id).where(*today).order_by(Ask.place).limit(1)).one()


def is_declined(offer_id: uuid.UUID, person_id: int) -> bool:
    """Whether the author has said no to this person within the last day: they do not ask again before."""
    said = Ask.state == AskState.DECLINED, Ask.ended_at > clock.now() - DAY
    return (
        db.session.scalar(select(Ask.id).where(Ask.offer_id == offer_id, Ask.person_id == person_id, *said)) is not None
    )


def step_back(offer_id: uuid.UUID, person_id: int) -> bool:
    """Leave the queue, or give a promise back: then the next one has it, and the author hears of it. Again does nothing."""
    hold(offer_id)
    own = mine(offer_id, person_id)
    if own is None or own.state == AskState.LENT:
        return False
    was_promised = own.state == AskState.PROMISED
    own.state, own.ended_at = AskState.LEFT, clock.now()
    db.session.flush()
    if was_promised:
        offer = db.session.get_one(Offer, offer_id, populate_existing=True)
        notices.SteppedBack.send(offer.author_id, subject_key=f"{own.id} {own.turn}", payload={"ask": str(own.id)})
    tell(offer_id)
    return True


# The author -----------------------------------------------------------------------------------------------------------


def promise(offer: Offer, ask_id: uuid.UUID) -> NotPossible | bool:
    """Promise it to one who waits. Promised to this one already: nothing happens. Raises NotPossible where it is over,
    promised to somebody else, or this one has gone; gives it back, because something has happened, where this one does not see
    the offer any more: it is over for them."""
    chosen = _of_author(offer, ask_id)
    if chosen is None or chosen.state not in (AskState.WAITING, AskState.PROMISED):
        raise NotPossible(__("This neighbour is not in the queue any more."))
    if chosen.state == AskState.PROMISED:
        return False
    if is_over(offer) or offer.stage != Stage.FREE:
        raise NotPossible(directions.of(offer.category).later("one already"))
    chosen.state = AskState.PROMISED
    db.session.flush()
    tell(offer.id)
    db.session.refresh(chosen)
    return chosen.state == AskState.PROMISED or NotPossible(__("This neighbour is not in the queue any more."))


def let_read(offer: Offer, ask_id: uuid.UUID) -> bool:
    """Whoever moved up may read what is for the chosen one alone, and is told; False where they read it already, or do not have
    the promise. Only its author chooses; the database asks."""
    chosen = _of_author(offer, ask_id)
    if chosen is None or not db.session.scalar(select(func.let_read(chosen.id))):
        return False
    notices.Changed.send(chosen.person_id, subject_key=f"{chosen.id} {new_id()}", payload={"ask": str(chosen.id)})
    return True


def pass_on(offer: Offer) -> bool:
    """Whoever has the promise does not come: they leave the queue and are told, and the next one has it."""
    held = _held(offer)
    if held is None or held.state != AskState.PROMISED:
        return False
    held.state, held.ended_at = AskState.LEFT, clock.now()
    db.session.flush()
    notices.PassedOn.send(held.person_id, subject_key=f"{held.id} {held.turn}", payload={"ask": str(held.id)})
    tell(offer.id)
    return True


def decline(offer: Offer, ask_id: uuid.UUID) -> bool:
    """A kind no to one who waits: they leave the queue, are told once, and cannot ask for it again for a day. Whoever does not
    wait (any more) is told nothing."""
    chosen = _of_author(offer, ask_id)
    if chosen is None or chosen.state != AskState.WAITING:
        return False
    chosen.state, chosen.ended_at = AskState.DECLINED, clock.now()
    db.session.flush()
    notices.Declined.send(chosen.person_id, subject_key=str(chosen.id), payload={"ask": str(chosen.id)})
    return True


def hand_over(offer: Offer, *, code: str = "", due_on: date | None = None, note: str = "") -> WrongCode | bool:
    """It was collected by whom it was promised to: the offer is over, and all others are told ten minutes later, unless it is
    taken back (``taking_back``); a loan goes until ``due_on``.
    ``code``: what the other one has shown, may be left out. A wrong one is given back and not raised, because it counts.
    False where nothing is promised (any more). Raises NotPossible for a loan without a day.

    Whoever says in another window that it is gone takes the author's lock and then the row: so it is taken first here, too."""
    base.one_at_a_time(offer.author_id)
    held = _held(offer)
    if held is None or held.state != AskState.PROMISED or is_over(offer):
        return False
    if (wrong := _check(held, code)) is not None:
        return wrong
    held.note_out = clean_text(note)
    if offer.category == Category.LEND:
        held.due_on = loans.day_of_return(offer, due_on)
        held.reminded = loans.reminders_before(held.due_on)
        held.state = AskState.LENT
        db.session.flush()
        return True
    held.state, held.ended_at = AskState.DONE, clock.now()
    db.session.flush()
    solving.solve(offer, True)
    return True


def returned(offer: Offer, *, note: str = "") -> bool:
    """The loan is back, whole or not; it can be lent again if its offer hangs. False where it was back already."""
    held = _held(offer)
    if held is None or held.state != AskState.LENT:
        return False
    held.state, held.ended_at, held.note_back = AskState.DONE, clock.now(), clean_text(note)
    db.session.flush()
    return True


def prolong(offer: Offer, due_on: date | None) -> bool:
    """The two have agreed on another day: the borrower is told, and reminders count from it. False where nothing is lent (any
    more), or until this day anyway. Raises NotPossible as ``hand_over`` does for the day."""
    held = _held(offer)
    if held is None or held.state != AskState.LENT or held.due_on == due_on:
        return False
    held.due_on = loans.day_of_return(offer, due_on)
    held.reminded = loans.reminders_before(held.due_on)
    db.session.flush()
    said = {"ask": str(held.id), "day": held.due_on.isoformat()}
    # each change is told, also one back to a day that was told before: what counts is what the last mail says
    notices.Prolonged.send(held.person_id, subject_key=f"{held.id} {new_id()}", payload=said)
    return True


def _check(held: Ask, code: str) -> WrongCode | None:
    """None for the right code and for none; every wrong one counts, and after the last no code is the right one."""
    typed = "".join(filter(str.isdigit, code))
    if not code.strip() or (held.tries < TRIES and same_bytes(typed.encode(), code_of(held).encode())):
        return None
    held.tries = min(TRIES, held.tries + 1)
    db.session.flush()
    return WrongCode(TRIES - held.tries)


# What there is --------------------------------------------------------------------------------------------------------


def is_over(offer: Offer) -> bool:
    """Whether nobody can ask any more."""
    is_late = offer.expires_at is not None and offer.expires_at <= clock.now() and offer.stage == Stage.FREE
    return has_ended(offer) or is_late


def has_ended(offer: Offer) -> bool:
    """Whether it is done, taken down or left behind: whoever has it may have it still, and nobody gets it after them."""
    return offer.state != State.PUBLISHED or offer.solved_at is not None or offer.is_left


def mine(offer_id: uuid.UUID, person_id: int) -> Ask | None:
    """This person's open ask; None if there is none. Through their own eyes."""
    wanted = select(Ask).where(Ask.offer_id == offer_id, Ask.person_id == person_id, Ask.state.in_(OPEN))
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def queue_of(offer_id: uuid.UUID) -> Sequence[Ask]:
    """Everybody who asks now, in order: first who has it or gets it. For the author's eyes; others see their own."""
    wanted = select(Ask).where(Ask.offer_id == offer_id, Ask.state.in_(OPEN))
    found = db.session.scalars(wanted.order_by(Ask.place).execution_options(populate_existing=True)).all()
    return sorted(found, key=lambda one: one.state not in HELD)


def place_of(own: Ask) -> int:
    """How many wait up to and with this one."""
    return db.session.scalar(select(func.place_in_queue(own.id))) or 0


def code_of(held: Ask) -> str:
    """What whoever holds the promise shows at the door. Made of the key outside the database: no table holds it."""
    number = int.from_bytes(keyed_hash(CODE, f"{held.id} {held.turn}")[:8])
    return f"{number % 10**DIGITS:0{DIGITS}}"


def _of_author(offer: Offer, ask_id: uuid.UUID) -> Ask | None:
    """One ask of this offer, after everybody else has finished with its queue."""
    hold(offer.id)
    db.session.refresh(offer)
    found = db.session.get(Ask, ask_id, populate_existing=True)
    return found if found is not None and found.offer_id == offer.id else None


def _held(offer: Offer) -> Ask | None:
    """Whoever has the promise or the thing itself, after everybody else has finished with the queue."""
    hold(offer.id)
    db.session.refresh(offer)
    wanted = select(Ask).where(Ask.offer_id == offer.id, Ask.state.in_(HELD))
    return db.session.scalar(wanted.execution_options(populate_existing=True))


# Who has to hear of it ------------------------------------------------------------------------------------------------

_TELL = text("SELECT what, ask_id, person_id, turn FROM tell_queue(:at, :only)").bindparams(only=None)
_BY: dict[str, type[Notice]] = {"promised": notices.Promised, "missed": notices.Missed}


def tell(offer_id: uuid.UUID | None = None) -> int:
    """Promise a mail to everybody in this queue (None: in any) whom a promise or the end has not reached; gives how many. For
    whoever does not see the offer any more where they live, it is over. What is done or was taken down can be put back for ten
    minutes, and nobody hears of it before.
    That they are told is written down in the same transaction: nobody hears it twice."""
    db.session.flush()
    sent = 0
    for row in db.session.execute(_TELL, {"at": clock.now(), "only": offer_id}).all():
        notice = _BY.get(row.what)
        if notice is not None:
            sent += notice.send(row.person_id, subject_key=f"{row.ask_id} {row.turn}", payload={"ask": str(row.ask_id)})
    return sent
