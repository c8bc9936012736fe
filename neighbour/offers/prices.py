"""Prices as people write them: an amount in euros, or words such as "for a coffee"."""

from __future__ import annotations

import re
from typing import NamedTuple

from babel.numbers import format_currency

from neighbour.core import i18n

LONGEST, DEAREST = 60, 1_000_000  # letters; cents
_AMOUNT = re.compile(
    r"(?:€|eur|euro)?\s*(\d{1,3}(?:\.\d{3})+|\d{1,6})(?:[.,](\d{2}|-))?\s*(?:€|eur|euro)?", re.IGNORECASE
)


class Price(NamedTuple):
    """Cents, or words, or neither."""

    cents: int | None = None
    words: str = ""


def read(typed: str) -> Price:
    """What somebody typed into the field. ``25``, ``25 €``, ``1.250,00`` and ``12.50 Euro`` are amounts; all else is words.
    Raises ValueError for an amount nobody pays among neighbours."""
    found = _AMOUNT.fullmatch(typed.strip())
    if found is None:
        return Price(words=typed.strip())
    whole, part = found[1].replace(".", ""), (found[2] or "").replace("-", "")
    cents = 100 * int(whole) + int(part or 0)
    if cents > DEAREST:
        raise ValueError(typed)
    return Price(cents=cents)


def said(price: Price) -> str:
    """In the language spoken now: ``25 €``, ``12,50 €``, or the words."""
    if price.cents is None:
        return price.words
    is_even = price.cents % 100 == 0
    locale = "de" if i18n.language() == "de" else "en_GB"
    form = {"de": "#,##0\xa0¤", "en_GB": "¤#,##0"}[locale] if is_even else None
    return format_currency(price.cents / 100, "EUR", format=form, locale=locale, currency_digits=not is_even)


def typed(price: Price) -> str:
    """As it stands in the field when the offer is changed."""
    if price.cents is None:
        return price.words
    return f"{price.cents // 100}" + (f",{price.cents % 100:02}" if price.cents % 100 else "")
