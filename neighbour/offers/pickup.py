"""Where and when a thing changes hands: read by everybody, so it names no house.

A street is followed by its number, and a square by the hour ("am Brunnenplatz 18 Uhr"): what is said after the number tells them
apart.
"""

from __future__ import annotations

import re

_STREET = r"(?:stra(?:ß|ss)e|str\.|gasse|weg|platz|allee|ufer|ring|damm|hof|graben|steig|zeile|chaussee)"
_NAMED = r"(?:haus(?:nummer|nr\b\.?)|nummer|nr\b\.?|haus)"
_CLOCK = r"(?:[01]?\d|2[0-4])(?:[:.][0-5]\d)?"
_MONTH = r"(?:jan|feb|m(?:ä|ae)r|apr|mai|jun|jul|aug|sep|okt|nov|dez)"
#: "18 Uhr", "10-12 Uhr", "5 Minuten"; "18:00", "9.30", "24.12."; "6. Dezember"
_WHEN = (
    rf"(?!{_CLOCK}(?:\s?(?:-|–|/|bis|oder|und)\s?{_CLOCK})?\s?(?:uhr|h|min\w{{0,6}})\b|\d{{1,2}}[:.]\d{{1,2}}\b"
    rf"|\d{{1,2}}\.\s?{_MONTH})"
)
#: a street and its number: "Spulengasse 6", "Am Mühlgraben 12 a", "Garnstr. 4", "Webergasse, Haus 14"; or the number by its name
_HOUSE = re.compile(
    rf"(?:{_STREET}(?:,?\s{{0,9}}\b{_NAMED})?|\bhaus(?:nummer|nr\b\.?))\s{{0,9}}{_WHEN}\d{{1,9}}\s?[a-z]?\b",
    re.IGNORECASE,
)


def has_house(text: str) -> bool:
    """Whether these words name a house by its number."""
    return _HOUSE.search(text) is not None
