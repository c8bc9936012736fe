"""An offer's part of its page: who waits, what one may do now, and the code at the door.

Everybody sees how many wait; who they are sees the author, as the ring shows them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g

from neighbour.accounts.appearance import NOBODY, Byline
from neighbour.contributions import service as contributions
from neighbour.contributions.cards import authors
from neighbour.contributions.models import State
from neighbour.contributions.readers import reader_of
from neighbour.core import clock
from neighbour.core.i18n import LazyText
from neighbour.offers import queue, scam
from neighbour.offers.forms import AskForm, HandOverForm, ReturnForm
from neighbour.offers.models import Ask, AskState, Category, Offer
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
class OfferPage:
    """What the template shows. ``own``: what the reader asks for; ``held``: who has the promise or the thing."""

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
    signs: tuple[LazyText, ...]
    #: answers below that look like one, by id
    suspects: tuple[uuid.UUID, ...]
    hand_over_form: HandOverForm
    return_form: ReturnForm

    @property
    def is_loan(self) -> bool:
        return self.offer.category == Category.LEND

    @property
    def is_wanted(self) -> bool:
        return self.offer.category == Category.WANTED

    @property
    def ends_soon(self) -> bool:
        """Whether its author is asked if it is still there."""
        end = self.offer.expires_at
        return self.is_mine and not self.is_over and end is not None and end <= clock.now() + ASKED_BEFORE


def page_data(offer: Offer, who: Identity) -> Mapping[str, Any]:
    """``market``: the page as this reader sees it. A form that was sent and is wrong is in ``g.offer_form``."""
    is_mine = who.person_id is not None and offer.author_id == who.person_id
    asks = queue.queue_of(offer.id) if is_mine else []
    own = queue.mine(offer.id, who.person_id) if who.person_id is not None and not is_mine else None
    last = queue.last_loan(offer.id) if who.person_id is not None else None
    people = authors({ask.person_id for ask in (*asks, *([last] if last else []))}, reader_of(who), offer.audience)
    waiting = [Waiting(ask, people.get(ask.person_id, NOBODY)) for ask in asks]
    held = next((each for each in waiting if each.ask.state != AskState.WAITING), None)
    ask_form = _form(AskForm)
    page = OfferPage(
        offer=offer,
        is_mine=is_mine,
        is_over=queue.is_over(offer),
        own=own,
        place=queue.place_of(own) if own is not None and own.state == AskState.WAITING else 0,
        code=queue.code_of(own) if own is not None and own.state == AskState.PROMISED else "",
        held=held,
        queue=tuple(each for each in waiting if each is not held),
        back=Waiting(last, people.get(last.person_id, NOBODY)) if last is not None else None,
        ask_form=ask_form,
        signs=scam.look(ask_form.words.data or "") if ask_form.words.data else (),
        suspects=_suspects(offer),
        hand_over_form=_form(HandOverForm),
        return_form=_form(ReturnForm),
    )
    return {"market": page}


def _suspects(offer: Offer) -> tuple[uuid.UUID, ...]:
    """Answers of others than the author that look like a swindle."""
    answers = contributions.comments_of(offer.id)
    shown = [each for each in answers if each.state == State.PUBLISHED and each.author_id != offer.author_id]
    return tuple(each.id for each in shown if scam.look(each.body_md))


def _form(kind: type[Any]) -> Any:
    sent = g.get("offer_form")
    return sent if isinstance(sent, kind) else kind(formdata=None)
