"""Where and when a thing changes hands: read by everybody, so it names no house.

A street is followed by its number, and a square by the hour ("am Brunnenplatz 18 Uhr"): what is said after the number tells them
apart. From one hour to another, it is the hours on a square or in a yard, and two houses in a street.
"""

from __future__ import annotations

import re

_STREET = r"(?:stra(?:ß|ss)e|str\b\.?|gasse|weg|allee|ufer|ring|damm|graben|steig|zeile|chaussee)"
_SQUARE = r"(?:platz|hof)"
_NAMED = r"(?:\b(?:haus(?:nummer|nr\b\.?)|nummer|nr\b\.?|hs\b\.?|haus)|#)"
_CLOCK = r"(?:[01]?\d|2[0-4])(?:[:.][0-5]\d)?"
_MONTH = r"(?:jan|feb|m(?:ä|ae)r|apr|mai|jun|jul|aug|sep|okt|nov|dez)"
_TO = r"\s?(?:-|–|/|bis|oder|und)\s?"
#: "18 Uhr", "10-12 Uhr", "5 Minuten"; "18:00", "9.30", "24.12."; "6. Dezember", "1. Tür"; "3x", "3 Häuser"
_WHEN = (
    rf"(?!{_CLOCK}(?:{_TO}{_CLOCK})?\s?(?:uhr|h|min\w{{0,6}})\b|\d{{1,2}}[:.]\d{{1,2}}\b"
    rf"|\d{{1,2}}\.\s?(?:{_MONTH}|stand|t(?:ü|ue)r|tor|reihe|bank|eingang|aufgang|stock|etage)"
    r"|\d{1,2}\s?(?:x|mal|h(?:ä|ae)user|t(?:ü|ue)ren|meter|m|schritte)\b)"
)
#: a street and its number: "Spulengasse 6", "Am Mühlgraben 12 a", "Garnstr. 4", "Webergasse, Haus 14"; or the number by its name
_HOUSE = re.compile(
    rf"(?:(?:{_STREET}|{_SQUARE})(?:,?\s{{0,9}}{_NAMED})|{_STREET}|\bhaus(?:nummer|nr\b\.?)|{_SQUARE}(?!\s{{0,9}}{_CLOCK}{_TO}{_CLOCK}\b))"
    rf"\s{{0,9}}{_WHEN}\d{{1,9}}\s?[a-z]?\b",
    re.IGNORECASE,
)


def has_house(text: str) -> bool:
    """Whether these words name a house by its number."""
    return _HOUSE.search(text) is not None
