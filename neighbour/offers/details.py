"""What an offer adds to its card: price, condition, where to collect it, and the state it is in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import FromClause, bindparam, select

from neighbour.contributions.details import Detail, Fact, Ribbon
from neighbour.contributions.models import Contribution
from neighbour.core import i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import ngettext
from neighbour.offers import prices, words
from neighbour.offers.models import Offer, Stage, is_unclaimed
from neighbour.offers.prices import Price


@dataclass(frozen=True)
class OfferDetail(Detail):
    """An offer as everybody who may see it sees it."""

    category: str
    stage: str
    waiting: int
    due_on: date | None
    price_of: Price
    condition: str
    pickup: str
    lend_days: int | None
    solved_at: datetime | None
    expires_at: datetime | None

    @property
    def price(self) -> str:
        """What it costs, or nothing."""
        return prices.said(self.price_of)

    @property
    def facts(self) -> tuple[Fact, ...]:
        days = self.lend_days
        longest = ngettext("for %(num)s day at most", "for %(num)s days at most", days) if days else ""
        lines = (("tag", self.price), ("repeat", longest), ("package", self.condition), ("map-pin", self.pickup))
        return tuple(Fact(icon, text) for icon, text in lines if text)

    @property
    def has_ended(self) -> bool:
        """Over, and nobody got it."""
        return is_unclaimed(self.solved_at, self.expires_at)

    @property
    def ribbon(self) -> Ribbon | None:
        say = words.of(self.category)
        if self.solved_at is not None:
            return Ribbon(_("Ended"), "", "history") if self.has_ended else Ribbon(say("ribbon over"), "", "check")
        if self.stage == Stage.LENT and self.due_on is not None:
            return Ribbon(_("Lent until %(day)s", day=self._back), "event", "repeat")
        if self.stage == Stage.PROMISED:
            return Ribbon(say("ribbon promised"), "offer", "hourglass")
        if self.waiting:
            return Ribbon(say.waiting(self.waiting), "offer", "hourglass")
        return None

    @property
    def _back(self) -> str:
        """The day it is back, said so that it stays true for as long as the card is kept."""
        return i18n.short_date(self.due_on) if self.due_on else ""


_o: FromClause = Offer.__table__
_c: FromClause = Contribution.__table__
_DETAILS = (
    select(
        _o.c.id,
        _c.c.category,
        _o.c.stage,
        _o.c.waiting,
        _o.c.due_on,
        _o.c.price_cents,
        _o.c.price_words,
        _o.c.condition,
        _o.c.pickup,
        _o.c.lend_days,
        _c.c.solved_at,
        _c.c.expires_at,
    )
    .join(_c, _c.c.id == _o.c.id)
    .where(_o.c.id.in_(bindparam("ids", expanding=True)))
)


def details(ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Detail]:
    """The details of these offers, with one question."""
    found = {}
    for row in db.session.execute(_DETAILS, {"ids": list(ids)}):
        key, category, stage, waiting, due_on, cents, words, *rest = row
        found[key] = OfferDetail(category, stage, waiting, due_on, Price(cents, words), *rest)
    return found
