"""Prices as people write them: an amount in euros, or words such as "for a coffee"."""

from __future__ import annotations

import re
from typing import NamedTuple

from babel.numbers import format_currency

from neighbour.core import i18n

LONGEST, DEAREST = 60, 1_000_000  # letters; cents
_CURRENCY = r"(?:€|eur|euro)?"
_AMOUNT = re.compile(
    rf"{_CURRENCY}\s*(\d{{1,3}}(?:[.\s]\d{{3}})+|\d+)(?:[.,](\d{{1,2}}|[-–]{{1,2}}))?\s*{_CURRENCY}", re.IGNORECASE
)
#: meant as an amount, and none: "-3", "12,345", "1e9"; from one amount to another is words
_FIGURES = re.compile(rf"{_CURRENCY}[\s\d.,'+\-–−e]*\d[\s\d.,'+\-–−e]*{_CURRENCY}", re.IGNORECASE)
_HAGGLING = re.compile(
    r"\b(?:vb|vhb|vs|fp|festpreis|fest|nur|ca|circa|etwa|oder|bis|ab|f(?:ü|ue)r|preis|verhandlungsbasis|verhandelbar|gegen|in|bar|bargeld|"
    r"mind(?:estens)?|min|max(?:imal)?|h(?:ö|oe)chstens|zwischen|und|je(?:weils)?|zusammen|glatt|"
    r"about|or best offer|or|ono|obo|fixed|for|cash|at least|at most|between|and|to|each)\b",
    re.IGNORECASE,
)
_COINS = re.compile(r"€|(?<![^\W\d_])(?:eur|euros?|cents?|ct)\b", re.IGNORECASE)
_DIGITS = re.compile(r"[\s\d.,:'+\-–−/()!]*\d[\s\d.,:'+\-–−/()!]*")
_SPAN = re.compile(rf"{_CURRENCY}\s*\d+\s*[-–]\s*\d+\s*{_CURRENCY}", re.IGNORECASE)


class Price(NamedTuple):
    """Cents, or words, or neither."""

    cents: int | None = None
    words: str = ""


class TooDear(ValueError):
    """More than neighbours pay each other."""


class NoAmount(ValueError):
    """Only figures, and yet no amount."""


def read(typed: str) -> Price:
    """What somebody typed into the field. ``25``, ``25 €``, ``1.250,00``, ``12,5`` and ``12.50 Euro`` are amounts; all else is
    words. Raises TooDear for an amount nobody pays among neighbours, NoAmount for figures that are none: the market would show
    them as they stand."""
    text = typed.strip()
    found = _AMOUNT.fullmatch(text)
    if found is None:
        if _FIGURES.fullmatch(text) and not _SPAN.fullmatch(text):
            raise NoAmount(typed)
        return Price(words=text)
    whole, part = re.sub(r"\D", "", found[1]), (found[2] or "").strip("-–")
    cents = 100 * int(whole) + int(part.ljust(2, "0") if part else 0)
    if cents > DEAREST:
        raise TooDear(typed)
    return Price(cents=cents)


def is_money(price: Price) -> bool:
    """Whether it is nothing but an amount, or some, also to talk about: "25", "ca. 25 € VB", "gegen 25 bis 30 Euro in bar"."""
    return price.cents is not None or bool(_DIGITS.fullmatch(_COINS.sub(" ", _HAGGLING.sub(" ", price.words))))


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
