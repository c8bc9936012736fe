"""Cards: what a contribution looks like in a list.

A card is the same HTML for everyone who may see it. It is rendered once and kept by (contribution, version,
language); what is personal – thanked, new to me – stands outside it. ``version`` goes up with every visible
change, the author's name and street and the quarter's name included (migration 0015), so nothing has to be
thrown away by hand.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import Row, Select, bindparam, select

from neighbour.accounts.models import Person
from neighbour.contributions import kinds
from neighbour.contributions.models import URGENT, Contribution
from neighbour.core import clock
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.kept import Shelf
from neighbour.core.tokens import to_uid
from neighbour.policy import Role
from neighbour.quarters.models import Quarter
from neighbour.residency.models import Membership

KEPT = 20_000  # cards kept per process: about 60 MB at 3 KB each


@dataclass(frozen=True)
class Byline:
    """Who wrote it, as neighbours see them. ``key`` decides the colour of the avatar and is never shown."""

    name: str
    key: str
    street: str | None = None
    is_gone: bool = False

    @property
    def shown(self) -> str:
        """The name; someone whose account is erased, or who has moved away since, is a former neighbour."""
        return _("Former neighbour") if self.is_gone else self.name


FORMER = Byline(name="", key="former", is_gone=True)


@dataclass(frozen=True)
class CardData:
    """Everything the card macro (templates/macros/card.html) shows, for every kind the same."""

    id: uuid.UUID
    category: kinds.Category
    by: Byline
    quarter: str
    quarter_id: int
    audience: str
    title: str
    body: str
    excerpt: str
    published_at: datetime
    edited_at: datetime | None
    expires_at: datetime | None
    solved_at: datetime | None
    comment_count: int
    thanks_count: int
    version: int
    #: the reader's own quarter is not named on the card
    is_home: bool = True
    audience_label: str = ""

    @property
    def uid(self) -> str:
        return to_uid(self.id)

    @property
    def url(self) -> str:
        return url_of(self.id)

    @property
    def thank_url(self) -> str:
        return url_of(self.id) + "/thank"

    @property
    def edited_url(self) -> str:
        return url_of(self.id) + "/history"

    @property
    def is_urgent(self) -> bool:
        """Still urgent: of that category, not expired, not over."""
        return is_urgent(self.category.key, self.expires_at, self.solved_at)

    @property
    def is_solved(self) -> bool:
        return self.solved_at is not None

    @property
    def kind_label(self) -> str:
        """What the tape says."""
        done = self.category.solved_label
        return str(done if self.is_solved and done else self.category.label)

    @property
    def kind_icon(self) -> str:
        return "circle-check" if self.is_solved else self.category.icon

    @property
    def tone(self) -> str:
        """The tint of the tape; what was urgent once is not red for ever."""
        return "post" if self.category.key == URGENT else self.category.tint

    @property
    def author_name(self) -> str:
        return self.by.shown

    @property
    def author_key(self) -> str:
        return self.by.key

    @property
    def author_level(self) -> str:
        return "" if self.by.is_gone else "verified"  # only the verified may publish

    @property
    def place(self) -> str | None:
        return self.by.street

    @property
    def quarter_name(self) -> str:
        return "" if self.is_home else self.quarter

    @property
    def body_html(self) -> Markup:
        return Markup(self.body)  # noqa: S704  sanitised when it was written (core.text.markdown)


def url_of(contribution_id: uuid.UUID) -> str:
    """The path of a contribution's page (route ``contributions.show``); mails put the site before it."""
    return "/c/" + to_uid(contribution_id)


def is_urgent(category: str, expires_at: datetime | None, solved_at: datetime | None) -> bool:
    """Whether something still stands on top of the board."""
    return category == URGENT and solved_at is None and (expires_at is None or expires_at > clock.now())


_COLUMNS = (
    Contribution.id,
    Contribution.kind,
    Contribution.category,
    Contribution.audience,
    Contribution.quarter_id,
    Contribution.title,
    Contribution.body_html,
    Contribution.excerpt,
    Contribution.published_at,
    Contribution.edited_at,
    Contribution.expires_at,
    Contribution.solved_at,
    Contribution.comment_count,
    Contribution.thanks_count,
    Contribution.version,
    Contribution.is_left,
    Person.display_name,
    Person.street_shown,
    Person.public_id,
    Person.status,
    Quarter.name.label("quarter"),
)


def cards() -> Select:
    """The rows that ``card_of`` reads, of all contributions the viewer may see; to be narrowed down."""
    return (
        select(*_COLUMNS)
        .join(Person, Person.id == Contribution.author_id)
        .join(Quarter, Quarter.id == Contribution.quarter_id)
    )


_BY_ID = cards().where(Contribution.id.in_(bindparam("ids", expanding=True)))


def load(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, CardData]:
    """The data of these cards, as far as the viewer of the session may see them."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {row.id: card_of(row) for row in db.session.execute(_BY_ID, {"ids": wanted})}


def card_of(row: Row) -> CardData:
    """A card's data from a row of the columns above."""
    return CardData(
        id=row.id,
        category=kinds.look(row.kind, row.category),
        by=FORMER if row.is_left else byline(row.display_name, row.street_shown, row.public_id, row.status),
        quarter=row.quarter,
        quarter_id=row.quarter_id,
        audience=row.audience,
        title=row.title,
        body=row.body_html,
        excerpt=row.excerpt,
        published_at=row.published_at,
        edited_at=row.edited_at,
        expires_at=row.expires_at,
        solved_at=row.solved_at,
        comment_count=row.comment_count,
        thanks_count=row.thanks_count,
        version=row.version,
    )


def byline(display_name: str, street: str | None, public_id: str, status: str) -> Byline:
    """A person's line."""
    if status == "erased":
        return FORMER
    return Byline(name=display_name, key=public_id, street=street)


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
        select(Person.display_name)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.quarter_id == quarter_id, Membership.role == Role.STEWARD, Membership.ended_at.is_(None))
        .order_by(Person.display_name)
    )
    return list(db.session.scalars(team))


fragments: Shelf[tuple[Any, ...], str] = Shelf(KEPT)
