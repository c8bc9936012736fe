"""Where it stands: the words that were looked for, marked in a text, and the place around the first of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from neighbour.core.text import clean_line, plain

AROUND = 90  # letters before and after the first marked word of a snippet

_FOLDED = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "é": "e", "è": "e", "à": "a", "ç": "c", "ı": "i"})
_WORD = re.compile(r"[^\W_]+")
# A tag, a character by name (but for the soft hyphen, which stands inside words), or a word.
_PIECE = re.compile(r"<[^>]*>|&(?!shy;)[#\w]+;|(?:[^\W_]|&shy;)+")
_SHOWN = re.compile(r'<h\d class="card__title.*?</h\d>|<div class="card__text.*?</div>', re.S)


def is_meant(word: str, stems: Sequence[str]) -> bool:
    """Whether a word of a text is one of those that were looked for, or a compound with one."""
    folded = word.replace("&shy;", "").lower().translate(_FOLDED)
    return any(_answers(folded, stem) for stem in stems)


def _answers(folded: str, stem: str) -> bool:
    if len(stem) < 3 or stem.isdigit():
        return folded == stem
    return folded.startswith(stem) or (len(stem) > 3 and stem in folded) or folded.endswith(stem)


def mark_card(html: Markup, stems: Sequence[str]) -> Markup:
    """A rendered card with the words marked in title and text, and nowhere else."""
    return Markup(_SHOWN.sub(lambda part: _marked(part.group(), stems), str(html)))  # noqa: S704  our own template


def _marked(html: str, stems: Sequence[str]) -> str:
    def piece(found: re.Match[str]) -> str:
        text = found.group()
        if text[0] in "<&" and not text.startswith("&shy;"):
            return text
        return f"<mark>{text}</mark>" if is_meant(text, stems) else text

    return _PIECE.sub(piece, html)


def snippet(html: str, stems: Sequence[str], *, beyond: int = 0) -> Markup | None:
    """The place around the first marked word of HTML made by ``core.text.markdown``, escaped; None if there is none after the
    first ``beyond`` letters, which are shown anyway."""
    text = clean_line(plain(html))
    hits = [each for each in _WORD.finditer(text) if is_meant(each.group(), stems)]
    if not hits or hits[0].start() < beyond:
        return None
    first, last = max(0, hits[0].start() - AROUND), min(len(text), hits[0].end() + AROUND)
    begin = text.find(" ", first) + 1 if first else 0
    end = text.rfind(" ", begin, last) if last < len(text) else last
    shown = Markup("").join(
        Markup("<mark>{}</mark>").format(each) if is_meant(each, stems) else escape(each)
        for each in re.split(r"([^\W_]+)", text[begin : max(end, hits[0].end())])
    )
    return Markup("{}{}{}").format("… " if begin else "", shown, " …" if end < len(text) else "")
