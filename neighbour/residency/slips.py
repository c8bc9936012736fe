"""Invitations and flyers on paper: as many as fit on an A4 sheet, with marks to cut along.

The words are neutral: who runs the network, what the code does, how to find out whether the paper is genuine. A neighbour's
name stands on an invitation only where they ticked it; nobody speaks in anybody's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from io import BytesIO
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Response
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from config import Config
from neighbour.core.i18n import gettext as _
from neighbour.core.i18n import language, long_date, ngettext, speaking
from neighbour.residency.letter_pdf import QUIET, STRONG, TEXT, Page, register_type

MARGIN, CUT = 9, 4  # mm: white round a slip, length of a mark


class Paper(StrEnum):
    """Size of one slip."""

    A6 = "a6"
    A5 = "a5"


# slip and sheet, width × height in mm; slips beside and below each other on the sheet
LAYOUT = {Paper.A6: ((105, 148.5), (210, 297), 2, 2), Paper.A5: ((148.5, 210), (297, 210), 2, 1)}


@dataclass(frozen=True)
class Slip:
    """What stands on a slip, from top to bottom."""

    site: str
    title: str
    explain: str
    code: str
    url: str
    enter: str
    valid: str
    check: str
    other_language: str
    imprint: str


def for_invitation(code: str, quarter: str, inviter: str, until: datetime, config: Config) -> Slip:
    """A neighbour's invitation. inviter: their name as neighbours see it, empty where it is not to stand there."""
    who = (
        _("%(name)s invites you to the neighbourhood's notice board.", name=inviter)
        if inviter
        else _("Somebody from your neighbourhood invites you to its notice board.")
    )
    said = _(
        "On it people who live here ask, give, lend, help and meet. The code lets you read along and reply at once."
    )
    return _slip(code, quarter, f"{who} {said}", _last_day(until, config), config)


def for_flyer(code: str, quarter: str, streets: str, most: int, until: datetime, config: Config) -> Slip:
    """A flyer for the houses of some streets."""
    where = ", ".join(streets.splitlines())
    said = ngettext(
        "This code is for %(num)s person who lives here: %(where)s.",
        "This code is for %(num)s people who live here: %(where)s.",
        most,
        where=where,
    )
    what = _(
        "With it you read along and reply on your quarter's notice board, where people ask, give, lend, help and meet."
    )
    return _slip(code, quarter, f"{said} {what}", _last_day(until, config), config)


def _last_day(until: datetime, config: Config) -> date:
    return until.astimezone(ZoneInfo(config.time_zone)).date()


def _slip(code: str, quarter: str, explain: str, day: date, config: Config) -> Slip:
    parts = urlsplit(config.site_url)
    host = (parts.netloc + parts.path).rstrip("/")
    places = {"code_page": f"{host}/code", "check_page": f"{host}/genuine"}
    with speaking("en" if language() == "de" else "de"):
        other = _("In English: join at %(code_page)s with this code. About this paper: %(check_page)s", **places)
    who = ", ".join(part for part in (config.operator_name, config.operator_address, config.operator_email) if part)
    ours = _("Neighbour")
    return Slip(
        site=f"{ours} · {config.city_name}",
        title=_("Welcome to %(quarter)s", quarter=quarter),
        explain=explain,
        code=code,
        url=f"{config.site_url}/code/{code}",
        enter=_("Scan, or type it in here:\n%(code_page)s", **places),
        valid=_("Valid until %(day)s", day=long_date(day)),
        check=_("It costs nothing, and nobody comes to your door. Is this paper genuine? %(check_page)s", **places),
        other_language=other,
        imprint=_("Responsible: %(who)s.", who=who) if who else "",
    )


def sheet(slip: Slip, paper: Paper) -> bytes:
    """An A4 sheet full of the slip, as PDF."""
    register_type()
    (width, height), (across, down), columns, rows = LAYOUT[paper]
    out = BytesIO()
    canvas = Canvas(out, pagesize=(across * mm, down * mm), pageCompression=1, initialFontName=TEXT)
    canvas.setTitle("")
    page = Page(canvas, height)
    for column in range(columns):
        for row in range(rows):
            canvas.saveState()
            canvas.translate(column * width * mm, row * height * mm)
            page.fitted(partial(_column, page, slip, width=width), floor=height - MARGIN)
            canvas.restoreState()
    _cut_marks(canvas, (width, height), (across, down))
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _column(page: Page, slip: Slip, *, width: float, scale: float) -> float:
    """All words of a slip, at a scale; returns the y below them."""
    left, room, size = MARGIN, width - 2 * MARGIN, width / 9.5 * scale
    gap = size / 5
    y = page.text(slip.site, left, MARGIN, room, size=size * 0.85, grey=QUIET)
    y = page.text(slip.title, left, y + gap, room, size=size * 1.7, font=STRONG)
    y = page.text(slip.explain, left, y + gap, room, size=size)
    side, code = width * 0.3 * scale, size * 1.9
    y += gap * 2
    page.qr_code(slip.url, left, y, side)
    beside, wide = left + side + 4, room - side - 4
    while pdfmetrics.stringWidth(slip.code, STRONG, code) > wide * mm:
        code -= 0.5
    below = page.text(slip.code, beside, y - 0.4, wide, size=code, font=STRONG) + 1
    for line in slip.enter.splitlines():  # an address that is broken cannot be typed
        widest = max(pdfmetrics.stringWidth(word, TEXT, 1) for word in line.split())
        below = page.text(line, beside, below, wide, size=min(size * 0.95, (wide * mm - 1) / widest))
    below = page.text(slip.valid, beside, below + 1, wide, size=size * 0.95, font=STRONG)
    y = max(below, y + side) + gap * 2
    for words, share in ((slip.check, 0.95), (slip.other_language, 0.85), (slip.imprint, 0.75)):
        if words:
            y = page.text(words, left, y, room, size=size * share, grey=QUIET if words is slip.imprint else 0) + gap
    return y


def _cut_marks(canvas: Canvas, slip: tuple[float, float], whole: tuple[float, float]) -> None:
    """Short lines at the edges of the sheet and where cuts cross."""
    (width, height), (across, down) = slip, whole
    canvas.setStrokeGray(0.5)
    canvas.setLineWidth(0.3)
    x, y = width * mm, height * mm
    for middle in (0, down * mm):
        canvas.line(x, middle - CUT * mm, x, middle + CUT * mm)
    if height < down:
        for edge in (0, across * mm):
            canvas.line(edge - CUT * mm, y, edge + CUT * mm, y)
        canvas.line(x - CUT * mm, y, x + CUT * mm, y)
        canvas.line(x, y - CUT * mm, x, y + CUT * mm)


def as_file(slip: Slip, paper: Paper, name: str) -> Response:
    """The sheet as an answer that a browser offers to keep. name: of the file, without its ending."""
    answer = Response(sheet(slip, paper), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
