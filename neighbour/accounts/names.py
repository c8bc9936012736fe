"""Names that cannot be shown: those that could be taken for the team, that nobody can read, that lead elsewhere.

What sounds like the team is read the way an eye reads it, not the way a computer does.

Unicode Technical Standard 39 calls it a skeleton: letters of other alphabets that look like Latin ones, digits in their
place, accents and gaps are taken away on both sides before they are compared.
"""

from __future__ import annotations

import re
import unicodedata

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

_LOOK_ALIKES = str.maketrans(
    "авсԁеёєгһніїјкмопрѕтухь" + "αβεηικμνορτυχω" + "0134578@$€!|" + "ıłøđħŧɑɡɪɴʀᴀᴅᴇᴍᴏᴛᴜᴘᴋʟ",
    "abcdeeerhhiijkmonpstyxb" + "abenikmnoptuxw" + "oieastbaseii" + "ilodhtaginrademotupkl",
)
_GAPS = re.compile(r"[\s\-‐-―_.·•/]+")
_PAIRS = (("rn", "m"), ("vv", "w"), ("l", "i"))


def objection(name: str) -> str | None:
    """What is wrong with a name that neighbours would read, in the language spoken now; None if nothing is."""
    if not any(letter.isalpha() for letter in name):
        return _("A name needs letters.")
    if leads_elsewhere(name):
        return _("Please leave web and mail addresses out of a name.")
    if sounds_like_the_team(name):
        return _("This name could be taken for the team. Please choose another.")
    return None


def sounds_like_the_team(name: str) -> bool:
    """Whether somebody who reads this name in passing could think that it is the team or whoever runs the site."""
    words = [_skeleton(word) for word in _GAPS.split(name) if word]
    whole = _skeleton(name)
    spelled_out = bool(words) and all(len(word) <= 2 for word in words)
    team = _skeleton(TEAM)
    if whole in (team, *map(_skeleton, OURS)) or (words[:1] and words[0] in map(_skeleton, OFFICES)):
        return True
    if any(word == team or (len(word) >= 8 and word.endswith(team)) for word in words):
        return True
    if any(public in word for public in map(_skeleton, PUBLIC_WORDS) for word in words):
        return True
    for staff in map(_skeleton, STAFF_WORDS):
        if any(staff in word for word in words) or ((len(staff) >= _LONG or spelled_out) and staff in whole):
            return True
    return False


def reads_like(one: str, other: str) -> bool:
    """Whether somebody who reads these two names in passing would take one for the other."""
    return _skeleton(one) == _skeleton(other)


def _skeleton(text: str) -> str:
    plain = normal_form(text, "NFKD").casefold()
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_LOOK_ALIKES)
    letters = "".join(letter for letter in letters if "a" <= letter <= "z")
    for pair, looks in _PAIRS:
        letters = letters.replace(pair, looks)
    return letters
