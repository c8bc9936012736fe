"""What else is found besides slips: neighbours one may see, initiatives, streets.

Neighbours are found by the name they show to whoever looks, and by no other; who wants to stand in no list, or is protected, is
in none. Nobody is found by a mail address, and nobody from beyond the quarters one reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, or_, select, text

from neighbour.accounts.appearance import Byline, Face, seen
from neighbour.accounts.models import Person
from neighbour.contributions.models import Audience
from neighbour.contributions.readers import Reader
from neighbour.core.db import db
from neighbour.quarters.models import Quarter
from neighbour.residency.gazetteer import service as gazetteer
from neighbour.residency.models import Membership
from neighbour.search import words

MOST = 5
SHORTEST_NAME, MOST_NAMES = 3, 3  # letters of a name, words that may be one


@dataclass(frozen=True)
class Street:
    """A street, and the quarters it runs through: (name, slug)."""

    name: str
    where: str
    quarters: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Place:
    """An initiative."""

    name: str
    slug: str
    about: str


@dataclass(frozen=True)
class Others:
    """Everything that is no slip."""

    people: Sequence[Byline] = ()
    initiatives: Sequence[Place] = ()
    streets: Sequence[Street] = ()

    def __bool__(self) -> bool:
        return bool(self.people or self.initiatives or self.streets)


def find(typed: str, reader: Reader) -> Others:
    """Neighbours, initiatives and streets that answer what was typed, a handful of each."""
    return Others(people(typed, reader), initiatives(typed), streets(typed))


def people(typed: str, reader: Reader) -> list[Byline]:
    """Neighbours of the reader's own quarters by the name they show there: each word begins one of its words."""
    names = [each.lower() for each in words.chunks(typed)]
    if not 1 <= len(names) <= MOST_NAMES or max(map(len, names)) < SHORTEST_NAME or not reader.quarters:
        return []
    own, nearby, *_further = Person.face()
    shown = case((Membership.quarter_id.in_(reader.proven), own), else_=nearby)
    plain = func.concat(" ", func.search_plain(shown))
    wanted = (
        select(Membership.quarter_id, Quarter.name, *Person.face())
        .join(Person, Person.id == Membership.person_id)
        .join(Quarter, Quarter.id == Membership.quarter_id)
        .where(Membership.quarter_id.in_(reader.quarters), Membership.reads_board())
        .where(Person.stands_in_lists(), Person.is_protected.is_(False), Person.status == "active", shown != "")
        .where(*(or_(plain.contains(func.concat(" ", func.search_plain(name)))) for name in names))
        .order_by(shown)
        .limit(MOST)
    )
    rows = db.session.execute(wanted).all()
    return [seen(Face(*face), reader.ring(quarter_id, Audience.QUARTER), name) for quarter_id, name, *face in rows]


def initiatives(typed: str) -> list[Place]:
    """Initiatives everybody may see."""
    rows = db.session.execute(
        text("SELECT slug, name, about FROM search_initiatives(:typed, :most)"),
        {"typed": typed[: words.LONGEST], "most": MOST},
    )
    return [Place(row.name, row.slug, row.about) for row in rows]


def streets(typed: str) -> list[Street]:
    """Streets of the register; of houses nothing is told."""
    if len(words.chunks(typed)) > 4:
        return []
    found = []
    for offer in gazetteer.suggest(typed, limit=MOST):
        for each in gazetteer.quarters_of_street(offer.name, offer.postcode):
            parts = {(part.name, part.slug) for part in each.parts if part.quarter_id is not None}
            if parts:
                found.append(Street(each.street, offer.where, tuple(sorted(parts))))
    return list(dict.fromkeys(found))[:MOST]
