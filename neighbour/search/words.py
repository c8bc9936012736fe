"""From what somebody types to the ways in which it may stand in a text.

A *way* is ``[key, how, factor]``: a stem, how it stands there, and how much that is worth. How: ``exact``, at the beginning or
end of a word (``begins``, ``ends``), or ``both`` of two stems: the first begins a word, the second is one or ends one. Guesses
where a compound may be cut are ``parts`` (both) and ``part`` (one of them): the database drops those that can find nothing. Each
word typed becomes a list of ways; the database judges them (``search_found``, migration 0080), and stems both what is typed and
what is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Way = list[str | float]

MOST_WORDS, LONGEST = 8, 200
SHORTEST_PART, SHORTEST_COMPOUND = 3, 7
SURE_BEGINNING, SURE_END = 4, 5  # letters of stems that are hardly met by chance
SHORTEST_TYPO, SHORTEST_TWO_TYPOS = 4, 8
FOLDED = str.maketrans("äöü", "aou")

_CHUNK = re.compile(r"[^\W_]+(?:[-‐‑][^\W_]+)*")
_PLAIN_WORD = re.compile(r"[a-z]{4,30}")


class Called(NamedTuple):
    """The tags of the index (``#lost_found``) of kinds and categories that are called so; ``is_deed``: by what is to be done with
    such a thing."""

    tags: tuple[str, ...] = ()
    is_deed: bool = False


@dataclass
class Word:
    """One word as it was typed, its stems, and the ways that are asked for."""

    typed: str
    #: small letters and digits, umlauts folded, as ``search_word`` keeps words
    plain: str
    stems: list[str]
    ways: list[Way] = field(default_factory=list)
    #: what stands there instead of a word that was mistyped
    meant: list[str] = field(default_factory=list)
    #: says what is to be done with the thing, and not what it is
    is_deed: bool = False


def chunks(text: str) -> list[str]:
    """The words of what somebody typed, at most MOST_WORDS, each once; hyphens stay inside."""
    return list(dict.fromkeys(_CHUNK.findall(text[:LONGEST])))[:MOST_WORDS]


def variants(chunk: str) -> list[str]:
    """How a word may be written: ``E-Bike`` is one word or two."""
    parts = re.split(r"[-‐‑]", chunk)
    return [chunk] if len(parts) == 1 else ["".join(parts), " ".join(parts)]


def strict(word: Word, stems: Mapping[str, Sequence[str]], tags: Iterable[str] = ()) -> list[Way]:
    """The word itself in any form, as a part of a compound, and kinds of slips that are called so (``tags``)."""
    ways: list[Way] = [[stem, "exact", 1.0] for stem in word.stems]
    shortest = min(word.stems, key=len, default="")
    if len(shortest) >= 3 and not shortest.isdigit():
        ways += [[shortest, "begins", 0.8], [shortest, "ends", 0.8]]
    for variant in variants(word.typed)[1:]:
        if len(parts := _one_each(variant.split(), stems)) > 1:
            ways.append([" ".join(parts), "both", 0.9])
    return ways + [[tag, "exact", 0.5] for tag in tags]


def splits(plain: str) -> list[tuple[str, str]]:
    """Where a long word may have been put together: ``kinderfahrrad`` → (kinder, fahrrad) and all others."""
    if len(plain) < SHORTEST_COMPOUND or not plain.isalpha():
        return []
    return [(plain[:at], plain[at:]) for at in range(SHORTEST_PART, len(plain) - SHORTEST_PART + 1)]


def apart(word: Word, stems: Mapping[str, Sequence[str]]) -> list[Way]:
    """A compound as two words, wherever it can be cut, and its longer parts alone. What was cut wrongly stands nowhere."""
    ways: list[Way] = []
    for left, right in splits(word.plain):
        for begin in dict.fromkeys((left, left.removesuffix("s"))):
            parts = _one_each([begin, right], stems)
            if len(parts) == 2:
                ways.append([" ".join(parts), "parts", 0.6])
        ways += [
            [stem, "part", 0.3]
            for part in (left, right)
            if len(part) >= 5
            for stem in stems.get(part, ())[:1]
            if len(stem) >= 4
        ]
    return ways


def told(word: Word) -> tuple[list[Way], list[Way]]:
    """The ways of a word that is waited for, as the database takes them: those that may stand anywhere in what is new, and
    guesses. Of a compound its end alone is one of these, never its beginning: it is a kind of what it ends with (a bicycle, not a
    child)."""
    sure: list[Way] = []
    guessed: list[Way] = []
    for way in word.ways:
        key, how, factor = way
        if how == "parts":
            first, last = str(key).split(" ")
            is_plain = len(first) >= SURE_BEGINNING and len(last) >= SURE_END
            (sure if is_plain else guessed).append([key, "both", factor])
        elif how != "part":
            sure.append(way)
        elif not word.plain.startswith(str(key)):
            guessed.append([key, "exact", factor])
    return sure, guessed


def to_stem(word: Word) -> list[str]:
    """The parts of a word whose stems ``apart`` needs."""
    return [part for pair in splits(word.plain) for part in (*pair, pair[0].removesuffix("s"))]


def _one_each(parts: Sequence[str], stems: Mapping[str, Sequence[str]]) -> list[str]:
    return [found[0] for part in parts if (found := stems.get(part))]


def spellings(plain: str) -> list[str]:
    """The word, and the word without one of its letters, long ones without two: what it shares with words it is mistaken for
    (symmetric deletion, as in SymSpell). Nothing for what is no plain word."""
    if not _PLAIN_WORD.fullmatch(plain):
        return []
    one = {plain[:at] + plain[at + 1 :] for at in range(len(plain))}
    found = {plain} | one
    if len(plain) >= SHORTEST_TWO_TYPOS:
        found |= {each[:at] + each[at + 1 :] for each in one for at in range(len(each))}
    return sorted(found)


def corrections(plain: str, near: Iterable[str], most: int = 6) -> list[tuple[str, int]]:
    """(word, how many slips of the pen away) of what was probably meant, the nearest first; nothing where the word itself is
    there."""
    allowed = 2 if len(plain) >= SHORTEST_TWO_TYPOS else 1
    found = sorted((distance(plain, each), each[0] != plain[0], each) for each in near)
    if found and found[0][0] == 0:
        return []
    return [(each, away) for away, _other, each in found if away <= allowed][:most]


def forgiven(meant: Iterable[tuple[str, int]], stems: Mapping[str, Sequence[str]]) -> list[Way]:
    """The ways of words that were probably meant."""
    ways: list[Way] = []
    for each, away in meant:
        worth = 0.8 if away == 1 else 0.6
        ways += [[stem, "exact", worth] for stem in stems.get(each, ())]
        if shortest := min(stems.get(each, ()), key=len, default=""):
            ways += [[shortest, "begins", worth - 0.2], [shortest, "ends", worth - 0.2]]
    return ways


def distance(one: str, other: str) -> int:
    """Slips of the pen between two words: a letter more, less, another, or two changed about (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != against)))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[-1]
