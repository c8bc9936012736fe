"""An offer's part of its page: who waits, what one may do now, and the code at the door.

Everybody sees how many wait; who they are sees the author, as the ring shows them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, render_template
from sqlalchemy import select

from neighbour.accounts.appearance import NOBODY, Byline
from neighbour.accounts.models import Person
from neighbour.contributions import service as contributions
from neighbour.contributions.cards import authors
from neighbour.contributions.models import State
from neighbour.contributions.readers import reader_of
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.i18n import LazyText
from neighbour.offers import loans, queue, scam, words
from neighbour.offers.forms import AskForm, HandOverForm, ProlongForm, ReturnForm
from neighbour.offers.models import HELD, Ask, AskState, Category, Offer
from neighbour.offers.newcomers import NEW_FOR
from neighbour.offers.service import ASKED_BEFORE
from neighbour.policy import Identity


@dataclass(frozen=True)
class Waiting:
    """One who asks, as the author sees them."""

    ask: Ask
    by: Byline

    @property
    def signs(self) -> tuple[LazyText, ...]:
        """What looks like a swindle in their words."""
        return scam.look(self.ask.words)


@dataclass(frozen=True)
class Seller:
    """Since when whoever offers it has been here, told to those who see their name. ``is_new``: for less than a week, as long as
    newcomers are slow."""

    since: datetime
    is_new: bool


@dataclass(frozen=True)
class OfferPage:
    """What the template shows. ``own``: what the reader asks for; ``held``: who has the promise or the thing; ``code``: what
    whoever takes the thing away shows at the door."""

    offer: Offer
    is_mine: bool
    is_over: bool
    own: Ask | None
    place: int
    code: str
    held: Waiting | None
    queue: tuple[Waiting, ...]
    back: Waiting | None
    ask_form: AskForm
    #: what looks like a swindle in the words that are about to be sent
    signs: Sequence[LazyText]
    #: what looks like one in the offer itself, for those who read it
    offer_signs: tuple[LazyText, ...]
    #: answers below that look like one, by id
    suspects: tuple[uuid.UUID, ...]
    #: what is for the one alone who has the promise or the thing
    for_holder: str
    is_declined: bool
    seller: Seller | None
    hand_over_form: HandOverForm
    prolong_form: ProlongForm
    return_form: ReturnForm

    @property
    def is_loan(self) -> bool:
        return self.offer.category == Category.LEND

    @property
    def is_wanted(self) -> bool:
        return self.offer.category == Category.WANTED

    @property
    def say(self) -> words.Words:
        """What the steps are called, in the direction in which the thing goes."""
        return words.of(self.offer.category)

    @property
    def holder_signs(self) -> tuple[LazyText, ...]:
        """What looks like a swindle in the words for the one alone, for that one: swindlers write where nobody else reads."""
        return () if self.is_mine else scam.look(self.for_holder)

    @property
    def ends_soon(self) -> bool:
        """Whether its author is asked if it is still there."""
        end = self.offer.expires_at
        return self.is_mine and not self.is_over and end is not None and end <= clock.now() + ASKED_BEFORE


def page_data(offer: Offer, who: Identity) -> Mapping[str, Any]:
    """``market``: the page as this reader sees it. A form that was sent and is wrong is in ``g.offer_form``, and
    in ``g.offer_signs`` what its sender is asked about."""
    is_mine = who.person_id is not None and offer.author_id == who.person_id
    asks = queue.queue_of(offer.id) if is_mine else []
    own = queue.mine(offer.id, who.person_id) if who.person_id is not None and not is_mine else None
    last = loans.last_loan(offer.id) if who.person_id is not None else None
    wanted = {ask.person_id for ask in (*asks, *([last] if last else []))} | {offer.author_id}
    people = authors(wanted, reader_of(who), offer.audience)
    waiting = [Waiting(ask, people.get(ask.person_id, NOBODY)) for ask in asks]
    held = next((each for each in waiting if each.ask.state != AskState.WAITING), None)
    is_over = queue.is_over(offer)
    ask_form = _form(AskForm)
    page = OfferPage(
        offer=offer,
        is_mine=is_mine,
        is_over=is_over,
        own=own,
        place=queue.place_of(own) if own is not None and own.state == AskState.WAITING else 0,
        code="" if is_over else _code(offer, own, held.ask if held is not None else None),
        held=held,
        queue=tuple(each for each in waiting if each is not held),
        back=Waiting(last, people.get(last.person_id, NOBODY)) if last is not None else None,
        ask_form=ask_form,
        signs=g.get("offer_signs", ()),
        offer_signs=() if is_mine else scam.look(_words(offer)),
        suspects=_suspects(offer, who),
        for_holder=loans.for_holder(offer.id) if is_mine or (own is not None and own.state in HELD) else "",
        is_declined=own is None and who.person_id is not None and queue.is_declined(offer.id, who.person_id),
        seller=None if is_mine else _seller(offer, people[offer.author_id]),
        hand_over_form=_form(HandOverForm),
        prolong_form=_form(ProlongForm),
        return_form=_form(ReturnForm),
    )
    return {"market": page}


def loan_page(offer_id: uuid.UUID, who: Identity) -> str | None:
    """What whoever has borrowed something sees of an offer that is taken down, or not shown any more where they live: the loan
    alone. None for everybody else."""
    loan = loans.borrowed(offer_id)
    if loan is None:
        return None
    lender = authors([loan.author_id], reader_of(who), loan.audience)[loan.author_id]
    alone = loans.for_holder(offer_id)
    return render_template("offers/loan.html", loan=loan, lender=lender, for_holder=alone, signs=scam.look(alone))


def _code(offer: Offer, own: Ask | None, held: Ask | None) -> str:
    """Whoever takes the thing away shows it, so that whoever gives it away knows who stands before them. What is offered is typed
    in by its author and shown to the other one alone. What is wanted its author takes away: both see it, and compare."""
    shown = own or (held if offer.category == Category.WANTED else None)
    return queue.code_of(shown) if shown is not None and shown.state == AskState.PROMISED else ""


def _words(offer: Offer) -> str:
    return "\n".join((offer.title, offer.body_md, offer.price_words, offer.condition, offer.pickup))


def _suspects(offer: Offer, who: Identity) -> tuple[uuid.UUID, ...]:
    """Answers of others than the reader that look like a swindle; whoever offers it may be the swindler."""
    answers = contributions.comments_of(offer.id)
    shown = [each for each in answers if each.state == State.PUBLISHED and each.author_id != who.person_id]
    return tuple(each.id for each in shown if scam.look(each.body_md))


def _seller(offer: Offer, by: Byline) -> Seller | None:
    """None where the reader does not see whose it is: what they know of one slip must not lead to another."""
    if not by.name or offer.is_left:
        return None
    since = db.session.scalar(select(Person.created_at).where(Person.id == offer.author_id))
    return Seller(since, since > clock.now() - NEW_FOR) if since is not None else None


def _form(kind: type[Any]) -> Any:
    sent = g.get("offer_form")
    return sent if isinstance(sent, kind) else kind(formdata=None)
