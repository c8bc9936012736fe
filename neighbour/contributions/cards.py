"""Cards: what a contribution looks like in a list.

A card is the same HTML for everyone in the same ring around its author (``readers``). It is rendered once and kept by
(contribution, version, language, ring); what is personal – thanked, new to me – stands outside it. ``version`` goes up
with every visible change, what any ring reads of the author and the quarter's name included (migrations 0015, 0019), so
nothing has to be thrown away by hand.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from markupsafe import Markup
from sqlalchemy import ARRAY, BigInteger, Integer, Row, Select, Text, any_, bindparam, column, func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by, array

from neighbour.accounts.appearance import GONE, Byline, Face, Ring, seen
from neighbour.accounts.models import Person
from neighbour.contributions import kinds, offices
from neighbour.contributions.details import NOTHING, Detail, Fact, Ribbon
from neighbour.contributions.models import URGENT, Comment, Contribution, Helped, State
from neighbour.contributions.offices import Office, office_of
from neighbour.contributions.photo_models import Photo, PhotoState
from neighbour.contributions.photos import Picture, pictures_of
from neighbour.contributions.readers import Reader, ring_on_board
from neighbour.core import clock, i18n
from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.kept import Shelf
from neighbour.core.tokens import to_uid
from neighbour.policy import Role
from neighbour.quarters.models import Quarter
from neighbour.residency.models import Membership

KEPT = 20_000  # cards kept per process: about 60 MB at 3 KB each


class Helper(NamedTuple):
    """Somebody whose answer helped, and where they live (None: nobody knows)."""

    face: Face
    quarter_id: int | None
    quarter: str


@dataclass(frozen=True)
class CardData:
    """Everything the card macro (templates/macros/card.html) shows, for every kind the same."""

    id: uuid.UUID
    kind: str
    category: kinds.Category
    face: Face
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
    photos: tuple[Picture, ...] = ()
    #: what its kind adds
    detail: Detail = NOTHING
    #: who helped besides those who answered, as the author put it
    solved_word: str = ""
    #: in whose name it is, if not the author's own
    office: Office | None = None
    helpers: tuple[Helper, ...] = ()
    #: the reader's own quarter is not named on the card
    is_home: bool = True
    #: from where the reader looks at the author; whoever forgets to say so shows nothing
    ring: Ring = Ring.PUBLIC
    audience_label: str = ""

    @property
    def by(self) -> Byline:
        """Who signs it: the author as this ring sees them, or the office it is kept in."""
        if self.office is not None:
            return self.office.by
        return seen(self.face, self.ring, self.quarter)

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
        """What it said before; the public reads only what it says now."""
        return "" if self.ring is Ring.PUBLIC else url_of(self.id) + "/history"

    @property
    def is_urgent(self) -> bool:
        """Still urgent: of that category, not expired, not over."""
        return is_urgent(self.category.key, self.expires_at, self.solved_at)

    @property
    def may_reopen(self) -> bool:
        """Whether it is done and can be opened again: the end of an alert was told."""
        return self.is_solved and self.category.key != URGENT

    @property
    def is_solvable(self) -> bool:
        return kinds.get(self.kind).is_solvable

    @property
    def can_be_copied(self) -> bool:
        """Whether its author can begin another one with it: what is an office's is nobody's own."""
        return self.office is None and kinds.get(self.kind).copied is not None

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
    def facts(self) -> tuple[Fact, ...]:
        """What its kind says, and who is thanked once it is solved, as this ring sees them."""
        if self.category.key == URGENT and self.solved_at is not None:
            over = _("All clear, %(moment)s", moment=i18n.moment(self.solved_at))
            return (
                *self.detail.facts,
                Fact("circle-check", f"{over}: {self.solved_word}" if self.solved_word else over),
            )
        thanked = [*dict.fromkeys(self._named(each) for each in self.helpers), self.solved_word]
        names = i18n.listing([name for name in thanked if name])
        if not self.is_solved or not names:
            return self.detail.facts
        return (*self.detail.facts, Fact("hand-heart", _("Solved – thanks to %(names)s", names=names)))

    def _named(self, helper: Helper) -> str:
        """A helper's name. In the author's quarter they stand in the author's ring; from elsewhere, in none that is nearer."""
        is_neighbour = helper.quarter_id == self.quarter_id or self.ring is Ring.PUBLIC
        by = seen(
            helper.face, self.ring if is_neighbour else ring_on_board(False, self.audience, False), helper.quarter
        )
        if by.is_gone:
            return _("somebody who used to live here")
        if by.name:
            return by.name
        return _("somebody from %(quarter)s", quarter=by.quarter) if by.quarter else _("a neighbour of ours")

    @property
    def leaf(self) -> date | None:
        return self.detail.leaf

    @property
    def ribbon(self) -> Ribbon | None:
        return self.detail.ribbon

    @property
    def author_name(self) -> str:
        return self.by.shown

    @property
    def author_key(self) -> str:
        return self.by.key

    @property
    def author_level(self) -> str:
        return "" if self.by.is_gone or self.by.is_house else "verified"  # only the verified may publish

    @property
    def author_is_house(self) -> bool:
        return self.by.is_house

    @property
    def author_url(self) -> str:
        return self.by.url

    @property
    def place(self) -> str | None:
        return self.by.street

    @property
    def quarter_name(self) -> str:
        """Where it comes from, if that is not the reader's own quarter and not said with the name already."""
        return "" if self.is_home or self.by.quarter else self.quarter

    @property
    def body_html(self) -> Markup:
        return Markup(self.body)  # noqa: S704  sanitised when it was written (core.text.markdown)


def url_of(contribution_id: uuid.UUID) -> str:
    """The path of a contribution's page (route ``contributions.show``); mails put the site before it."""
    return "/c/" + to_uid(contribution_id)


def is_urgent(category: str, expires_at: datetime | None, solved_at: datetime | None) -> bool:
    """Whether something still stands on top of the board."""
    return category == URGENT and solved_at is None and (expires_at is None or expires_at > clock.now())


_OF_PHOTO = (Photo.id, Photo.width, Photo.height, Photo.alt, Photo.blur)
# All of a card's photos in the card's own row: one question, however many cards and photos.
PHOTOS = (
    select(func.jsonb_agg(aggregate_order_by(func.jsonb_build_array(*_OF_PHOTO), Photo.position, Photo.id)))
    .where(Photo.contribution_id == Contribution.id, Photo.state == PhotoState.READY)
    .correlate(Contribution)
    .scalar_subquery()
)
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
    Contribution.solved_word,
    Contribution.comment_count,
    Contribution.thanks_count,
    Contribution.version,
    Contribution.is_left,
    Quarter.name.label("quarter"),
    PHOTOS.label("photos"),
    *offices.COLUMNS,
    *Person.face(),
)
_FACE = len(Person.face())  # the last columns of a row


def cards() -> Select:
    """The rows that ``card_of`` reads, of all contributions the viewer may see; to be narrowed down."""
    return offices.with_office(
        select(*_COLUMNS)
        .join(Person, Person.id == Contribution.author_id)
        .join(Quarter, Quarter.id == Contribution.quarter_id)
    )


_BY_ID = cards().where(Contribution.id.in_(bindparam("ids", expanding=True)))


def load(ids: Iterable[uuid.UUID], reader: Reader) -> dict[uuid.UUID, CardData]:
    """The data of these cards for this reader, as far as the viewer of the session may see them."""
    wanted = list(ids)
    if not wanted:
        return {}
    found = detailed({row.id: card_of(row) for row in db.session.execute(_BY_ID, {"ids": wanted})})
    return {key: replace(card, ring=reader.ring(card.quarter_id, card.audience)) for key, card in found.items()}


def detailed(found: Mapping[uuid.UUID, CardData]) -> dict[uuid.UUID, CardData]:
    """These cards with what their kinds add: one question for each kind among them that adds anything."""
    whole = dict(found)
    for kind in kinds.all_kinds():
        mine = [key for key, card in found.items() if card.kind == kind.name]
        if mine and kind.details is not None:
            whole |= {key: replace(whole[key], detail=detail) for key, detail in kind.details(mine).items()}
    thanked = _helpers([key for key, card in found.items() if card.is_solved])
    return whole | {key: replace(whole[key], helpers=tuple(helpers)) for key, helpers in thanked.items()}


def _helpers(ids: list[uuid.UUID]) -> dict[uuid.UUID, list[Helper]]:
    """Who helped with these, by what they helped with, in the order of their answers."""
    found: dict[uuid.UUID, list[Helper]] = {}
    for key, is_left, quarter_id, quarter, *face in db.session.execute(_HELPERS, {"ids": ids}) if ids else ():
        found.setdefault(key, []).append(Helper(GONE if is_left else Face(*face), quarter_id, quarter or ""))
    return found


def card_of(row: Row) -> CardData:
    """A card's data from a row of the columns above; in no ring yet, and without what its kind adds."""
    return CardData(
        id=row.id,
        kind=row.kind,
        category=kinds.look(row.kind, row.category),
        face=GONE if row.is_left else Face(*row[len(_COLUMNS) - _FACE : len(_COLUMNS)]),
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
        solved_word=row.solved_word,
        office=office_of(row),
        photos=pictures_of(row.photos),
    )


def authors(ids: Iterable[int], reader: Reader, audience: str) -> dict[int, Byline]:
    """Bylines of these people (writers in a thread of this reach that the viewer may see) for this reader.

    Where they live is asked of the database by a function that tells the quarter alone: memberships elsewhere are walled.
    """
    wanted = list(set(ids))
    if not wanted:
        return {}
    found = {}
    for person_id, quarter_id, quarter, *face in db.session.execute(_AUTHORS, {"people": wanted}):
        found[person_id] = seen(Face(*face), reader.ring(quarter_id, audience), quarter or "")
    return found


_PEOPLE = bindparam("people", type_=ARRAY(BigInteger))
_LIVING = func.quarters_of(_PEOPLE).table_valued(
    column("person_id", BigInteger), column("quarter_id", Integer), column("name", Text)
)
_AUTHORS = (
    select(Person.id, _LIVING.c.quarter_id, _LIVING.c.name, *Person.face())
    .outerjoin(_LIVING, _LIVING.c.person_id == Person.id)
    .where(Person.id == any_(_PEOPLE))
)


_NEAR = (
    func.quarters_of(array([Comment.author_id]))
    .table_valued(column("person_id", BigInteger), column("quarter_id", Integer), column("name", Text))
    .lateral()
)
_HELPERS = (
    select(Helped.contribution_id, Comment.is_left, _NEAR.c.quarter_id, _NEAR.c.name, *Person.face())
    .join(Comment, Comment.id == Helped.comment_id)
    .join(Person, Person.id == Comment.author_id)
    .outerjoin(_NEAR, true())
    .where(Helped.contribution_id.in_(bindparam("ids", expanding=True)), Comment.state == State.PUBLISHED)
    .order_by(Comment.id)
)


class Team(NamedTuple):
    """The people of a quarter's team: names, and how many more there are. As long as it has a name or a number it is true."""

    names: tuple[str, ...]
    unnamed: int


def stewards_of(quarter_id: int, ring: Ring) -> Team:
    """The quarter's team, as people in this ring see it; whoever wants to be in no list is counted."""
    team = (
        select(Person.stands_in_lists(), *Person.face())
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.quarter_id == quarter_id, Membership.role == Role.STEWARD, Membership.ended_at.is_(None))
    )
    found = [seen(Face(*face), ring).name if is_listed else "" for is_listed, *face in db.session.execute(team)]
    names = sorted(filter(None, found))
    return Team(tuple(names), len(found) - len(names))


fragments: Shelf[tuple[Any, ...], str] = Shelf(KEPT)
