"""QR codes as drawings: rows of dark stretches, sharp at any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import segno


@dataclass(frozen=True)
class Drawn:
    """A QR code for a page: the side in modules, quiet zone of four included (ISO/IEC 18004), and an SVG path."""

    side: int
    path: str


def rows_of(text: str) -> list[tuple[int, ...]]:
    """The modules of the code for ``text``, level M, row by row; 1 is dark. No quiet zone."""
    return [tuple(row) for row in segno.make(text, error="m", micro=False).matrix]


def runs(row: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Dark stretches of a row as (start, length)."""
    start = None
    for place, module in enumerate([*row, 0]):
        if module and start is None:
            start = place
        elif not module and start is not None:
            yield start, place - start
            start = None


def drawn(text: str) -> Drawn:
    """The code for ``text`` to be put into a page (``macros/qr.html``)."""
    rows = rows_of(text)
    bars = [
        f"M{4 + start} {4 + number}h{length}v1h-{length}z"
        for number, row in enumerate(rows)
        for start, length in runs(row)
    ]
    return Drawn(len(rows) + 8, "".join(bars))
