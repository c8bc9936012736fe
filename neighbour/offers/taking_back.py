"""A step of a queue that was a slip is taken back within ten minutes: "I do not need it", "It is collected", "It is back".

Nobody has heard of these before: whoever still waits is told after that time only (``tell_queue``). What reaches others at once –
a promise given back, passed on, a no – cannot be taken back and is asked about before. Runs in the ``atomic()`` of its caller.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select

from neighbour.contributions import solving
from neighbour.contributions.service import UNDO, NotPossible, one_at_a_time
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.offers import queue
from neighbour.offers.models import OPEN, Ask, AskState, Category, Offer, Stage


def wait_again(offer: Offer, person_id: int) -> bool:
    """Back to the place in the queue that this person has just left. False where they stand in it. Raises NotPossible where there
    is no way back any more, also because they have come into as many other queues as anybody may."""
    one_at_a_time(person_id)
    queue.hold(offer.id)
    db.session.refresh(offer)
    if queue.mine(offer.id, person_id) is not None:
        return False
    left = _last(Ask.offer_id == offer.id, Ask.person_id == person_id)
    if left is None or left.state != AskState.LEFT or left.turn > 0 or queue.is_over(offer):
        raise NotPossible(__("That cannot be taken back any more."))
    queue.keep_few(person_id)
    left.state, left.ended_at = AskState.WAITING, None
    db.session.flush()
    return True


def not_handed_over(offer: Offer) -> bool:
    """It was not collected, or is not back, after all: it is promised or lent as before, and whoever waited waits. False where it
    is so already. Raises NotPossible where there is no way back any more. Locks in the order of ``queue.hand_over``."""
    one_at_a_time(offer.author_id)
    queue.hold(offer.id)
    db.session.refresh(offer)
    if offer.stage == Stage.PROMISED:
        return False
    wanted = Ask.offer_id == offer.id
    held = _last(wanted, Ask.state == AskState.DONE) if offer.stage == Stage.FREE else _lent(offer.id)
    if held is None or (held.state == AskState.DONE and _asks_again(held)):
        raise NotPossible(__("That cannot be taken back any more."))
    was_back = held.state == AskState.DONE and offer.category == Category.LEND
    if not was_back and offer.solved_at is not None:
        solving.solve(offer, False)
    if was_back:
        held.state, held.note_back = AskState.LENT, ""
    else:
        held.state, held.note_out, held.due_on, held.reminded = AskState.PROMISED, "", None, 0
    held.ended_at = None
    db.session.flush()
    return True


def _lent(offer_id: uuid.UUID) -> Ask | None:
    """The loan that goes on: when it began is not kept, so that it can be said at any time that it has not."""
    wanted = select(Ask).where(Ask.offer_id == offer_id, Ask.state == AskState.LENT)
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def _asks_again(held: Ask) -> bool:
    """Whether they wait for it anew: nobody stands in a queue twice."""
    again = Ask.offer_id == held.offer_id, Ask.person_id == held.person_id, Ask.state.in_(OPEN)
    return db.session.scalar(select(Ask.id).where(*again)) is not None


def _last(*of: object) -> Ask | None:
    """The ask that ended last, within the time to take it back."""
    wanted = select(Ask).where(*of, Ask.ended_at >= clock.now() - UNDO)  # type: ignore[arg-type]
    return db.session.scalar(wanted.order_by(Ask.ended_at.desc()).limit(1).execution_options(populate_existing=True))
