"""Offers and those who ask, for tests: through the real services and the wall."""

from __future__ import annotations

import uuid
from itertools import count
from typing import Any

from neighbour.accounts.models import Person
from neighbour.contributions.models import Audience
from neighbour.core import scope
from neighbour.core.db import atomic, db
from neighbour.offers import queue, service
from neighbour.offers.models import Ask, Offer
from neighbour.offers.service import Things
from neighbour.quarters.models import Quarter
from tests.factories import viewer_of

_THINGS = ("Bücherregal", "Kinderrad", "Stehlampe", "Nähmaschine", "Zelt", "Schlitten", "Wasserkocher", "Gitarre")
_numbers = count(1)


def make_offer(
    author: Person,
    quarter: Quarter,
    *,
    title: str = "",
    category: str = "give",
    body: str = "Gut erhalten.",
    **fields: Any,
) -> Offer:
    """An offer that hangs."""
    number = next(_numbers)
    things = {
        key: fields.pop(key) for key in ("price", "condition", "pickup", "lend_days", "for_holder") if key in fields
    }
    with scope.use(viewer_of(author, quarter)), atomic():
        made = service.publish(
            author_id=author.id,
            quarter_id=quarter.id,
            category=category,
            title=title or f"{_THINGS[number % len(_THINGS)]} {uuid.uuid4().hex[:8]}",
            body_md=body,
            audience=fields.pop("audience", Audience.QUARTER),
            things=Things(**things),
            form_key=uuid.uuid4(),
        )
    db.session.expunge_all()
    return made


def make_ask(person: Person, quarter: Quarter, offer: Offer, words: str = "Ich kann heute kommen.") -> Ask:
    """Somebody asks for it."""
    with scope.use(viewer_of(person, quarter)), atomic():
        made = queue.ask(_seen(offer), person_id=person.id, words=words)
    db.session.expunge_all()
    return made


def promise(author: Person, quarter: Quarter, offer: Offer, ask: Ask) -> bool:
    """Its author promises it."""
    with scope.use(viewer_of(author, quarter)), atomic():
        return queue.promise(_seen(offer), ask.id)


def hand_over(author: Person, quarter: Quarter, offer: Offer, **more: Any) -> Any:
    """Its author says that it was collected."""
    with scope.use(viewer_of(author, quarter)), atomic():
        return queue.hand_over(_seen(offer), **more)


def _seen(offer: Offer) -> Offer:
    return db.session.get_one(Offer, offer.id, populate_existing=True)


def mails(owner: Any, notice: str) -> list[int]:
    """To whom this notice was promised, in the order in which it was."""
    rows = owner.execute("SELECT person_id FROM delivery WHERE notice = %s ORDER BY id", [f"offers.{notice}"])
    return [row[0] for row in rows]


def states(owner: Any) -> list[str]:
    """How things stand for those who asked, in the order of asking."""
    return [row[0] for row in owner.execute("SELECT state FROM ask ORDER BY place")]
