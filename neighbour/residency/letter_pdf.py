"""Letters on paper: a batch of proof cards as one PDF, one page a letter.

Knows paper and ink only: what is said comes as ``Words`` (``letter_words``), which code belongs to whom from the
service. Three formats, because three kinds of printer exist in an association:

======  =====================================  ===========================================================
format  sheet                                  goes into
======  =====================================  ===========================================================
a6      card 148 × 105 mm, message left,       no envelope; the 15 mm along the lower right edge stay free for
        address right                          the postal service's sorting marks
c6      A5 upright, folded once at 105 mm      C6 window envelope
a4      A4, folded at 105 and 210 mm           DIN long window envelope (address field of DIN 5008 form B)
======  =====================================  ===========================================================

Window envelopes after DIN 680: the window is 90 × 45 mm, 20 mm from the left and 15 mm from the lower edge. A sheet
slides about in its envelope, so the address stands in what shows in every position, and nothing else
shows in any – the code stays below the fold.

The typeface is Source Sans 3 (SIL Open Font License, ``fonts/LICENSE.md``), embedded: it has every Latin letter
from Szczepański to Đặng, and Greek and Cyrillic. ``unprintable`` names what it lacks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from neighbour.core import qr
from neighbour.core.text import normal_form

FONTS = Path(__file__).parent / "fonts"
TEXT, STRONG = "SourceSans3", "SourceSans3-Semibold"
QUIET = 0.35  # grey of small print: readable on any office printer


class Format(StrEnum):
    """Paper a batch is laid out for."""

    A6 = "a6"
    C6 = "c6"
    A4 = "a4"


SHEET = {Format.A6: (148, 105), Format.C6: (148, 210), Format.A4: (210, 297)}
"""Width and height of the sheet in millimetres."""


@dataclass(frozen=True)
class Words:
    """What a letter says, in one language, plus one short paragraph in a second one."""

    site: str
    title: str
    explain: str
    enter: str
    valid_until: str
    refuse: str
    second_language: str
    sender: str
    imprint: str


@dataclass(frozen=True)
class Letter:
    """One page: to whom (lines from the letterbox name down to the town), which code, which links."""

    recipient: tuple[str, ...]
    code: str
    code_url: str
    words: Words = field(repr=False)


def unprintable(text: str) -> str:
    """The characters of ``text`` for which the letter's typeface has no glyph, each once; empty when there is none."""
    register_type()
    known = pdfmetrics.getFont(TEXT).face.charToGlyph
    wanted = dict.fromkeys(normal_form(text))
    return "".join(c for c in wanted if ord(c) not in known)


#: what stands between a writer and the open file: nothing, or something that seals
Through = Callable[[Any], AbstractContextManager[Any]]


def write_batch(
    path: Path, letters: Iterable[Letter], paper: Format = Format.A6, through: Through = nullcontext
) -> int:
    """Write all ``letters`` to ``path``, a page each, and return the number of pages.

    The file appears complete or not at all, readable by its owner only: it is written beside its place, forced to
    the disk, then renamed.
    """
    register_type()
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            with through(out) as target:
                pages = _draw(target, letters, paper)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return pages


def _draw(target: Any, letters: Iterable[Letter], paper: Format) -> int:
    width, height = SHEET[paper]
    pages = 0
    canvas = Canvas(target, pagesize=(width * mm, height * mm), pageCompression=1, initialFontName=TEXT)
    canvas.setTitle("")
    for letter in letters:
        Page(canvas, height).draw(letter, paper)
        canvas.showPage()
        pages += 1
    canvas.save()
    return pages


def _sync_folder(folder: Path) -> None:
    """A rename is on the disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def register_type() -> None:
    """Make the typeface known to the PDF library, once in a process."""
    if TEXT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(TEXT, str(FONTS / "SourceSans3-Regular.ttf")))
        pdfmetrics.registerFont(TTFont(STRONG, str(FONTS / "SourceSans3-Semibold.ttf")))
        pdfmetrics.registerFontFamily(TEXT, normal=TEXT, bold=STRONG, italic=TEXT, boldItalic=STRONG)


class Page:
    """A sheet measured as people measure paper: millimetres from the left and from the top."""

    def __init__(self, canvas: Canvas, height: float) -> None:
        self.canvas = canvas
        self.height = height
        self.is_measuring = False

    def draw(self, letter: Letter, paper: Format) -> None:
        {Format.A6: self._card, Format.C6: self._folded_a5, Format.A4: self._folded_a4}[paper](letter)

    # -- the three layouts ------------------------------------------------------------------------------------

    def _card(self, letter: Letter) -> None:
        self.fitted(partial(self.message, letter, left=6, top=5, width=66, size=9, qr=22, site=True), floor=101)
        self.rule(76, 6, 99)
        self.text(letter.words.sender, 80, 6, 34, size=6.2, grey=QUIET)
        self.stamp(121, 6)
        self.address(letter.recipient, 80, 46, 62, size=11, lines_above=88)

    def _folded_a5(self, letter: Letter) -> None:
        self.text(letter.words.site, 112, 12, 30, size=9, grey=QUIET)
        self.text(letter.words.sender, 22, 55, 73, size=6, grey=QUIET, floor=58)
        self.address(letter.recipient, 22, 60, 73, size=10.5, lines_above=89)
        self.fold(105)
        self.fitted(partial(self.message, letter, left=15, top=115, width=118, size=10, qr=27), floor=203)

    def _folded_a4(self, letter: Letter) -> None:
        self.text(letter.words.site, 125, 20, 65, size=11, grey=QUIET)
        self.text(letter.words.sender, 25, 52, 75, size=6.5, grey=QUIET, floor=58)
        self.address(letter.recipient, 25, 63, 75, size=11, lines_above=89)
        self.fold(105)
        self.fold(210)
        self.fitted(partial(self.message, letter, left=25, top=115, width=160, size=12.5, qr=33), floor=285)

    def fitted(self, column: Callable[..., float], *, floor: float) -> None:
        """Draw a column of text at the largest scale, from 1 downwards, at which it ends above ``floor``."""
        scale, self.is_measuring = 1.0, True
        while column(scale=scale) > floor and scale > 0.5:
            scale -= 0.03
        self.is_measuring = False
        column(scale=scale)

    def message(
        self,
        letter: Letter,
        *,
        left: float,
        top: float,
        width: float,
        size: float,
        qr: float,
        scale: float,
        site: bool = False,
    ) -> float:
        """All that a letter says beside the address; returns the y below it. On folded letters it must not be
        seen through the window. ``size`` of the text in points, ``qr`` side in mm, both times ``scale``."""
        words, size, y = letter.words, size * scale, top
        gap = size / 5
        if site:
            y = self.text(words.site, left, y, width, size=size * 0.93, grey=QUIET) + gap / 2
        y = self.text(words.title, left, y, width, size=size * 1.45, font=STRONG)
        y = self.text(words.explain, left, y + gap * 0.6, width, size=size)
        y = self.code_block(letter, left, y + gap * 1.7, width, qr=qr * scale, size=size * 2.4, small=size * 0.9)
        y = self.text(words.refuse, left, y + gap * 1.5, width, size=size * 0.9)
        y = self.text(words.second_language, left, y + gap, width, size=size * 0.85)
        return self.text(words.imprint, left, y + gap, width, size=size * 0.72, grey=QUIET)

    # -- pieces -----------------------------------------------------------------------------------------------

    def text(
        self,
        text: str,
        x: float,
        y: float,
        width: float,
        *,
        size: float,
        font: str = TEXT,
        grey: float = 0,
        floor: float | None = None,
    ) -> float:
        """Set ``text`` (plain; line breaks kept) with its top left at ``x, y`` mm; return the y below it.

        With ``floor`` the text grows smaller until it ends above it: a long imprint must not run off the card.
        """
        while True:
            style = ParagraphStyle("p", fontName=font, fontSize=size, leading=size * 1.22, textColor=(grey, grey, grey))
            paragraph = Paragraph("<br/>".join(escape(line) for line in text.splitlines()), style)
            _, tall = paragraph.wrap(width * mm, self.height * mm)
            below = y + tall / mm
            if floor is None or below <= floor or size < 4.5:
                break
            size -= 0.3
        if not self.is_measuring:
            paragraph.drawOn(self.canvas, x * mm, (self.height - below) * mm)
        return below

    def address(
        self, lines: tuple[str, ...], x: float, y: float, width: float, *, size: float, lines_above: float
    ) -> None:
        """The recipient: the block shrinks until every line, broken at spaces and hyphens only, fits the field."""
        while True:
            broken = [part for line in lines for part in _broken(line, width * mm, size)]
            widest = max(pdfmetrics.stringWidth(part, TEXT, size) for part in broken)
            tall = len(broken) * size * 1.22 / mm
            if (widest <= width * mm and y + tall <= lines_above) or size < 6:
                break
            size -= 0.25
        self.text("\n".join(broken), x, y, width, size=size, floor=lines_above)

    def code_block(
        self, letter: Letter, x: float, y: float, width: float, *, qr: float, size: float, small: float
    ) -> float:
        """QR link on the left, the code large beside it, how to use it below the code."""
        self.qr_code(letter.code_url, x, y, qr)
        beside, room = x + qr + 3, width - qr - 3
        while pdfmetrics.stringWidth(letter.code, STRONG, size) > room * mm:
            size -= 0.5
        below = self.text(letter.code, beside, y - size * 0.06, room, size=size, font=STRONG)
        below = self.text(letter.words.enter, beside, below + 0.6, room, size=small)
        below = self.text(letter.words.valid_until, beside, below + 0.4, room, size=small, font=STRONG)
        return max(below, y + qr)

    def qr_code(self, url: str, x: float, y: float, side: float) -> None:
        """The link as QR code, level M, drawn as rows of rectangles: sharp at any resolution. It has no quiet zone of
        its own, the paper around it is white."""
        if self.is_measuring:
            return
        rows = qr.rows_of(url)
        module = side * mm / len(rows)
        top = (self.height - y) * mm
        path = self.canvas.beginPath()
        for number, row in enumerate(rows):
            for start, length in qr.runs(row):
                path.rect(x * mm + start * module, top - (number + 1) * module, length * module, module)
        self.canvas.setFillGray(0)
        self.canvas.drawPath(path, stroke=0, fill=1)

    def rule(self, x: float, top: float, bottom: float) -> None:
        self.canvas.setStrokeGray(0.75)
        self.canvas.setLineWidth(0.3)
        self.canvas.line(x * mm, (self.height - top) * mm, x * mm, (self.height - bottom) * mm)

    def fold(self, y: float) -> None:
        """A mark on the left edge where the sheet is folded."""
        self.canvas.setStrokeGray(0.5)
        self.canvas.setLineWidth(0.3)
        self.canvas.line(3 * mm, (self.height - y) * mm, 8 * mm, (self.height - y) * mm)

    def stamp(self, x: float, y: float) -> None:
        """Where the stamp goes: 21 × 25 mm, the room of the usual size."""
        self.canvas.setStrokeGray(0.75)
        self.canvas.setLineWidth(0.3)
        self.canvas.rect(x * mm, (self.height - y - 25) * mm, 21 * mm, 25 * mm)


def _broken(line: str, width: float, size: float) -> list[str]:
    """``line`` in pieces that fit ``width`` points, broken after spaces and hyphens only; a longer word stays whole."""
    pieces, current = [], ""
    for word in re.findall(r"[^ -]*[ -]?", line):
        if current and pdfmetrics.stringWidth((current + word).rstrip(), TEXT, size) > width:
            pieces.append(current.rstrip())
            current = ""
        current += word
    return [*pieces, current.rstrip()]
