"""Photos of the demo city, drawn by this project: a few shapes on a ground, as somebody's phone might have seen them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, NamedTuple

SIZE = (1_200, 900)


class DemoPhoto(NamedTuple):
    """A photo and its words."""

    jpeg: bytes
    alt: str


def photo(name: str) -> DemoPhoto:
    """The photo that posts call by this name; raises KeyError."""
    from PIL import Image, ImageDraw, ImageFilter

    draw, ground, alt = _PHOTOS[name]
    picture = Image.new("RGB", SIZE, ground)
    draw(ImageDraw.Draw(picture))
    out = io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(1.2)).save(out, "JPEG", quality=88)
    return DemoPhoto(out.getvalue(), alt)


def _wardrobe(on: Any) -> None:
    """Doors and boards that lean on a wall, a box of screws before them."""
    on.rectangle((0, 620, 1_200, 900), "#9a7b58")
    for line in range(5):
        on.line((0, 640 + 60 * line, 1_200, 640 + 60 * line), "#86693f", 4)
    for left, top, colour in ((140, 90, "#c49a6c"), (260, 110, "#b98d5c"), (380, 70, "#cda577")):
        on.polygon([(left, top), (left + 230, top + 14), (left + 300, 720), (left + 20, 730)], colour, "#7a5a36")
        on.ellipse((left + 190, 380, left + 214, 404), "#4c3a24")
    on.polygon([(760, 160), (1_060, 190), (1_080, 730), (800, 740)], "#d8c3a0", "#7a5a36")
    on.rectangle((560, 690, 760, 810), "#7d8f86", "#3c4a42")
    on.line((560, 730, 760, 730), "#3c4a42", 5)


def _stairs(on: Any) -> None:
    """A narrow staircase that turns to the left."""
    on.rectangle((0, 0, 420, 900), "#d9d2bf")
    for step in range(9):
        top = 860 - 84 * step
        on.polygon(
            [
                (300 + 26 * step, top),
                (1_080 - 30 * step, top),
                (1_080 - 30 * step, top + 84),
                (300 + 26 * step, top + 84),
            ],
            "#8d8376" if step % 2 else "#a49a8b",
        )
    on.line((1_090, 880, 830, 110), "#5a3d28", 26)
    for post in range(9):
        x, y = 1_070 - 29 * post, 860 - 84 * post
        on.line((x, y, x, y - 120), "#3c4a42", 8)


def _jars(on: Any) -> None:
    """Eight jars of something yellow on a window sill."""
    on.rectangle((0, 0, 1_200, 520), "#b9d2dc")
    on.polygon([(0, 360), (300, 250), (640, 380), (980, 240), (1_200, 330), (1_200, 520), (0, 520)], "#8fae8b")
    on.line((600, 0, 600, 520), "#f3f0e6", 34)
    on.rectangle((0, 700, 1_200, 900), "#e8e0cf")
    for jar in range(8):
        left, top = 60 + 140 * jar, 470 - 18 * (jar % 2)
        on.rounded_rectangle((left, top, left + 112, 740), 22, "#d99a2b", "#a06c13", 4)
        on.rounded_rectangle((left + 12, top + 20, left + 34, 700), 10, "#efbd5a")
        on.rectangle((left + 6, top - 36, left + 106, top + 4), "#a3301a" if jar % 3 else "#36443c")
        on.rectangle((left + 30, 580, left + 92, 640), "#fcfdfa")


def _bicycle(on: Any) -> None:
    """A child's bicycle that leans on a wall."""
    on.rectangle((0, 660, 1_200, 900), "#9aa39b")
    for row in range(6):
        for brick in range(7):
            left, top = 180 * brick - 90 * (row % 2), 110 * row
            on.rectangle((left, top, left + 172, top + 102), "#b5654a" if (row + brick) % 3 else "#a85a41")
    for middle in (390, 810):
        on.ellipse((middle - 150, 500, middle + 150, 800), None, "#2c302d", 18)
        for spoke in ((0, 140), (140, 0), (99, 99), (99, -99)):
            on.line((middle - spoke[0], 650 - spoke[1], middle + spoke[0], 650 + spoke[1]), "#d5d8d3", 3)
    frame = [(390, 650), (520, 450), (740, 450), (590, 650)]
    on.line([*frame, frame[0]], "#1f6f8b", 20)
    on.line([(520, 450), (590, 650)], "#1f6f8b", 18)
    on.line([(810, 650), (730, 400), (660, 372)], "#1f6f8b", 18)
    on.line([(528, 460), (500, 400)], "#2c302d", 14)
    on.rounded_rectangle((440, 376, 560, 404), 12, "#3a2a20")
    on.ellipse((560, 620, 620, 680), "#2c302d")


_PHOTOS: dict[str, tuple[Callable[[Any], None], str, str]] = {
    "schrank": (
        _wardrobe,
        "#cfc7b4",
        "Der zerlegte Kleiderschrank: drei Türen und die große Rückwand lehnen an der Wand",
    ),
    "treppe": (_stairs, "#efe9da", "Unser Treppenhaus, eng und mit Geländer auf der rechten Seite"),
    "fahrrad": (_bicycle, "#b5654a", "Ein blaues Kinderfahrrad lehnt an einer Ziegelwand"),
    "gelee": (_jars, "#dfe9ea", "Acht Gläser mit goldgelbem Sirup auf einem Fensterbrett"),
}
