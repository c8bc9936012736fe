"""Names that could be taken for the team: read the way an eye reads them, not the way a computer does.

Unicode Technical Standard 39 calls it a skeleton: letters of other alphabets that look like Latin ones, digits in their
place, accents and gaps are taken away on both sides before they are compared.
"""

from __future__ import annotations

import re
import unicodedata

STAFF_WORDS = ("admin", "moderat", "quartiersteam", "betreiber", "support", "operator", "steward")
_LONG = 7  # letters; shorter words turn up by chance where two words of a name meet ("Murad Minh")

_LOOK_ALIKES = str.maketrans(
    "авсԁеёєгһніїјкмопрѕтухь" + "αβεηικμνορτυχω" + "0134578@$€!|" + "ıłøđħŧɑɡɪɴʀᴀᴅᴇᴍᴏᴛᴜᴘᴋʟ",
    "abcdeeerhhiijkmonpstyxb" + "abenikmnoptuxw" + "oieastbaseii" + "ilodhtaginrademotupkl",
)
_GAPS = re.compile(r"[\s\-‐-―_.·•/]+")
_PAIRS = (("rn", "m"), ("vv", "w"), ("l", "i"))


def sounds_like_the_team(name: str) -> bool:
    """Whether somebody who reads this name in passing could think that it is the team or whoever runs the site."""
    words = [_skeleton(word) for word in _GAPS.split(name) if word]
    whole = _skeleton(name)
    spelled_out = bool(words) and all(len(word) <= 2 for word in words)
    for staff in map(_skeleton, STAFF_WORDS):
        if any(staff in word for word in words) or ((len(staff) >= _LONG or spelled_out) and staff in whole):
            return True
    return False


def _skeleton(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_LOOK_ALIKES)
    letters = "".join(letter for letter in letters if "a" <= letter <= "z")
    for pair, looks in _PAIRS:
        letters = letters.replace(pair, looks)
    return letters
