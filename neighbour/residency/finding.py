"""From what a person types to one entry of the register, or to the question a neighbour would ask back.

The register's own look-up (``gazetteer``) decides what is meant; here its answer is put in words: which field it is
about, what is wrong, and what may be meant instead, as choices.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select

from neighbour.core.db import db
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import language
from neighbour.residency.gazetteer import service as gazetteer
from neighbour.residency.gazetteer.lookup import Entry, Match, Reason, Status
from neighbour.residency.models import Address

MOST_NAMED = 3
MOST_OFFERED = 6


@dataclass(frozen=True)
class Choice:
    """A register entry offered for choosing."""

    id: int
    label: str


@dataclass(frozen=True)
class Found:
    """The entry, or the question to ask back at ``field`` and what may be chosen instead."""

    address_id: int | None = None
    question: str = ""
    field: str = "number"
    choices: tuple[Choice, ...] = ()


def find(street: str, number: str, postcode: str, chosen: int | None = None) -> Found:
    """The entry that is meant by what was typed.

    chosen: what the person picked among the choices of an earlier answer; it counts only while it is among the choices
    that the typed words lead to, so changing the words makes an old pick void.
    """
    match = gazetteer.resolve(street, number, postcode)
    if match.entry is not None:
        return Found(match.entry.id)
    offered = match.suggestions
    if match.reason is Reason.NUMBER and _is_beyond(number, match.highest):
        offered = (*_slips(match.street, postcode, number), *offered)[:MOST_OFFERED]
    choices = tuple({entry.id: Choice(entry.id, entry.line) for entry in offered}.values())
    if chosen in {choice.id for choice in choices}:
        return Found(chosen, choices=choices)
    field, question = _question(match, street, number, offered)
    return Found(None, question, field, choices)


def _slips(street: str, postcode: str, typed: str) -> list[Entry]:
    """Houses of a street that a slip of the finger turns into ``typed``: one digit too many at the end, 1 for I."""
    wanted = _shape(typed)
    here = select(Address).where(Address.street == street)
    rows = db.session.scalars(here.where(Address.postcode == postcode) if postcode else here).all()
    meant = [row for row in rows if _shape(row.number + row.suffix) in (wanted, wanted[:-1])]
    meant.sort(key=lambda row: (len(row.number), row.number, row.suffix))
    return [Entry(row.id, row.street, row.number, row.suffix, row.postcode, row.place, row.quarter_id) for row in meant]


def _shape(house: str) -> str:
    return re.sub(r"[\W_]", "", house).upper().replace("I", "1").replace("L", "1").replace("O", "0")


def _question(match: Match, typed: str, number: str, offered: tuple[Entry, ...]) -> tuple[str, str]:
    """(field, what to ask) for an answer that found no single entry."""
    if match.status is Status.AMBIGUOUS:
        return "entry", _("%(street)s has several entries for this. Which one is yours?", street=match.street)
    if match.reason is Reason.STREET:
        names = list(dict.fromkeys([*(one.name for one in match.streets), *(entry.street for entry in offered)]))
        if names:
            return "street", _("We do not know “%(typed)s”. Do you mean %(names)s?", typed=typed, names=_either(names))
        return "street", _("We do not know “%(typed)s”. Is it spelled like that?", typed=typed)
    if match.reason is Reason.POSTCODE:
        codes = sorted({one.postcode for one in match.streets})
        return "postcode", _("%(street)s has another postcode: %(codes)s.", street=match.street, codes=_either(codes))
    return "number", _number_question(match, number, offered)


def _number_question(match: Match, number: str, offered: tuple[Entry, ...]) -> str:
    houses = list(dict.fromkeys(entry.house for entry in offered))
    named = {"street": match.street, "highest": match.highest, "houses": _either(houses)}
    the_street = _with_article(match.street)
    if match.reason is Reason.NO_NUMBER:
        return _("Which number in %(street)s?", **named)
    if match.reason is Reason.UNREADABLE:
        return _("We cannot read this number. Something like 17 or 17 a fits.")
    if not offered:
        return _("We know no houses in %(street)s.", **named)
    if _is_beyond(number, match.highest):
        return _("%(the_street)s ends at %(highest)s. Do you mean %(houses)s?", the_street=the_street, **named)
    return _("We do not know this number in %(street)s. Do you mean %(houses)s?", **named)


_ARTICLES = {
    "Die": ("straße", "gasse", "allee", "chaussee", "brücke", "zeile", "promenade", "reihe", "siedlung"),
    "Der": ("weg", "platz", "damm", "ring", "steig", "pfad", "markt", "graben", "hof", "berg"),
    "Das": ("ufer",),
}
_NO_ARTICLE = ("Am ", "An ", "Im ", "In ", "Zum ", "Zur ", "Unter ", "Auf ", "Hinter ", "Vor ", "Bei ", "Beim ")


def _with_article(street: str) -> str:
    """``Die Kettfadenstraße`` in German where the gender can be told; ``Am Ufer`` and English stay as they are."""
    if language() != "de" or street.startswith(_NO_ARTICLE):
        return street
    if street.startswith("Straße "):
        return "Die " + street
    article = next(
        (a for a, ends in _ARTICLES.items() if street.casefold().endswith(tuple(map(str.casefold, ends)))), ""
    )
    return f"{article} {street}".strip()


def _is_beyond(number: str, highest: str) -> bool:
    typed = re.search(r"\d+", number)
    return bool(typed and highest.isdigit() and int(typed.group()) > int(highest))


def _either(names: list[str]) -> str:
    """``17, 17 a or 19``"""
    *first, last = names[:MOST_NAMED] or [""]
    return _("%(first)s or %(last)s", first=", ".join(first), last=last) if first else last


def streets(typed: str, postcode: str) -> list[tuple[str, str]]:
    """Spellings of streets for the beginning that was typed: (name, where it lies)."""
    return [(offer.name, offer.where) for offer in gazetteer.suggest(typed, postcode)]
