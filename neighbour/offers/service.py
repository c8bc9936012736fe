"""Pinning up and changing an offer: the base's services, and the rules of a market among neighbours.

Limits are published at the composer, with what remains of them (``room``): they are there so that a few do not fill the
market, and that nobody trades under the name of a neighbour.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import SequenceMatcher

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from neighbour.contributions import service as base
from neighbour.contributions.models import Audience, Revision, State
from neighbour.core import clock
from neighbour.core.columns import new_id
from neighbour.core.db import db
from neighbour.core.i18n import lazy_gettext as __
from neighbour.offers import forbidden, loans, newcomers, notices, prices, trade
from neighbour.offers.models import HELD, OPEN, UNPAID, Ask, Category, Offer, OfferForHolder, Stage
from neighbour.offers.prices import Price

LASTS = timedelta(days=60)
ASKED_BEFORE = timedelta(days=7)  # its end, an author is asked whether it is still there (migration 0040)
NOT_AGAIN = timedelta(days=14)  # the same thing is not announced twice within
MOST_OFFERS, MOST_ASKS = 20, 10  # open at the same time, of one person
SALES_SPAN, MOST_SALES, MOST_OF_A_KIND = timedelta(days=182), 12, 3
ALIKE = 0.82  # how much two titles must have in common to mean things of one kind
#: sizes, volumes, measures; what a thing costs says nothing of what it is
_MEASURE = re.compile(
    r"(?<!\d)(?<!\d[.,])\d+(?:[.,]\d+)?(?![\d.,]*\s*(?:€|eur\b|euro\b))|\b(?:x{0,4}[sl]|m)\b", re.IGNORECASE
)
A_TRY = timedelta(hours=1)  # taken down within, before an issue named it or anybody asked, it was not offered


class Refused(base.NotPossible):
    """What the market does not take; ``field``: the one of the composer that says it."""

    def __init__(self, why: object, field: str = "") -> None:
        super().__init__(why)
        self.field = field


@dataclass(frozen=True)
class Things:
    """What an offer says beyond any contribution."""

    price: Price = field(default_factory=Price)
    condition: str = ""
    pickup: str = ""
    lend_days: int | None = None
    for_holder: str = ""  # what only the one reads to whom it is promised

    @property
    def small(self) -> dict[str, str]:
        """What is typed into the small fields, by their names."""
        said = (("price", self.price.words), ("condition", self.condition), ("pickup", self.pickup))
        return {name: words for name, words in (*said, ("for_holder", self.for_holder)) if words}

    def beside(self, title: str, body: str) -> str:
        """All that an offer says: title and text, and below them each small field as a sentence of its own."""
        return ".\n".join((f"{title}\n{body}", *self.small.values()))


@dataclass(frozen=True)
class Room:
    """What one person may still do: offers and asks that are open, sales of the last six months."""

    offers: int
    asks: int
    sales: int


def room(person_id: int) -> Room:
    """What remains for this person, never below nothing. Through their own eyes."""
    now = clock.now()
    mine = Offer.author_id == person_id, Offer.state == State.PUBLISHED
    has_time = or_(Offer.expires_at > now, Offer.stage != Stage.FREE)  # what somebody has hangs until it is back
    open_offers = select(func.count()).select_from(Offer).where(*mine, Offer.solved_at.is_(None), has_time)
    asks = select(func.count()).where(Ask.person_id == person_id, Ask.state.in_(OPEN))
    return Room(
        offers=max(0, MOST_OFFERS - (db.session.scalar(open_offers) or 0)),
        asks=max(0, MOST_ASKS - (db.session.scalar(asks) or 0)),
        sales=max(0, MOST_SALES - len(_sales(person_id))),
    )


def keep_room(person_id: int) -> None:
    """Raises NotPossible where this person has as many open offers as anybody may."""
    if not room(person_id).offers:
        raise base.NotPossible(
            __("You have %(most)s open offers, as many as anybody may. Close one first.", most=MOST_OFFERS)
        )


def keep_reopening(offer: Offer) -> None:
    """Opened or pinned up again, an offer is one of those that somebody has open, and what was pinned up or sold meanwhile counts
    beside it: taking down and back is no way round. Raises NotPossible."""
    keep_room(offer.author_id)
    if offer.published_at > clock.now() - NOT_AGAIN:
        _not_again(offer.author_id, offer.title, instead_of=offer)
    if offer.category == Category.SELL:
        _keep_shares(offer.author_id, offer.title, instead_of=offer)


def publish(
    *,
    author_id: int,
    quarter_id: int,
    category: str,
    title: str,
    body_md: str,
    audience: Audience,
    things: Things,
    form_key: uuid.UUID | None = None,
) -> Offer:
    """Pin up an offer for sixty days. Raises NotPossible, with the rule, for what the market does not take."""
    base.one_at_a_time(author_id)
    form_key = base.key_of(form_key, author_id, category, title, body_md, audience, things)
    if not _is_repeat(form_key):
        _keep_rules(author_id, category, title, body_md, things)
        newcomers.keep_without_links(author_id, things.for_holder)
        _not_again(author_id, title)
        keep_room(author_id)
    offer = base.publish(
        Offer,
        author_id=author_id,
        quarter_id=quarter_id,
        category=category,
        title=title,
        body_md=body_md,
        audience=audience,
        form_key=form_key,
        expires_at=clock.now() + LASTS,
    )
    _set(offer, things)
    return offer


def revise(
    offer: Offer, *, editor_id: int, category: str, title: str, body_md: str, audience: Audience, things: Things
) -> Offer:
    """Change an offer; its end stays. Whoever has the promise or the thing is told where it concerns them. Raises NotPossible as
    ``publish`` does, and for a category that would turn the queue into something else."""
    base.one_at_a_time(editor_id)
    db.session.refresh(offer)
    if category != offer.category and _has_queue(offer):
        raise base.NotPossible(__("Somebody is in the queue for this already: it stays what it is."))
    _keep_rules(editor_id, category, title, body_md, things, instead_of=offer)
    newcomers.keep_without_links(editor_id, things.for_holder)
    if not is_same(offer.title, title):  # a word more or less is the same slip
        _not_again(offer.author_id, title, instead_of=offer)
    before = (offer.pickup, Price(offer.price_cents, offer.price_words)), loans.for_holder(offer.id)
    base.revise(
        offer,
        editor_id=editor_id,
        category=category,
        title=title,
        body_md=body_md,
        audience=audience,
        expires_at=offer.expires_at,
    )
    _set(offer, things)
    for_all = things.pickup, things.price
    if (for_all, things.for_holder) != before:
        _tell_holder(offer, is_for_all=for_all != before[0])
    return offer


def _tell_holder(offer: Offer, *, is_for_all: bool) -> None:
    """Where and when, the price, or the words for them alone, are not what whoever has the promise or the thing has read: they
    are told. A promise of this very moment waits for the row of the contribution and is told with the new words. Who has moved up
    and does not read theirs yet hears only of what is for all (``is_for_all``)."""
    held = db.session.scalar(select(Ask).where(Ask.offer_id == offer.id, Ask.state.in_(HELD)))
    if held is not None and (is_for_all or not held.moved_up):
        notices.Changed.send(held.person_id, subject_key=f"{held.id} {new_id()}", payload={"ask": str(held.id)})


def keep(offer: Offer) -> bool:
    """It is still there: sixty days more from today, if it is not over (False). The same button twice is one. Raises NotPossible
    where its time is up and its author has as many open ones without it as anybody may."""
    if offer.state != State.PUBLISHED or offer.solved_at is not None:
        return False
    if offer.expires_at is not None and offer.expires_at <= clock.now() and offer.stage == Stage.FREE:
        base.one_at_a_time(offer.author_id)
        keep_room(offer.author_id)
    offer.expires_at = clock.now() + LASTS
    db.session.flush()
    return True


def _set(offer: Offer, things: Things) -> None:
    offer.price_cents, offer.price_words = things.price.cents, things.price.words
    offer.condition, offer.pickup, offer.lend_days = things.condition, things.pickup, things.lend_days
    db.session.flush()
    if things.for_holder:
        row = insert(OfferForHolder).values(offer_id=offer.id, text=things.for_holder)
        changed = row.on_conflict_do_update(index_elements=["offer_id"], set_={"text": things.for_holder})
        db.session.execute(changed)
    else:
        db.session.execute(delete(OfferForHolder).where(OfferForHolder.offer_id == offer.id))


def _has_queue(offer: Offer) -> bool:
    waiting = select(Ask.id).where(Ask.offer_id == offer.id, Ask.state.in_(OPEN)).limit(1)
    return db.session.scalar(waiting) is not None


def _keep_rules(
    person_id: int, category: str, title: str, body: str, things: Things, instead_of: Offer | None = None
) -> None:
    """Nothing forbidden, and no trade, nor money for a "swap": raises NotPossible with the rule and its reason."""
    is_wanted, is_gift = category == Category.WANTED, category in UNPAID
    text = things.beside(title, body)
    found = forbidden.look(text, is_wanted=is_wanted)
    if found is not None:
        where = _where(things, lambda words: forbidden.look(words, is_wanted=is_wanted) is not None)
        raise Refused(found, "" if forbidden.look(f"{title}\n{body}", is_wanted=is_wanted) else where)
    if trade.is_plain(text, is_gift=is_gift):
        raise Refused(
            __(
                "This reads like trade, because it says: %(signs)s. This is a market among neighbours, not for business.",
                signs=", ".join(trade.signs(text)),
            ),
            "" if trade.signs(f"{title}\n{body}") else _where(things, lambda words: bool(trade.signs(words))),
        )
    if category == Category.SWAP and prices.is_money(things.price):
        raise Refused(__("A swap takes no money. For an amount, choose “For sale” above."), "price")
    if category == Category.SELL:
        _keep_shares(person_id, title, instead_of)


def _where(things: Things, says_it: Callable[[str], bool]) -> str:
    """The small field that says it, or none: then it is title and text, or all together."""
    return next((name for name, words in things.small.items() if says_it(words)), "")


def _keep_shares(person_id: int, title: str, instead_of: Offer | None) -> None:
    """No more sales than a neighbour has: raises NotPossible with the rule."""
    sold = [known for known in _sales(person_id) if instead_of is None or known.id != instead_of.id]
    if len(sold) >= MOST_SALES:
        raise base.NotPossible(
            __(
                "You have offered %(most)s things for sale within six months. More than that counts as trade, and this is a"
                " market among neighbours. Giving away, lending and swapping stay open to you.",
                most=MOST_SALES,
            )
        )
    of_a_kind = [
        names for names in _names([known.id for known in sold]) if any(is_alike(each, title) for each in names)
    ]
    if len(of_a_kind) >= MOST_OF_A_KIND:
        raise base.NotPossible(
            __(
                "You have offered %(most)s of these for sale within six months. More than that counts as trade, and this is"
                " a market among neighbours. Put several on one slip, or give, lend or swap them.",
                most=MOST_OF_A_KIND,
            )
        )


def _sales(person_id: int) -> list[Offer]:
    """What this person has offered for sale in the last six months, whatever it is now, without what was a try."""
    mine = select(Offer).where(
        Offer.author_id == person_id,
        Offer.was_for_sale,
        Offer.published_at > clock.now() - SALES_SPAN,
        _hung_long_enough(),
    )
    return list(db.session.scalars(mine))


def _hung_long_enough() -> ColumnElement[bool]:
    """What was taken down within an hour was a try, if nobody has asked for it and no issue has named it."""
    return or_(
        Offer.state != State.WITHDRAWN,
        Offer.edited_at - Offer.published_at > A_TRY,
        select(Ask.id).where(Ask.offer_id == Offer.id).exists(),
        func.stood_in_issue(Offer.id),
    )


def _not_again(person_id: int, title: str, instead_of: Offer | None = None) -> None:
    """The same thing is announced once in a fortnight; who has it hanging changes it instead. Renamed since, it was announced all
    the same."""
    recent = select(Offer.id).where(
        Offer.author_id == person_id, Offer.published_at > clock.now() - NOT_AGAIN, _hung_long_enough()
    )
    if instead_of is not None:
        recent = recent.where(Offer.id != instead_of.id)
    known = _names(list(db.session.scalars(recent)))
    if any(is_same(each, title) for names in known for each in names):
        raise base.NotPossible(
            __(
                "You pinned this up within the last 14 days. Everybody has seen it once: change what hangs there instead of"
                " pinning it up again."
            )
        )


def _names(offers: Sequence[uuid.UUID]) -> list[list[str]]:
    """For each of these offers, what it is called and was called before: by renaming the old slip no limit begins anew."""
    now = select(Offer.id, Offer.title).where(Offer.id.in_(offers))
    before = select(Revision.contribution_id, Revision.title).where(Revision.contribution_id.in_(offers))
    names: dict[uuid.UUID, list[str]] = defaultdict(list)
    for key, title in (*db.session.execute(now), *db.session.execute(before)):
        names[key].append(title)
    return list(names.values())


def is_same(one: str, other: str) -> bool:
    """Whether two titles mean the same thing. Alike, but each with a number or size that the other lacks, they are two: a bicycle
    of 16 and one of 20 inches, the first and the second volume. One more number is none: "Sofa 2" is the sofa."""
    first, second = ({each.casefold().replace(",", ".") for each in _MEASURE.findall(title)} for title in (one, other))
    return is_alike(one, other) and (first <= second or second <= first)


def is_alike(one: str, other: str) -> bool:
    """Whether two titles mean things of one kind: the same words in whatever order, or nearly the same letters.

    Sizes and volumes count for nothing here. Whoever sells children's bicycles of every size, one after the other, is a shop, and
    that is what the limit of three is for; a family that grows out of them gives, lends or swaps the fourth, or puts several on
    one slip. The limit is on sales alone."""
    first, second = (" ".join(sorted(each.casefold().split())) for each in (one, other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= ALIKE


def _is_repeat(form_key: uuid.UUID | None) -> bool:
    return form_key is not None and db.session.scalar(select(Offer.id).where(Offer.form_key == form_key)) is not None
