"""Cards: what a contribution looks like in a list.

A card is the same HTML for everyone who may see it. It is rendered once and kept by (contribution, version,
language); what is personal – thanked, new to me – stands outside it. ``version`` goes up with every visible
change, so nothing has to be thrown away by hand.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from sqlalchemy import Row, bindparam, select

from neighbour.accounts.models import Person
from neighbour.contributions import kinds
from neighbour.contributions.models import Contribution
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.text import initials
from neighbour.policy import Role
from neighbour.quarters.models import Quarter
from neighbour.residency.models import Membership

KEPT = 20_000  # cards kept per process: about 60 MB at 3 KB each


@dataclass(frozen=True)
class Byline:
    """Who wrote it, as neighbours see them."""

    name: str
    initials: str
    wash: int  # 1 to 6, one of the six tints of an avatar
    street: str | None
    is_proven: bool = True


@dataclass(frozen=True)
class CardData:
    """Everything the card macro shows, for every kind the same."""

    id: uuid.UUID
    kind: str
    category: kinds.Category
    by: Byline
    quarter: str
    quarter_id: int
    audience: str
    title: str
    body_html: str
    excerpt: str
    published_at: datetime
    edited_at: datetime | None
    expires_at: datetime | None
    solved_at: datetime | None
    comment_count: int
    thanks_count: int

    @property
    def is_urgent(self) -> bool:
        """Still urgent: of that category and not expired."""
        return self.category.key == "urgent" and (self.expires_at is None or self.expires_at > clock.now())

    @property
    def is_cut(self) -> bool:
        """Whether the list shows only the beginning of the text."""
        return self.excerpt.endswith("…")


_COLUMNS = (
    Contribution.id, Contribution.kind, Contribution.category, Contribution.audience, Contribution.quarter_id,
    Contribution.title, Contribution.body_html, Contribution.excerpt, Contribution.published_at,
    Contribution.edited_at, Contribution.expires_at, Contribution.solved_at, Contribution.comment_count,
    Contribution.thanks_count, Person.display_name, Person.street_shown, Person.public_id, Person.status,
    Quarter.name.label("quarter"),
)
_BY_ID = (
    select(*_COLUMNS)
    .join(Person, Person.id == Contribution.author_id)
    .join(Quarter, Quarter.id == Contribution.quarter_id)
    .where(Contribution.id.in_(bindparam("ids", expanding=True)))
)


def load(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, CardData]:
    """The data of these cards, as far as the viewer of the session may see them."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {row.id: card_of(row) for row in db.session.execute(_BY_ID, {"ids": wanted})}


def card_of(row: Row) -> CardData:
    """A card's data from a row of the columns above."""
    return CardData(
        id=row.id, kind=row.kind, category=kinds.look(row.kind, row.category),
        by=byline(row.display_name, row.street_shown, row.public_id, row.status), quarter=row.quarter,
        quarter_id=row.quarter_id, audience=row.audience, title=row.title, body_html=row.body_html,
        excerpt=row.excerpt, published_at=row.published_at, edited_at=row.edited_at, expires_at=row.expires_at,
        solved_at=row.solved_at, comment_count=row.comment_count, thanks_count=row.thanks_count,
    )


def byline(display_name: str, street: str | None, public_id: str, status: str) -> Byline:
    """A person's line. Someone whose account is erased is a former neighbour."""
    name = "" if status == "erased" else display_name
    return Byline(name=name, initials=initials(name) if name else "–", wash=wash(public_id),
                  street=None if status == "erased" else street)


def wash(public_id: str) -> int:
    """One of six avatar tints, the same for a person everywhere."""
    return sum(map(ord, public_id)) % 6 + 1


def authors(ids: Iterable[int]) -> dict[int, Byline]:
    """Bylines of these people (writers of comments the viewer may see)."""
    wanted = set(ids)
    if not wanted:
        return {}
    people = select(Person.id, Person.display_name, Person.street_shown, Person.public_id, Person.status)
    rows = db.session.execute(people.where(Person.id.in_(wanted)))
    return {row.id: byline(row.display_name, row.street_shown, row.public_id, row.status) for row in rows}


def stewards_of(quarter_id: int) -> list[str]:
    """Names of the quarter's team, as neighbours see them."""
    team = (
        select(Person.display_name).join(Membership, Membership.person_id == Person.id)
        .where(Membership.quarter_id == quarter_id, Membership.role == Role.STEWARD, Membership.ended_at.is_(None))
        .order_by(Person.display_name)
    )
    return list(db.session.scalars(team))


class Fragments:
    """Rendered cards by key, the least recently used forgotten first. Safe between threads."""

    def __init__(self, kept: int = KEPT):
        self.kept = kept
        self._cards: OrderedDict[tuple, str] = OrderedDict()
        self._lock = Lock()

    def find(self, keys: Sequence[tuple]) -> dict[tuple, str]:
        """Those of ``keys`` that are kept."""
        found = {}
        with self._lock:
            for key in keys:
                html = self._cards.get(key)
                if html is not None:
                    self._cards.move_to_end(key)
                    found[key] = html
        return found

    def keep(self, key: tuple, html: str) -> None:
        """Keep one more."""
        with self._lock:
            self._cards[key] = html
            while len(self._cards) > self.kept:
                self._cards.popitem(last=False)

    def clear(self) -> None:
        """Forget all (tests)."""
        with self._lock:
            self._cards.clear()


fragments = Fragments()
