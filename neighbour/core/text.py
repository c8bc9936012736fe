"""What people type, made safe and pleasant to read.

Markdown goes through markdown-it with raw HTML switched off, and through an allow-list sanitiser (nh3) last.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal
from unicodedata import combining

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

TAGS = {"p", "br", "strong", "em", "del", "ul", "ol", "li", "blockquote", "code", "pre", "a", "hr"}
SCHEMES = {"http", "https", "mailto", "tel"}
LONG_WORD = 18  # letters, from which on a word may be broken (phones are 360 px wide)

# Characters that turn the direction of the text around them, controls (C0 and C1), and others nobody sees (Unicode TR 36):
# fillers, tags, joiners. A joiner stays where it does its work: between the parts of one emoji, between letters of Arabic
# and Indic scripts.
_EMOJI, _JOINING = "\u2190-\u27ff\u2900-\u2bff\ufe0f\U0001f000-\U0001faff", "\u0620-\u0dff"
_UNSEEN = re.compile(
    f"(?!(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}])|(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}]))"
    "[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0"
    "\U000e0000-\U000e0fff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
MOST_MARKS = 30  # accents on one letter; more are no writing (UAX 15 section 13, Stream-Safe Text Format)
_SPACES = re.compile(r"\s+")
_LONG = re.compile(rf"[^\W\d_]{{{LONG_WORD + 1},}}")
# German compounds break after a linking -s- of these endings; browsers do the rest (hyphens: auto).
_JOINT = re.compile(r"(?:(?<=ungs)|(?<=eits)|(?<=afts)|(?<=ions)|(?<=rags)|(?<=rats))(?=[a-zäöüß]{4})")

_FROM_TO = re.compile(r"\b\d{1,4}\w?[–-]\d{1,4}\w?\b")  # Unicode UAX 14 lets a line end after the dash

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True, "typographer": False})
_markdown.enable("strikethrough")
_markdown.disable(["image", "heading", "lheading", "html_block", "html_inline", "reference"])


def normal_form(text: str, form: Literal["NFC", "NFD", "NFKC", "NFKD"] = "NFC") -> str:
    """``text`` in a Unicode normal form, without the accents beyond thirty on one letter: putting a row of accents in order
    takes time that grows with its square, and one request of them would keep a process busy for minutes."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for letter in text:
        for part in unicodedata.normalize("NFKD", letter):  # some signs are two marks, or one in this form only
            marks = marks + 1 if combining(part) else 0
        if marks <= MOST_MARKS:
            kept.append(letter)
    return unicodedata.normalize(form, "".join(kept))


def clean_line(text: str | None) -> str:
    """One line: NFC, direction marks and control characters removed, runs of white space made one space."""
    return _SPACES.sub(" ", _UNSEEN.sub("", normal_form(text or ""))).strip()


def clean_text(text: str | None) -> str:
    """Several lines: as ``clean_line``, with line ends kept (at most two in a row)."""
    plain = normal_form((text or "").replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r"\n{3,}", "\n\n", _UNSEEN.sub("", plain)).strip()


def markdown(text: str) -> Markup:
    """Safe HTML of Markdown; bare addresses become links. Input is what a person typed."""
    html = _markdown.render(_with_links(text))
    safe = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}, "*": set()},
        url_schemes=SCHEMES,
        url_relative="deny",  # a link names its site: //elsewhere and our own pages' forms are not a writer's
        link_rel="nofollow ugc noopener",
    )
    return Markup(safe.strip())  # noqa: S704  the sanitiser has just run


def plain(html: str) -> str:
    """HTML made by ``markdown`` as plain text, for mails and previews."""
    lines = str(html).replace("</p>", "</p>\n").replace("</li>", "</li>\n")
    return Markup(nh3.clean(lines, tags=set())).unescape().strip()  # noqa: S704  to read the entities; the result is plain text


def excerpt(html: str, length: int = 280) -> str:
    """The beginning of HTML made by ``markdown`` as one plain line of at most ``length`` characters, cut at a word."""
    line = clean_line(plain(html))
    if len(line) <= length:
        return line
    return line[: length - 1].rsplit(" ", 1)[0].rstrip(" ,.;:–-") + "…"


def soft_hyphens(text: str) -> Markup:
    """Escaped text for narrow screens: words over 18 letters carry soft hyphens at their joints, house numbers such as
    2–14 stay on one line."""
    marked = _LONG.sub(lambda word: _JOINT.sub("\u00ad", word.group()), text)
    html = _FROM_TO.sub(r'<span class="nowrap">\g<0></span>', str(escape(marked)))
    return Markup(html.replace("\u00ad", "&shy;"))  # noqa: S704  escaped one call before


_ELSEWHERE = re.compile(
    r"www\.|://|@|\.(?:de|com|net|org|info|io|eu|at|ch|biz|xyz|app|shop|site|online|top|berlin|example)\b", re.I
)


_SHORT = re.compile(r"\b(?:fam|hr|fr|dr|prof|dipl|ing|med|st|geb|gebr|v)\.", re.I)  # Fam.De Luca, Dr.De Marchi


def leads_elsewhere(name: str) -> bool:
    """Whether a web or mail address stands in what should be a name."""
    return bool(_ELSEWHERE.search(_SHORT.sub(" ", name)))


def initials(name: str) -> str:
    """``Maximiliane-Theodora O.`` → ``MO``"""
    words = [word for word in re.split(r"[\s]+", name) if word[:1].isalnum()]
    letters = (words[0][:1] + words[-1][:1]) if len(words) > 1 else (words[0][:2] if words else "?")
    return letters.upper()


# A closing bracket belongs to the address if the opening one does: …/leiter_(neu)
_BARE = re.compile(
    r"(?<![\w<\[\]\"'/])(?<!\]\()(https?://(?:[^\s<>\"'()\]]|\([^\s<>\"'()\]]*\))*(?:[^\s<>\"'()\].,;:!?]|\([^\s<>\"'()\]]*\)))"
)


def _with_links(text: str) -> str:
    return _BARE.sub(r"<\1>", text)
