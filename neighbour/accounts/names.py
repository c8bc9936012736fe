"""Names that cannot be shown: those that could be taken for the team, that nobody can read, that lead elsewhere.

What sounds like the team is read the way an eye reads it, not the way a computer does.

Unicode Technical Standard 39 calls it a skeleton: letters of other alphabets that look like Latin ones, digits in their
place, accents and gaps are taken away on both sides before they are compared. A word of letters of several alphabets is
refused (its level "highly restrictive"), as it is hardly ever written but to look like another.
"""

from __future__ import annotations

import re
import secrets
import unicodedata

from neighbour.accounts.look_alikes import TABLE
from neighbour.core.i18n import gettext as _
from neighbour.core.text import leads_elsewhere, normal_form

# Parts of words, also where words meet; parts of one word; whole words; words a name may not begin with; names that are
# those of the site itself.
STAFF_WORDS = ("admin", "moderat", "quartiersteam", "betreiber", "support", "operator", "steward")
PUBLIC_WORDS = ("redaktion", "verwaltung", "polizei", "feuerwehr", "rathaus", "ordnungsamt")
TEAM = "team"  # and its compounds: Nachbarschaftsteam
OFFICES = ("stadt", "bezirk", "bezirksamt", "gemeinde")
OURS = ("nachbar", "neighbour")
_LONG = 7  # letters; shorter words turn up by chance where two words of a name meet ("Murad Minh")

# What reads so in small letters, further than the table of the standard goes.
_LOOSELY = str.maketrans(
    "авсԁеёєгһніїјкмопрѕтухь" + "αβεηικμνορτυχω" + "0134578@$€!|" + "ıłøđħŧɑɡɪɴʀᴀᴅᴇᴍᴏᴛᴜᴘᴋʟ",
    "abcdeeerhhiijkmonpstyxb" + "abenikmnoptuxw" + "oieastbaseii" + "ilodhtaginrademotupkl",
)
_GAPS = re.compile(r"[\s\-‐-―_.·•/]+")
_PAIRS = (("rn", "m"), ("vv", "w"), ("l", "i"))
# Alphabets that are written together, beside Latin: Japanese, Chinese with its sounds, Korean (UTS 39, section 5.2).
_TOGETHER = ({"CJK", "HIRAGANA", "KATAKANA"}, {"CJK", "BOPOMOFO"}, {"CJK", "HANGUL"})


def objection(name: str) -> str | None:
    """What is wrong with a name that neighbours would read, in the language spoken now; None if nothing is."""
    if not any(letter.isalpha() for letter in name):
        return _("A name needs letters.")
    if any(map(_is_mixed, _GAPS.split(name))):
        return _("One word of this name has letters of several alphabets. Please write it in one of them.")
    if leads_elsewhere(name):
        return _("Please leave web and mail addresses out of a name.")
    if sounds_like_the_team(name):
        return _("This name could be taken for the team. Please choose another.")
    return None


def given() -> str:
    """A name that says nothing of anybody, drawn by lot, in the language spoken now."""
    first, last = _firsts(), _lasts()
    return first[secrets.randbelow(len(first))] + last[secrets.randbelow(len(last))]


def example() -> str:
    """A name such as ``given`` gives, the same for everybody: pages that must not differ show it."""
    return _firsts()[0] + _lasts()[0]


def is_given(name: str) -> bool:
    """Whether ``given`` may have given this name."""
    return any(name == first + last for first in _firsts() for last in _lasts())


def _firsts() -> list[str]:
    # the first halves of names such as "Mapleleaf", of plants, as they stand in a compound; any number, parted by spaces
    return _(
        "Maple Birch Beech Oak Alder Ash Linden Willow Elm Poplar Hazel Elder Chestnut Pine Fir Larch Ivy Moss"
    ).split()


def _lasts() -> list[str]:
    # the second halves: parts of plants, written on to the first; any number, parted by spaces
    return _("leaf twig bark root bud bloom shade grove seed branch").split()


def sounds_like_the_team(name: str) -> bool:
    """Whether somebody who reads this name in passing could think that it is the team or whoever runs the site."""
    words = [_letters(word) for word in _GAPS.split(name) if word]
    whole = _letters(name)
    spelled_out = bool(words) and all(len(word) <= 2 for word in words)
    team = _letters(TEAM)
    if whole in (team, *map(_letters, OURS)) or (words[:1] and words[0] in map(_letters, OFFICES)):
        return True
    if any(word == team or (len(word) >= 8 and word.endswith(team)) for word in words):
        return True
    if any(public in word for public in map(_letters, PUBLIC_WORDS) for word in words):
        return True
    for staff in map(_letters, STAFF_WORDS):
        if any(staff in word for word in words) or ((len(staff) >= _LONG or spelled_out) and staff in whole):
            return True
    return False


def skeleton(text: str) -> str:
    """What an eye takes in of a name; names with the same one read alike. Empty where there is nothing to read, which is like
    nothing. A name with no letter that looks Latin is its own text, folded (NFKC)."""
    if not any(map(str.isalpha, text)):
        return ""
    looks = _without_accents(text).translate(TABLE)
    looks = _without_accents(looks.casefold()).translate(_LOOSELY)
    if not any("a" <= letter <= "z" for letter in looks):
        return " ".join(normal_form(text, "NFKC").casefold().split())
    letters = "".join(letter for letter in looks if _is_read(letter))
    for pair, read in _PAIRS:
        letters = letters.replace(pair, read)
    return letters


def _without_accents(text: str) -> str:
    return "".join(letter for letter in normal_form(text, "NFKD") if not unicodedata.combining(letter))


def _is_read(letter: str) -> bool:
    """Letters, digits and signs for vowels (Mc, Mn), not what stands between: also of apostrophes some count as letters (Lm)."""
    kind = unicodedata.category(letter)
    return kind[0] in "LMN" and kind != "Lm"


def _letters(text: str) -> str:
    """What is left of a skeleton without digits: what the team is called has none."""
    return "".join(filter(str.isalpha, skeleton(text)))


def _is_mixed(word: str) -> bool:
    letters = (
        letter for letter in normal_form(word, "NFKC") if unicodedata.category(letter) in ("Lu", "Ll", "Lt", "Lo")
    )
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in letters}
    return len(scripts) > 1 and not any(scripts - {"LATIN"} <= together for together in _TOGETHER)
