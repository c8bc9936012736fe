"""How people write streets and house numbers, folded to what they mean.

Rules, not a list of known cases: case, umlauts and ß spelled out or not, hyphens, spaces and dots, the usual
abbreviations (Duden: Str., Pl., St., Dr.), suffixes glued on or apart, ranges, floors and staircases after the number.
Two spellings with the same ``street_key`` mean the same name. What these rules cannot read stays unread.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from neighbour.core.text import normal_form

_SPELLED_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "&": " und "}
)
# Abbreviated words with one reading; all others with a dot are matched by their beginning (``abbreviation``).
_WORDS = {
    "sankt": "st", "saint": "st", "doktor": "dr", "professor": "prof", "frhr": "freiherr", "bhf": "bahnhof",
    "chs": "chaussee", "strasze": "strasse", "pltz": "platz", "bgm": "buergermeister", "buergerm": "buergermeister",
}  # fmt: skip
_ENDS = (("str", "strasse"), ("strasze", "strasse"), ("pl", "platz"), ("wg", "weg"))
_APOSTROPHES = re.compile(r"['’‘ʼ`´′]")
_DASHES = re.compile(r"[‐‑‒–—―−﹣－]")
_WORD = re.compile(r"([0-9a-z]+)(\.?)")


@lru_cache(maxsize=20_000)
def tidy(text: str) -> str:
    """One line, composed characters, one kind of dash, single spaces. Invisible and control characters are dropped."""
    text = normal_form(text)
    text = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join(_DASHES.sub("-", text).split())


def same_name(typed: str, name: str) -> bool:
    """Whether ``typed`` is the register's own spelling, upper and lower case aside."""
    return tidy(typed).casefold() == tidy(name).casefold()


@lru_cache(maxsize=20_000)
def _tokens(text: str) -> tuple[tuple[str, bool], ...]:
    """(word, is cut off by a dot) of a street's name, folded."""
    folded = normal_form(_APOSTROPHES.sub("", tidy(text)), "NFKC").casefold().translate(_SPELLED_OUT)
    folded = "".join(c for c in normal_form(folded, "NFD") if unicodedata.category(c) != "Mn")
    found = []
    for word, dot in _WORD.findall(folded):
        whole = _whole(word)
        found.append((whole, bool(dot) and whole == word and whole not in ("st", "dr", "prof") and not word.isdigit()))
    return tuple(found)


def _whole(word: str) -> str:
    if word in _WORDS:
        return _WORDS[word]
    for short, full in _ENDS:
        if word.endswith(short) and (word == short or len(word) > len(short) + 2):
            return word[: -len(short)] + full
    return word


def street_words(text: str) -> str:
    """The words of a street's name, folded, with single spaces: ``Karl-Marx-Str.`` → ``karl marx strasse``."""
    return " ".join(word for word, _cut in _tokens(text))


def street_key(text: str) -> str:
    """A street's name folded for comparison, no spaces: ``Bessemerstr.`` → ``bessemerstrasse``; "" without letters."""
    return street_words(text).replace(" ", "")


_LOOSE = re.compile(r"(?<=[aou])e")
_TWICE = re.compile(r"([a-z])\1+")


def loose_key(text: str) -> str:
    """``street_key`` without the difference between ä, ae and a, and between double and single letters.

    For those whose keyboard has no umlauts (Muller, Grosbeeren): much coarser, so only ever a second attempt.
    """
    return _TWICE.sub(r"\1", _LOOSE.sub("", street_key(text)))


def abbreviation(text: str) -> str | None:
    """A regular expression over ``street_words`` for a name with words cut off by a dot, None if there are none.

    ``Gr. Hamburger Str.`` → ``^gr[a-z]* ?hamburger ?strasse$``; understood by Python and PostgreSQL alike.
    """
    tokens = _tokens(text)
    if not any(cut for _word, cut in tokens) or all(len(word) < 3 for word, _cut in tokens):
        return None
    return "^" + " ?".join(word + ("[a-z]*" if cut else "") for word, cut in tokens) + "$"


@dataclass(frozen=True)
class House:
    """A house number as read.

    number, suffix: the first house named, suffix in capitals ("" for none). others: further houses of a range or list
    (``12-14`` → (("14", ""),)). maybe_floor: the suffix may be a storey or staircase instead (``76 II``). is_plain:
    nothing but number and suffix was written.
    """

    number: str
    suffix: str = ""
    others: tuple[tuple[str, str], ...] = ()
    maybe_floor: bool = False
    is_plain: bool = True


_FRACTIONS = str.maketrans({"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3"})
_PREFIX = re.compile(r"^(?:haus)?(?:nummer|nr|no|n°|nº|#)[\s.:]*(?=\d)|^haus\s+(?=\d)")
_NUMBER = re.compile(r"0*(\d{1,4})(?!\d)")
_FRACTION = re.compile(r"\s+(\d/\d)(?![\d/])")
_AND = r"(?:-|/|\bbis\b|,|;|\+|&|\bu\.?(?=[\s\d])|\bund\b)"
_ROMAN = re.compile(r"\s*([-/]?)\s*(i{2,3}|i?v|vi{1,3}|i?x|xi{1,3})(?![a-z0-9])")
_SUFFIX = re.compile(r"\s*([-/.]?)\s*(?!u\.?\s*\d)([a-z])(?![a-z0-9])(?!\s*/\s*o\b)")
_MORE_LETTERS = re.compile(rf"\s*({_AND})\s*([a-z])(?![a-z0-9])(?!\s*/\s*o\b)")
_MORE_NUMBERS = re.compile(rf"\s*({_AND})\s*0*(\d{{1,4}})(?![\d.])\s*([a-z](?![a-z0-9]))?")
_BUILDING = (
    r"hh|vh|gh|qg|sf|rg|sfl|vhs|hths|hinterh\w*|vorderh\w*|seitenf\w*|gartenh\w*|querg\w*|quergeb\w*|remise|rueckg\w*"
    r"|aufg\w*|eing\w*|haus\w*|hs|geb\w*|block|bau|trakt|fluegel|hof|tor|treppe\w*|eg|og|ug|dg|hp|souterrain|parterre|etage"
    r"|stock\w*|stw|whg|wohn\w*|wg|wohneinheit|we|app\w*|apartm\w*|apt|top|zimmer|zi|raum|links|rechts|mitte|li|re|mi|laden|keller"
    r"|vorn\w*|hinten|bei|c\s*/\s*o|co|ecke|zufahrt|zugang|postfach|erdg\w*|oberg\w*|dachg\w*|parzelle"
)
_TAIL = re.compile(rf"\s*(?:$|[,;(|\[].*|/.*|-\s*\d{{1,3}}$|-?\s*(?:\d+\s*\.?\s*)?(?:{_BUILDING})\b.*|[.\-\s]+$)")
_FLOOR_AHEAD = re.compile(rf"\s*(?:{_BUILDING})\b")


def read_house(text: str) -> House | None:
    """What a house number field says; None where it cannot be read or is empty."""
    rest = normal_form(tidy(text).translate(_FRACTIONS), "NFKC").replace("⁄", "/").casefold()
    rest = _PREFIX.sub("", rest.translate(_SPELLED_OUT).strip(" .,;"))
    begin = _NUMBER.match(rest)
    if not begin or not int(begin[1]) or tidy(text)[:1] in "½¼¾⅓⅔":
        return None
    number, rest = begin[1], rest[begin.end() :]
    suffix, rest, maybe_floor = _read_suffix(rest)
    others, left = _read_more(number, suffix, rest)
    if not _TAIL.fullmatch(left):
        return None
    return House(number, suffix.upper(), others, maybe_floor, is_plain=not rest.strip(" .,;"))


def _read_suffix(rest: str) -> tuple[str, str, bool]:
    """(suffix, what is left, whether it may be a storey)."""
    if found := _FRACTION.match(rest):
        return found[1], rest[found.end() :], False
    if found := _ROMAN.match(rest):
        return found[2], rest[found.end() :], True
    if found := _SUFFIX.match(rest):
        return found[2], rest[found.end() :], found[1] == "/" and found[2] in "ivx"
    return "", rest, False


def _read_more(number: str, suffix: str, rest: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The further houses of a range or list, and what is left after them."""
    others: list[tuple[str, str]] = []
    while True:
        if found := _MORE_LETTERS.match(rest):
            others += _letters(others[-1] if others else (number, suffix), found[1], found[2])
        elif (found := _MORE_NUMBERS.match(rest)) and not _is_flat(number, found, rest):
            others.append((found[2], (found[3] or "").upper()))
        else:
            return tuple(others), rest
        rest = rest[found.end() :]


def _letters(before: tuple[str, str], joint: str, letter: str) -> list[tuple[str, str]]:
    """``9A-C`` names 9B and 9C, ``9A,C`` names 9C only."""
    number, first = before[0], before[1].casefold()
    if joint in ("-", "bis") and len(first) == 1 and first < letter:
        return [(number, chr(code).upper()) for code in range(ord(first) + 1, ord(letter) + 1)]
    return [(number, letter.upper())]


def _is_flat(number: str, found: re.Match[str], rest: str) -> bool:
    """``12/3`` and ``12, 3. OG`` name a flat or a storey, not another house: the second number is not the greater.
    ``112-4``, short for 112–114, falls here too; the house named first is what counts."""
    return int(found[2]) < int(number) or bool(_FLOOR_AHEAD.match(rest, found.end()))


_POSTCODE = re.compile(r"(?:^|[,;\s])(?:D-?\s?)?(\d{5})(?!\d)\s*(.*)$")


_CUT = re.compile(r"(?<=[^\d\s])[\s,.]*(?=\d)|(?<=\d)\s+(?=\d)")
_NUMBER_WORD = re.compile(r"[\s,]+(?:Nr|No|Nummer|Hausnr|Hausnummer)\.?$", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """One way to read what was typed: street, number, postcode ("" where not given)."""

    street: str
    number: str
    postcode: str


def readings(street: str, number: str = "", postcode: str = "") -> list[Reading]:
    """All ways to read the three fields, likeliest first; more than one where street and number stand together.

    A name may hold numbers itself (Platz des 18. März, Straße 10), so every place to cut is offered.
    """
    street, number, postcode = tidy(street), tidy(number), re.sub(r"\D", "", postcode)
    if found := _POSTCODE.search(street):
        postcode = postcode or found[1]
        street = street[: found.start()].strip(" ,;")
    if found := _POSTCODE.search(number):
        postcode = postcode or found[1]
        number = number[: found.start()].strip(" ,;")
    whole = street
    ways = [Reading(street, number, postcode)]
    if number:
        name = _without_end(street, number)
        return [*ways, Reading(name, number, postcode)] if name else ways
    for cut in _CUT.finditer(whole):
        before, after = whole[: cut.end()].rstrip(" ,"), whole[cut.end() :]
        before = _NUMBER_WORD.sub("", before)
        if re.search(r"[^\W\d_]", before):
            ways.append(Reading(before, after, postcode))
    if found := re.match(r"(\d+\s?[a-zA-Z]?),?\s+(\D.*)$", whole):
        ways.append(Reading(found[2], found[1], postcode))
    return ways


def _without_end(street: str, number: str) -> str:
    """``Kettfadenstraße 17`` without the ``17`` that stands in the field for the number, too; "" if it does not."""
    name, end = street[: -len(number)], street[-len(number) :]
    if end.casefold() != number.casefold() or name[-1:] not in (" ", ","):
        return ""
    return name.rstrip(" ,")
