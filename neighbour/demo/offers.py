"""The market of the demo city: offers in every state, through the offers' own services, each at its own time.

The format stands at the top of ``data/offers.txt``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from neighbour.contributions.models import Audience
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.demo import board, posts
from neighbour.demo.drawing import DATA
from neighbour.demo.residents import Resident
from neighbour.offers import prices, queue, service
from neighbour.offers.models import Ask, Offer
from neighbour.offers.service import Things

FILE = DATA / "offers.txt"


class DemoAsk(NamedTuple):
    """Who asks, how long after the offer was pinned up, and with which words."""

    person: str
    after: timedelta
    words: str


class DemoOffer(NamedTuple):
    """An offer and what has become of it: ``state`` is "free", or "promised", "lent" or "done" for the n-th who asked."""

    category: str
    author: str
    age: str
    audience: str
    price: str
    state: str
    chosen: int
    back_in: timedelta
    title: str
    things: Things
    text: str
    asks: tuple[DemoAsk, ...]
    photos: tuple[str, ...] = ()

    def published(self, now: datetime, zone: str) -> datetime:
        """When it was pinned up."""
        none: tuple[posts.DemoComment, ...] = ()
        like = posts.DemoPost("", "", "", self.age, "", 0, False, 0, "", "", none)
        return like.published(now, zone)


def offers() -> list[DemoOffer]:
    """Every offer of the file; raises ValueError naming what cannot be read."""
    return list(_read(FILE.read_text(encoding="utf-8")))


def _read(text: str) -> Iterator[DemoOffer]:
    for block in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        head, what, *rest = block.strip().split("\n")
        try:
            yield _offer(head, what, rest)
        except (ValueError, IndexError) as error:
            raise ValueError(f"{FILE.name}, {what}: {error}") from error


def _offer(head: str, what: str, rest: list[str]) -> DemoOffer:
    category, author, age, audience, price, state, *marks = (part.strip() for part in head.split("|"))
    title, condition, pickup, days = (part.strip() for part in what.split(";"))
    word, _space, more = state.partition(" ")
    chosen, _space, back = more.partition(" ")
    return DemoOffer(
        category=category,
        author=author,
        age=age,
        audience=audience,
        price=price,
        state=word,
        chosen=int(chosen or 0),
        back_in=timedelta(days=int(back.strip("+d") or 0)),
        title=title,
        things=Things(prices.read(price), condition, pickup, int(days) if days else None),
        text="\n".join(line for line in rest if not line.startswith(">")),
        asks=tuple(_ask(line) for line in rest if line.startswith(">")),
        photos=tuple(name for part in marks for name in part.removeprefix("photos ").split()),
    )


def _ask(line: str) -> DemoAsk:
    person, after, words = (part.strip() for part in line.removeprefix(">").split("|"))
    return DemoAsk(person, posts.span(after.removeprefix("+")), words)


def put_up(residents: dict[str, Resident], zone: str) -> int:
    """Put everything on the market, oldest first; gives how many. Inside atomic(), as the owner."""
    now = clock.now()
    everything = sorted(offers(), key=lambda demo: demo.published(now, zone))
    for demo in everything:
        at = demo.published(now, zone)
        with clock.freeze(at):
            author = residents[demo.author]
            offer = service.publish(
                author_id=author.person_id,
                quarter_id=author.quarter_id,
                category=demo.category,
                title=demo.title,
                body_md=demo.text,
                audience=Audience(demo.audience),
                things=demo.things,
            )
            board.hang(offer, demo.photos)
        asks = [_put(each, offer, residents, min(at + each.after, now)) for each in demo.asks]
        if demo.state != "free":
            _move_on(demo, offer, asks[demo.chosen - 1], now)
    return len(everything)


def _put(demo: DemoAsk, offer: Offer, residents: dict[str, Resident], at: datetime) -> Ask:
    with clock.freeze(at):
        return queue.ask(offer, person_id=residents[demo.person].person_id, words=demo.words)


def _move_on(demo: DemoOffer, offer: Offer, chosen: Ask, now: datetime) -> None:
    """The promise, and the hand-over where it has come so far, a moment ago."""
    with clock.freeze(now - posts.FRESHEST):
        queue.promise(offer, chosen.id)
        if demo.state in ("lent", "done"):
            due_on = i18n.local(now + demo.back_in).date() if demo.state == "lent" else None
            queue.hand_over(offer, due_on=due_on, note="Alle Bohrer im Kasten, Akku voll." if due_on else "")
    db.session.flush()
