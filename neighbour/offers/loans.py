"""Loans: until when, how far their reminders have come, and what whoever has borrowed something keeps seeing of it.

A loan goes on until its return is confirmed, whatever becomes of the offer meanwhile: taken down, shown in fewer quarters, or
left behind by a move. Its borrower then sees the loan and nothing else (``loan_of`` of migration 0106).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select, text

from neighbour.contributions.service import NotPossible
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.offers.models import Ask, AskState, Offer, OfferForHolder

LONGEST_LOAN = 365  # days
_LOAN = text("SELECT ask_id, title, author_id, audience FROM loan_of(:offer)")


@dataclass(frozen=True)
class Loan:
    """What somebody has borrowed: the ask that became it, and of the offer no more than it takes to bring it back. ``title`` is
    None where the operator has hidden the offer."""

    offer_id: uuid.UUID
    ask: Ask
    title: str | None
    author_id: int
    audience: str


def borrowed(offer_id: uuid.UUID) -> Loan | None:
    """The loan of this offer, if the viewer of the session holds it; wherever they live now."""
    row = db.session.execute(_LOAN, {"offer": offer_id}).one_or_none()
    if row is None:
        return None
    ask = db.session.get_one(Ask, row.ask_id, populate_existing=True)
    return Loan(offer_id, ask, row.title, row.author_id, row.audience)


def last_loan(offer_id: uuid.UUID) -> Ask | None:
    """The loan that was brought back last, if these eyes may see it."""
    back = select(Ask).where(Ask.offer_id == offer_id, Ask.state == AskState.DONE, Ask.due_on.is_not(None))
    return db.session.scalar(back.order_by(Ask.ended_at.desc()).limit(1))


def day_of_return(offer: Offer, due_on: date | None) -> date:
    """The day on which a loan that begins or goes on today is to be back. Raises NotPossible for none, for one that is over and
    for one that is later than the offer says."""
    today = clock.today(i18n.zone())
    if due_on is None:
        raise NotPossible(__("Until when? Agree on a day."))
    if due_on < today:
        raise NotPossible(__("This day is over."))
    if due_on > today + timedelta(days=offer.lend_days or LONGEST_LOAN):
        raise NotPossible(__("That is longer than you lend it."))
    return due_on


def reminders_before(due_on: date) -> int:
    """How many reminders of a loan until this day have their time behind them: they are not sent."""
    here = i18n.local(clock.now()).replace(tzinfo=None)
    return db.session.scalar(select(func.loan_stage(due_on, here))) or 0


def for_holder(offer_id: uuid.UUID) -> str:
    """What the author says to whoever has the promise or the thing, if these eyes may read it; otherwise nothing."""
    return db.session.scalar(select(OfferForHolder.text).where(OfferForHolder.offer_id == offer_id)) or ""
