"""How near two spellings are: for offering, never for deciding."""

from __future__ import annotations

import re

_ENDINGS = re.compile(r"(strasse|platz|allee|weg|damm|ufer|ring|steig|chaussee|promenade|pfad|zeile)$")


def distance(one: str, other: str, most: int) -> int:
    """Edits between two texts: insert, delete, replace, swap of neighbours (optimal string alignment).

    Gives ``most + 1`` as soon as it is more than ``most``. After Damerau (1964) and Levenshtein (1966); only the
    diagonal band of width 2 × most + 1 is computed.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    far = most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i] + [far] * len(other)
        for j in range(max(1, i - most), min(len(other), i + most) + 1):
            cost = last[j - 1] + (letter != other[j - 1])
            cost = min(cost, last[j] + 1, row[j - 1] + 1)
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == other[j - 1]:
                cost = min(cost, before[j - 2] + 1)
            row[j] = cost
        if min(row) > most:
            return far
        before, last = last, row
    return min(last[-1], far)


def allowed(key: str) -> int:
    """How many edits still count as near: a third of the part that tells streets apart, at least 1, at most 3."""
    return max(1, min(3, len(stem(key)) // 3))


def stem(key: str) -> str:
    """The telling part of a street key: ``bessemerstrasse`` → ``bessemer``; a bare ``strasse`` stays."""
    return _ENDINGS.sub("", key) or key


def grams(key: str) -> list[str]:
    """The different pairs of letters in the telling part, with its ends marked; sorted."""
    marked = f"^{stem(key)}$"
    return sorted({marked[i : i + 2] for i in range(len(marked) - 1)})
