"""Passwords that are guessed first: what is on the list, what is made of it, what the hand does by itself, and what others know.

People add a digit, write 0 for o, go along a row of keys or say something twice; programs that guess do the same. So a password
is looked at as they make it: small, ß and umlauts written out or left out, signs read as the letters they stand for, digits and
signs around it taken off, backwards too, and every run or repetition counted as little more than one symbol. Nothing is asked
of what a password is made of (ASVS 5.0 V6.2), and nothing leaves this machine.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from neighbour.core.text import normal_form

_LIST = Path(__file__).parent / "data" / "passwords.txt"
_WORDS = _LIST.with_name("words.txt")
LONGEST_OF_FEW, LONGEST_WORD = 40, 16
LEAST = 5  # symbols that must be left where everything that needs no guessing is taken away
SHORTEST_WORD, SHORTEST_RUN, SHORTEST_BLOCK = 4, 3, 8
_LINES = (
    "abcdefghijklmnopqrstuvwxyz",
    "012345678901234567890",
    "qwertzuiopü",
    "qwertyuiop",
    "asdfghjklöä",
    "yxcvbnm",
    "zxcvbnm",
    '!"§$%&/()=?',
    "!@#$%^&*()",
    "1qay2wsx3edc4rfv5tgb6zhn7ujm8ik",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "qaywsxedcrfvtgbzhnujm",
    "qazwsxedcrfvtgbyhnujm",
    "1q2w3e4r5t6z7u8i9o0p",
    "1q2w3e4r5t6y7u8i9o0p",
)
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_STAND_FOR = [str.maketrans("@4€3$5017!+", "aaeessoit" + ones) for ones in ("it", "lt")]
_DATE = re.compile(
    r"(0?[1-9]|[12]\d|3[01])\D?(0?[1-9]|1[0-2])\D?(19|20)\d\d|(19|20)\d\d\D?(0[1-9]|1[0-2])\D?(0[1-9]|[12]\d|3[01])"
)


def is_guessed(password: str, words: Iterable[str] = ()) -> bool:
    """Whether this password is among the first that are tried. words: what others know about the person and this site."""
    known = {form for word in words for form in _spelled(word) if len(form) >= SHORTEST_WORD}
    folded = normal_form(password, "NFKC").casefold().strip()
    if folded in common() or _DATE.fullmatch(folded) or _weight(folded) < LEAST or _is_block(folded, known):
        return True
    texts = {folded, folded.translate(_WRITTEN_OUT), "".join(each for each in folded if each.isalnum())}
    return any(_is_made_of(text, known) or _is_few_words(text) for text in texts)


def told(password: str) -> str:
    """The password as streets are compared with it: small, umlauts written out, letters only."""
    return "".join(each for each in normal_form(password, "NFKC").casefold().translate(_WRITTEN_OUT) if each.isalpha())


@lru_cache
def common() -> frozenset[str]:
    """The list."""
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))


@lru_cache
def plain_words() -> frozenset[str]:
    """Words everybody knows (``data/words.txt``), with umlauts as they are and written out."""
    lines = _WORDS.read_text(encoding="utf-8").splitlines()
    listed = {word for line in lines if not line.startswith("#") for word in line.split()}
    return frozenset(listed | {word.translate(_WRITTEN_OUT) for word in listed})


def _is_few_words(text: str) -> bool:
    """Whether one or two words everybody knows stand there, and hardly anything else. Three are a good beginning, and are let be:
    of four words that do not belong together passwords are made that nobody guesses."""
    if len(text) > LONGEST_OF_FEW:
        return False
    return any(
        _weight(less) < LEAST or any(_weight(least) < LEAST for least in _less_a_word(less))
        for less in _less_a_word(text)
    )


def _less_a_word(text: str) -> set[str]:
    """The text without one of the words in it, in every way."""
    spans = (
        (at, end) for at in range(len(text)) for end in range(at + SHORTEST_RUN, min(len(text), at + LONGEST_WORD) + 1)
    )
    return {f"{text[:at]} {text[end:]}" for at, end in spans if text[at:end] in plain_words()}


@lru_cache
def _bases() -> frozenset[str]:
    """The words on the list without the digits and signs around them."""
    return frozenset(core for line in common() if len(core := _trimmed(line)) >= SHORTEST_WORD)


def _is_made_of(text: str, known: set[str]) -> bool:
    """Whether a word of the list stands there in another dress, or a known one and hardly anything else."""
    read = [text]
    begin, end = _edges(text)
    for table in _STAND_FOR:  # a sign at its edge is a letter, or was put there
        read += [part.translate(table) for part in (text, text[:end], text[begin:], text[begin:end])]
    cores = {_trimmed(each) for each in read}
    if any(way in known or way in _bases() for core in cores for way in (core, core[::-1])):
        return True
    return any(_weight(rest) < LEAST for each in set(read) if (rest := _without(each, known)) != each)


def _without(text: str, known: set[str]) -> str:
    for word in sorted(known, key=len, reverse=True):
        text = text.replace(word, " ").replace(word[::-1], " ")
    return text


def _is_block(folded: str, known: set[str]) -> bool:
    """Whether it is something said again and again that would not do when said once."""
    most = (len(folded) + 1) // 2  # with a sign between
    size = next((each for each in range(1, most + 1) if folded.startswith(folded[each:])), 0)
    return size > 0 and (size < SHORTEST_BLOCK or is_guessed(folded[:size], known))


@lru_cache(1000)
def _spelled(text: str) -> frozenset[str]:
    """A word with umlauts written out, left out, and as they are; without spaces and signs."""
    small = normal_form(text.casefold())
    bare = "".join(each for each in normal_form(small, "NFD") if not unicodedata.combining(each))
    forms = small, small.translate(_WRITTEN_OUT), bare
    return frozenset("".join(each for each in form if each.isalnum()) for form in forms)


def _trimmed(text: str) -> str:
    """Without the digits and signs around it."""
    begin, end = _edges(text)
    return text[begin:end]


def _edges(text: str) -> tuple[int, int]:
    """Where its first letter is, and the end of its last."""
    begin = next((at for at, each in enumerate(text) if each.isalpha()), len(text))
    end = next((at for at in range(len(text), begin, -1) if text[at - 1].isalpha()), begin)
    return begin, end


@lru_cache
def _neighbours() -> dict[tuple[str, str], int]:
    """In which lines, and which way, one symbol follows another: a bit each."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for number, way in enumerate(way for line in _LINES for way in (line, line[::-1])):
        for pair in pairwise(way):
            found[pair] |= 1 << number
    return dict(found)


def _weight(text: str) -> int:
    """How many symbols are left when each run along a line, and each repetition, counts as one; spaces count nothing."""
    weight, at = 0, 0
    while at < len(text):
        length = _run(text, at)
        weight += text[at] != " "
        at += length
    return weight


def _run(text: str, at: int) -> int:
    """How many symbols from here on follow each other along one line, or are the same; 1 if too few to be meant."""
    same, end, lines = 1 << 62, at + 1, -1
    while end < len(text):
        one, other = text[end - 1], text[end]
        lines &= _neighbours().get((one, other), 0) | (same if one == other else 0)
        if not lines:
            break
        end += 1
    return end - at if end - at >= SHORTEST_RUN else 1
