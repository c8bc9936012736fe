"""What others see of a person: one table, and the one function that names people.

Who looks stands in a *ring* around the person: somebody proven in the same quarter, somebody from nearby, somebody in the
city, somebody without an account. The table says for each ring what is shown unless the person chose otherwise, and how far
a choice can go. The house number is in no ring; the street is in the innermost one only, and only if the person wants it.

========  ==================  ====================  ===============================  =========
ring      at most             unless chosen         at least                         street
========  ==================  ====================  ===============================  =========
own       full name           first name, initial   first name                       by choice
nearby    first name, initial first name, initial   "a neighbour from <quarter>"     never
city      first name          first name            "a neighbour from <quarter>"     never
public    "a neighbour …"     "a neighbour …"       "a neighbour from <quarter>"     never
========  ==================  ====================  ===============================  =========

Another name (an alias) stands wherever a name would. Further out nobody sees more than nearer by: the choice for a ring
holds for all beyond it. Whoever is only vouched for (a flyer, an invitation) sees what people nearby see, also of their own
quarter: streets and full names are for those who have proven to live there.

What each ring reads is worked out when a person chooses (``dress``) and stored, so that a page that names people never
touches their real names; who names somebody asks for ``Person.face()`` and gives it to ``seen`` with the reader's ring.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from neighbour.core.i18n import gettext as _


class Ring(StrEnum):
    """From where somebody looks at a person."""

    OWN = "own"
    NEARBY = "nearby"
    CITY = "city"
    PUBLIC = "public"


class Shows(StrEnum):
    """How much of a name is shown, from much to nothing."""

    FULL = "full"
    SHORT = "short"
    FIRST = "first"
    QUARTER = "quarter"

    @property
    def rank(self) -> int:
        """0 shows most."""
        return ("full", "short", "first", "quarter").index(self.value)


class Bounds(NamedTuple):
    """What a ring may see: at most, unless chosen, at least."""

    most: Shows
    default: Shows
    least: Shows

    @property
    def choices(self) -> tuple[Shows, ...]:
        """Everything between the two ends, most open first."""
        return tuple(each for each in Shows if self.most.rank <= each.rank <= self.least.rank)


TABLE: dict[Ring, Bounds] = {
    Ring.OWN: Bounds(Shows.FULL, Shows.SHORT, Shows.FIRST),
    Ring.NEARBY: Bounds(Shows.SHORT, Shows.SHORT, Shows.QUARTER),
    Ring.CITY: Bounds(Shows.FIRST, Shows.FIRST, Shows.QUARTER),
    Ring.PUBLIC: Bounds(Shows.QUARTER, Shows.QUARTER, Shows.QUARTER),
}
STREET = (Ring.OWN,)  # rings that see the street of whoever shows it


class Face(NamedTuple):
    """What is stored of how somebody appears, in the order of ``Person.face()``; an empty name shows none."""

    own: str
    nearby: str
    city: str
    street: str | None
    key: str
    status: str


@dataclass(frozen=True)
class Byline:
    """Who it is, as the reader sees them. ``key`` decides the colour of the avatar and is never shown. ``is_house``: an
    initiative, or whoever runs the instance; ``url``: its page, where it has one."""

    name: str
    key: str
    street: str | None = None
    quarter: str = ""
    is_gone: bool = False
    is_house: bool = False
    url: str = ""

    @property
    def shown(self) -> str:
        """The name. Someone who moved away or erased the account is a former neighbour, someone who
        shows no name one of a quarter."""
        if self.is_gone:
            return _("Former neighbour")
        if self.name:
            return self.name
        return _("A neighbour from %(quarter)s", quarter=self.quarter) if self.quarter else _("A neighbour")


GONE = Face("", "", "", None, "former", "erased")  # of whoever has moved away or is erased
NOBODY = Byline(name="", key="former", is_gone=True)


def seen(face: Face, ring: Ring, quarter: str = "") -> Byline:
    """The person as somebody in this ring sees them. quarter: where the person lives, said where no name is shown.

    Whoever shows no name has no colour of their own either, or their words could be put together again.
    """
    if face.status == "erased":
        return NOBODY
    name = {Ring.OWN: face.own, Ring.NEARBY: face.nearby, Ring.CITY: face.city, Ring.PUBLIC: ""}[ring]
    if not name:
        return Byline(name="", key=f"quarter {quarter}", quarter=quarter)
    return Byline(name=name, key=face.key, street=face.street if ring in STREET else None)


class Chosen(NamedTuple):
    """What a person chose: how much each ring sees of the name, another name (or none), their street (or none)."""

    own: Shows = TABLE[Ring.OWN].default
    nearby: Shows = TABLE[Ring.NEARBY].default
    city: Shows = TABLE[Ring.CITY].default
    alias: str = ""
    street: str | None = None


def dress(first: str, last: str, chosen: Chosen, key: str = "", status: str = "active") -> Face:
    """What the rings will read, from a person's names and choices. A choice beyond the table is cut back to it."""
    shows = _cut_back(chosen)
    own, nearby, city = (name_as(shows[ring], first, last, chosen.alias) for ring in (Ring.OWN, Ring.NEARBY, Ring.CITY))
    return Face(own, nearby, city, chosen.street, key, status)


def worn(first: str, last: str, chosen: Chosen) -> dict[str, str]:
    """The columns of ``Person`` in which the rings' names are stored."""
    face = dress(first, last, chosen)
    return {"display_name": face.own, "name_nearby": face.nearby, "name_city": face.city}


def _cut_back(chosen: Chosen) -> dict[Ring, Shows]:
    """What is really shown: within the table, and no ring sees more than the one before it."""
    found: dict[Ring, Shows] = {}
    nearer = Shows.FULL
    for ring, wish in ((Ring.OWN, chosen.own), (Ring.NEARBY, chosen.nearby), (Ring.CITY, chosen.city)):
        most, _default, least = TABLE[ring]
        allowed = min(max(wish, most, key=_rank), least, key=_rank)
        nearer = found[ring] = max(allowed, nearer, key=_rank)
    return found


def _rank(shows: Shows) -> int:
    return Shows(shows).rank


def name_as(shows: Shows, first: str, last: str, alias: str = "") -> str:
    """A name shown this far; another name stands for all of it. Empty: no name is shown."""
    if shows is Shows.QUARTER:
        return ""
    if alias:
        return alias
    whole = {Shows.FULL: f"{first} {last}".strip(), Shows.SHORT: short_name(first, last), Shows.FIRST: first}
    return whole[shows]


def short_name(first: str, last: str) -> str:
    """First name and the last name's initial: what neighbours read unless the person chose otherwise."""
    initial = next((letter for letter in last.split()[-1] if letter.isalpha()), "") if last.split() else ""
    return f"{first} {initial.upper()}." if initial else first
