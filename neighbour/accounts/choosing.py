"""Choosing how one appears, and being protected.

A protected profile is for people whom somebody must not find (the block in the register of residents, section 51 BMG, is for
the same people): another name and nothing else of the name, no street, no public cell, and an address that only the operator
opens. From outside it cannot be told from anybody else who chose another name.

That holds for lists of people, too. Whether one is named there is everybody's own tick, which neither protection nor its end
touches; and whoever takes another name, protected or not, is named again when they tick it anew, and 30 days later at the
earliest: in a list of three the name that is new would be the one that went.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from neighbour.accounts import names, worn_names
from neighbour.accounts.appearance import Chosen, Shows, worn
from neighbour.accounts.models import Person
from neighbour.core import audit, clock, tokens
from neighbour.core.audit import Event
from neighbour.core.db import db
from neighbour.core.text import clean_line

UNLISTED_FOR = timedelta(days=30)
RENAMED_AT_MOST = timedelta(days=30)  # once in that time


class NeedsAlias(ValueError):
    """A protected person has to bear another name."""


def set_appearance(person: Person, *, first: str, last: str, chosen: Chosen, is_given: bool = False) -> None:
    """How the person appears to each ring (``appearance``). Inside atomic(). is_given: the other name is none of their own
    choice (``meanwhile``), and the next one of theirs waits no longer for it; nor for going back to one's own name.

    Raises NeedsAlias for a protected person without another name; their street is not shown whatever was chosen. Another
    name is another face: the public id changes with it, so that whoever kept the old one has nothing to compare.
    """
    alias = clean_line(chosen.alias)
    if person.is_protected and not alias:
        raise NeedsAlias
    if alias != person.alias:
        person.public_id = tokens.public_id()
        person.is_listed, person.listed_from = False, clock.now() + UNLISTED_FOR
        person.alias_before = person.alias or person.alias_before
    if person.first_name and is_renamed(person, first=first, last=last, alias=alias):
        is_back = not alias and not is_renamed(person, first=first, last=last, alias=person.alias)
        person.renamed_at = person.renamed_at if is_given or is_back else clock.now()
        audit.note(Event.RENAMED, actor=person.id, subject=person.id)
    chosen = chosen._replace(alias=alias, street=None if person.is_protected else chosen.street)
    person.first_name, person.last_name = clean_line(first), clean_line(last)
    person.alias, person.street_shown = alias, chosen.street
    person.shows_own, person.shows_nearby, person.shows_city = chosen.own, chosen.nearby, chosen.city
    for column, name in worn(person.first_name, person.last_name, chosen).items():
        setattr(person, column, name)
    db.session.flush()
    worn_names.remember(person, since=clock.now())


def place_on_map(person: Person, is_on_map: bool) -> None:
    """Whether the person's offers may stand in their public cell (``residency.cells``) on the map. Inside atomic(). Of somebody
    who is protected never."""
    person.is_on_map = is_on_map and not person.is_protected
    db.session.flush()


def chosen_by(person: Person) -> Chosen:
    """What the person chose last."""
    own, nearby, city = (Shows(each) for each in (person.shows_own, person.shows_nearby, person.shows_city))
    return Chosen(own, nearby, city, person.alias, person.street_shown)


def is_renamed(person: Person, *, first: str, last: str, alias: str) -> bool:
    """Whether these are other names than the person bears, and not only other spaces."""
    return tuple(map(clean_line, (first, last, alias))) != (person.first_name, person.last_name, person.alias)


def renamed_again_at(person: Person) -> datetime | None:
    """From when on somebody who has proven where they live may take another name again; None for at once. The mark of the
    proven stands behind whatever name they take, so nobody goes through those of their neighbours. Protecting oneself is not
    held up: the first time by nothing, later under the name that ``meanwhile`` says."""
    again_at = person.renamed_at + RENAMED_AT_MOST if person.renamed_at else None
    return again_at if again_at is not None and again_at > clock.now() else None


def meanwhile(person: Person, wanted: str) -> str:
    """The other name under which somebody is protected at once while one they want has to wait: the one before, if that is
    what they want; else one the house gives, and gave once, so that nobody has a new face each time."""
    if clean_line(wanted) == person.alias_before:
        return person.alias_before
    before = (each for each in (person.alias, person.alias_before) if names.is_given(each))
    return next(before, None) or names.given()


def list_me(person: Person, *, is_listed: bool) -> None:
    """Whether the person may be named in lists, as they tick it. Inside atomic()."""
    person.is_listed = is_listed
    db.session.flush()


def protect(person: Person, *, alias: str, is_given: bool = False) -> None:
    """Protect somebody at risk, under another name; is_given: one of ``meanwhile``. Inside atomic(). Raises NeedsAlias without
    one.

    What the database does by itself: the home loses its public cell (migration 0019), every card is made anew (0015).
    """
    if not clean_line(alias):
        raise NeedsAlias
    with db.session.no_autoflush:  # flag and names are written together: the row's check asks for both
        person.is_protected, person.is_on_map = True, False
        person.protected_at = person.protected_at or clock.now()
        chosen = chosen_by(person)._replace(alias=alias)
        set_appearance(person, first=person.first_name, last=person.last_name, chosen=chosen, is_given=is_given)
    audit.note(Event.PROTECTED, actor=person.id, subject=person.id)


def unprotect(person: Person) -> None:
    """End the protection. Inside atomic(). The other name stays until the person chooses anew, and the missing cell until
    they move or the cells are laid anew: less is shown than might be, never more."""
    person.is_protected = False
    db.session.flush()
    audit.note(Event.PROTECTED, actor=person.id, subject=person.id, result="ended")


def is_protected(person_id: int) -> bool:
    """Whether this person is protected; for rooms above that hold what only the operator may see."""
    return bool(db.session.scalar(select(Person.is_protected).where(Person.id == person_id)))
